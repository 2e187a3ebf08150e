"""What lifecycle rules say of one object or version: pure functions of rules, row and time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.objects.logic.lifecycle import after_days, concerns

if TYPE_CHECKING:
    from collections.abc import Iterable

    from volano.services.objects.logic.lifecycle import Lifecycle, Rule, Transition
    from volano.services.objects.model import StoredObject, Upload


def expiry_us(rule: Rule, item: StoredObject, day_s: float) -> int | None:
    """When the rule removes a current object; None when it never does."""
    if not rule.expires_objects or not concerns(rule, item):
        return None
    if rule.date_us is not None:
        return rule.date_us
    assert rule.days is not None, "a rule expires by days or by date"
    return after_days(item.modified_us, rule.days, day_s)


def first_expiry(rules: Iterable[Rule], item: StoredObject, day_s: float) -> tuple[int, str] | None:
    """(when, rule id) of the rule that removes the object first."""
    found = ((expiry_us(rule, item, day_s), rule.id) for rule in rules)
    return min(((when, name) for when, name in found if when is not None), default=None)


def is_expired(lifecycle: Lifecycle, item: StoredObject, *, day_s: float, now_us: int) -> bool:
    """Whether a current object is to be removed now."""
    found = first_expiry(lifecycle.rules, item, day_s)
    return found is not None and found[0] <= now_us


def due_class(lifecycle: Lifecycle, item: StoredObject, *, day_s: float, now_us: int) -> str | None:
    """The class that a current object is to move to now; the youngest due transition counts."""
    if item.size_bytes < lifecycle.least_moved_bytes and not _names_size(lifecycle, item):
        return None
    moves = (
        move
        for rule in lifecycle.rules
        if rule.transitions and concerns(rule, item)
        for move in rule.transitions
    )
    return _latest(item, moves, item.modified_us, day_s=day_s, now_us=now_us)


def due_version_class(
    lifecycle: Lifecycle, item: StoredObject, newer: int, *, day_s: float, now_us: int
) -> str | None:
    """The same of a version that is not current; `newer` noncurrent ones are newer than it."""
    if item.size_bytes < lifecycle.least_moved_bytes and not _names_size(lifecycle, item):
        return None
    moves = (
        move
        for rule in lifecycle.rules
        if rule.noncurrent_transitions and concerns(rule, item)
        for move in rule.noncurrent_transitions
        if newer >= move.newer
    )
    return _latest(item, moves, item.noncurrent_us, day_s=day_s, now_us=now_us)


def _names_size(lifecycle: Lifecycle, item: StoredObject) -> bool:
    """A filter by size overrides the least size (user guide, "Transitioning objects")."""
    return any(
        (rule.over_bytes is not None or rule.under_bytes is not None) and concerns(rule, item)
        for rule in lifecycle.rules
    )


def _latest(
    item: StoredObject, moves: Iterable[Transition], start_us: int, *, day_s: float, now_us: int
) -> str | None:
    due: list[tuple[int, str]] = []
    for move in moves:
        when_us = move.date_us
        if when_us is None:
            when_us = after_days(start_us, move.days or 0, day_s)
        if when_us <= now_us:
            due.append((when_us, move.storage_class))
    wanted = max(due, key=lambda pair: pair[0], default=None)
    if wanted is None or wanted[1] == item.description.storage_class:
        return None
    return wanted[1]


def is_version_expired(
    lifecycle: Lifecycle, item: StoredObject, newer: int, *, day_s: float, now_us: int
) -> bool:
    """Whether a version that is not current, or a delete marker below it, is to be removed now."""
    return any(
        rule.noncurrent_days is not None
        and newer >= (rule.newer or 0)
        and concerns(rule, item)
        and after_days(item.noncurrent_us, rule.noncurrent_days, day_s) <= now_us
        for rule in lifecycle.rules
    )


def is_marker_expired(
    lifecycle: Lifecycle, marker: StoredObject, *, day_s: float, now_us: int
) -> bool:
    """Whether a delete marker that hides no version is to be removed now.

    `ExpiredObjectDeleteMarker` removes it at once, an expiration by age or date when it is due.
    """
    for rule in lifecycle.rules:
        if rule.tags or not concerns(rule, marker):
            continue
        if rule.markers:
            return True
        due_us = expiry_us(rule, marker, day_s)
        if due_us is not None and due_us <= now_us:
            return True
    return False


def is_given_up(lifecycle: Lifecycle, upload: Upload, *, day_s: float, now_us: int) -> bool:
    """Whether an unfinished upload is to be aborted now."""
    return any(
        rule.enabled
        and rule.abort_days is not None
        and upload.key.startswith(rule.prefix)
        and after_days(upload.created_us, rule.abort_days, day_s) <= now_us
        for rule in lifecycle.rules
    )
