"""Faults of a real server: Python loads this module by itself where its folder is on PYTHONPATH.

The server dies by SIGKILL after the commit of a message that says `KILL_TEXT`, before anybody is
told of it. Its clock is off by as many seconds as the file `VOLANO_FAULT_CLOCK` names says.
"""

from __future__ import annotations

import os
import signal
import sys
from importlib.abc import Loader, MetaPathFinder
from pathlib import Path

KILL_TEXT = "kill before fan-out"


def _break_announce(module):
    told = module.announce

    async def announce(env, posted):
        if posted.message.text == KILL_TEXT:
            os.kill(os.getpid(), signal.SIGKILL)
        await told(env, posted)

    module.announce = announce


def _shift_clock(module):
    now_us, file = module.SystemClock.now_us, Path(os.environ["VOLANO_FAULT_CLOCK"])
    module.SystemClock.now_us = lambda self: now_us(self) + int(file.read_text()) * 1_000_000


FAULTS = {
    "volano.services.chat.logic.posting": _break_announce,
    "volano.kernel.clock": _shift_clock,
}


class _Broken(Loader):
    def __init__(self, loader, fault):
        self.loader, self.fault = loader, fault

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        self.loader.exec_module(module)
        self.fault(module)


class _Finder(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name not in FAULTS:
            return None
        others = [finder for finder in sys.meta_path if finder is not self]
        specs = (finder.find_spec(name, path, target) for finder in others)
        spec = next(found for found in specs if found is not None)
        spec.loader = _Broken(spec.loader, FAULTS[name])
        return spec


sys.meta_path.insert(0, _Finder())
