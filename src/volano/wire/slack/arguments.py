"""Arguments of a Slack method: from the query, a form, JSON or multipart, to one typed struct.

Stock clients send the same argument in many shapes (measured in `research/chat.md`, 2.3): `true`
and `1` for a bool, `a,b` for a list, JSON text inside a form field for a structure, a number for
a text. Each value is brought to its field's type before the struct is made; unknown arguments are
ignored, as Slack does.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

import msgspec

from volano.kernel.errors import Invalid
from volano.wire.decode import fields_of, parse_json, query_pairs, read_body, to_struct
from volano.wire.form import BadForm, parse_urlencoded, read_multipart
from volano.wire.typed import SPOOL_FOLDER

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.wire.decode import Field
    from volano.wire.http import Request

RAW_FIELD = "content"
MAX_SLACK_BODY_BYTES = 8 * 1024 * 1024


class BadPost(Invalid):
    """The body's media type, or its JSON, is not what a method takes."""

    code = "invalid_post_type"


async def read_arguments(env: Env, request: Request, *, max_file_bytes: int) -> dict[str, Any]:
    """All arguments as they were sent, query first; raises BadForm, BadPost or TooLarge."""
    arguments: dict[str, Any] = dict(query_pairs(request))
    if request.method != "GET":
        arguments |= await _body_arguments(env, request, max_file_bytes)
    return _client_credentials(request) | arguments


async def _body_arguments(env: Env, request: Request, max_file_bytes: int) -> dict[str, Any]:
    header = request.headers.get("content-type", "")
    media = header.partition(";")[0].strip().lower()
    if media == "multipart/form-data":
        spool = env.config.data_dir / SPOOL_FOLDER
        form = await read_multipart(request, spool, max_file_bytes=max_file_bytes)
        return {**dict(form.fields), **dict(form.files)}
    data = await read_body(request, MAX_SLACK_BODY_BYTES)
    if not data:
        return {}
    if media == "application/x-www-form-urlencoded":
        return _form_arguments(_escaped(data))
    if media == "application/json":
        value = parse_json(data)
        if not isinstance(value, dict):
            raise BadPost("The JSON body must be an object.", code="json_not_object")
        return value
    if not media:
        raise BadPost("The body has no Content-Type.", code="missing_post_type")
    raise BadPost(f"The method does not take a body of type {media[:80]}.")


def _form_arguments(data: bytes) -> dict[str, Any]:
    """A form's fields. `content` may be any bytes (`files.upload`): what is not UTF-8 stays in it
    as lone surrogates; everywhere else it is refused.
    """
    found = dict(parse_urlencoded(data, errors="surrogateescape"))
    for name, value in found.items():
        if name != RAW_FIELD and not _is_text(value):
            raise BadForm(f"The field '{name[:100]}' is not UTF-8.", code="invalid_charset")
    return found


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _escaped(data: bytes) -> bytes:
    """Some clients leave UTF-8 unescaped in forms; escape it instead of refusing it."""
    if data.isascii():
        return data
    try:
        data.decode()
    except UnicodeDecodeError as error:
        raise BadForm("The form is not UTF-8.", code="invalid_charset") from error
    return b"".join(bytes((byte,)) if byte < 128 else b"%%%02X" % byte for byte in data)


def _client_credentials(request: Request) -> dict[str, Any]:
    """`client_id` and `client_secret` of an HTTP Basic header (`oauth.v2.access`)."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return {}
    try:
        name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return {}
    return {"client_id": name, "client_secret": secret}


def to_request(arguments: dict[str, Any], kind: Any) -> Any:
    """The handler's struct; raises Invalid with a message that names the argument."""
    known = fields_of(kind)
    if not known:
        return to_struct(arguments, kind, strict=False)
    values = {
        name: _fitted(name, arguments[name], field)
        for name, field in known.items()
        if name in arguments and not _is_absent(arguments[name], field)
    }
    return to_struct(values, kind, strict=False)


def _is_absent(value: Any, field: Field) -> bool:
    """An empty text is no value for anything but a text; null is left to the field's default."""
    return value is None or (value == "" and not field.is_text and not field.is_any)


def _fitted(name: str, value: Any, field: Field) -> Any:
    if isinstance(value, str):
        return _from_text(name, value, field)
    if field.is_text and not field.is_any:
        return _to_text(value, field)
    return value


def _from_text(name: str, value: str, field: Field) -> Any:
    if field.is_text:
        return value
    if field.is_list and not value.lstrip().startswith("["):
        return [part.strip() for part in value.split(",") if part.strip()]
    if (field.is_list or field.is_mapping or field.is_any) and value.lstrip()[:1] in ("[", "{"):
        try:
            return parse_json(value.encode())
        except Invalid as error:
            said = f"invalid value for '{name}': it is not valid JSON"
            raise Invalid(said, fields={"param": name}) from error
    return value


def _to_text(value: Any, field: Field) -> Any:
    """A number, list or object where a text is meant."""
    if field.is_list or field.is_mapping:
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    if isinstance(value, list | dict):
        return msgspec.json.encode(value).decode()
    return value
