"""An answer that is shown while a model writes it.

Only what everyone there may read is streamed: an answer that turns out to be for the asker alone
leaves a note in its place. Links are dropped from each state that is shown, as from the whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.services.assistants.logic.saying import Said, say
from volano.services.assistants.logic.wording import without_links
from volano.services.chat import interface as chat

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.services.assistants.logic.questions import Question

EVERY_S = 0.4
"""Between two states of an answer that are shown."""
LEAST_CHARACTERS = 20
"""Shorter beginnings are not worth a message."""
WRITING = " …"
FOR_ASKER = "_The answer is shown to who asked alone._"


@dataclass(slots=True)
class Stream:
    """One answer in the making; `ts_us` is its message, 0 until something was shown."""

    env: Env
    question: Question
    is_open: bool
    ts_us: int = 0
    shown_s: float = -EVERY_S

    async def hear(self, text: str) -> None:
        """Show the answer so far, when there is enough of it that is new."""
        now_s = self.env.clock.monotonic_s()
        if not self.is_open or now_s - self.shown_s < EVERY_S or len(text) < LEAST_CHARACTERS:
            return
        self.shown_s = now_s
        shown = chat.escape_text(without_links(text).strip())
        if not shown:
            return
        if self.ts_us:
            await self._grow(shown + WRITING, finished=False)
            return
        ts = await say(self.env, self.question, Said(text=shown + WRITING))
        self.ts_us = chat.parse_ts(ts) if ts else 0
        self.is_open = bool(ts)

    async def finish(self, said: Said) -> None:
        """Say the answer as it is in the end: in the message that was begun, or in a new one."""
        if not self.ts_us:
            await say(self.env, self.question, said)
        elif said.only_asker:
            await self._grow(FOR_ASKER, finished=True)
            await say(self.env, self.question, said)
        else:
            await self._grow(said.text, finished=True)

    async def _grow(self, text: str, *, finished: bool) -> None:
        grown = chat.Grown(
            channel=self.question.channel.id, ts_us=self.ts_us, text=text, finished=finished
        )
        speaker_id = self.question.speaker.user_id
        await chat.grow_own(self.env, self.question.call.account, speaker_id, grown)
