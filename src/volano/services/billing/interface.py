"""What other services may ask of billing."""

from __future__ import annotations

from volano.services.billing.logic.usage import record_usage
from volano.services.billing.model import Usage

insert_usage = record_usage

__all__ = ["Usage", "insert_usage", "record_usage"]
