"""Reads the settings once: command line over `VOLANO_*` over `volano.toml` over defaults."""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args, get_type_hints

from volano.kernel.config import Config
from volano.kernel.egress import parse_networks
from volano.kernel.errors import Invalid
from volano.kernel.log import LEVELS

DEFAULT_DATA_DIR = Path("~/.local/share/volano")
DEFAULT_FILE = Path("volano.toml")
"""In the working directory; `volano up` says so when it reads it."""
_PREFIX = "VOLANO_"
_DEVICE = re.compile(r"auto|cpu|cuda(:\d{1,2})?")
_REGION = re.compile(r"^[a-z][a-z0-9]*(-[a-z0-9]+){1,4}$")


MAX_REGION_CHARACTERS = 32
_CHOICES = {
    "http": ("own", "stock"),
    "log_level": LEVELS,
    "proxy_header": ("x-forwarded-for", "forwarded"),
    "runtime": ("auto", "container", "crun", "runc", "process"),
}


class BadSetting(Invalid):
    """A setting that is unknown or has a value of the wrong kind; the message names it."""

    code = "BadSetting"


def load_config(
    overrides: dict[str, object], *, file: Path | None = None, environ: dict[str, str] | None = None
) -> Config:
    """The Config of this process; `overrides` come from the command line (None means not given).

    Raises BadSetting with the name of the setting, where it was found and what it may be.
    """
    environ = dict(os.environ) if environ is None else environ
    kinds = get_type_hints(Config)
    values: dict[str, Any] = {"data_dir": DEFAULT_DATA_DIR.expanduser()}
    for source, given in (
        (str(file or DEFAULT_FILE), _from_file(file)),
        ("the environment", _from_environment(environ)),
        ("the command line", {k: v for k, v in overrides.items() if v is not None}),
    ):
        for name, value in given.items():
            if name not in kinds:
                known = ", ".join(sorted(kinds))
                raise BadSetting(f"{source}: there is no setting {name!r}. Known are: {known}.")
            values[name] = _convert(name, value, kinds[name], source)
    return _checked(Config(**values))


