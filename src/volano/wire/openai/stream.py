"""Server-sent events as OpenAI sends them; an error in mid-stream is a last `error` event."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.wire.openai.errors import error_body
from volano.wire.results import EventStream
from volano.wire.stream import stream_response

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.errors import VolanoError
    from volano.wire.http import Response

__all__ = ["EventStream", "openai_stream"]


async def openai_stream(env: Env, call: Call, stream: EventStream) -> Response:
    """The response that carries `stream`; raises what its items raise before their first."""

    def error_event(error: VolanoError) -> bytes:
        name = b"event: error\n" if stream.named else b""
        return name + b"data: " + error_body(error) + b"\n\n"

    return await stream_response(env, call, stream, error_event)
