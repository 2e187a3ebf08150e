"""Vector stores against the unmodified SDK: files of many formats, searches, filters, permissions.

Source: the API reference's "Vector stores", "Vector store files" and "Vector store file batches".
"""

from __future__ import annotations

import io
import json
import zipfile

import openai
import pytest

HANDBOOK = """# Holidays
Every employee has 30 days of paid holiday. Requests are sent to the team lead two weeks ahead.

# Expenses
Train tickets are paid back within ten days. Keep the receipt of every purchase.
"""
MENU = "The canteen serves lentil soup on Mondays and pizza on Fridays.\n公司食堂星期一有扁豆汤。\n"


@pytest.fixture(scope="module")
def client(volano):
    return volano.openai()


@pytest.fixture(scope="module")
def shelf(client):
    """A store with two files of different departments."""
    files = {}
    for name, text in (("handbook.md", HANDBOOK), ("menu.txt", MENU)):
        files[name] = client.files.create(file=(name, text.encode()), purpose="assistants").id
    store = client.vector_stores.create(name="Office", metadata={"team": "people"})
    for name, department in (("handbook.md", "people"), ("menu.txt", "canteen")):
        client.vector_stores.files.create_and_poll(
            files[name],
            vector_store_id=store.id,
            attributes={"department": department, "year": 2026, "public": True},
            poll_interval_ms=100,
        )
    yield store.id, files
    client.vector_stores.delete(store.id)


