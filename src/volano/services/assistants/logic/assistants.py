"""Assistants that people make, and the settings of an account.

An assistant is a bot with a principal of its own: its policy lets it take part in the chat and
nothing else. What it looks up or proposes is done as the asker, so making one gives nobody rights.
Its maker and administrators change it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from volano.kernel.errors import Denied, QuotaExceeded
from volano.services.assistants.model import (
    MAX_ASSISTANTS,
    MAX_INSTRUCTIONS_CHARACTERS,
    MAX_LIST,
    MAX_NAME_CHARACTERS,
    MAX_TITLE_CHARACTERS,
    Assistant,
    InvalidAssistant,
    NoSuchAssistant,
    Settings,
)
from volano.services.assistants.store import assistants as rows
from volano.services.assistants.store import settings as settings_rows
from volano.services.chat import interface as chat
from volano.services.models import interface as models

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

MANAGE = "assistants:ManageAssistants"
MAX_TOKENS_PER_DAY = 1_000_000_000
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*\Z")
_TOOL = re.compile(r"[A-Za-z0-9_*?:-]{1,100}\Z")
_KNOWLEDGE = re.compile(r"(?:[CGD][A-Z0-9]{2,30}|s3://[a-z0-9][a-z0-9.-]{1,62}(?:/.{0,900})?)\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An assistant as its maker describes it; lists as in `Assistant`."""

    title: str
    instructions: str = ""
    model: str = ""
    knowledge: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()
    enabled: bool = True


async def create_assistant(env: Env, call: Call, name: str, wanted: Wanted) -> Assistant:
    """Make one; people mention it by its name. Raises InvalidAssistant and QuotaExceeded."""
    if not _NAME.match(name) or len(name) > MAX_NAME_CHARACTERS:
        raise InvalidAssistant(
            f"A name has 1 to {MAX_NAME_CHARACTERS} small letters, digits, dots and hyphens.",
            fields={"param": "name"},
        )
    await _check(env, call, wanted)
    now_us = env.clock.now_us()

    async def write(tx: Tx) -> Assistant:
        known = await rows.select_assistants(tx, call.account)
        if len(known) >= MAX_ASSISTANTS:
            raise QuotaExceeded(f"An account has at most {MAX_ASSISTANTS} assistants.")
        if any(item.name == name for item in known):
            raise InvalidAssistant(
                f"There is an assistant called {name} already.", fields={"param": "name"}
            )
        bot = await chat.add_own_bot(tx, env, call.account, name, wanted.title)
        item = Assistant(
            id="asst_" + env.ids.hex(20),
            account=call.account,
            name=name,
            title=wanted.title,
            instructions=wanted.instructions,
            model=wanted.model,
            knowledge=wanted.knowledge,
            tools=wanted.tools,
            audience=wanted.audience,
            owner_id=call.principal.id,
            principal_id=bot.principal_id,
            user_id=bot.id,
            enabled=wanted.enabled,
            created_us=now_us,
            updated_us=now_us,
        )
        await rows.insert_assistant(tx, item)
        return item

    await chat.get_workspace(env, call.account)
    return await env.store.transact(write)


async def _check(env: Env, call: Call, wanted: Wanted) -> None:
    """Raises InvalidAssistant with the field's name."""
    _limit("title", wanted.title, 1, MAX_TITLE_CHARACTERS)
    _limit("instructions", wanted.instructions, 0, MAX_INSTRUCTIONS_CHARACTERS)
    lists = {
        "knowledge": (wanted.knowledge, _KNOWLEDGE, "a channel's id or s3://bucket/prefix"),
        "tools": (wanted.tools, _TOOL, "a tool's name or a pattern such as s3_List*"),
        "audience": (wanted.audience, re.compile(r"[UW][A-Z0-9]{2,30}\Z"), "a user's id"),
    }
    for name, (items, form, told) in lists.items():
        if len(items) > MAX_LIST:
            raise InvalidAssistant(f"{name} has at most {MAX_LIST}.", fields={"param": name})
        for item in items:
            if not form.match(item):
                raise InvalidAssistant(
                    f"'{item[:80]}' in {name} is not {told}.", fields={"param": name}
                )
    if wanted.model:
        await models.require_task(env, call.account, wanted.model, models.Task.GENERATE)


def _limit(name: str, text: str, least: int, most: int) -> None:
    if not least <= len(text) <= most or "\x00" in text:
        raise InvalidAssistant(f"{name} has {least} to {most} characters.", fields={"param": name})


async def list_assistants(env: Env, call: Call) -> list[Assistant]:
    """All of the account, by name."""
    return await rows.select_assistants(env.store.reader, call.account)


async def get_assistant(env: Env, call: Call, assistant_id: str) -> Assistant:
    found = await rows.find_assistant(env.store.reader, call.account, assistant_id)
    if found is None:
        raise NoSuchAssistant(f"There is no assistant {assistant_id[:40]}.")
    return found


async def update_assistant(env: Env, call: Call, assistant_id: str, wanted: Wanted) -> Assistant:
    """Put all of its fields; by its maker or who may manage assistants."""
    known = await _require_mine(env, call, assistant_id)
    await _check(env, call, wanted)
    item = replace(
        known,
        title=wanted.title,
        instructions=wanted.instructions,
        model=wanted.model,
        knowledge=wanted.knowledge,
        tools=wanted.tools,
        audience=wanted.audience,
        enabled=wanted.enabled,
        updated_us=env.clock.now_us(),
    )

    async def write(tx: Tx) -> None:
        await rows.update_assistant(tx, item)

    await env.store.transact(write)
    return item


async def delete_assistant(env: Env, call: Call, assistant_id: str) -> None:
    """It speaks no more; what it said stays."""
    known = await _require_mine(env, call, assistant_id)

    async def write(tx: Tx) -> None:
        await rows.delete_assistant(tx, known.id)
        await chat.remove_own_bot(tx, call.account, known.user_id)

    await env.store.transact(write)


async def _require_mine(env: Env, call: Call, assistant_id: str) -> Assistant:
    known = await get_assistant(env, call, assistant_id)
    if known.owner_id != call.principal.id:
        try:
            arn = assistant_arn(call.region, call.account, known.id)
            await env.authority.authorize(call, MANAGE, arn, {})
        except Denied as error:
            raise Denied("Only who made an assistant, or an administrator, changes it.") from error
    return known


def assistant_arn(region: str, account: str, assistant_id: str) -> str:
    return f"arn:aws:assistants:{region}:{account}:assistant/{assistant_id}"


async def get_settings(env: Env, call: Call) -> Settings:
    return await settings_rows.find_settings(env.store.reader, call.account)


async def put_settings(
    env: Env, call: Call, *, model: str, may_act: bool, tokens_per_day: int
) -> Settings:
    """Raises InvalidAssistant, and what the models say of an unknown model."""
    if model:
        await models.require_task(env, call.account, model, models.Task.GENERATE)
    if not 0 <= tokens_per_day <= MAX_TOKENS_PER_DAY:
        raise InvalidAssistant(
            f"tokens_per_day is 0 to {MAX_TOKENS_PER_DAY}.", fields={"param": "tokens_per_day"}
        )
    settings = Settings(
        account=call.account, model=model, may_act=may_act, tokens_per_day=tokens_per_day
    )

    async def write(tx: Tx) -> None:
        await settings_rows.upsert_settings(tx, settings)

    await env.store.transact(write)
    return settings
