"""How well the answers of a running Volano fit OpenAI's published specification.

    python tools/openai_score.py --spec openapi.json [--markdown PAGE]

`--spec` is the openapi.json of the repository openai/openai-openapi; its hash must be SPEC_SHA256.
Where the server is comes from OPENAI_BASE_URL and OPENAI_API_KEY. Every operation of tier 1 is
called, and its answer is checked against the schema of its 200 response: a property counts when it
is there and valid; one that is invalid, or required and missing, counts against. Alternatives
(`oneOf`) may overlap, as they do in the specification. Exit status 1 below `--least` per cent.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import httpx2
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

SPEC_SHA256 = "bbfd19abcde0e7412da99378deb2a959ccdd3a812f97c9e35901921e8e973f9a"
MODEL = "volano-tiny-qwen3"
EMBEDDER = "all-minilm-l6-v2"
SUITE_HEADING = "## The SDK's own tests"
SAY = [{"role": "user", "content": "Say something."}]


class Score:
    """Calls operations and keeps what each was worth."""

    def __init__(self, spec: dict[str, Any], base: str, key: str) -> None:
        self._spec = spec
        resource = DRAFT202012.create_resource(spec)
        self._registry = Registry().with_resource("urn:openai", resource)
        headers = {"authorization": f"Bearer {key}"}
        self._client = httpx2.Client(base_url=base, headers=headers, timeout=120)
        self.rows: list[tuple[str, int, int, str]] = []

    def call(self, operation: str, path: str = "", **words: Any) -> Any:
        """Call `GET /files/{file_id}` at `path`; returns the JSON, or None for a failure."""
        method, template = operation.split(" ", 1)
        answer = self._client.request(method, (path or template).lstrip("/"), **words)
        if answer.status_code != 200:
            self.rows.append((operation, 0, 1, f"{answer.status_code}: {answer.text[:80]}"))
            return None
        body = answer.json()
        schema = self._schema(method, template)
        valid, total, first = self._check(schema, body)
        self.rows.append((operation, valid, total, first))
        return body

    def events(self, operation: str, body: dict[str, Any]) -> None:
        """Call a streaming operation; every event counts."""
        method, template = operation.split(" ", 1)
        valid, total, first = 0, 0, ""
        schema = self._schema(method, template, media="text/event-stream")
        path = template.lstrip("/")
        with self._client.stream(method, path, json=body | {"stream": True}) as answer:
            for line in answer.iter_lines():
                if not line.startswith("data: ") or line == "data: [DONE]":
                    continue
                good, all_of, said = self._check(schema, json.loads(line[6:]))
                valid, total, first = valid + good, total + all_of, first or said
        self.rows.append((f"{operation} (stream)", valid, total, first))

    def _schema(self, method: str, template: str, media: str = "application/json") -> Any:
        served = self._spec["paths"][template][method.lower()]["responses"]["200"]
        return served.get("content", {}).get(media, {}).get("schema")

    def _check(self, schema: Any, body: Any) -> tuple[int, int, str]:
        if schema is None:
            return 1, 1, ""
        whole = {"$id": "urn:answer", **_absolute(schema)}
        validator = Draft202012Validator(whole, registry=self._registry)
        errors = list(validator.iter_errors(body))
        total = _count(body) + sum("is a required property" in e.message for e in errors)
        said = f"{errors[0].json_path}: {errors[0].message[:90]}" if errors else ""
        return max(0, total - len(errors)), total, said


def _absolute(schema: Any) -> Any:
    """References into the specification, and `oneOf` as `anyOf`."""
    if isinstance(schema, list):
        return [_absolute(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {}
    for key, value in schema.items():
        name = "anyOf" if key == "oneOf" else key
        if key == "$ref" and str(value).startswith("#"):
            found[name] = f"urn:openai{value}"
        elif key not in ("discriminator", "$recursiveRef", "$recursiveAnchor"):
            found[name] = _absolute(value)
    return found


def _count(body: Any) -> int:
    """Properties, at every depth."""
    if isinstance(body, list):
        return sum(map(_count, body))
    return sum(1 + _count(value) for value in body.values()) if isinstance(body, dict) else 0


def run(score: Score) -> None:
    """Call every operation of tier 1 once, in an order in which each has what it needs."""
    _models(score)
    file_id = _files(score)
    _vector_stores(score, file_id)
    _responses(score)
    _containers(score)
    _batches(score)


def _models(score: Score) -> None:
    call = score.call
    call("GET /models")
    call("GET /models/{model}", f"/models/{MODEL}")
    chat = {"model": MODEL, "messages": SAY, "max_tokens": 8}
    made = call("POST /chat/completions", json=chat | {"store": True, "metadata": {"a": "b"}})
    score.events("POST /chat/completions", chat | {"stream_options": {"include_usage": True}})
    one = f"/chat/completions/{made['id']}"
    call("GET /chat/completions")
    call("GET /chat/completions/{completion_id}", one)
    call("POST /chat/completions/{completion_id}", one, json={"metadata": {"a": "c"}})
    call("GET /chat/completions/{completion_id}/messages", f"{one}/messages")
    call("DELETE /chat/completions/{completion_id}", one)
    call("POST /completions", json={"model": MODEL, "prompt": "The ", "logprobs": 2})
    call("POST /embeddings", json={"model": EMBEDDER, "input": "a cat"})
    call("POST /moderations", json={"input": "I will kill you."})


def _files(score: Score) -> str:
    call = score.call
    file = {"file": ("facts.txt", b"The tower is 41 metres high.")}
    made = call("POST /files", files=file, data={"purpose": "assistants"})
    call("GET /files")
    call("GET /files/{file_id}", f"/files/{made['id']}")
    asked = {"filename": "a.txt", "purpose": "assistants", "bytes": 3, "mime_type": "text/plain"}
    for end in ("complete", "cancel"):
        upload = call("POST /uploads", json=asked)
        part = call(
            "POST /uploads/{upload_id}/parts",
            f"/uploads/{upload['id']}/parts",
            files={"data": ("blob", b"abc")},
        )
        words = {"json": {"part_ids": [part["id"]]}} if end == "complete" else {}
        call(f"POST /uploads/{{upload_id}}/{end}", f"/uploads/{upload['id']}/{end}", **words)
    return str(made["id"])


def _vector_stores(score: Score, file_id: str) -> None:
    call = score.call
    root = "/vector_stores/{vector_store_id}"
    store = call("POST /vector_stores", json={"name": "Facts", "metadata": {"a": "b"}})
    at = f"/vector_stores/{store['id']}"
    call("GET /vector_stores")
    call(f"POST {root}", at, json={"name": "All facts"})
    call(f"POST {root}/files", f"{at}/files", json={"file_id": file_id})
    _settle(score, f"{at}/files/{file_id}")
    call(f"GET {root}", at)
    call(f"GET {root}/files", f"{at}/files")
    one = f"{at}/files/{file_id}"
    call(f"GET {root}/files/{{file_id}}", one)
    call(f"POST {root}/files/{{file_id}}", one, json={"attributes": {"kind": "fact"}})
    call(f"GET {root}/files/{{file_id}}/content", f"{one}/content")
    call(f"POST {root}/search", f"{at}/search", json={"query": "How tall is the tower?"})
    batch = call(f"POST {root}/file_batches", f"{at}/file_batches", json={"file_ids": [file_id]})
    in_batch = f"{at}/file_batches/{batch['id']}"
    call(f"GET {root}/file_batches/{{batch_id}}", in_batch)
    call(f"GET {root}/file_batches/{{batch_id}}/files", f"{in_batch}/files")
    call(f"POST {root}/file_batches/{{batch_id}}/cancel", f"{in_batch}/cancel")
    call(f"DELETE {root}/files/{{file_id}}", one)
    call(f"DELETE {root}", at)
    call("DELETE /files/{file_id}", f"/files/{file_id}")


def _settle(score: Score, path: str) -> None:
    for _ in range(300):
        if score._client.get(path.lstrip("/")).json()["status"] != "in_progress":
            return
        time.sleep(0.2)


def _responses(score: Score) -> None:
    call = score.call
    root, items = "/conversations/{conversation_id}", "/conversations/{conversation_id}/items"
    made = call("POST /conversations", json={"metadata": {"a": "b"}})
    at = f"/conversations/{made['id']}"
    call(f"GET {root}", at)
    call(f"POST {root}", at, json={"metadata": {"a": "c"}})
    added = call(f"POST {items}", f"{at}/items", json={"items": SAY})
    call(f"GET {items}", f"{at}/items")
    call(f"GET {items}/{{item_id}}", f"{at}/items/{added['first_id']}")
    asked = {"model": MODEL, "input": "Say something.", "max_output_tokens": 16}
    answer = call("POST /responses", json=asked | {"conversation": made["id"]})
    score.events("POST /responses", asked)
    call(f"DELETE {items}/{{item_id}}", f"{at}/items/{added['first_id']}")
    call(f"DELETE {root}", at)
    one = f"/responses/{answer['id']}"
    call("GET /responses/{response_id}", one)
    call("GET /responses/{response_id}/input_items", f"{one}/input_items")
    call("DELETE /responses/{response_id}", one)
    behind = score._client.post("responses", json=asked | {"background": True}).json()
    call("POST /responses/{response_id}/cancel", f"/responses/{behind['id']}/cancel")
    call("POST /responses/input_tokens", json={"model": MODEL, "input": "one two"})
    call("POST /responses/compact", json={"model": MODEL, "input": "one two"})


def _containers(score: Score) -> None:
    call = score.call
    root = "/containers/{container_id}"
    made = call("POST /containers", json={"name": "box"})
    at = f"/containers/{made['id']}"
    call("GET /containers")
    call(f"GET {root}", at)
    file = call(f"POST {root}/files", f"{at}/files", files={"file": ("a.txt", b"abc")})
    one = f"{at}/files/{file['id']}"
    call(f"GET {root}/files", f"{at}/files")
    call(f"GET {root}/files/{{file_id}}", one)
    score.events(
        "POST /responses",
        {
            "model": MODEL,
            "input": "Compute.",
            "max_output_tokens": 40,
            "max_tool_calls": 1,
            "tools": [{"type": "code_interpreter", "container": made["id"]}],
            "tool_choice": {"type": "code_interpreter"},
            "include": ["code_interpreter_call.outputs"],
        },
    )
    call(f"DELETE {root}/files/{{file_id}}", one)
    call(f"DELETE {root}", at)


def _batches(score: Score) -> None:
    call = score.call
    body = {"model": EMBEDDER, "input": "x"}
    line = {"custom_id": "1", "method": "POST", "url": "/v1/embeddings", "body": body}
    sent = {"file": ("in.jsonl", json.dumps(line).encode())}
    file = score._client.post("files", files=sent, data={"purpose": "batch"}).json()
    asked = {"endpoint": "/v1/embeddings", "completion_window": "24h"}
    made = call("POST /batches", json=asked | {"input_file_id": file["id"]})
    call("GET /batches")
    for _ in range(300):
        found = score._client.get(f"batches/{made['id']}").json()
        if found["status"] in ("completed", "failed"):
            break
        time.sleep(0.2)
    call("GET /batches/{batch_id}", f"/batches/{made['id']}")
    other = score._client.post("batches", json=asked | {"input_file_id": file["id"]}).json()
    call("POST /batches/{batch_id}/cancel", f"/batches/{other['id']}/cancel")


def to_markdown(score: Score, version: str) -> str:
    """The table of the reference page."""
    valid, total = sum(row[1] for row in score.rows), sum(row[2] for row in score.rows)
    lines = [
        "<!-- Made by tools/openai_score.py; do not edit. -->",
        "",
        "# Conformance with OpenAI's specification",
        "",
        f"Answers of a running Volano, checked property by property against version {version} of",
        "OpenAI's specification (`make conformance-openai SPEC=openapi.json`; the tool says how a",
        f"property counts). Of {total:,} properties {valid:,} are valid: **{valid / total:.1%}**.",
        "",
        "| operation | valid | of | first that is not |",
        "| --- | ---: | ---: | --- |",
    ]
    lines += [f"| `{row[0]}` | {row[1]} | {row[2]} | {_cell(row[3])} |" for row in score.rows]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def write_first_part(page: Path, text: str) -> None:
    """Write the page, keeping the part that tools/openai_sdk_suite.py wrote."""
    held = page.read_text() if page.exists() else ""
    _, mark, rest = held.partition(SUITE_HEADING)
    page.write_text(f"{text}\n{mark}{rest}" if mark else text)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spec", type=Path, required=True)
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--least", type=float, default=95.0)
    options = parser.parse_args()
    data = options.spec.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if digest != SPEC_SHA256:
        print(f"{options.spec} has the SHA-256 {digest}, not {SPEC_SHA256}.")
        return 2
    spec = json.loads(data)
    held = {"components": {"schemas": _absolute(spec["components"]["schemas"])}}
    base = os.environ["OPENAI_BASE_URL"].rstrip("/") + "/"
    score = Score(spec | held, base, os.environ["OPENAI_API_KEY"])
    run(score)
    for operation, valid, total, first in score.rows:
        print(f"{valid:5} / {total:<5} {operation}  {first}")
    valid, total = sum(row[1] for row in score.rows), sum(row[2] for row in score.rows)
    print(f"{100 * valid / total:.2f} % of {total} properties, {len(score.rows)} calls")
    if options.markdown:
        write_first_part(options.markdown, to_markdown(score, spec["info"]["version"]))
    return 0 if 100 * valid / total >= options.least else 1


if __name__ == "__main__":
    sys.exit(main())
