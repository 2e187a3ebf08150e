"""Making a response: the model's turns, the tools that run here between them, all events."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from msgspec.structs import replace

from volano.kernel.errors import Invalid, Throttled, VolanoError
from volano.services.models import interface as models
from volano.services.models.interface import invalid
from volano.services.studio.logic.responses.context import resolve_references
from volano.services.studio.logic.responses.events import Assembly
from volano.services.studio.logic.responses.hosted.approvals import approvals_in
from volano.services.studio.logic.responses.hosted.choosing import custom_names
from volano.services.studio.logic.responses.hosted.mcp import server_named
from volano.services.studio.logic.responses.hosted.tool import HostedCall
from volano.services.studio.logic.responses.items import to_messages
from volano.services.studio.logic.responses.sealing import seal_text
from volano.services.studio.model.responses import MAX_TOOL_TURNS, Json

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from volano.kernel.call import Call, Env
    from volano.kernel.inference import Generate
    from volano.services.studio.logic.responses.planning import Plan


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
        hidden=frozenset(tool.name for one in plan.hosted for tool in one.tools),
        custom=custom_names(plan.asked),
        padded=bool(plan.asked.stream_options and plan.asked.stream_options.include_obfuscation),
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


async def first_request(env: Env, call: Call, plan: Plan) -> Generate:
    """What the model would be asked first; no tool runs for it."""
    items = await resolve_references(env, call, plan.input_items, plan.context, plan.conversation)
    return _turn_of(env, plan, await _conversation(env, call, plan, items))


async def _conversation(env: Env, call: Call, plan: Plan, items: list[Json]) -> list[Json]:
    messages = await to_messages(env, call, [*plan.context, *items])
    if plan.asked.instructions:
        messages.insert(0, {"role": "system", "content": plan.asked.instructions})
    return messages


def _turn_of(env: Env, plan: Plan, messages: list[Json]) -> Generate:
    return replace(
        plan.generate,
        request_id=env.ids.uuid(),
        messages=models.with_verbosity(models.parse_messages(messages), plan.told),
    )


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
        self._by_name = {tool.name: one for one in plan.hosted for tool in one.tools}
        self._used = 0
        self._waits = False
        self._finish = "stop"

    async def events(self) -> AsyncGenerator[Json, None]:
        plan, env, call = self._plan, self._env, self._call
        items = await resolve_references(
            env, call, plan.input_items, plan.context, plan.conversation
        )
        for hosted in plan.hosted:
            for event in hosted.begin(self._assembly):
                yield event
        async for event in self._approved(items):
            yield event
        async for event in self._turns(await _conversation(env, call, plan, items)):
            yield event
        if not self._assembly.output and self._assembly.is_idle:
            for event in self._assembly.empty_message():
                yield event
        status = "incomplete" if self._finish == "length" else "completed"
        notes = [note for hosted in plan.hosted for note in hosted.notes()]
        for event in self._assembly.close(status=status, notes=notes):
            yield event
        self._seal()

    async def _turns(self, messages: list[Json]) -> AsyncGenerator[Json, None]:
        env, call, plan = self._env, self._call, self._plan
        for turn in range(MAX_TOOL_TURNS + 1):
            may_use = turn < MAX_TOOL_TURNS and not self._is_spent()
            request = self._request(messages, may_use=may_use)
            collected = models.Collected()
            self._assembly.pending.clear()
            served = models.Served()
            made = models.generate(env, call, plan.model, request, served)
            async with aclosing(made) as deltas:
                async for delta in deltas:
                    if served.model is not None:  # a route's answers name who made them
                        self._assembly.body["model"] = served.model.name
                    collected.add(delta)
                    for event in self._assembly.add(delta):
                        yield event
            self._ends.append(collected)
            self._finish = collected.finish_reason
            if not self._assembly.pending:
                return
            messages.append(self._said(collected))
            async for event in self._run(messages):
                yield event
            asks_client = any(made.name not in self._by_name for made in collected.calls_in_order())
            if self._waits or asks_client:
                return

    def _said(self, collected: models.Collected) -> Json:
        """The model's turn as it reads it next: only the calls that ran here."""
        calls = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in collected.calls_in_order()
            if call.name in self._by_name
        ]
        return {"role": "assistant", "content": collected.text, "tool_calls": calls}

    def _is_spent(self) -> bool:
        allowed = self._plan.asked.max_tool_calls
        return allowed is not None and self._used >= allowed

    def _request(self, messages: list[Json], *, may_use: bool) -> Generate:
        """Once a tool ran here the model is free to answer; one spent on tools must."""
        wanted = _turn_of(self._env, self._plan, messages)
        if not may_use:
            tools = tuple(tool for tool in wanted.tools if tool.name not in self._by_name)
            wanted = replace(wanted, tools=tools)
        if self._used and wanted.tool_choice in ("required", *self._by_name):
            wanted = replace(wanted, tool_choice="auto")
        return wanted

    async def _approved(self, items: list[Json]) -> AsyncGenerator[Json, None]:
        """Make the calls that the input approves; each answer becomes an item of the input."""
        for approval in approvals_in([*self._plan.context, *items]):
            server = server_named(self._plan.hosted, approval.server_label)
            if server is None:
                raise invalid(
                    "tools", f"the server '{approval.server_label}' of the approved call is missing"
                )
            before = len(self._assembly.output)
            async for event in server.run_approved(self._assembly, approval):
                yield event
            self._used += 1
            items += self._assembly.output[before:]

    async def _run(self, messages: list[Json]) -> AsyncGenerator[Json, None]:
        """Do what the model asked for here; what came of it is its next messages."""
        assembly = self._assembly
        for event in assembly.close():
            yield event
        for pending in list(assembly.pending):
            asked = HostedCall(
                str(pending.item["call_id"]), str(pending.item["name"]), pending.text
            )
            async for event in self._by_name[asked.name].run(assembly, asked):
                yield event
            self._used += 1
            self._waits = self._waits or asked.waits
            answer: Json = {"role": "tool", "tool_call_id": asked.call_id, "content": asked.output}
            messages.append(answer)

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
