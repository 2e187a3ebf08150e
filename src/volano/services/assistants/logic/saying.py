"""Posting as a speaker, through the same logic as everyone, so that its policy and the audit trail
hold for it and a question handled twice is answered once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from volano.kernel.errors import Conflict, Denied, Invalid, NotFound
from volano.kernel.journal import AuditRecord
from volano.services.chat import interface as chat
from volano.services.identity import interface as identity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Call, Env
    from volano.services.assistants.logic.questions import Question

POST = "chat:PostMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a speaker answers. `part` tells several messages about one question apart."""

    text: str
    blocks: Sequence[object] | None = None
    only_asker: bool = False
    part: str = ""


async def say(env: Env, question: Question, said: Said) -> str:
    """Post, to everyone there or to the asker alone; returns the `ts`, '' where it may not."""
    speaker = await identity.find_principal(env.store.reader, question.speaker.principal_id)
    if speaker is None:
        return ""  # disabling its principal silences it
    message, channel = question.message, question.channel
    call = replace(question.call, principal=speaker, door="work")
    arn = chat.channel_arn(call.region, call.account, channel.id)
    is_apart = question.is_private or question.is_command
    thread_us = message.thread_us if is_apart else message.thread_root_us
    draft = chat.Draft(
        channel=channel.id,
        text=said.text,
        blocks=said.blocks,
        thread_ts=chat.to_ts(thread_us) if thread_us else "",
        client_msg_id=f"copilot:{channel.id}:{message.ts_us}{said.part}",
        is_answer=True,
    )
    ts, status, code = "", 200, ""
    try:
        await env.authority.authorize(call, POST, arn, {})
        if question.is_command:
            speaker_id = question.speaker.user_id
            ts = await chat.show_draft(env, call.account, speaker_id, question.asker.id, draft)
        elif said.only_asker:
            ts = await chat.post_ephemeral(env, call, question.asker.id, draft)
        else:
            ts = (await chat.post_message(env, call, draft)).message.ts
    except (Conflict, Denied, Invalid, NotFound) as error:
        # It may not post here (not a member, archived, thread deleted): that is final.
        status, code = error.wire_status, error.wire_code
        env.log.info("an assistant could not answer", channel=channel.id, error=error.message)
    audit(env, call, "slack:chat.postMessage", arn, status=status, code=code)
    audit(env, question.call, "studio:FindPassages", arn, read_only=True)
    return ts


def audit(
    env: Env,
    call: Call,
    action: str,
    resource: str,
    *,
    status: int = 200,
    code: str = "",
    read_only: bool = False,
) -> None:
    """What an assistant did that no action of the registry records."""
    env.journal.audit(
        AuditRecord(
            id=env.ids.uuid(),
            time_us=env.clock.now_us(),
            account=call.account,
            principal_id=call.principal.id,
            principal_arn=call.principal.arn,
            door=call.door,
            action=action,
            resource=resource,
            source_ip=call.source_ip,
            user_agent="assistants",
            request_id=call.request_id,
            status=status,
            error_code=code,
            read_only=read_only,
        )
    )
