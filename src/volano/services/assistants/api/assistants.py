"""Assistants, their settings, proposals and recaps over Volano's own API."""

from __future__ import annotations

from typing import Any

import msgspec

from volano.kernel.call import Call, Env
from volano.services.assistants.logic import assistants, proposals, recap
from volano.services.assistants.logic.gallery import TEMPLATES
from volano.services.assistants.model import Assistant, Proposal, Settings
from volano.services.chat.interface import enter, to_ts
from volano.wire.action import action
from volano.wire.rest.pages import TimePage, before_us_of, cut_page, size_of

ALL = "arn:aws:assistants:{region}:{account}:assistant/*"
ONE = "arn:aws:assistants:{region}:{account}:assistant/{id}"
SETTINGS = "arn:aws:assistants:{region}:{account}:settings"
PROPOSAL = "arn:aws:assistants:{region}:{account}:proposal/{id}"


class NoFields(msgspec.Struct):
    pass


class Id(msgspec.Struct):
    id: str


class SettingsView(msgspec.Struct, kw_only=True):
    """`model` '' answers by quotations; `may_act` false switches every tool off for everyone;
    `tokens_per_day` is what one person may spend.
    """

    model: str
    may_act: bool
    tokens_per_day: int


class AssistantFields(msgspec.Struct, kw_only=True):
    """`knowledge` holds channel ids and `s3://bucket/prefix` (none: all that the asker may read),
    `tools` names or patterns of tools, `audience` user ids (none: everybody).
    """

    title: str
    instructions: str = ""
    model: str = ""
    knowledge: list[str] = []
    tools: list[str] = []
    audience: list[str] = []
    enabled: bool = True


class NewAssistant(AssistantFields, kw_only=True):
    name: str


class ChangedAssistant(AssistantFields, kw_only=True):
    id: str


class AssistantView(AssistantFields, kw_only=True):
    """`user_id` is its chat user: whom to mention."""

    id: str
    name: str
    user_id: str
    owner_id: str
    created_us: int
    updated_us: int


class AssistantList(msgspec.Struct):
    items: list[AssistantView]
    next_cursor: str | None = None


class TemplateView(msgspec.Struct, kw_only=True):
    """A beginning of an assistant; `needs_model` when it is of no use without one."""

    id: str
    name: str
    title: str
    about: str
    instructions: str
    tools: list[str]
    knowledge_hint: str
    example: str
    needs_model: bool


class TemplateList(msgspec.Struct):
    items: list[TemplateView]
    next_cursor: str | None = None


class Approval(msgspec.Struct, kw_only=True):
    """`state` holds the card's inputs as Slack's `view.state.values` would."""

    id: str
    state: dict[str, Any] = {}


class Asked(msgspec.Struct, kw_only=True):
    """`user` is the chat user who is asked to run it."""

    id: str
    user: str


class ProposalView(msgspec.Struct, kw_only=True):
    """`state` is waiting, running, done, failed, refused or expired."""

    id: str
    tool: str
    arguments: dict[str, Any]
    state: str
    result: str
    channel: str
    created_us: int
    expires_us: int
    decided_by: str
    decided_us: int


class ProposalList(msgspec.Struct):
    items: list[ProposalView]
    next_cursor: str | None = None


class RecapLine(msgspec.Struct, kw_only=True):
    channel: str
    ts: str
    thread_ts: str
    user: str
    words: str


class RecapSection(msgspec.Struct, kw_only=True):
    """`name` is mentions, questions, decisions or lively."""

    name: str
    title: str
    lines: list[RecapLine]


class RecapView(msgspec.Struct, kw_only=True):
    """`more` when a conversation has more unread messages than were looked at."""

    messages: int
    channels: int
    more: bool
    sections: list[RecapSection]


def _settings(found: Settings) -> SettingsView:
    return msgspec.convert(found, SettingsView, from_attributes=True)


def _view(item: Assistant) -> AssistantView:
    return msgspec.convert(item, AssistantView, from_attributes=True)


def _wanted(request: AssistantFields) -> assistants.Wanted:
    return assistants.Wanted(
        title=request.title,
        instructions=request.instructions,
        model=request.model,
        knowledge=tuple(request.knowledge),
        tools=tuple(request.tools),
        audience=tuple(request.audience),
        enabled=request.enabled,
    )


def _proposal(item: Proposal) -> ProposalView:
    return ProposalView(
        id=item.id,
        tool=item.tool,
        arguments=item.arguments,
        state=item.state.value,
        result=item.result,
        channel=item.channel_id,
        created_us=item.created_us,
        expires_us=item.expires_us,
        decided_by=item.decided_by,
        decided_us=item.decided_us,
    )


@action(
    "volano:getAssistantSettings",
    method="GET",
    path="/volano/v1/assistants/settings",
    permission="assistants:GetSettings",
    resource=SETTINGS,
)
async def get_settings(env: Env, call: Call, request: NoFields) -> SettingsView:
    """The model, the switch of actions and the daily budget."""
    return _settings(await assistants.get_settings(env, call))


@action(
    "volano:putAssistantSettings",
    method="PUT",
    path="/volano/v1/assistants/settings",
    permission="assistants:PutSettings",
    resource=SETTINGS,
)
async def put_settings(env: Env, call: Call, request: SettingsView) -> SettingsView:
    """Choose the model, switch actions off for everybody, set the daily budget."""
    return _settings(
        await assistants.put_settings(
            env,
            call,
            model=request.model,
            may_act=request.may_act,
            tokens_per_day=request.tokens_per_day,
        )
    )


