"""Running a batch: a job that may be killed at any line and goes on where it was.

Each line is run as its action, by whoever created the batch: authorized, audited and metered (at
the price of batches) line by line. An answer is kept in a row before the next is begun, so that
no line is answered twice after a restart, and its usage has an id of its own, so that none is
paid twice. When all lines are answered the files are written and the rows go.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace as replace_call
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from volano.kernel.errors import VolanoError
from volano.kernel.foreign_json import decode_foreign
from volano.services.models.interface import BATCH_TIER, TIER, USAGE_ID
from volano.services.studio.logic import records
from volano.services.studio.logic.acting import call_as
from volano.services.studio.logic.batches import save_batch
from volano.services.studio.logic.file_bytes import open_file
from volano.services.studio.logic.files import write_file
from volano.services.studio.model.batches import (
    BATCH,
    BATCH_LINE,
    ENDED,
    ENDPOINTS,
    MAX_LINE_BYTES,
    MAX_LINES,
    MAX_SHOWN_ERRORS,
    Batch,
    BatchError,
    BatchLine,
    Counts,
)
from volano.services.studio.model.files import BATCH_OUTPUT
from volano.services.studio.model.records import Paging

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

AT_ONCE = 4
"""Lines of one batch that run together: interactive requests must come through."""
TIMEOUT_S = 25 * 3600.0
LINE_TIMEOUT_S = 600.0
PAGE = 500


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A request of the input file."""

    custom_id: str
    method: str
    url: str
    body: dict[str, object]


async def run_batch(env: Env, payload: str) -> str:
    """The job: check the file, answer its lines, write the outputs."""
    account, id = msgspec.json.decode(payload, type=tuple[str, str])
    batch = await records.find(env.store.reader, BATCH, account, id)
    if batch is None or batch.state in ENDED:
        return "{}"
    try:
        lines, errors = await _read_lines(env, account, batch)
        if errors:
            await _fail(env, account, batch, errors)
            return "{}"
        batch = await _enter(env, account, batch, "in_progress", counts=Counts(total=len(lines)))
        call = await call_as(env, batch.asker, timeout_s=TIMEOUT_S)
        await _answer_all(env, call, batch, lines)
        await _finish(env, call, batch, len(lines))
    except VolanoError as error:
        wrong = BatchError(code=error.wire_code, message=error.message)
        await _fail(env, account, batch, [wrong])
    return "{}"


async def _read_lines(env: Env, account: str, batch: Batch) -> tuple[list[Line], list[BatchError]]:
    lines: list[Line] = []
    errors: list[BatchError] = []
    seen: set[str] = set()
    number = 0
    async for raw in _raw_lines(env, account, batch.input_file_id):
        number += 1
        if not raw.strip():
            continue
        try:
            line = decode_foreign(raw, Line)
        except msgspec.DecodeError as error:
            errors.append(_wrong("invalid_json_line", f"It is no request: {error}.", number))
            continue
        if line.url != batch.endpoint or line.method != "POST":
            said = f"It asks {line.method} {line.url[:100]}, the batch POST {batch.endpoint}."
            errors.append(_wrong("mismatched_endpoint", said, number, "url"))
        elif line.custom_id in seen:
            said = f"The custom_id '{line.custom_id[:100]}' was used before."
            errors.append(_wrong("duplicate_custom_id", said, number, "custom_id"))
        elif line.body.get("stream"):
            errors.append(_wrong("invalid_request", "Batches do not stream.", number, "stream"))
        seen.add(line.custom_id)
        lines.append(line)
        if len(errors) >= MAX_SHOWN_ERRORS:
            break
    if not lines and not errors:
        errors.append(_wrong("empty_file", "The file has no requests.", None))
    if len(lines) > MAX_LINES:
        errors.append(_wrong("too_many_requests", f"A batch has at most {MAX_LINES} lines.", None))
    return lines, errors


def _wrong(code: str, message: str, line: int | None, param: str | None = None) -> BatchError:
    return BatchError(code=code, message=message, line=line, param=param)


async def _raw_lines(env: Env, account: str, file_id: str) -> AsyncIterator[bytes]:
    held = b""
    async for chunk in await open_file(env, account, file_id):
        *whole, held = (held + chunk).split(b"\n")
        for line in whole:
            yield line
        if len(held) > MAX_LINE_BYTES:
            held = held[:MAX_LINE_BYTES]  # no valid request: decoding will say so
            break
    if held:
        yield held


async def _answer_all(env: Env, call: Call, batch: Batch, lines: list[Line]) -> None:
    """Answer what was not answered yet, a few at a time, until a cancel or the window's end."""
    done = {int(line.id) async for line in _kept_lines(env, call.account, batch.id)}
    waiting = iter([(at, line) for at, line in enumerate(lines) if at not in done])

    async def work() -> None:
        for at, line in waiting:
            if await _is_over(env, call.account, batch):
                return
            await _answer(env, call, batch, at, line)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(work())


async def _is_over(env: Env, account: str, batch: Batch) -> bool:
    now = await records.find(env.store.reader, BATCH, account, batch.id)
    return now is None or now.state != "in_progress" or env.clock.now_us() >= batch.ends_us


