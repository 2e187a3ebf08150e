"""Making a response: the model's turns, our own tools between them, the events of it all."""

from __future__ import annotations

import json
from contextlib import aclosing
from typing import TYPE_CHECKING

from msgspec.structs import replace

from volano.kernel.errors import Invalid, Throttled, VolanoError
from volano.services.models import interface as models
from volano.services.studio.logic.conditions import parse_condition
from volano.services.studio.logic.responses.context import resolve_references
from volano.services.studio.logic.responses.events import Assembly
from volano.services.studio.logic.responses.items import to_messages
from volano.services.studio.logic.responses.planning import FILE_SEARCH
from volano.services.studio.logic.responses.sealing import seal_text
from volano.services.studio.logic.searching import search_store
from volano.services.studio.model.responses import MAX_TOOL_TURNS, Json
from volano.services.studio.model.search import DEFAULT_RESULTS, Search

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from volano.kernel.call import Call, Env
    from volano.kernel.inference import Generate
    from volano.services.studio.logic.responses.planning import Plan
    from volano.services.studio.model.search import Found

MAX_QUERIES = 5


async def run_response(
    env: Env, call: Call, plan: Plan, *, queued: bool = False
) -> AsyncGenerator[Json, None]:
    """The events of a response from `response.created` to its end.

    What is wrong with the request itself is raised before the first event; what fails later ends
    the response as failed. The last event carries the whole response.
    """
    assembly = Assembly(
        env.ids,
        plan.body,
        hidden=frozenset({FILE_SEARCH} if plan.search else ()),
        with_logprobs=plan.generate.top_logprobs is not None,
    )
    turns = _Turns(env, call, plan, assembly)
    async with aclosing(turns.events()) as events:
        first = await anext(events, None)
        yield assembly_start(assembly, "response.created", 0)
        if queued:
            yield assembly_start(assembly, "response.queued", 1)
        yield assembly_start(assembly, "response.in_progress", 2 if queued else 1)
        shift = 3 if queued else 2
        if first is not None:
            yield _shifted(first, shift)
        try:
            async for event in events:
                yield _shifted(event, shift)
            yield _shifted(turns.ending(), shift)
        except VolanoError as error:
            yield _shifted(failed(env, assembly, error), shift)


def assembly_start(assembly: Assembly, kind: str, number: int) -> Json:
    """The events before the first token say that nothing was made yet."""
    status = "queued" if kind == "response.queued" else "in_progress"
    body = {**assembly.body, "status": status, "output": []}
    return {"type": kind, "sequence_number": number, "response": body}


def _shifted(event: Json, by: int) -> Json:
    number = event["sequence_number"]
    assert isinstance(number, int)
    return {**event, "sequence_number": number + by}


