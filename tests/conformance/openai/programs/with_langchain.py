"""LangChain: invoke, stream, tools, structured output, embeddings."""

from typing import Literal

from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel

MODEL = "volano-tiny-qwen3"


class Clock(BaseModel):
    """The time in a zone."""

    zone: Literal["UTC", "CET"]


for extra in ({}, {"use_responses_api": True}):
    chat = ChatOpenAI(model=MODEL, max_tokens=200, **extra)
    said = chat.invoke("Say something.")
    assert said.usage_metadata["output_tokens"] > 0
    assert list(chat.stream("Say something."))
    bound = chat.bind_tools([Clock], tool_choice="Clock", strict=True, parallel_tool_calls=False)
    (call,) = bound.invoke("Time?").tool_calls
    assert call["args"]["zone"] in ("UTC", "CET")
    found = chat.with_structured_output(Clock, method="json_schema").invoke("Time?")
    assert isinstance(found, Clock)

# Its own tokenizer would be fetched from the internet; the server cuts texts by itself.
embedder = OpenAIEmbeddings(model="text-embedding-3-small", check_embedding_ctx_length=False)
assert len(embedder.embed_query("a cat")) == 384
assert len(embedder.embed_documents(["a cat", "a dog"])) == 2
