"""Files and uploads against the unmodified SDK.

Source: the API reference's "Files" and "Uploads".
"""

from __future__ import annotations

import hashlib
import io
import json
import uuid

import openai
import pytest


@pytest.fixture(scope="module")
def client(volano):
    return volano.openai()


def lines(count=2):
    return "\n".join(json.dumps({"custom_id": str(n)}) for n in range(count)).encode()


def test_a_file_comes_back_as_it_was_sent(client):
    data = lines()
    made = client.files.create(file=("in.jsonl", data), purpose="batch")
    assert (made.object, made.filename, made.bytes) == ("file", "in.jsonl", len(data))
    assert (made.purpose, made.status) == ("batch", "processed")
    assert made.expires_at - made.created_at == 30 * 86_400
    assert client.files.retrieve(made.id) == made
    assert client.files.content(made.id).read() == data
    assert client.files.delete(made.id).deleted is True
    with pytest.raises(openai.NotFoundError) as refused:
        client.files.retrieve(made.id)
    assert refused.value.body["message"] == f"No such File object: {made.id}"
    assert refused.value.body["type"] == "invalid_request_error"


def test_a_browser_saves_a_file_and_never_shows_it(client):
    page = ("page.html", b"<script>1</script>", "text/html")
    made = client.files.create(file=page, purpose="user_data")
    headers = client.files.with_raw_response.content(made.id).headers
    assert headers["content-type"] == "application/octet-stream"
    assert headers["content-disposition"] == "attachment; filename*=UTF-8''page.html"
    assert headers["x-content-type-options"] == "nosniff"


def test_a_life_may_be_given(client):
    made = client.files.create(
        file=("a.txt", b"hello"),
        purpose="user_data",
        expires_after={"anchor": "created_at", "seconds": 3600},
    )
    assert made.expires_at - made.created_at == 3600
    client.files.delete(made.id)


def test_files_are_listed_by_purpose_in_pages(client):
    made = [client.files.create(file=(f"{n}.txt", b"x"), purpose="vision").id for n in range(3)]
    listed = [file.id for file in client.files.list(purpose="vision", limit=2)]
    assert listed == made[::-1]
    assert [f.id for f in client.files.list(purpose="vision", order="asc").data] == made
    for id in made:
        client.files.delete(id)


@pytest.mark.parametrize(
    ("name", "purpose", "param"),
    [("a.txt", "batch", "file"), ("a.txt", "nonsense", "purpose")],
)
def test_what_a_file_cannot_be_is_refused(client, name, purpose, param):
    with pytest.raises(openai.BadRequestError) as refused:
        client.files.create(file=(name, b"x"), purpose=purpose)
    assert refused.value.param == param


def test_a_wrong_cursor_is_told(client):
    with pytest.raises(openai.NotFoundError) as refused:
        client.files.list(after="file-none")
    assert refused.value.param == "after"


def test_an_upload_joins_its_parts_in_the_order_named(client):
    parts = [uuid.uuid4().bytes * 1000, b"middle", uuid.uuid4().bytes]
    whole = b"".join(parts)
    upload = client.uploads.create(
        filename="big.txt", purpose="assistants", bytes=len(whole), mime_type="text/plain"
    )
    assert upload.status == "pending"
    sent = {
        index: client.uploads.parts.create(upload.id, data=parts[index]).id for index in (2, 0, 1)
    }
    done = client.uploads.complete(
        upload.id, part_ids=[sent[n] for n in range(3)], md5=hashlib.md5(whole).hexdigest()
    )
    assert (done.status, done.file.bytes) == ("completed", len(whole))
    assert client.files.content(done.file.id).read() == whole
    with pytest.raises(openai.BadRequestError):
        client.uploads.parts.create(upload.id, data=b"late")


def test_an_upload_of_other_bytes_than_announced_is_refused(client):
    upload = client.uploads.create(
        filename="a.txt", purpose="assistants", bytes=3, mime_type="text/plain"
    )
    part = client.uploads.parts.create(upload.id, data=b"abc")
    with pytest.raises(openai.BadRequestError) as refused:
        client.uploads.complete(upload.id, part_ids=[part.id], md5="0" * 32)
    assert refused.value.param == "md5"
    assert client.uploads.cancel(upload.id).status == "cancelled"


def test_the_sdk_uploads_in_chunks(client):
    data = b"abcdefgh" * 10_000
    done = client.uploads.upload_file_chunked(
        file=data,
        filename="c.txt",
        bytes=len(data),
        mime_type="text/plain",
        purpose="assistants",
        part_size=30_000,
    )
    assert client.files.content(done.file.id).read() == data


async def test_the_asynchronous_client_sends_and_reads(volano):
    async with openai.AsyncOpenAI(
        base_url=f"{volano.url}/v1", api_key=volano.credentials["OPENAI_API_KEY"], max_retries=0
    ) as client:
        made = await client.files.create(file=io.BytesIO(b"async"), purpose="user_data")
        assert (await client.files.content(made.id)).read() == b"async"
        await client.files.delete(made.id)