class _Turns:
    """The model's turns of one response, and what they used."""

    def __init__(self, env: Env, call: Call, plan: Plan, assembly: Assembly) -> None:
        self._env = env
        self._call = call
        self._plan = plan
        self._assembly = assembly
        self._ends: list[models.Collected] = []
        self._sources: dict[str, Json] = {}
        self._searches = 0
        self._finish = "stop"

    async def events(self) -> AsyncGenerator[Json, None]:
        plan, env, call = self._plan, self._env, self._call
        items = await resolve_references(
            env, call, plan.input_items, plan.context, plan.conversation
        )
        messages = await to_messages(env, call, [*plan.context, *items])
        if plan.asked.instructions:
            messages.insert(0, {"role": "system", "content": plan.asked.instructions})
        for turn in range(MAX_TOOL_TURNS + 1):
            may_search = turn < MAX_TOOL_TURNS and not self._is_spent()
            request = self._request(messages, may_search=may_search)
            collected = models.Collected()
            self._assembly.pending.clear()
            async with aclosing(models.generate(env, call, plan.model, request)) as deltas:
                async for delta in deltas:
                    collected.add(delta)
                    for event in self._assembly.add(delta):
                        yield event
            self._ends.append(collected)
            self._finish = collected.finish_reason
            calls = collected.calls_in_order()
            if not self._assembly.pending:
                break
            messages.append(_said(collected))
            async for event in self._search(messages):
                yield event
            if any(call.name != FILE_SEARCH for call in calls):
                break  # the client's own tools are asked next
        if not self._assembly.output and self._assembly.is_idle:
            for event in self._assembly.empty_message():
                yield event
        status = "incomplete" if self._finish == "length" else "completed"
        for event in self._assembly.close(status=status, sources=self._sources.values()):
            yield event
        self._seal()

    def _is_spent(self) -> bool:
        allowed = self._plan.asked.max_tool_calls
        return allowed is not None and self._searches >= allowed

    def _request(self, messages: list[Json], *, may_search: bool) -> Generate:
        """Once a search was made the model is free to answer; one spent on tools must."""
        wanted = replace(
            self._plan.generate,
            request_id=self._env.ids.uuid(),
            messages=models.parse_messages(messages),
        )
        if not may_search:
            tools = tuple(tool for tool in wanted.tools if tool.name != FILE_SEARCH)
            wanted = replace(wanted, tools=tools)
        if self._searches and wanted.tool_choice in ("required", FILE_SEARCH):
            wanted = replace(wanted, tool_choice="auto")
        return wanted

    async def _search(self, messages: list[Json]) -> AsyncGenerator[Json, None]:
        """Run the file searches that the model asked for; what they found is its next message."""
        assembly = self._assembly
        for event in assembly.close():
            yield event
        for asked in list(assembly.pending):
            queries = _queries_of(asked.text)
            index = len(assembly.output)
            item: Json = {
                "id": f"fs_{self._env.ids.hex(32)}",
                "type": "file_search_call",
                "status": "in_progress",
                "queries": queries,
                "results": None,
            }
            place = {"output_index": index, "item_id": item["id"]}
            yield assembly.event("response.output_item.added", output_index=index, item=dict(item))
            yield assembly.event("response.file_search_call.in_progress", **place)
            yield assembly.event("response.file_search_call.searching", **place)
            found = await self._find(queries)
            self._searches += 1
            item["status"] = "completed"
            if "file_search_call.results" in (self._plan.asked.include or ()):
                item["results"] = [_result(hit) for hit in found]
            yield assembly.event("response.file_search_call.completed", **place)
            for event in assembly.done(item, index):
                yield event
            for hit in found:
                source: Json = {"file_id": hit.file_id, "filename": hit.filename}
                self._sources.setdefault(hit.file_id, source)
            text = json.dumps([_result(hit) for hit in found], ensure_ascii=False)
            call_id = asked.item["call_id"]
            messages.append({"role": "tool", "tool_call_id": call_id, "content": text})

    async def _find(self, queries: list[str]) -> list[Found]:
        tool = self._plan.search or {}
        ranking = tool.get("ranking_options")
        options = ranking if isinstance(ranking, dict) else {}
        filters = tool.get("filters")
        limit = tool.get("max_num_results")
        wanted = Search(
            queries=tuple(queries),
            limit=limit if isinstance(limit, int) else DEFAULT_RESULTS,
            condition=parse_condition(filters if isinstance(filters, dict) else None),
            score_threshold=float(options.get("score_threshold") or 0.0),
        )
        stores = tool["vector_store_ids"]
        assert isinstance(stores, list)
        found: list[Found] = []
        for store_id in stores:
            arn = f"arn:aws:studio:{self._call.region}:{self._call.account}:vector-store/{store_id}"
            await self._env.authority.authorize(self._call, "studio:SearchVectorStore", arn, {})
            found += await search_store(self._env, self._call, str(store_id), wanted)
        return sorted(found, key=lambda hit: -hit.score)[: wanted.limit]

    def _seal(self) -> None:
        """Give reasoning to clients that keep it themselves in a form that only we read."""
        if "reasoning.encrypted_content" not in (self._plan.asked.include or ()):
            return
        for item in self._assembly.output:
            content = item.get("content")
            if item["type"] == "reasoning" and isinstance(content, list):
                text = "".join(str(part["text"]) for part in content)
                item["encrypted_content"] = seal_text(self._env, self._call, text)

    def ending(self) -> Json:
        """The last event, with the response as it is kept."""
        incomplete = self._finish == "length"
        body = self._assembly.body
        body |= {
            "status": "incomplete" if incomplete else "completed",
            "completed_at": None if incomplete else self._env.clock.now_us() // 1_000_000,
            "incomplete_details": {"reason": "max_output_tokens"} if incomplete else None,
            "usage": usage_of(self._ends),
            "engine": models.engine_of(self._ends),
        }
        return self._assembly.whole("response.incomplete" if incomplete else "response.completed")


def failed(env: Env, assembly: Assembly, error: VolanoError) -> Json:
    """The end of a response that could not be made."""
    code = "server_error"
    if isinstance(error, Throttled):
        code = "rate_limit_exceeded"
    elif isinstance(error, Invalid):
        code = "invalid_prompt"
    assembly.body |= {"status": "failed", "error": {"code": code, "message": error.message}}
    return assembly.whole("response.failed")


def usage_of(ends: list[models.Collected]) -> Json:
    """The tokens of every turn: each turn reads the whole conversation again."""
    counts = [models.counts_of([end]) for end in ends]
    prompt = sum(count.prompt for count in counts)
    completion = sum(count.completion for count in counts)
    return {
        "input_tokens": prompt,
        "input_tokens_details": {
            "cached_tokens": sum(count.cached for count in counts),
            "cache_write_tokens": 0,
        },
        "output_tokens": completion,
        "output_tokens_details": {"reasoning_tokens": sum(count.reasoning for count in counts)},
        "total_tokens": prompt + completion,
    }


def _said(collected: models.Collected) -> Json:
    calls = [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for call in collected.calls_in_order()
        if call.name == FILE_SEARCH
    ]
    return {"role": "assistant", "content": collected.text, "tool_calls": calls}


def _queries_of(arguments: str) -> list[str]:
    """The queries in a call's arguments; the arguments themselves where they are no JSON."""
    try:
        found = json.loads(arguments)
    except ValueError:
        return [arguments[:500] or "?"]
    queries = found.get("queries") if isinstance(found, dict) else None
    texts = [str(query)[:500] for query in queries or () if str(query).strip()]
    return texts[:MAX_QUERIES] or [arguments[:500] or "?"]


def _result(hit: Found) -> Json:
    return {
        "file_id": hit.file_id,
        "filename": hit.filename,
        "score": hit.score,
        "text": hit.text,
        "attributes": dict(hit.attributes),
    }
