"""What the office's cards and messages say, in the language that their reader chose.

A language is one `Words`; whoever chose none of them, or none at all, reads English.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.services.chat import interface as chat
from volano.services.office.model import NoteKind, State

if TYPE_CHECKING:
    from volano.kernel.store import Reader


@dataclass(frozen=True, slots=True)
class Words:
    """`notes` take {who}, {other} and {said}; `said` takes {text}."""

    headline: str
    nudge: str
    said: str
    remark: str
    approve: str
    send_back: str
    reject: str
    states: dict[State, str]
    notes: dict[NoteKind, str]


ENGLISH = Words(
    headline="*{title}* of {who}: {sign}",
    nudge=":bell: {who} asks for your decision: {link}",
    said=": {text}",
    remark="Remark",
    approve="Approve",
    send_back="Return",
    reject="Reject",
    states={
        State.RUNNING: "on its way",
        State.APPROVED: "approved",
        State.REJECTED: "rejected",
        State.RETURNED: "returned",
        State.WITHDRAWN: "withdrawn",
    },
    notes={
        NoteKind.SENT: "{who} sent it{said}",
        NoteKind.APPROVED: "{who} approved{said}",
        NoteKind.REJECTED: "{who} rejected{said}",
        NoteKind.RETURNED: "{who} returned it{said}",
        NoteKind.DELEGATED: "{who} delegated to {other}{said}",
        NoteKind.URGED: "{who} asks for a decision{said}",
        NoteKind.COMMENTED: "{who} says{said}",
        NoteKind.WITHDRAWN: "{who} withdrew it{said}",
    },
)
CHINESE = Words(
    headline="{who}提交的*{title}*：{sign}",
    nudge=":bell: {who}催你审批：{link}",
    said="：{text}",
    remark="审批意见",
    approve="同意",
    send_back="退回",
    reject="拒绝",
    states={
        State.RUNNING: "审批中",
        State.APPROVED: "已通过",
        State.REJECTED: "已拒绝",
        State.RETURNED: "已退回",
        State.WITHDRAWN: "已撤销",
    },
    notes={
        NoteKind.SENT: "{who} 提交了申请{said}",
        NoteKind.APPROVED: "{who} 已同意{said}",
        NoteKind.REJECTED: "{who} 已拒绝{said}",
        NoteKind.RETURNED: "{who} 已退回{said}",
        NoteKind.DELEGATED: "{who} 转交给 {other}{said}",
        NoteKind.URGED: "{who} 催办{said}",
        NoteKind.COMMENTED: "{who} 评论{said}",
        NoteKind.WITHDRAWN: "{who} 已撤销{said}",
    },
)
LANGUAGES = {"en": ENGLISH, "zh": CHINESE}


async def words_for(reader: Reader, user_id: str) -> Words:
    """The words of the language that a chat user chose for the workplace."""
    return LANGUAGES.get(await chat.find_language(reader, user_id), ENGLISH)
