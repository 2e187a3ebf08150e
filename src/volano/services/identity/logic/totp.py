"""Time-based one-time passwords (RFC 6238 over RFC 4226): six digits, thirty seconds, HMAC-SHA-1.

This file decides about digits only; where seeds lie and who asks is the caller's. A code counts
for its own step and one step either side (RFC 6238 section 5.2). The same code is never taken
twice: the caller keeps the step that `match_step` returned and hands it in as `after_step` the next
time, in the transaction that lets the person in.
"""

from __future__ import annotations

import base64
import hmac
from urllib.parse import quote, urlencode

SEED_BYTES = 20
"""As long as the HMAC's output (RFC 4226 section 4, R6)."""
STEP_S = 30
DIGITS = 6
WINDOW_STEPS = 1
NO_STEP = -1
"""`after_step` of a seed that was never used."""


def code_at(seed: bytes, step: int) -> str:
    """The six digits of a step, which is seconds since 1970 divided by STEP_S."""
    mac = hmac.digest(seed, step.to_bytes(8, "big"), "sha1")
    offset = mac[-1] & 15
    number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def step_at(now_us: int) -> int:
    """The step that a wall time in microseconds falls into."""
    return now_us // (STEP_S * 1_000_000)


def match_step(seed: bytes, code: str, *, now_us: int, after_step: int = NO_STEP) -> int | None:
    """The step whose code this is, or None. Steps up to `after_step` are used up.

    Every step of the window is compared, in constant time, whichever matches.
    """
    given = code.strip().replace(" ", "")
    if len(given) != DIGITS or not (given.isascii() and given.isdigit()):
        return None
    middle = step_at(now_us)
    matched: int | None = None
    for step in range(middle - WINDOW_STEPS, middle + WINDOW_STEPS + 1):
        is_same = hmac.compare_digest(code_at(seed, max(step, 0)), given)
        if is_same and step > after_step and matched is None:
            matched = step
    return matched


def match_pair(
    seed: bytes, first: str, second: str, *, now_us: int, after_step: int = NO_STEP
) -> int | None:
    """The step of `second` when the two codes follow each other (IAM's EnableMFADevice).

    The window is around the second code: who types two has waited for it.
    """
    step = match_step(seed, second, now_us=now_us, after_step=after_step + 1)
    if step is None:
        return None
    before = code_at(seed, max(step - 1, 0))
    return step if hmac.compare_digest(before.encode(), first.strip().encode()) else None


def as_base32(seed: bytes) -> str:
    """The seed as authenticator apps take it: base32 without padding."""
    return base64.b32encode(seed).rstrip(b"=").decode()


def as_uri(seed: bytes, *, issuer: str, name: str) -> str:
    """The `otpauth:` address that a QR code shows (the Key Uri Format of authenticator apps)."""
    label = quote(f"{issuer}:{name}", safe="@")
    return f"otpauth://totp/{label}?" + urlencode(
        {"secret": as_base32(seed), "issuer": issuer, "digits": DIGITS, "period": STEP_S},
        quote_via=quote,
    )
