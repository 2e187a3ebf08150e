"""Which workplace an archive comes from, told by what is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from volano.services.chat.logic.imports.archive import BadArchive
from volano.services.chat.logic.imports.mattermost_form import MattermostForm, list_of
from volano.services.chat.logic.imports.slack_form import SlackForm
from volano.services.chat.logic.imports.zulip_form import ZulipForm, realm_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from volano.services.chat.logic.imports.archive import Archive
    from volano.services.chat.model.transfers import Part, Person, Place, Said


class Form(Protocol):
    """An archive read as Slack's export; blocking, so it is called from threads."""

    @property
    def source(self) -> str:
        """The other workplace; what is imported twice from it is one thing."""
        ...

    @property
    def people(self) -> list[Person]: ...
    @property
    def places(self) -> list[Place]: ...
    @property
    def parts(self) -> list[Part]: ...
    @property
    def unread(self) -> Sequence[str]:
        """Members that hold something which is not imported."""
        ...

    def messages(self, part: Part) -> Iterator[Said]: ...


_SLACK = ("users.json", "channels.json", "groups.json", "dms.json", "mpims.json")


def read_form(archive: Archive) -> Form:
    """Raises BadArchive for an archive of none of them, or one whose lists are broken."""
    names = {name.rpartition("/")[2] for name in archive.members}
    if names.intersection(_SLACK):
        return SlackForm(archive)
    if realm_of(archive):
        return ZulipForm(archive)
    if list_of(archive):
        return MattermostForm(archive)
    raise BadArchive(
        "This is no export of a workplace: there is no users.json or channels.json (Slack), no "
        ".jsonl file (Mattermost) and no realm.json (Zulip)."
    )
