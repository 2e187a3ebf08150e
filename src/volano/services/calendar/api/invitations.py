"""The page behind the link of an invitation by mail: what the event is, and three buttons.

It is HTML without a script, for people who have no account here and open it in whatever reads
their mail. Opening it changes nothing, since programs that check mails open links as well.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import msgspec

from volano.services.calendar.logic import mails, outsiders
from volano.services.calendar.logic.events import parse_answer
from volano.services.calendar.logic.ics import parse_calendar, read_facts
from volano.services.calendar.logic.words import when
from volano.services.calendar.model import Answer, NoSuchEvent
from volano.services.chat import interface as chat
from volano.wire.action import PUBLIC, action
from volano.wire.results import Raw, WithHeaders

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env

ONE = outsiders.PATH + "/{id}/{key}"
WORDS = {
    "en": {
        "yes": "Yes, I will come",
        "maybe": "Maybe",
        "no": "No",
        "ask": "Will you come?",
        "said_yes": "You said that you will come.",
        "said_maybe": "You said that you may come.",
        "said_no": "You said that you will not come.",
        "told": "{name} is told. You may change your answer here until the event.",
        "from": "{name} invites you.",
        "add": "Add it to your calendar",
        "over": "This event was called off, or you are not invited any more.",
        "over_more": "Ask whoever invited you if that is a surprise.",
    },
    "zh": {
        "yes": "参加",
        "maybe": "待定",
        "no": "不参加",
        "ask": "您是否参加？",
        "said_yes": "您已答复：参加。",
        "said_maybe": "您已答复：待定。",
        "said_no": "您已答复：不参加。",
        "told": "已通知 {name}。日程开始前，您可在此更改答复。",
        "from": "{name} 邀请您参加。",
        "add": "添加到日历",
        "over": "此日程已取消，或您不再受邀参加。",
        "over_more": "如有疑问，请联系邀请人。",
    },
}
_STYLE = (
    ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;"
    "margin:3rem auto;padding:0 1rem}h1{font-size:1.5rem;margin:.25rem 0}"
    "form{display:inline}button{font:inherit;min-height:2.75rem;padding:.5rem 1.25rem;"
    "border-radius:.4rem;border:1px solid;margin:0 .5rem .5rem 0;cursor:pointer;"
    "background:transparent;color:inherit}button[aria-pressed=true]{background:#0b6b3a;"
    "border-color:#0b6b3a;color:#fff}.notes{white-space:pre-wrap;overflow-wrap:anywhere}"
)
_HEADERS = [
    ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
]


class InvitationKey(msgspec.Struct, kw_only=True):
    """What stands in the link of the mail; `lang` is en or zh."""

    id: str
    key: str
    lang: str = "en"


class InvitationAnswer(InvitationKey, kw_only=True):
    """`answer` is yes, no or maybe."""

    answer: str


@action("volano:getInvitation", method="GET", path=ONE, permission=PUBLIC, resource="*")
async def get_invitation(env: Env, call: Call, request: InvitationKey) -> WithHeaders:
    """A page that shows the event of an invitation by mail and asks whether one comes."""
    return await _page(env, request)


@action(
    "volano:answerInvitation",
    method="POST",
    path=ONE + "/{answer}",
    permission=PUBLIC,
    resource="*",
)
async def answer_invitation(env: Env, call: Call, request: InvitationAnswer) -> WithHeaders:
    """Say whether one comes; answers the page again."""
    said = parse_answer(request.answer)
    try:
        await outsiders.answer(env, request.id, request.key, said)
    except NoSuchEvent:
        return _over(request)
    return await _page(env, request)


@action(
    "volano:getInvitationFile",
    method="GET",
    path=ONE + "/event.ics",
    permission=PUBLIC,
    resource="*",
)
async def get_invitation_file(env: Env, call: Call, request: InvitationKey) -> WithHeaders:
    """The event of an invitation as an iCalendar file."""
    try:
        text = await mails.invitation_text(env, request.id, request.key)
    except NoSuchEvent:
        return _over(request)
    headers = [("content-disposition", 'attachment; filename="invite.ics"')]
    return WithHeaders(Raw("text/calendar; charset=utf-8", text.encode()), headers)


async def _page(env: Env, request: InvitationKey) -> WithHeaders:
    try:
        item, event = await outsiders.find_by_key(env, request.id, request.key)
    except NoSuchEvent:
        return _over(request)
    language, words = _words(request)
    facts = read_facts(parse_calendar(event.ics))
    owner = await chat.find_user(env.store.reader, event.account, event.owner_id)
    name = html.escape(owner.real_name or owner.name) if owner else ""
    where = f"<p>{html.escape(facts.location)}</p>" if facts.location else ""
    notes = f'<p class="notes">{html.escape(facts.notes)}</p>' if facts.notes else ""
    is_said = item.answer is not Answer.NONE
    said = words[f"said_{item.answer.value}"] if is_said else words["ask"]
    told = f"<p>{words['told'].format(name=name)}</p>" if is_said else ""
    base = f"{outsiders.PATH}/{item.event_id}/{html.escape(request.key)}"
    buttons = "".join(
        f'<form method="post" action="{base}/{one.value}?lang={language}"><button '
        f'aria-pressed="{str(one is item.answer).lower()}">{words[one.value]}</button></form>'
        for one in (Answer.YES, Answer.MAYBE, Answer.NO)
    )
    return _html(
        language,
        facts.title,
        f"<p>{words['from'].format(name=name)}</p><h1>{html.escape(facts.title)}</h1>"
        f"<p><strong>{html.escape(when(facts, language))}</strong></p>{where}{notes}"
        f'<p role="status"><strong>{said}</strong></p><div>{buttons}</div>{told}'
        f'<p><a href="{base}/event.ics">{words["add"]}</a></p>',
    )


def _words(request: InvitationKey) -> tuple[str, dict[str, str]]:
    language = request.lang if request.lang in WORDS else "en"
    return language, WORDS[language]


def _over(request: InvitationKey) -> WithHeaders:
    language, words = _words(request)
    content = f"<h1>{words['over']}</h1><p>{words['over_more']}</p>"
    return _html(language, words["over"], content, status=404)


def _html(language: str, title: str, content: str, status: int = 200) -> WithHeaders:
    text = (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8">'
        f"<title>{html.escape(title)}</title>"
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
        f"<main>{content}</main></html>"
    )
    return WithHeaders(Raw("text/html; charset=utf-8", text.encode()), list(_HEADERS), status)
