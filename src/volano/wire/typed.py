"""From a request to the struct that a handler takes, and from its result to a response.

Shared by the protocols whose handlers take structs; what differs (envelopes, error bodies, the
end of a stream) stays in their gateways.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args, get_origin

import msgspec

from volano.kernel.errors import Invalid
from volano.wire.action import request_type
from volano.wire.decode import (
    merge_text,
    parse_json_object,
    query_pairs,
    read_body,
    require_known,
    to_struct,
)
from volano.wire.form import MAX_UPLOAD_BYTES, read_multipart
from volano.wire.http import MAX_JSON_BODY_BYTES, Response
from volano.wire.results import EventStream, Raw, Upload, WithHeaders

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from volano.kernel.call import Env
    from volano.wire.action import Action
    from volano.wire.form import Form
    from volano.wire.http import Request

SPOOL_FOLDER = "spool"
"""Below the data folder: where uploads over 1 MiB wait; files there have no names."""

MAX_STRANGERS_BODY_BYTES = 1024 * 1024
"""Of a call that anybody may make, as signing in: it is read before anybody is known."""

encode_json = msgspec.json.Encoder().encode


async def read_typed(
    env: Env,
    found: Action,
    request: Request,
    params: dict[str, str],
    *,
    only_known: bool = False,
    is_known: bool = True,
) -> Any:
    """The request of `found`: the body's fields, then the query's, then the path's.

    Raises Invalid or TooLarge; `only_known` refuses names that the type does not have, whatever
    the type says. Nobody knows who sends it unless `is_known`: then the body must be small. The
    body of an action that streams it stays unread.
    """
    kind = request_type(found)
    content_type = request.headers.get("content-type", "").lower()
    if found.streams_body:
        return _upload_of(request, kind, params)
    if content_type.startswith("multipart/form-data"):
        spool = env.config.data_dir / SPOOL_FOLDER
        limit = MAX_UPLOAD_BYTES if is_known else MAX_STRANGERS_BODY_BYTES
        fields = form_fields(await read_multipart(request, spool, max_file_bytes=limit), kind)
    else:
        # Whatever the type says: `curl -d` calls JSON a form.
        limit = MAX_JSON_BODY_BYTES if is_known else MAX_STRANGERS_BODY_BYTES
        fields = parse_json_object(await read_body(request, limit))
    merge_text(fields, query_pairs(request), kind)
    if only_known:
        require_known(fields, kind)
    merge_text(fields, params.items(), kind)
    return to_struct(fields, kind)


def _upload_of(request: Request, kind: Any, params: dict[str, str]) -> Upload[Any]:
    if get_origin(kind) is not Upload:
        raise TypeError(f"a handler that streams its body must take Upload[...], not {kind}")
    inner = get_args(kind)[0]
    fields = merge_text({}, [*query_pairs(request), *params.items()], inner)
    length = request.headers.get("content-length", "")
    return Upload(
        fields=to_struct(fields, inner),
        body=request.body,
        content_type=request.headers.get("content-type", "application/octet-stream"),
        length=int(length) if length.isdigit() else None,
    )


def form_fields(form: Form, kind: Any) -> dict[str, Any]:
    """Text and files of a multipart form by field name; `name[]` collects files in a list."""
    fields = merge_text({}, form.fields, kind)
    for name, file in form.files:
        if name.endswith("[]"):
            fields.setdefault(name[:-2], []).append(file)
        elif name in fields:
            raise Invalid(f"'{name}' was sent twice.", fields={"param": name})
        else:
            fields[name] = file
    return fields


async def to_response(
    result: Any,
    on_stream: Callable[[EventStream], Awaitable[Response]],
    encode: Callable[[Any], bytes] = encode_json,
) -> Response:
    """The response for a handler's result; `encode` makes the JSON of a plain one."""
    if isinstance(result, WithHeaders):
        response = await to_response(result.result, on_stream, encode)
        response.headers += result.headers
        response.status = result.status or response.status
        return response
    if isinstance(result, EventStream):
        return await on_stream(result)
    if isinstance(result, Raw):
        headers = [("content-type", result.content_type)]
        return Response(headers=headers, body=result.body, length=result.length)
    return Response(headers=[("content-type", "application/json")], body=encode(result))
