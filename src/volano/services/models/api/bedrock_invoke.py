"""Bedrock's InvokeModel for boto3: bodies in the forms that programs send.

By what a body holds: `messages` is OpenAI's chat, `prompt` is Llama's, `inputText` is Titan's, for
text or for embeddings. Others are refused.
"""

from __future__ import annotations

import base64
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import msgspec

from volano.kernel.foreign_json import decode_foreign
from volano.kernel.inference import Generate
from volano.services.models.api.bedrock_request import bedrock_words, invalid, model_name
from volano.services.models.api.bedrock_runtime import model_arn, model_asked
from volano.services.models.api.chat import answer_chat
from volano.services.models.api.chat_request import CreateChatCompletion
from volano.services.models.logic import parameters
from volano.services.models.logic.chat import collect, generate
from volano.services.models.logic.collecting import Collected, counts_of
from volano.services.models.logic.embeddings import embed
from volano.services.models.logic.registry import get_model, require_task
from volano.services.models.logic.routing import Served
from volano.services.models.model import Task
from volano.wire.action import action
from volano.wire.aws.event_frames import CONTENT_TYPE, frames_of
from volano.wire.decode import to_struct
from volano.wire.results import EventStream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from volano.kernel.call import Call, Env
    from volano.services.models.model import Model

    Shape = dict[str, Any]

MAX_BODY_BYTES = 16 * 1024 * 1024


@action(
    "bedrock-runtime:InvokeModel",
    permission="models:InvokeModel",
    resource=model_arn,
    facts=model_asked,
    read_only=False,
    timeout_s=None,
    partial="Bodies of OpenAI's chat, of Llama (`prompt`) and of Titan (`inputText`).",
)
async def invoke_model(env: Env, call: Call, request: Shape) -> Shape:
    """Ask a model with a body of its maker's form."""
    with bedrock_words():
        body = await _body_of(request)
        answer = await _answer(env, call, model_name(request["modelId"]), body)
    return {"body": msgspec.json.encode(answer), "contentType": "application/json"}


@action(
    "bedrock-runtime:InvokeModelWithResponseStream",
    permission="models:InvokeModel",
    resource=model_arn,
    facts=model_asked,
    read_only=False,
    timeout_s=None,
    partial="Bodies of OpenAI's chat and of Llama (`prompt`).",
)
async def invoke_streamed(env: Env, call: Call, request: Shape) -> Shape:
    """As InvokeModel, the answer in pieces as they are made."""
    with bedrock_words():
        body = await _body_of(request)
        pieces = await _pieces(env, call, model_name(request["modelId"]), body)
    return {
        "body": frames_of(_chunks(pieces)),
        "contentType": "application/json",
        "_headers": {"Content-Type": CONTENT_TYPE},
    }


async def _body_of(request: Shape) -> Shape:
    for name in ("guardrailIdentifier", "guardrailVersion"):
        if request.get(name):
            raise invalid(name, "guardrails are not offered here")
    sent = request.get("body", b"")
    data = sent if isinstance(sent, bytes) else await sent.read(MAX_BODY_BYTES)
    try:
        body = decode_foreign(data)
    except msgspec.DecodeError as error:
        raise invalid("body", "it is not valid JSON") from error
    if not isinstance(body, dict):
        raise invalid("body", "it is a JSON object")
    return body


async def _answer(env: Env, call: Call, name: str, body: Shape) -> Any:
    if "messages" in body and "anthropic_version" not in body:
        asked = to_struct({"model": name, **body, "stream": False}, CreateChatCompletion)
        return await answer_chat(env, call, asked, Served())
    if "prompt" in body:
        model, wanted = await _llama(env, call, name, body)
        (choice,) = await collect(env, call, model, wanted)
        return {"generation": choice.text, **_llama_end(choice)}
    if "inputText" not in body:
        raise invalid("body", "it has `messages`, `prompt` or `inputText`")
    if (await get_model(env, call.account, name)).task is Task.EMBED:
        found = await embed(
            env, call, [body["inputText"]], model_name=name, width=body.get("dimensions")
        )
        return {"embedding": found.vectors[0], "inputTextTokenCount": found.prompt_tokens}
    settings = body.get("textGenerationConfig") or {}
    asked_llama = {
        "prompt": body["inputText"],
        "max_gen_len": settings.get("maxTokenCount"),
        "temperature": settings.get("temperature"),
        "top_p": settings.get("topP"),
    }
    model, wanted = await _llama(env, call, name, asked_llama)
    (choice,) = await collect(env, call, model, wanted)
    counts = counts_of([choice])
    reason = "LENGTH" if choice.finish_reason == "length" else "FINISH"
    result = {
        "tokenCount": counts.completion,
        "outputText": choice.text,
        "completionReason": reason,
    }
    return {"inputTextTokenCount": counts.prompt, "results": [result]}


async def _llama(env: Env, call: Call, name: str, body: Shape) -> tuple[Model, Generate]:
    model = await require_task(env, call.account, name, Task.GENERATE)
    for field in body:
        if field not in ("prompt", "max_gen_len", "temperature", "top_p"):
            raise invalid(field, "there are prompt, max_gen_len, temperature and top_p")
    return model, Generate(
        request_id=env.ids.uuid(),
        model=model.files,
        prompt=str(body["prompt"]),
        max_tokens=parameters.max_tokens_of("max_gen_len", body.get("max_gen_len")),
        temperature=parameters.within("temperature", body.get("temperature"), 0, 1, default=0.5),
        top_p=parameters.within("top_p", body.get("top_p"), 0, 1, default=0.9),
        cache_scope=call.account,
    )


def _llama_end(choice: Collected) -> Shape:
    counts = counts_of([choice])
    return {
        "prompt_token_count": counts.prompt,
        "generation_token_count": counts.completion,
        "stop_reason": choice.finish_reason,
    }


async def _pieces(env: Env, call: Call, name: str, body: Shape) -> AsyncIterator[Any]:
    """JSON objects, one by one; what is wrong with the request is raised here."""
    if "messages" in body and "anthropic_version" not in body:
        asked = to_struct({"model": name, **body, "stream": True}, CreateChatCompletion)
        stream = await answer_chat(env, call, asked, Served())
        assert isinstance(stream, EventStream)
        return stream.items
    if "prompt" not in body:
        raise invalid("body", "it has `messages` or `prompt`")
    model, wanted = await _llama(env, call, name, body)
    return _llama_pieces(env, call, model, wanted)


async def _llama_pieces(
    env: Env, call: Call, model: Model, wanted: Generate
) -> AsyncIterator[Shape]:
    choice = Collected()
    async with aclosing(generate(env, call, model, wanted)) as deltas:
        async for delta in deltas:
            choice.add(delta)
            end = _llama_end(choice) if choice.end is not None else {"stop_reason": None}
            yield {"generation": delta.text, **end}


async def _chunks(pieces: AsyncIterator[Any]) -> AsyncIterator[tuple[str, Shape]]:
    async for piece in pieces:
        data = base64.b64encode(msgspec.json.encode(piece)).decode()
        yield "chunk", {"bytes": data}
