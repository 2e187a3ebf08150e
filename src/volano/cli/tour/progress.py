"""Live progress on a terminal, plain lines elsewhere, and the table at the end.

On a terminal one line turns while a step runs and says what is happening and for how long; when
the step is over the line becomes its result. Colours follow https://no-color.org.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Sequence

FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
FRAME_S = 0.1
MARKS = {"ok": ("✔", "32"), "failed": ("✘", "31"), "skipped": ("–", "33")}


class Progress:
    """Where a tour writes to; `begin`, any number of `say`, `end`, for each step."""

    def __init__(self, stream: TextIO | None = None, *, live: bool | None = None) -> None:
        self._out = stream or sys.stdout
        self._live = self._out.isatty() if live is None else live
        self._colour = self._live and not os.environ.get("NO_COLOR")
        self._label = self._text = ""
        self._started = 0.0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, label: str, text: str) -> None:
        """A step starts."""
        self._label, self._text, self._started = label, text, time.monotonic()
        if not self._live:
            self.line(f"{label} {text}")
            return
        self._stop.clear()
        self._thread = threading.Thread(target=self._turn, daemon=True)
        self._thread.start()

    def say(self, text: str) -> None:
        """What the step is doing now; shown on a terminal only."""
        self._text = text

    def end(self, state: str, summary: str, lines: Sequence[str] = ()) -> float:
        """The step is over; returns the seconds it took."""
        took_s = time.monotonic() - self._started
        self._stop_turning()
        mark, colour = MARKS[state]
        self.line(f"{self.paint(mark, colour)} {self._label} {took_s:7.2f} s  {summary}")
        for line in lines:
            self.line(self.paint(f"      {line}", "2"))
        return took_s

    def line(self, text: str = "") -> None:
        """One line as it is."""
        print(text, file=self._out, flush=True)

    def paint(self, text: str, colour: str) -> str:
        """`text` in an ANSI colour where colours are shown."""
        return f"\x1b[{colour}m{text}\x1b[0m" if self._colour else text

    def table(
        self, headings: Sequence[str], rows: Sequence[Sequence[str]], *, right: str = ""
    ) -> None:
        """Aligned columns; the columns whose numbers (from 0) are in `right` end flush."""
        widths = [max(len(row[i]) for row in (headings, *rows)) for i in range(len(headings))]
        for number, row in enumerate((headings, *rows)):
            cells = [
                cell.rjust(width) if str(i) in right else cell.ljust(width)
                for i, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
            text = "  ".join(cells).rstrip()
            self.line(self.paint(text, "1") if number == 0 else text)

    def _turn(self) -> None:
        frame = 0
        while not self._stop.wait(FRAME_S):
            took_s = time.monotonic() - self._started
            text = f"{FRAMES[frame % len(FRAMES)]} {self._label} {took_s:7.1f} s  {self._text}"
            width = shutil.get_terminal_size().columns - 1
            self._out.write(f"\r\x1b[2K{text[:width]}")
            self._out.flush()
            frame += 1

    def _stop_turning(self) -> None:
        if self._thread is None:
            return
        self._stop.set()
        self._thread.join()
        self._thread = None
        self._out.write("\r\x1b[2K")
