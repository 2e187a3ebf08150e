"""`volano models bench`: what a client of OpenAI's API sees of a served model, streamed."""

from __future__ import annotations

import http.client
import json
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from volano.cli.settings import address_of
from volano.kernel.errors import Invalid, Unavailable

if TYPE_CHECKING:
    import argparse

PROMPT = "Tell a story of the sea and the shop on its shore, number {}."
TIMEOUT_S = 600.0
MAX_PARALLEL = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One answer: seconds to its first token and to its end, and its tokens."""

    first_s: float
    took_s: float
    tokens: int
    engine: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="a model, an upstream's model or a route")
    parser.add_argument("--tokens", type=int, default=64, help="of each answer, at most")
    parser.add_argument("--requests", type=int, default=4)
    parser.add_argument("--parallel", type=int, default=1, help="requests at once")
    parser.set_defaults(do=measure)


def measure(args: argparse.Namespace) -> int:
    """Warm up, ask, print time to first token and tokens a second."""
    if args.tokens < 1 or args.requests < 1 or not 1 <= args.parallel <= MAX_PARALLEL:
        raise Invalid(f"Ask for tokens and requests from 1 on, and 1 to {MAX_PARALLEL} at once.")
    url, key = address_of(args)
    cold = _ask(url, key, args.name, 0, 1)
    print(f"{args.name} on {cold.engine}: the first answer's first token came after "
          f"{cold.first_s:.2f} s (loading included)")  # fmt: skip
    began_s = time.monotonic()
    with ThreadPoolExecutor(max_workers=args.parallel) as threads:
        numbers = range(1, args.requests + 1)
        made = list(threads.map(lambda at: _ask(url, key, args.name, at, args.tokens), numbers))
    spent_s = time.monotonic() - began_s
    tokens = sum(each.tokens for each in made)
    speeds = [each.tokens / each.took_s for each in made if each.took_s]
    firsts = sorted(each.first_s for each in made)
    print(f"  requests          {len(made)}, {args.parallel} at once, {tokens} tokens written")
    print(f"  first token       median {statistics.median(firsts) * 1000:.0f} ms, "
          f"slowest {firsts[-1] * 1000:.0f} ms")  # fmt: skip
    print(f"  tokens a second   {statistics.median(speeds):.1f} for one answer, "
          f"{tokens / spent_s:.1f} in all")  # fmt: skip
    return 0


def _ask(url: str, key: str, model: str, number: int, tokens: int) -> Measured:
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(parts.hostname or "localhost", parts.port, timeout=TIMEOUT_S)
    body = {
        "model": model,
        "messages": [{"role": "user", "content": PROMPT.format(number)}],
        "max_tokens": tokens,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    began_s = time.monotonic()
    try:
        connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
        reply = connection.getresponse()
        if reply.status != 200:
            raise Unavailable(_error_of(reply.read()))
        return _read(reply, began_s)
    except (OSError, http.client.HTTPException) as error:
        raise Unavailable(
            f"Volano does not answer at {parts.netloc}. Is `volano up` running?",
            facts={"error": str(error)},
        ) from error
    finally:
        connection.close()


def _read(reply: http.client.HTTPResponse, began_s: float) -> Measured:
    first_s = 0.0
    tokens = 0
    for line in reply:
        if not line.startswith(b"data: {"):
            continue
        first_s = first_s or time.monotonic() - began_s
        chunk = json.loads(line[6:])
        if "error" in chunk:
            raise Unavailable(chunk["error"]["message"])
        if chunk.get("usage"):
            tokens = chunk["usage"]["completion_tokens"]
    return Measured(
        first_s=first_s,
        took_s=time.monotonic() - began_s,
        tokens=tokens,
        engine=reply.headers.get("x-volano-engine", "an unknown engine"),
    )


def _error_of(body: bytes) -> str:
    try:
        return str(json.loads(body)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return body[:500].decode(errors="replace")