def _from_file(file: Path | None) -> dict[str, object]:
    path = file or DEFAULT_FILE
    try:
        text = path.read_text()
    except FileNotFoundError:
        if file is not None:
            raise BadSetting(f"The config file {file} does not exist.") from None
        return {}
    except OSError as error:
        raise BadSetting(f"The config file {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError:
        raise BadSetting(f"The config file {path} is not UTF-8 text.") from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadSetting(f"{path} is not valid TOML: {error}.") from error


def _from_environment(environ: dict[str, str]) -> dict[str, object]:
    names = {field.name for field in fields(Config)}
    return {
        key.removeprefix(_PREFIX).lower(): value
        for key, value in environ.items()
        if key.startswith(_PREFIX) and key.removeprefix(_PREFIX).lower() in names
    }


def unknown_variables(environ: dict[str, str] | None = None) -> list[tuple[str, str]]:
    """Variables called VOLANO_… that are no setting, each with the setting it resembles or ''."""
    environ = dict(os.environ) if environ is None else environ
    known = [_PREFIX + field.name.upper() for field in fields(Config)]
    given = sorted(name for name in environ if name.startswith(_PREFIX))
    return [
        (name, next(iter(difflib.get_close_matches(name, known, n=1, cutoff=0.8)), ""))
        for name in given
        if name.upper() not in known
    ]


def _convert(name: str, value: object, kind: Any, source: str) -> object:
    wanted = kind
    if type(None) in get_args(kind):
        if value in ("", None):
            return None
        wanted = next(arg for arg in get_args(kind) if arg is not type(None))
    try:
        return _to_kind(value, wanted)
    except (ValueError, TypeError):
        label = getattr(wanted, "__name__", str(wanted))
        raise BadSetting(f"{source}: {name} = {value!r} is not a {label}.") from None


def _to_kind(value: object, kind: Any) -> object:
    if kind is bool:
        words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
        if isinstance(value, bool):
            return value
        if str(value).lower() in words:
            return words[str(value).lower()]
        raise ValueError
    if kind in (int, float) and (isinstance(value, bool) or value != value):  # noqa: PLR0124 - NaN
        raise ValueError
    if kind is int and isinstance(value, float):
        raise ValueError
    if kind is str and not isinstance(value, str):
        raise ValueError
    if kind is Path:
        if not isinstance(value, str | Path) or not str(value):
            raise ValueError
        return Path(str(value)).expanduser().absolute()
    if kind in (int, float, str):
        return kind(value)
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    if isinstance(value, list):
        return tuple(str(part) for part in value)
    raise TypeError


def _checked(config: Config) -> Config:
    if not 1 <= config.zones <= 6:
        raise BadSetting(f"zones = {config.zones}: a region has 1 to 6 zones.")
    for name in ("port", "aws_port"):
        if not 0 <= getattr(config, name) <= 65535:
            raise BadSetting(f"{name} = {getattr(config, name)} is not a port.")
    for name, choices in _CHOICES.items():
        if getattr(config, name) not in choices:
            given = getattr(config, name)
            raise BadSetting(f"{name} = {given!r}: it is one of {', '.join(choices)}.")
    if config.slack_rates not in ("generous", "strict"):
        raise BadSetting(f"slack_rates = {config.slack_rates!r}: it is generous or strict.")
    if not config.lifecycle_day_s > 0:
        raise BadSetting(f"lifecycle_day_s = {config.lifecycle_day_s}: it is over 0.")
    for name in ("egress_allow", "trusted_proxies"):
        try:
            parse_networks(getattr(config, name), setting=name)
        except Invalid as error:
            raise BadSetting(error.message) from error
    if config.test_mode and not _is_loopback(config.listen):
        raise BadSetting(
            "test_mode opens the cloud to anyone who reaches it; it needs a loopback `listen`."
        )
    _check_places(config)
    if config.nats_url:
        _check_nats(config)
    return config


def _check_nats(config: Config) -> None:
    if config.store == "sqlite":
        raise BadSetting(
            "nats_url ties processes on one PostgreSQL; with SQLite there is only one."
        )
    if not all(url.startswith(("nats://", "tls://")) for url in config.nats_url.split(",")):
        raise BadSetting(
            "nats_url is nats://user:password@host:4222 or tls://…, several with commas."
        )


def _check_places(config: Config) -> None:
    """Names, URLs and files."""
    if not _REGION.fullmatch(config.region) or len(config.region) > MAX_REGION_CHARACTERS:
        raise BadSetting(f"region = {config.region!r}: it looks like eu-home-1.")
    if config.store != "sqlite" and not config.store.startswith(("postgresql://", "postgres://")):
        raise BadSetting("store is `sqlite` or a postgresql:// URL.")
    if config.bytes_url != "disk" and not config.bytes_url.startswith("s3://"):
        raise BadSetting("bytes_url is `disk` or s3://bucket/prefix?endpoint=URL&region=NAME.")
    if config.smtp_url and not config.smtp_url.startswith(("smtp://", "smtps://")):
        raise BadSetting("smtp_url is smtp://user:password@host:587 or smtps://user:password@host.")
    if not _DEVICE.fullmatch(config.model_device):
        raise BadSetting("model_device is auto, cpu, cuda, or cuda:1 for another card.")
    if config.web_search_url and not config.web_search_url.startswith(("http://", "https://")):
        raise BadSetting("web_search_url is the http(s):// address of a search engine.")
    if config.external_url and not config.external_url.startswith("s3://"):
        raise BadSetting("external_url is s3://bucket/prefix?endpoint=URL&region=NAME.")
    if config.external_url and not (
        config.external_access_key_id and config.external_secret_access_key
    ):
        raise BadSetting(
            "external_url needs external_access_key_id and external_secret_access_key."
        )
    if bool(config.tls_certificate) != bool(config.tls_key):
        raise BadSetting("tls_certificate and tls_key are given together or not at all.")
    for name in ("tls_certificate", "tls_key", "price_list", "test_file"):
        path = getattr(config, name)
        if path is not None and not path.is_file():
            raise BadSetting(f"{name}: there is no file {path}.")


def _is_loopback(address: str) -> bool:
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
