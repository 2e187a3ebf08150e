"""Options that several commands share, and where a running Volano and its keys are found."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from volano.app.settings import load_config
from volano.kernel.errors import NotFound
from volano.sdk.client import Client

if TYPE_CHECKING:
    import argparse

    from volano.kernel.config import Config

CLIENT_VARIABLES = (
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_DEFAULT_REGION",
    "OPENAI_BASE_URL",
    "OPENAI_API_KEY",
    "SLACK_API_URL",
    "SLACK_USER_TOKEN",
    "SLACK_BOT_TOKEN",
    "SLACK_APP_TOKEN",
)


def add_config_arguments(parser: argparse.ArgumentParser, *, default: str | None = None) -> None:
    """`default` is argparse.SUPPRESS below a parser that has the same options."""
    parser.add_argument("--data", metavar="DIR", help="the data folder", default=default)
    parser.add_argument("--config", metavar="FILE", help="a volano.toml", default=default)


def config_of(args: argparse.Namespace, **more: object) -> Config:
    """The Config from file, environment and the command's options."""
    overrides: dict[str, object] = {"data_dir": getattr(args, "data", None)}
    file = Path(args.config) if getattr(args, "config", None) else None
    return load_config(overrides | more, file=file)


def client_environment(data_dir: Path) -> dict[str, str]:
    """The variables of stock clients: the shell's when they are complete, else the administrator's
    of `data_dir`; never a mixture, which would pair one cloud's key with another's address.

    Raises NotFound when neither is there.
    """
    given = {name: os.environ[name] for name in CLIENT_VARIABLES if name in os.environ}
    if {"AWS_ACCESS_KEY_ID", "OPENAI_API_KEY", "AWS_ENDPOINT_URL", "OPENAI_BASE_URL"} <= set(given):
        return given
    found = _admin_environment(data_dir)
    if found is None:
        raise NotFound(
            f"There are no keys: neither the variables of stock clients are set nor is there "
            f"{data_dir / 'admin.env'}. Start `volano up` first, or give --data."
        )
    return found


def _admin_environment(data_dir: Path) -> dict[str, str] | None:
    try:
        lines = (data_dir / "admin.env").read_text().splitlines()
    except OSError:
        return None
    return dict(line.split("=", 1) for line in lines if "=" in line)


def client_of(args: argparse.Namespace) -> Client:
    """A client of the running Volano (see `address_of`)."""
    return Client(*address_of(args))


def address_of(args: argparse.Namespace) -> tuple[str, str]:
    """The URL and API key of the running Volano whose keys are in the folder given by --data, in
    the environment, or in the data folder of the settings.
    """
    values = _admin_environment(Path(args.data)) if args.data else None
    values = values or client_environment(config_of(args).data_dir)
    url = values["OPENAI_BASE_URL"].removesuffix("/").removesuffix("/v1")
    return url, values["OPENAI_API_KEY"]