async def _answer(env: Env, call: Call, batch: Batch, at: int, line: Line) -> None:
    context = {**call.context, TIER: BATCH_TIER, USAGE_ID: f"{batch.id}:{at}"}
    request_id = env.ids.request_id()
    own = replace_call(call, context=context, request_id=request_id)
    head = env.tools.find_tool(ENDPOINTS[batch.endpoint])
    assert head is not None, batch.endpoint
    try:
        async with asyncio.timeout(LINE_TIMEOUT_S):
            body = await env.tools.run(env, own, head, line.body)
        status = 200
    except VolanoError as error:
        status, body = error.wire_status, {"error": _error_of(error)}
    except TimeoutError:
        said = f"It was not answered within {LINE_TIMEOUT_S:g} seconds."
        status = 504
        body = {"error": {"message": said, "type": "server_error", "param": None, "code": None}}
    kept = BatchLine(
        id=str(at),
        created_us=env.clock.now_us(),
        custom_id=line.custom_id,
        status=status,
        body=body,
        request_id=request_id,
    )

    async def write(tx: Tx) -> None:
        await records.save(tx, BATCH_LINE, call.account, kept, parent=batch.id)

    await env.store.transact(write)


def _error_of(error: VolanoError) -> dict[str, object]:
    kind = "server_error" if error.wire_status >= 500 else "invalid_request_error"
    return {
        "message": error.message,
        "type": kind,
        "param": error.fields.get("param"),
        "code": error.wire_code,
    }


async def _kept_lines(env: Env, account: str, batch_id: str) -> AsyncIterator[BatchLine]:
    after = ""
    while True:
        page = Paging(limit=PAGE, after=after, newest_first=False)
        found = await records.page(env.store.reader, BATCH_LINE, account, page, parent=batch_id)
        for line in found.items:
            yield line
        if not found.has_more:
            return
        after = found.items[-1].id


async def _finish(env: Env, call: Call, batch: Batch, total: int) -> None:
    """Write the files and end the batch as what it is: completed, cancelled or expired."""
    now = await records.find(env.store.reader, BATCH, call.account, batch.id)
    if now is None:
        return
    answered = [line async for line in _kept_lines(env, call.account, batch.id)]
    end = "completed"
    if len(answered) < total:
        end = "cancelled" if now.state == "cancelling" else "expired"
    elif now.state == "cancelling":
        end = "cancelled"
    else:
        now = await _enter(env, call.account, now, "finalizing")
    good = sorted((line for line in answered if line.status == 200), key=lambda one: int(one.id))
    bad = sorted((line for line in answered if line.status != 200), key=lambda one: int(one.id))
    done = replace(
        now,
        state=end,
        output_file_id=await _write_lines(env, call, now, good, "output"),
        error_file_id=await _write_lines(env, call, now, bad, "error"),
        counts=Counts(total=total, completed=len(good), failed=len(bad)),
        tokens=_tokens(good),
        model=next((str(line.body["model"]) for line in good if "model" in line.body), ""),
        times_us={**now.times_us, end: env.clock.now_us()},
    )

    async def write(tx: Tx) -> None:
        await records.save(tx, BATCH, call.account, done)
        await records.remove_children(tx, BATCH_LINE, call.account, batch.id)

    await env.store.transact(write)


def _tokens(lines: list[BatchLine]) -> dict[str, int]:
    found = {"input": 0, "output": 0}
    for line in lines:
        usage = line.body.get("usage")
        if isinstance(usage, dict):
            found["input"] += usage.get("prompt_tokens") or usage.get("input_tokens") or 0
            found["output"] += usage.get("completion_tokens") or usage.get("output_tokens") or 0
    return found


async def _write_lines(
    env: Env, call: Call, batch: Batch, lines: list[BatchLine], word: str
) -> str:
    if not lines:
        return ""
    data = b"".join(
        msgspec.json.encode(
            {
                "id": f"batch_req_{line.request_id.replace('-', '')}",
                "custom_id": line.custom_id,
                "response": {
                    "status_code": line.status,
                    "request_id": line.request_id,
                    "body": line.body,
                },
                "error": None,
            }
        )
        + b"\n"
        for line in lines
    )
    file = await write_file(
        env,
        call,
        data,
        filename=f"{batch.id}_{word}.jsonl",
        purpose=BATCH_OUTPUT,
        size_bytes=len(data),
        content_type="application/jsonl",
        life_s=batch.output_life_s,
    )
    return file.id


async def _enter(
    env: Env, account: str, batch: Batch, state: str, *, counts: Counts | None = None
) -> Batch:
    """Move on unless a cancel came first."""

    async def write(tx: Tx) -> Batch:
        now = await records.get(tx, BATCH, account, batch.id)
        if now.state == "cancelling" or now.state in ENDED:
            return now
        times = {state: env.clock.now_us(), **now.times_us}
        moved = replace(now, state=state, times_us=times, counts=counts or now.counts)
        await records.save(tx, BATCH, account, moved)
        return moved

    return await env.store.transact(write)


async def _fail(env: Env, account: str, batch: Batch, errors: list[BatchError]) -> None:
    times = {**batch.times_us, "failed": env.clock.now_us()}
    failed = replace(batch, state="failed", errors=tuple(errors), times_us=times)
    await save_batch(env, account, failed)