def pdf_of(*pages):
    """A PDF with a line of text on each page; None is a page without text."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", ""]
    kids = []
    for text in pages:
        content = f"BT /F1 12 Tf 50 700 Td ({text}) Tj ET" if text else ""
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
        stream = len(objects)
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {stream} 0 R "
            "/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, item in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{item}\nendobj\n".encode()
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF".encode()
    return bytes(out)


def archive_of(**parts):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), text)
    return data.getvalue()


W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
A = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
S = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
FORMATS = {
    "a.pdf": (pdf_of("The warranty lasts four years.", None), "warranty", [2]),
    "b.docx": (
        archive_of(
            word__document_xml=f"<w:document {W}><w:body><w:p><w:r><w:t>The depot is in </w:t></w:r>"
            "<w:r><w:t>Rotterdam.</w:t></w:r></w:p></w:body></w:document>"
        ),
        "Rotterdam",
        [],
    ),
    "c.pptx": (
        archive_of(
            ppt__slides__slide1_xml=f"<s {A}><a:p><a:r><a:t>Revenue doubled</a:t></a:r></a:p></s>",
            ppt__slides__slide2_xml=f"<s {A}></s>",
        ),
        "Revenue doubled",
        [2],
    ),
    "d.xlsx": (
        archive_of(
            xl__sharedStrings_xml=f"<sst {S}><si><t>Blue kettle</t></si></sst>",
            xl__worksheets__sheet1_xml=f'<worksheet {S}><sheetData><row><c t="s"><v>0</v></c>'
            "<c><v>19.90</v></c></row></sheetData></worksheet>",
        ),
        "Blue kettle, 19.90",
        [],
    ),
    "e.html": (
        b"<html><head><title>x</title><style>p{}</style></head><body><p>Opening hours are nine to five."
        b"</p><script>var hidden</script></body></html>",
        "Opening hours are nine to five.",
        [],
    ),
}


def test_a_store_tells_what_is_in_it(client, shelf):
    store = client.vector_stores.retrieve(shelf[0])
    assert (store.object, store.name, store.status) == ("vector_store", "Office", "completed")
    assert store.metadata == {"team": "people"}
    assert store.file_counts.completed == store.file_counts.total == 2
    assert store.usage_bytes > len(HANDBOOK)


def test_a_search_finds_by_meaning(client, shelf):
    found = client.vector_stores.search(shelf[0], query="How much vacation do I get?")
    assert found.data[0].filename == "handbook.md"
    assert "30 days" in found.data[0].content[0].text
    assert 0 < found.data[0].score <= 1


def test_a_search_finds_chinese_by_words(client, shelf):
    found = client.vector_stores.search(shelf[0], query="星期一 食堂")
    assert found.data[0].filename == "menu.txt"


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ({"type": "eq", "key": "department", "value": "canteen"}, {"menu.txt"}),
        ({"type": "ne", "key": "department", "value": "canteen"}, {"handbook.md"}),
        ({"type": "in", "key": "department", "value": ["people"]}, {"handbook.md"}),
        ({"type": "gt", "key": "year", "value": 2026}, set()),
        (
            {
                "type": "and",
                "filters": [
                    {"type": "gte", "key": "year", "value": 2026},
                    {
                        "type": "or",
                        "filters": [
                            {"type": "eq", "key": "department", "value": "people"},
                            {"type": "eq", "key": "public", "value": False},
                        ],
                    },
                ],
            },
            {"handbook.md"},
        ),
    ],
)
def test_filters_choose_files_by_attributes(client, shelf, condition, names):
    found = client.vector_stores.search(shelf[0], query="soup and holidays", filters=condition)
    assert {item.filename for item in found.data} == names


def test_a_threshold_and_a_limit_hold(client, shelf):
    few = client.vector_stores.search(shelf[0], query="train", max_num_results=1)
    assert len(few.data) == 1
    none = client.vector_stores.search(
        shelf[0], query="zebra", ranking_options={"ranker": "none", "score_threshold": 0.99}
    )
    assert none.data == []


def test_a_filter_that_is_none_is_refused(client, shelf):
    with pytest.raises(openai.BadRequestError) as refused:
        client.vector_stores.search(
            shelf[0], query="x", filters={"type": "near", "key": "a", "value": 1}
        )
    assert refused.value.param == "filters"


def test_null_is_as_if_it_was_not_said(client, shelf):
    plain = client.vector_stores.search(shelf[0], query="train").data
    words = dict.fromkeys(("rewrite_query", "max_num_results", "filters", "ranking_options"))
    options = dict.fromkeys(("ranker", "score_threshold", "hybrid_search"))
    for said in (words, words | {"ranking_options": options}):
        assert client.vector_stores.search(shelf[0], query="train", extra_body=said).data == plain


def test_a_search_by_neither_meaning_nor_words_is_refused(client, shelf):
    nothing = {"hybrid_search": {"embedding_weight": 0, "text_weight": 0}}
    with pytest.raises(openai.BadRequestError) as refused:
        client.vector_stores.search(shelf[0], query="train", ranking_options=nothing)
    assert refused.value.param == "ranking_options.hybrid_search"


@pytest.mark.parametrize("name", FORMATS)
def test_office_formats_are_read_page_by_page(client, name):
    data, text, empty = FORMATS[name]
    file = client.files.create(file=(name, data), purpose="assistants")
    store = client.vector_stores.create()
    made = client.vector_stores.files.create_and_poll(
        file.id, vector_store_id=store.id, poll_interval_ms=100
    )
    assert (made.status, made.last_error) == ("completed", None)
    assert made.pages_without_text == empty
    content = client.vector_stores.files.content(file.id, vector_store_id=store.id)
    assert text in " ".join(part.text for part in content.data)
    client.vector_stores.delete(store.id)
    client.files.delete(file.id)


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("scan.pdf", pdf_of(None, None), "invalid_file"),
        ("broken.pdf", b"%PDF-1.4 nothing", "invalid_file"),
        ("photo.jpg", b"\xff\xd8", "unsupported_file"),
        (
            "bomb.docx",
            archive_of(word__document_xml='<!DOCTYPE x [<!ENTITY a "b">]><x/>'),
            "invalid_file",
        ),
    ],
)
def test_what_cannot_be_read_says_so(client, name, data, code):
    file = client.files.create(file=(name, data), purpose="assistants")
    store = client.vector_stores.create()
    made = client.vector_stores.files.create_and_poll(
        file.id, vector_store_id=store.id, poll_interval_ms=100
    )
    assert (made.status, made.last_error.code) == ("failed", code)
    client.vector_stores.delete(store.id)
    client.files.delete(file.id)


def test_a_batch_of_files_is_followed_as_one(client):
    ids = [
        client.files.create(
            file=(f"{n}.txt", f"Fact number {n}.".encode()), purpose="assistants"
        ).id
        for n in range(3)
    ]
    store = client.vector_stores.create(expires_after={"anchor": "last_active_at", "days": 7})
    assert store.expires_at - store.created_at == 7 * 86_400
    batch = client.vector_stores.file_batches.create_and_poll(
        store.id, file_ids=ids, poll_interval_ms=100
    )
    assert (batch.status, batch.file_counts.completed) == ("completed", 3)
    listed = client.vector_stores.file_batches.list_files(
        batch.id, vector_store_id=store.id, order="asc", limit=2
    )
    assert [file.id for file in listed] == ids
    assert client.vector_stores.file_batches.cancel(batch.id, vector_store_id=store.id)
    client.files.delete(ids[0])
    assert [f.id for f in client.vector_stores.files.list(store.id, order="asc")] == ids[1:]
    gone = client.vector_stores.files.delete(ids[1], vector_store_id=store.id)
    assert gone.deleted is True
    changed = client.vector_stores.update(store.id, name="Facts", expires_after=None)
    assert (changed.name, changed.expires_at) == ("Facts", None)
    assert store.id in [item.id for item in client.vector_stores.list(limit=100)]
    assert client.vector_stores.delete(store.id).deleted is True
    with pytest.raises(openai.NotFoundError):
        client.vector_stores.retrieve(store.id)


def test_attributes_can_be_changed_and_sizes_chosen(client):
    text = " ".join(f"Sentence {n} is about item {n}." for n in range(200))
    file = client.files.create(file=("long.txt", text.encode()), purpose="assistants")
    store = client.vector_stores.create()
    made = client.vector_stores.files.create_and_poll(
        file.id,
        vector_store_id=store.id,
        chunking_strategy={
            "type": "static",
            "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 20},
        },
        poll_interval_ms=100,
    )
    assert made.chunking_strategy.static.max_chunk_size_tokens == 100
    content = client.vector_stores.files.content(file.id, vector_store_id=store.id).data
    assert len(content) > 10
    changed = client.vector_stores.files.update(
        file.id, vector_store_id=store.id, attributes={"seen": True}
    )
    assert changed.attributes == {"seen": True}
    client.vector_stores.delete(store.id)


def test_what_the_caller_may_not_read_is_not_ranked(volano, client, shelf):
    """A policy on attributes hides the canteen's files from one user, also in searches."""
    iam = volano.client("iam")
    name = "librarian-" + shelf[0][-8:]
    iam.create_user(UserName=name)
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "studio:*", "Resource": "*"},
            {
                "Effect": "Deny",
                "Action": "studio:GetFileContent",
                "Resource": "*",
                "Condition": {"StringEquals": {"studio:FileAttribute/department": "canteen"}},
            },
        ],
    }
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
    status, made = volano.rest("POST", f"/people/{name}/keys", {"kind": "api"})
    assert status == 200, made
    reader = volano.openai(api_key=made["secret"])
    found = reader.vector_stores.search(shelf[0], query="lentil soup on Mondays")
    assert {item.filename for item in found.data} == {"handbook.md"}
    allowed = client.vector_stores.search(shelf[0], query="lentil soup on Mondays")
    assert allowed.data[0].filename == "menu.txt"
