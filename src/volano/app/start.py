"""First start and every start: bootstrap, what the administrator is shown, the node's loop."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from volano.app.listeners import Listener
from volano.app.test_mode import prepare_test_mode
from volano.node.daemon import run_node
from volano.services.chat import interface as chat
from volano.services.compute import interface as compute
from volano.services.identity import interface as identity
from volano.services.models import interface as models
from volano.services.regions import interface as regions

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from volano.app.build import Process
    from volano.app.test_mode import TestMode


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What `volano up` prints. `credentials` is filled at the first start only."""

    login_url: str
    account: str
    test_mode: TestMode | None
    run_node: Callable[[Any, Any], Coroutine[Any, Any, None]]
    first: bool
    credentials: dict[str, str] = field(default_factory=dict)


async def first_start(process: Process) -> Started:
    """Make what must exist: account, administrator, keys, zones, built-in models, copilot."""
    env = process.env
    await regions.apply_zone_states(env)
    admin = await identity.bootstrap(env)
    await models.bootstrap(env)
    tokens = await chat.bootstrap(env, admin.account)
    credentials: dict[str, str] = {}
    if admin.created:
        credentials = client_environment(process, admin, tokens)
        _write_private(env.config.data_dir / "admin.env", credentials)
    test_mode = await prepare_test_mode(process) if env.config.test_mode else None
    token = await identity.create_login_link(env, admin.account, admin.user)

    async def node(aws: Any, console: Any) -> None:
        fleet = compute.open_fleet(env)
        await run_node(env, fleet, aws_app=aws, console_app=console, serve=Listener)

    return Started(
        login_url=f"{env.config.console_url}/login?token={token}",
        account=admin.account,
        test_mode=test_mode,
        run_node=node,
        first=admin.created,
        credentials=credentials,
    )


def client_environment(process: Process, admin: Any, tokens: dict[str, str]) -> dict[str, str]:
    """The variables that stock clients read."""
    config = process.env.config
    return {
        "AWS_ENDPOINT_URL": config.aws_url,
        "AWS_ACCESS_KEY_ID": admin.access_key_id,
        "AWS_SECRET_ACCESS_KEY": admin.secret_access_key,
        "AWS_DEFAULT_REGION": config.region,
        "OPENAI_BASE_URL": f"{config.console_url}/v1",
        "OPENAI_API_KEY": admin.api_key,
        "SLACK_API_URL": f"{config.console_url}/api/",
        "SLACK_USER_TOKEN": tokens.get("user", ""),
        "SLACK_BOT_TOKEN": tokens.get("bot", ""),
        "SLACK_APP_TOKEN": tokens.get("app", ""),
    }


def _write_private(path: Path, values: dict[str, str]) -> None:
    """`NAME=value` lines that only the owner may read, for `volano tour` and for sourcing."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(file, "".join(f"{name}={value}\n" for name, value in values.items()).encode())
        os.fsync(file)
    finally:
        os.close(file)
