"""Requests to write something, by how they are worded: "summarize this thread", `/translate zh`.

Pure: a request says what is wanted and of what; `writing_desk` does it. Whatever is not worded as
one of these is a question or an action. English, and the usual words in Chinese.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from volano.services.assistants.logic.drafts import TONES
from volano.services.assistants.logic.languages import find_language


class Kind(Enum):
    SUMMARY = "/summarize"
    TRANSLATION = "/translate"
    REPLY = "/reply"
    REWRITE = "/rewrite"
    EXPLANATION = "/explain"
    ITEMS = "/items"
    NOTES = "/notes"
    RECAP = "/recap"


COMMANDS = {
    Kind.SUMMARY: ("[#channel]", "The channel or thread in a few points, for you alone"),
    Kind.TRANSLATION: ("language [text]", "Translate a text, or what was said last"),
    Kind.REPLY: ("[what to say]", "Draft an answer to what was said last"),
    Kind.REWRITE: (f"{'|'.join(TONES)} text", "Your text in another tone"),
    Kind.EXPLANATION: ("", "Explain what was said last"),
    Kind.ITEMS: ("", "What is to be done after this conversation, as tasks to confirm"),
    Kind.NOTES: ("transcript", "The minutes of a meeting"),
    Kind.RECAP: ("", "What you missed"),
}
"""What may follow each command, and what it does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`text` is what it is about; `language` a code, `tone` one of TONES, `channel` a name."""

    kind: Kind
    text: str = ""
    language: str = ""
    tone: str = ""
    channel: str = ""


_POLITE = r"(?:please[, ]+|can you |could you |would you |请|帮我)*"
_HERE = r"(?:(?:this|the|our) )?(?:thread|channel|conversation|discussion|chat)"
_THIS = r"(?:this|that|it|(?:this|that|the (?:last|previous)) message|the message above)"
_END = r"\s*[.!?。！？]*$"
_SUMMARY = re.compile(
    rf"^{_POLITE}(?:summari[sz]e|sum up|tl;?dr|(?:give me )?a summary(?: of)?|summary(?: of)?)"
    rf"(?:\s+(?:{_HERE}|this))?(?:\s+(#\S+?))?(?:\s+in (\w+))?{_END}"
    rf"|^{_POLITE}(?:总结|概括)(?:一下)?(?:这个|本|这段)?(?:讨论|频道|话题|会话|对话)?{_END}",
    re.IGNORECASE,
)
_TRANSLATION = re.compile(
    rf"^{_POLITE}translate(?:\s+(?P<quoted>{_THIS}|[\"'“].+[\"'”]))?\s+(?:in)?to\s+(?P<to>\w+)"
    rf"(?:\s*[:：]\s*(?P<text>.+)|{_END})"
    rf"|^{_POLITE}(?:把(?:这条消息|它|这个)?)?翻译成(?P<zh>\w{{2,3}}){_END}",
    re.IGNORECASE | re.DOTALL,
)
_REPLY = re.compile(
    rf"^{_POLITE}(?:draft|suggest|write)(?: me)? (?:an? )?(?:reply|answer|response)"
    rf"(?:\s+(?:saying|that says|to say)\s+(?P<hint>.+?))?{_END}"
    rf"|^{_POLITE}(?:写|拟)(?:一?个|一?条)?(?:回复|答复){_END}",
    re.IGNORECASE,
)
_REWRITE = re.compile(
    rf"^{_POLITE}(?:rewrite|rephrase) (?:this |it )?(?P<tone>\w+?)(?:ly|er)?\s*[:：]\s*"
    r"(?P<text>.+)$",
    re.IGNORECASE | re.DOTALL,
)
_EXPLANATION = re.compile(
    rf"^{_POLITE}explain {_THIS}{_END}|^{_POLITE}解释(?:一下)?(?:这条消息|上一条)?{_END}",
    re.IGNORECASE,
)
_ITEMS = re.compile(
    rf"^{_POLITE}(?:(?:list|find|extract|show|what are|make)\s+)?(?:me )?(?:the |our )?"
    rf"(?:action items|action points|to-?dos|next steps)"
    rf"(?:\s+(?:of|from|in|for) (?:{_HERE}|this))?{_END}"
    rf"|^{_POLITE}(?:列出|整理)?(?:待办事项|行动项){_END}",
    re.IGNORECASE,
)
_NOTES = re.compile(
    rf"^{_POLITE}(?:take |make |write )?(?:the )?(?:meeting )?(?:notes|minutes)"
    rf"(?: (?:of|from) (?:this(?: (?:file|transcript|meeting))?))?"
    rf"(?:\s*[:：]\s*(?P<text>.+)|{_END})"
    rf"|^{_POLITE}会议纪要(?:\s*[:：]\s*(?P<zh>.+)|{_END})",
    re.IGNORECASE | re.DOTALL,
)


def read_command(command: str, text: str) -> Request:
    """A slash command with what was typed behind it."""
    kind = Kind(command)
    text = text.strip()
    first, _, rest = text.partition(" ")
    if kind is Kind.TRANSLATION:
        named = first.removeprefix("to:").removeprefix("to").strip() or first
        return Request(kind=kind, language=find_language(named), text=rest.strip())
    if kind is Kind.REWRITE:
        return Request(kind=kind, tone=first.lower(), text=rest.strip())
    if kind is Kind.SUMMARY:
        return Request(kind=kind, channel=first if first.startswith("#") else "")
    return Request(kind=kind, text=text)


def find_request(text: str) -> Request | None:
    """What is asked for in words, None when it is nothing of this."""
    text = text.strip()
    if found := _SUMMARY.match(text):
        return Request(
            kind=Kind.SUMMARY, channel=found[1] or "", language=find_language(found[2] or "")
        )
    if found := _TRANSLATION.match(text):
        quoted = found["quoted"] or ""
        words = found["text"] or (quoted if quoted[:1] in "\"'“" else "")
        language = find_language(found["to"] or found["zh"] or "")
        return Request(kind=Kind.TRANSLATION, text=words.strip("\"'“” "), language=language)
    if found := _REPLY.match(text):
        return Request(kind=Kind.REPLY, text=found["hint"] or "")
    if found := _REWRITE.match(text):
        return Request(kind=Kind.REWRITE, tone=found["tone"].lower(), text=found["text"].strip())
    if _EXPLANATION.match(text):
        return Request(kind=Kind.EXPLANATION)
    if _ITEMS.match(text):
        return Request(kind=Kind.ITEMS)
    if found := _NOTES.match(text):
        return Request(kind=Kind.NOTES, text=(found["text"] or found["zh"] or "").strip())
    return None
