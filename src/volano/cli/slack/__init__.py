"""`volano slack run -- PROGRAM`: run a Slack app that knows only slack.com against this Volano.

The program gets a proxy and a certificate authority of its own, by the variables that HTTP clients
read; nothing of the machine is changed, and both are gone when it ends. What it sends to slack.com
comes to Volano, everything else goes where it is meant to.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from volano.cli.settings import add_config_arguments, config_of
from volano.cli.slack.certificates import write_certificates
from volano.cli.slack.proxy import SlackProxy, Upstream
from volano.kernel.errors import Invalid

if TYPE_CHECKING:
    import argparse

PRELOAD = Path(__file__).parent / "preload.cjs"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    # A parser of its own: options between `run` and `--` would else end the list of the program.
    commands = parser.add_subparsers(dest="what", required=True, metavar="run")
    found = commands.add_parser("run", help="start a program")
    found.add_argument("--url", default="", help="the console's URL (default: by the settings)")
    found.add_argument("program", nargs="*", help="after --: the program and its arguments")
    add_config_arguments(found)


def run(args: argparse.Namespace) -> int:
    if not args.program:
        raise Invalid("Name the program: volano slack run -- python app.py")
    upstream = Upstream.parse(args.url or config_of(args).console_url)
    return asyncio.run(_run(upstream, args.program))


async def _run(upstream: Upstream, program: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="volano-slack-") as folder:
        certificates = write_certificates(Path(folder))
        async with SlackProxy(upstream, certificates.server) as proxy:
            environment = os.environ | _variables(proxy.url, certificates.bundle, certificates.ca)
            environment |= _node_variables(upstream)
            child = await asyncio.create_subprocess_exec(*program, env=environment)
            return await _wait(child)


async def _wait(child: asyncio.subprocess.Process) -> int:
    """Pass signals on and answer the program's exit code."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, child.send_signal, number)
    code = await child.wait()
    print(f"volano: the program ended with {code}", file=sys.stderr)
    return code if code >= 0 else 128 - code


def _node_variables(upstream: Upstream) -> dict[str, str]:
    """Node's fetch is changed by a module that is loaded first."""
    options = f"{os.environ.get('NODE_OPTIONS', '')} --require {PRELOAD}".strip()
    return {"NODE_OPTIONS": options, "VOLANO_SLACK_URL": upstream.url}


def _variables(proxy: str, bundle: Path, ca: Path) -> dict[str, str]:
    """What Python's, Node's, Go's and curl's clients read."""
    here = "localhost,127.0.0.1,::1"
    found = {"SSL_CERT_FILE": str(bundle), "REQUESTS_CA_BUNDLE": str(bundle)}
    found |= {"CURL_CA_BUNDLE": str(bundle), "WEBSOCKET_CLIENT_CA_BUNDLE": str(bundle)}
    found |= {"NODE_EXTRA_CA_CERTS": str(ca), "NODE_USE_ENV_PROXY": "1"}
    for name in ("HTTPS_PROXY", "https_proxy", "WSS_PROXY", "wss_proxy"):
        found[name] = proxy
    return found | {"NO_PROXY": here, "no_proxy": here}
