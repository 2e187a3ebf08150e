"""Upstreams: services with OpenAI's API that serve models of an account beside our own engine.

The key is kept in Secrets Manager: a secret made here (`volano/upstreams/NAME`), or one that
whoever registers the upstream may read. Its models are listed and asked like any other; each has a
price, since what they cost is the upstream's to say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from volano.kernel.egress import parse_url
from volano.kernel.errors import Conflict, NotFound, QuotaExceeded
from volano.services.models.logic import upstream_calls
from volano.services.models.logic.costs import parse_nano
from volano.services.models.logic.lookups import look_up
from volano.services.models.logic.parameters import invalid
from volano.services.models.logic.registry import ModelNotFound, is_name
from volano.services.models.model import (
    NANO,
    UPSTREAM,
    UPSTREAM_KINDS,
    Model,
    Price,
    Task,
    Upstream,
)
from volano.services.models.store import registry as model_rows
from volano.services.models.store import routes as route_rows
from volano.services.models.store import upstreams as rows
from volano.services.secrets import interface as secrets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.models.logic.upstream_calls import RemoteModel

MAX_UPSTREAMS = 100
MAX_TIMEOUT_S = 3600.0
MAX_RETRIES = 10
MAX_KEY_CHARACTERS = 4096
SECRET_PREFIX = "volano/upstreams/"  # noqa: S105 - a name, no secret
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


class UpstreamNotFound(NotFound):
    code = "upstream_not_found"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUpstream:
    """What is asked for. `api_key` is put into a secret; `secret` names one that is there."""

    kind: str
    base_url: str
    api_key: str = ""
    secret: str = ""
    timeout_s: float = 120.0
    retries: int = 2


async def list_upstreams(env: Env, call: Call) -> list[Upstream]:
    """By name."""
    return await rows.select_upstreams(env.store.reader, call.account, MAX_UPSTREAMS)


async def get_upstream(env: Env, account: str, name: str) -> Upstream:
    """Raises UpstreamNotFound."""
    found = await look_up(
        env,
        ("upstream", account, name),
        lambda: rows.select_upstream(env.store.reader, account, name),
    )
    if found is None:
        raise UpstreamNotFound(
            f"There is no upstream '{name[:100]}'.", fields={"param": "upstream"}
        )
    return found


async def put_upstream(env: Env, call: Call, name: str, wanted: NewUpstream) -> Upstream:
    """Register an upstream or change it; without a new key the old one stays. Raises Invalid,
    EgressRefused for an address that requests may not go to, QuotaExceeded, and Denied where the
    old key would go to another server and the caller may not read it."""
    _require(name, wanted)
    await env.egress.require_allowed(wanted.base_url)
    old = await rows.select_upstream(env.store.reader, call.account, name)
    if old is None and len(await list_upstreams(env, call)) >= MAX_UPSTREAMS:
        raise QuotaExceeded(f"An account has at most {MAX_UPSTREAMS} upstreams.")
    secret, owned = await _keep_key(env, call, name, wanted, old)
    upstream = Upstream(
        account=call.account,
        name=name,
        kind=wanted.kind,
        base_url=wanted.base_url.rstrip("/"),
        secret=secret,
        owns_secret=owned,
        timeout_s=wanted.timeout_s,
        retries=wanted.retries,
        created_us=env.clock.now_us() if old is None else old.created_us,
    )

    async def write(tx: Tx) -> None:
        await rows.upsert_upstream(tx, upstream)

    await env.store.transact(write)
    upstream_calls.forget_key(env, upstream)
    return upstream


def _require(name: str, wanted: NewUpstream) -> None:
    if not _NAME.fullmatch(name):
        raise invalid("upstream", "1 to 63 small letters, digits and '-'")
    if wanted.kind not in UPSTREAM_KINDS:
        raise invalid("kind", f"it is one of {', '.join(UPSTREAM_KINDS)}")
    if "?" in wanted.base_url or "#" in wanted.base_url or "@" in wanted.base_url:
        raise invalid("base_url", "it is a plain URL, as https://api.example.com/v1; no key in it")
    if not 0.1 <= wanted.timeout_s <= MAX_TIMEOUT_S:
        raise invalid("timeout_s", f"it is 0.1 to {MAX_TIMEOUT_S:g}")
    if not 0 <= wanted.retries <= MAX_RETRIES:
        raise invalid("retries", f"it is 0 to {MAX_RETRIES}")
    if wanted.api_key and wanted.secret:
        raise invalid("secret", "either a key or the name of its secret, not both")
    key = wanted.api_key
    if len(key) > MAX_KEY_CHARACTERS or not (key.isascii() and (key.isprintable() or not key)):
        raise invalid("api_key", f"it is up to {MAX_KEY_CHARACTERS} printable characters")


async def _keep_key(
    env: Env, call: Call, name: str, wanted: NewUpstream, old: Upstream | None
) -> tuple[str, bool]:
    """The secret that holds the key, and whether it is the upstream's own."""
    if wanted.secret:
        arn = await secrets.require_readable(env, call, wanted.secret)
        return arn, False
    if wanted.api_key:
        own = await secrets.put_text(env, call, SECRET_PREFIX + name, wanted.api_key)
        return own, True
    if old is None:
        return "", False
    if old.secret and _server_of(old.base_url) != _server_of(wanted.base_url):
        await secrets.require_readable(env, call, old.secret)
    return old.secret, old.owns_secret


