"""Files that go with an approval: the asker's own uploads, readable by those whose turn it is.

They are shared by the card of each decider (and of who gets a copy), so that nobody else may read
them, and whoever gets the turn later may from then on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.errors import NotFound
from volano.services.chat import interface as chat
from volano.services.office.logic.forms import wrong
from volano.services.office.model import FieldKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from volano.kernel.call import Call, Env
    from volano.services.office.model import Approval, Field

MAX_FILES = 10


def ids_of(value: str) -> list[str]:
    """The files of one answer."""
    return [item for item in (part.strip() for part in value.split(",")) if item]


def files_of(approval: Approval) -> list[str]:
    """All files of an approval, each once."""
    answers = [approval.values.get(field.name, "") for field in approval.fields if is_files(field)]
    return list(dict.fromkeys(file_id for answer in answers for file_id in ids_of(answer)))


def is_files(field: Field) -> bool:
    return field.kind is FieldKind.FILES


async def require_own(
    env: Env, call: Call, fields: Sequence[Field], values: Mapping[str, str]
) -> None:
    """Raises InvalidForm with the field's name for what is no upload of the caller's."""
    for field in fields:
        wanted = ids_of(values.get(field.name, "")) if is_files(field) else []
        if len(wanted) > MAX_FILES:
            raise wrong(field.name, f"{field.label} takes at most {MAX_FILES} files.")
        for file_id in wanted:
            try:
                here, file = await chat.get_file(env, call, file_id)
            except NotFound as error:
                raise wrong(field.name, f"There is no file {file_id[:40]} of yours.") from error
            if file.user_id != here.me.id:
                raise wrong(field.name, f"There is no file {file_id[:40]} of yours.")
