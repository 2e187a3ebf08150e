"""Deputies over Volano's own API."""

from __future__ import annotations

import msgspec

from volano.kernel.call import Call, Env
from volano.services.office.logic import deputies
from volano.services.office.model import Deputy
from volano.wire.action import action

OWN = "arn:aws:office:{region}:{account}:deputy/own"


class NoFields(msgspec.Struct):
    pass


class DeputyFields(msgspec.Struct, kw_only=True):
    """A chat user, '' for nobody, and for which time."""

    deputy: str = ""
    from_us: int = 0
    until_us: int = 0


class DeputyView(msgspec.Struct, kw_only=True):
    """As it was named; `deputy` is '' while there is none."""

    deputy: str
    from_us: int
    until_us: int


def _view(item: Deputy | None) -> DeputyView:
    if item is None:
        return DeputyView(deputy="", from_us=0, until_us=0)
    return DeputyView(deputy=item.deputy_id, from_us=item.from_us, until_us=item.until_us)


@action(
    "volano:getDeputy",
    method="GET",
    path="/volano/v1/deputy",
    permission="office:GetApproval",
    resource=OWN,
)
async def get_deputy(env: Env, call: Call, request: NoFields) -> DeputyView:
    """Who decides in the caller's place, and when."""
    return _view(await deputies.find_deputy(env, call))


@action(
    "volano:putDeputy",
    method="PUT",
    path="/volano/v1/deputy",
    permission="office:DecideApproval",
    resource=OWN,
)
async def put_deputy(env: Env, call: Call, request: DeputyFields) -> DeputyView:
    """Name who decides in the caller's place about what is sent in that time."""
    named = await deputies.put_deputy(
        env, call, request.deputy, from_us=request.from_us, until_us=request.until_us
    )
    return _view(named)
