"""Counting the tokens of an input, and compacting a long one.

Compaction keeps the user's own messages as they are and puts what else was said, called and found
into one sealed item: its latest part, as much as fits. Nothing is paraphrased, so that a small
model cannot spoil it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.services.models import interface as models
from volano.services.studio.logic.responses.context import context_of, resolve_references
from volano.services.studio.logic.responses.items import take_items, to_messages
from volano.services.studio.logic.responses.planning import plan_response
from volano.services.studio.logic.responses.running import first_request
from volano.services.studio.logic.responses.sealing import seal_text

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.studio.model.responses import Asked, Json

KEPT_CHARACTERS = 8000


async def count_input_tokens(env: Env, call: Call, asked: Asked) -> int:
    """How many tokens the model would read first, tools and instructions included."""
    plan = await plan_response(env, call, asked)
    return await models.count_prompt(env, call, plan.model, await first_request(env, call, plan))


async def compact_input(env: Env, call: Call, asked: Asked) -> tuple[list[Json], Json]:
    """The items to go on with, and what was read for it."""
    model = await models.require_task(env, call.account, asked.model, models.Task.GENERATE)
    context, conversation = await context_of(env, call, asked)
    own = take_items(env, asked.input)
    items = [*context, *await resolve_references(env, call, own, context, conversation)]
    kept = [item for item in items if item["type"] == "message" and item["role"] == "user"]
    rest = [item for item in items if item not in kept]
    lines = [_line(message) for message in await to_messages(env, call, rest)]
    text = "\n".join(lines)[-KEPT_CHARACTERS:]
    sealed = seal_text(env, call, f"What was said before:\n{text}")
    compaction: Json = {
        "id": f"cmp_{env.ids.hex(32)}",
        "type": "compaction",
        "encrypted_content": sealed,
    }
    read = await models.count_tokens(env, call, model, text) if text else 0
    usage: Json = {
        "input_tokens": read,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": 0,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": read,
    }
    return [*kept, compaction], usage


def _line(message: Json) -> str:
    calls = message.get("tool_calls")
    called = f" {json.dumps(calls, ensure_ascii=False)}" if calls else ""
    return f"{message['role']}: {message['content']}{called}"
