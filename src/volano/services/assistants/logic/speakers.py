"""Who answers: the copilot, and the assistants of an account that are switched on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.services.assistants.store import assistants as rows

if TYPE_CHECKING:
    from volano.kernel.store import Reader
    from volano.services.assistants.model import Assistant, Settings
    from volano.services.chat.interface import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """One that can be asked. `knowledge` empty: all that the asker may read; `tools` are patterns
    of tool names; `audience` empty: everybody.
    """

    user_id: str
    principal_id: str
    model: str
    instructions: str = ""
    knowledge: tuple[str, ...] = ()
    tools: tuple[str, ...] = ("*",)
    audience: tuple[str, ...] = ()

    def hears(self, user_id: str) -> bool:
        return not self.audience or user_id in self.audience


async def list_speakers(
    reader: Reader, workspace: Workspace, settings: Settings
) -> dict[str, Speaker]:
    """By chat user. None of them while the copilot of the workspace is switched off."""
    if not workspace.copilot_enabled:
        return {}
    copilot = Speaker(
        user_id=workspace.copilot_id,
        principal_id=workspace.copilot_principal,
        model=settings.model,
    )
    assistants = await rows.select_assistants(reader, workspace.account)
    speakers = [copilot, *(_speaker(item, settings) for item in assistants if item.enabled)]
    return {speaker.user_id: speaker for speaker in speakers}


def _speaker(item: Assistant, settings: Settings) -> Speaker:
    return Speaker(
        user_id=item.user_id,
        principal_id=item.principal_id,
        model=item.model or settings.model,
        instructions=item.instructions,
        knowledge=item.knowledge,
        tools=item.tools,
        audience=item.audience,
    )
