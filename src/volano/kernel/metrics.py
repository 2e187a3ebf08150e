"""Counters, gauges and histograms, served as Prometheus text. Cheap enough for hot paths."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LATENCY_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
MAX_SERIES = 10_000
"""Series of one metric; more labels than this are counted under `other`."""

Labels = tuple[tuple[str, str], ...]


class Metrics:
    """One registry per process; names follow Prometheus's conventions (`_total`, `_seconds`)."""

    def __init__(self) -> None:
        self._counters: dict[str, dict[Labels, float]] = {}
        self._gauges: dict[str, Callable[[], dict[Labels, float]]] = {}
        self._histograms: dict[str, dict[Labels, list[float]]] = {}
        self._help: dict[str, str] = {}

    def describe(self, name: str, text: str) -> None:
        self._help[name] = text

    def count(self, name: str, labels: Labels = (), amount: float = 1.0) -> None:
        series = self._counters.setdefault(name, {})
        if labels not in series and len(series) >= MAX_SERIES:
            labels = (("other", "true"),)
        series[labels] = series.get(labels, 0.0) + amount

    def gauge(self, name: str, read: Callable[[], dict[Labels, float]]) -> None:
        """A value read when the page is asked for."""
        self._gauges[name] = read

    def observe(self, name: str, seconds: float, labels: Labels = ()) -> None:
        self.observe_all(name, (seconds,), labels)

    def observe_all(self, name: str, seconds: Sequence[float], labels: Labels = ()) -> None:
        """Observe many of the same kind at once."""
        series = self._histograms.setdefault(name, {})
        slots = series.get(labels)
        if slots is None:
            if len(series) >= MAX_SERIES:
                return
            slots = series[labels] = [0.0] * (len(LATENCY_BUCKETS_S) + 2)
        for each in seconds:
            slots[bisect_left(LATENCY_BUCKETS_S, each)] += 1
        slots[-1] += sum(seconds)

    def render(self) -> str:
        """The Prometheus text exposition format, version 0.0.4."""
        lines: list[str] = []
        for name, counted in sorted(self._counters.items()):
            self._head(lines, name, "counter")
            lines += [
                f"{name}{_label_text(labels)} {_number(value)}" for labels, value in counted.items()
            ]
        for name, read in sorted(self._gauges.items()):
            self._head(lines, name, "gauge")
            lines += [
                f"{name}{_label_text(labels)} {_number(value)}" for labels, value in read().items()
            ]
        for name, histogram in sorted(self._histograms.items()):
            self._head(lines, name, "histogram")
            for labels, slots in histogram.items():
                _render_histogram(lines, name, labels, slots)
        return "\n".join(lines) + "\n"

    def _head(self, lines: list[str], name: str, kind: str) -> None:
        if name in self._help:
            lines.append(f"# HELP {name} {self._help[name]}")
        lines.append(f"# TYPE {name} {kind}")


def _number(value: float) -> str:
    """All digits: a counter of bytes soon has more than the six that `:g` keeps."""
    number = float(value)
    return str(int(number)) if number.is_integer() else repr(number)


def _label_text(labels: Labels) -> str:
    if not labels:
        return ""
    escaped = (
        (key, value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n"))
        for key, value in labels
    )
    return "{" + ",".join(f'{key}="{value}"' for key, value in escaped) + "}"


def _render_histogram(lines: list[str], name: str, labels: Labels, slots: list[float]) -> None:
    total = 0.0
    for bound, seen in zip((*LATENCY_BUCKETS_S, None), slots, strict=False):
        total += seen
        text = "+Inf" if bound is None else f"{bound:g}"
        lines.append(f"{name}_bucket{_label_text((*labels, ('le', text)))} {_number(total)}")
    lines.append(f"{name}_sum{_label_text(labels)} {_number(slots[-1])}")
    lines.append(f"{name}_count{_label_text(labels)} {_number(total)}")
