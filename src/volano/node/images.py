"""Images that instances wait for: one wait per image, however many instances need it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from volano.kernel.errors import VolanoError

if TYPE_CHECKING:
    from collections.abc import Callable

    from volano.kernel.call import Env
    from volano.kernel.fleet import Fleet


class Images:
    """Which images are ready on this machine."""

    def __init__(self, env: Env, fleet: Fleet) -> None:
        self._env = env
        self._fleet = fleet
        self._waits: dict[str, asyncio.Task[str]] = {}

    def is_ready(self, image: str) -> bool:
        return self._env.runtime.is_prepared(image)

    def prepare(self, image: str, done: Callable[[str], None]) -> None:
        """Have it made; `done` is called with '' when it is ready, else with what went wrong."""
        task = self._waits.get(image)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._prepare(image))
            task.add_done_callback(lambda _: self._waits.pop(image, None))
            self._waits[image] = task
        task.add_done_callback(lambda ended: None if ended.cancelled() else done(ended.result()))

    async def close(self) -> None:
        waits = list(self._waits.values())
        for task in waits:
            task.cancel()
        await asyncio.gather(*waits, return_exceptions=True)

    async def _prepare(self, image: str) -> str:
        try:
            await self._fleet.prepare_image(image)
        except VolanoError as error:
            return error.message
        return ""
