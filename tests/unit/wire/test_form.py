"""Multipart forms, cut anywhere."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import HTTP
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from volano.kernel.errors import TooLarge
from volano.wire import form as forms
from volano.wire.form import BadForm, Form, parse_urlencoded, read_multipart
from volano.wire.http import Body, Request

if TYPE_CHECKING:
    from pathlib import Path

CONTENT_TYPE = 'multipart/form-data; boundary="X y"'


def request_with(chunks: list[bytes], content_type: str = CONTENT_TYPE) -> Request:
    left = list(chunks)

    async def receive() -> dict[str, Any]:
        chunk = left.pop(0) if left else b""
        return {"type": "http.request", "body": chunk, "more_body": bool(left)}

    headers = {"content-type": content_type}
    return Request(
        method="POST",
        raw_path="/",
        raw_query="",
        headers=headers,
        header_list=list(headers.items()),
        body=Body(receive),
    )


def encoded(parts: list[tuple[str, str | None, bytes]]) -> bytes:
    out = b"preamble"
    for name, filename, data in parts:
        more = "" if filename is None else f'; filename="{filename}"'
        out += (
            f'\r\n--X y\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode()
            + data
        )
    return out + b"\r\n--X y--\r\nepilogue"


async def content_of(form: Form) -> tuple[list[tuple[str, str]], list[tuple[str, str, bytes]]]:
    return form.fields, [(name, file.filename, await file.read()) for name, file in form.files]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    data=st.lists(
        st.sampled_from([b"\r", b"\n", b"-", b"--X y", b"\r\n--X", b"a", b""]), max_size=12
    ),
    cut=st.integers(1, 60),
)
async def test_parts_survive_any_cut(tmp_path: Path, data: list[bytes], cut: int) -> None:
    content = b"".join(data).replace(b"\r\n--X y", b"")
    body = encoded([("file", "a.bin", content), ("text", None, b"words"), ("none", None, b"")])
    chunks = [body[at : at + cut] for at in range(0, len(body), cut)]
    found = await content_of(await read_multipart(request_with(chunks), tmp_path))
    assert found == ([("text", "words"), ("none", "")], [("file", "a.bin", content)])


async def test_large_file_is_spooled_and_its_file_has_no_name(tmp_path: Path) -> None:
    content = bytes(range(256)) * 12_000
    body = encoded([("file", "big", content)])
    chunks = [body[at : at + 65_536] for at in range(0, len(body), 65_536)]
    form = await read_multipart(request_with(chunks), tmp_path / "spool")
    [(_, file)] = form.files
    assert file.size_bytes == len(content)
    assert await file.read() == content
    assert await file.read() == content
    assert list((tmp_path / "spool").iterdir()) == []
    with pytest.raises(TooLarge):
        await file.read(10)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no boundary at all",
        encoded([("a", None, b"x")])[:-20],
        b"--X y\r\nContent-Disposition: form-data\r\n\r\nx\r\n--X y--",
        b"--X y junk\r\n\r\nx\r\n--X y--",
        b"--X y" + b" " * 300 + b"x",
        encoded([("a", None, b"\xff")]),
    ],
)
async def test_broken_framing_is_refused(tmp_path: Path, body: bytes) -> None:
    with pytest.raises(BadForm):
        await read_multipart(request_with([body]), tmp_path)


async def test_missing_boundary_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadForm):
        await read_multipart(request_with([b""], "multipart/form-data"), tmp_path)


async def test_limits_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TooLarge):
        await read_multipart(
            request_with([encoded([("f", "f", b"x" * 100)])]), tmp_path, max_file_bytes=99
        )
    many = encoded([("f", f"{number}", b"x" * 25) for number in range(4)])
    assert (
        len((await read_multipart(request_with([many]), tmp_path, max_file_bytes=100)).files) == 4
    )
    with pytest.raises(TooLarge):
        await read_multipart(request_with([many]), tmp_path, max_file_bytes=99)
    with pytest.raises(TooLarge):
        await read_multipart(request_with([b"--X y\r\nA: " + b"x" * 20_000]), tmp_path)
    monkeypatch.setattr(forms, "MAX_FORM_FILES", 3)
    with pytest.raises(TooLarge):
        await read_multipart(request_with([many]), tmp_path)
    monkeypatch.setattr(forms, "MAX_FORM_TEXT_BYTES", 5)
    with pytest.raises(TooLarge):
        await read_multipart(
            request_with([encoded([("a", None, b"123"), ("b", None, b"456")])]), tmp_path
        )
    monkeypatch.setattr(forms, "MAX_FORM_FIELDS", 1)
    with pytest.raises(TooLarge):
        await read_multipart(
            request_with([encoded([("a", None, b"1"), ("b", None, b"2")])]), tmp_path
        )


async def test_standard_librarys_message_is_read(tmp_path: Path) -> None:
    message = EmailMessage(policy=HTTP)
    message["Content-Type"] = "multipart/form-data"
    part = EmailMessage(policy=HTTP)
    part["Content-Disposition"] = 'form-data; name="a;b"; filename="c \\"d\\"; e.txt"'
    part.set_payload("hello")
    message.attach(part)
    head, _, body = message.as_bytes().partition(b"\r\n\r\n")
    content_type = head.decode().partition(":")[2].replace("\r\n", "").strip()
    fields, files = await content_of(
        await read_multipart(request_with([body], content_type), tmp_path)
    )
    assert (fields, files) == ([], [("a;b", 'c "d"; e.txt', b"hello")])


def test_urlencoded_form_is_read_or_refused() -> None:
    assert parse_urlencoded(b"a=1&b=%E9%A3%9E+x&a=") == [("a", "1"), ("b", "飞 x"), ("a", "")]
    for bad in (b"a=%FF", b"a=\xff", b"a&" * 1001):
        with pytest.raises(BadForm):
            parse_urlencoded(bad)
