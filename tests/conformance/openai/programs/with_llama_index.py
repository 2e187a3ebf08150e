"""LlamaIndex: completions, chat, streams, and an index over embeddings."""

import os

from llama_index.core import Document, Settings, VectorStoreIndex
from llama_index.core.llms import ChatMessage
from llama_index.embeddings.openai import OpenAIEmbedding
from llama_index.llms.openai_like import OpenAILike

base = os.environ["OPENAI_BASE_URL"]
key = os.environ["OPENAI_API_KEY"]
chat = OpenAILike(
    model="volano-tiny-qwen3", api_base=base, api_key=key, is_chat_model=True, max_tokens=16
)
assert chat.chat([ChatMessage(role="user", content="Hi")]).message.role == "assistant"
assert list(chat.stream_chat([ChatMessage(role="user", content="Hi")]))
plain = OpenAILike(
    model="volano-tiny-qwen3", api_base=base, api_key=key, is_chat_model=False, max_tokens=16
)
assert plain.complete("The ").text

Settings.llm = chat
Settings.embed_model = OpenAIEmbedding(
    model="text-embedding-3-small", api_base=base, api_key=key, embed_batch_size=8
)
documents = [Document(text="The tower is 41 metres high."), Document(text="Soup is hot.")]
index = VectorStoreIndex.from_documents(documents)
(found,) = index.as_retriever(similarity_top_k=1).retrieve("How tall is the tower?")
assert "41" in found.text