@action(
    "volano:listAssistants",
    method="GET",
    path="/volano/v1/assistants",
    permission="assistants:ListAssistants",
    resource=ALL,
)
async def list_assistants(env: Env, call: Call, request: NoFields) -> AssistantList:
    """The account's assistants, by name."""
    return AssistantList([_view(item) for item in await assistants.list_assistants(env, call)])


@action(
    "volano:listAssistantTemplates",
    method="GET",
    path="/volano/v1/assistants/templates",
    permission="assistants:ListTemplates",
    resource=ALL,
)
async def list_templates(env: Env, call: Call, request: NoFields) -> TemplateList:
    """Templates to make an assistant from: a listing writer, support, an analyst and others."""
    return TemplateList(
        [msgspec.convert(item, TemplateView, from_attributes=True) for item in TEMPLATES]
    )


@action(
    "volano:createAssistant",
    method="POST",
    path="/volano/v1/assistants",
    permission="assistants:CreateAssistant",
    resource=ALL,
)
async def create_assistant(env: Env, call: Call, request: NewAssistant) -> AssistantView:
    """Make an assistant; it can be mentioned at once, where it is invited."""
    made = await assistants.create_assistant(env, call, request.name, _wanted(request))
    return _view(made)


@action(
    "volano:getAssistant",
    method="GET",
    path="/volano/v1/assistants/{id}",
    permission="assistants:GetAssistant",
    resource=ONE,
)
async def get_assistant(env: Env, call: Call, request: Id) -> AssistantView:
    """One assistant."""
    return _view(await assistants.get_assistant(env, call, request.id))


@action(
    "volano:updateAssistant",
    method="PUT",
    path="/volano/v1/assistants/{id}",
    permission="assistants:UpdateAssistant",
    resource=ONE,
)
async def update_assistant(env: Env, call: Call, request: ChangedAssistant) -> AssistantView:
    """Put all fields of an assistant of one's own."""
    return _view(await assistants.update_assistant(env, call, request.id, _wanted(request)))


@action(
    "volano:deleteAssistant",
    method="DELETE",
    path="/volano/v1/assistants/{id}",
    permission="assistants:DeleteAssistant",
    resource=ONE,
)
async def delete_assistant(env: Env, call: Call, request: Id) -> None:
    """Delete an assistant of one's own; what it said stays."""
    await assistants.delete_assistant(env, call, request.id)


@action(
    "volano:getRecap",
    method="GET",
    path="/volano/v1/recap",
    permission="chat:ReadMessages",
    resource="arn:aws:chat:{region}:{account}:channel/*",
)
async def get_recap(env: Env, call: Call, request: NoFields) -> RecapView:
    """What the caller missed: mentions, open questions, decisions, what was answered most."""
    here = await enter(env, call)
    found = await recap.make(env, call, here.me.id)
    return RecapView(
        messages=found.messages,
        channels=found.channels,
        more=found.more,
        sections=[
            RecapSection(
                name=name,
                title=recap.TITLES[name],
                lines=[
                    RecapLine(
                        channel=line.channel,
                        ts=to_ts(line.ts_us),
                        thread_ts=to_ts(line.thread_us) if line.thread_us else "",
                        user=line.user,
                        words=line.words,
                    )
                    for line in lines
                ],
            )
            for name, lines in found.sections.items()
        ],
    )


@action(
    "volano:listProposals",
    method="GET",
    path="/volano/v1/proposals",
    permission="assistants:ListProposals",
    resource="arn:aws:assistants:{region}:{account}:proposal/*",
)
async def list_proposals(env: Env, call: Call, request: TimePage) -> ProposalList:
    """What the caller asked assistants to do, the newest first."""
    size = size_of(request)
    found = await proposals.list_proposals(
        env, call, before_us=before_us_of(request), limit=size + 1
    )
    shown, more = cut_page(found, size, lambda item: item.created_us)
    return ProposalList([_proposal(item) for item in shown], more)


@action(
    "volano:getProposal",
    method="GET",
    path="/volano/v1/proposals/{id}",
    permission="assistants:GetProposal",
    resource=PROPOSAL,
)
async def get_proposal(env: Env, call: Call, request: Id) -> ProposalView:
    """One proposal that the caller may see."""
    return _proposal(await proposals.get_proposal(env, call, request.id))


@action(
    "volano:approveProposal",
    method="POST",
    path="/volano/v1/proposals/{id}/approve",
    permission="assistants:DecideProposal",
    resource=PROPOSAL,
    timeout_s=None,
)
async def approve_proposal(env: Env, call: Call, request: Approval) -> ProposalView:
    """Run what was proposed, as the caller; the action's own permission decides."""
    return _proposal(await proposals.approve(env, call, request.id, state=request.state))


@action(
    "volano:refuseProposal",
    method="POST",
    path="/volano/v1/proposals/{id}/refuse",
    permission="assistants:DecideProposal",
    resource=PROPOSAL,
)
async def refuse_proposal(env: Env, call: Call, request: Id) -> ProposalView:
    """Say no."""
    return _proposal(await proposals.refuse(env, call, request.id))


@action(
    "volano:askToRunProposal",
    method="POST",
    path="/volano/v1/proposals/{id}/ask",
    permission="assistants:DecideProposal",
    resource=PROPOSAL,
)
async def ask_to_run_proposal(env: Env, call: Call, request: Asked) -> ProposalView:
    """Send the card to somebody else who may run it."""
    return _proposal(await proposals.ask_to_run(env, call, request.id, request.user))
