"""The door of CloudTrail for app/: the journal hands over every group of audit records."""

from __future__ import annotations

from volano.services.trails.logic.collecting import collect

__all__ = ["collect"]