def _server_of(base_url: str) -> tuple[bool, str]:
    place = parse_url(base_url)
    return place.secure, place.authority


async def delete_upstream(env: Env, call: Call, name: str) -> None:
    """Forget an upstream with its own secret; raises Conflict while models are served by it."""
    upstream = await get_upstream(env, call.account, name)
    served = [model.name for model in await models_of(env, call, name)]
    if served:
        raise Conflict(
            f"'{name}' serves {', '.join(served[:5])}; delete "
            f"{'this model' if len(served) == 1 else 'these models'} first."
        )

    async def write(tx: Tx) -> None:
        await rows.delete_upstream(tx, call.account, name)

    await env.store.transact(write)
    if upstream.owns_secret:
        await secrets.delete_text(env, call, upstream.secret)
    upstream_calls.forget_key(env, upstream)


async def models_of(env: Env, call: Call, name: str) -> list[Model]:
    """The models that an upstream serves here."""
    found = await model_rows.select_models(env.store.reader, call.account)
    return [model for model in found if model.upstream and model.upstream[0] == name]


async def list_remote(env: Env, call: Call, name: str) -> Sequence[RemoteModel]:
    """What the upstream says it has; a check of its address and key as well."""
    upstream = await get_upstream(env, call.account, name)
    return await upstream_calls.list_remote(env, upstream)


async def put_model(
    env: Env, call: Call, model: str, *, upstream: str, remote: str, task: Task, price: Price
) -> Model:
    """Let an upstream's model be asked by a name of ours. Raises Conflict for one in use."""
    if not is_name(model):
        raise invalid("model", "it is written like `acme/name`")
    if not 1 <= len(remote) <= 200 or not remote.isprintable():
        raise invalid("remote", "it is the model's name at the upstream")
    await get_upstream(env, call.account, upstream)
    held = await model_rows.select_model(env.store.reader, call.account, model)
    if held is not None and held.upstream is None:
        raise Conflict(f"'{model}' is a model of this machine; choose another name.")
    if await route_rows.select_route(env.store.reader, call.account, model) is not None:
        raise Conflict(f"'{model}' is a route; choose another name.")
    made = Model(
        account=call.account,
        name=model,
        task=task,
        source=f"{UPSTREAM}{upstream}/{remote}",
        licence="",
        note=f"Served by the upstream {upstream} as {remote}.",
        size_bytes=0,
        created_us=env.clock.now_us() if held is None else held.created_us,
        owned_by=upstream,
    )

    async def write(tx: Tx) -> None:
        await model_rows.upsert_model(tx, made)
        await rows.upsert_price(tx, call.account, model, price)

    await env.store.transact(write)
    return made


async def get_upstream_model(env: Env, account: str, name: str) -> tuple[Model, Price]:
    """A model that an upstream serves, and its price. Raises ModelNotFound."""
    found = await model_rows.select_model(env.store.reader, account, name)
    price = await rows.select_price(env.store.reader, account, name)
    if found is None or found.upstream is None or price is None:
        raise ModelNotFound(f"No upstream serves '{name[:200]}'.", fields={"param": "model"})
    return found, price


def price_of(input: str, output: str) -> Price:
    """A price from decimal texts of at most nine decimals; raises Invalid."""
    return Price(
        input=Decimal(parse_nano("price.input", input)) / NANO,
        output=Decimal(parse_nano("price.output", output)) / NANO,
    )
