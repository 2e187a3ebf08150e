"""What identity tells the services above it; each is published in the transaction of its change."""

from __future__ import annotations

from volano.kernel.events import Event, event


@event("identity.principal_created")
class PrincipalCreated(Event, frozen=True, kw_only=True):
    """A user or service account exists. `kind` is a PrincipalKind value."""

    account: str
    principal_id: str
    kind: str
    name: str
    display_name: str = ""
    email: str = ""


@event("identity.principal_changed")
class PrincipalChanged(Event, frozen=True, kw_only=True):
    """Its name, display name, e-mail or `disabled` changed."""

    account: str
    principal_id: str
    kind: str
    name: str
    display_name: str = ""
    email: str = ""
    disabled: bool = False


@event("identity.principal_deleted")
class PrincipalDeleted(Event, frozen=True, kw_only=True):
    account: str
    principal_id: str
    kind: str
    name: str
