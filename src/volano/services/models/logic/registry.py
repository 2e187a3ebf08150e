"""Which models there are, and pulling more of them."""

from __future__ import annotations

import asyncio
import re
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from volano.kernel.errors import Conflict, Denied, Invalid, NotFound
from volano.kernel.inference import ModelFiles, PulledModel
from volano.services.models.logic.bucket_source import bucket_source, is_bucket
from volano.services.models.logic.lookups import look_up
from volano.services.models.model import ALIASES, BUILT_IN, ROUTE, Model, Task
from volano.services.models.store import registry as store
from volano.services.models.store import routes as route_rows
from volano.services.models.store import upstreams as upstream_rows

if TYPE_CHECKING:
    from pathlib import Path

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.kernel.work import Job
    from volano.services.models.model import Route

_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,95}(/[A-Za-z0-9][A-Za-z0-9._-]{0,95})?$")
PULL_KIND = "models:pull"
MAX_ROUTES = 200


class ModelNotFound(NotFound):
    code = "model_not_found"


class PullRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The payload of a pull job. `source` is '' for the hub, a mirror's URL, `s3://…` or a path."""

    account: str
    name: str
    source: str = ""


class FolderModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model in a folder that is not ours: it is served from there and never removed."""

    name: str
    folder: str
    task: str
    licence: str
    size_bytes: int

    @property
    def files(self) -> ModelFiles:
        return ModelFiles(name=self.name, source=self.folder, task=self.task)


async def register_folder(env: Env, account: str, folder: FolderModel) -> Model:
    """Make a folder's model known to an account. Raises Invalid for a name that is none."""
    if not is_name(folder.name):
        raise Invalid(f"'{folder.name}' is not a model's name.", fields={"param": "name"})
    pulled = PulledModel(
        folder=folder.folder,
        task=folder.task,
        licence=folder.licence,
        size_bytes=folder.size_bytes,
        origin=folder.folder,
    )
    return await register_pulled(env, PullRequest(account=account, name=folder.name), pulled)


async def bootstrap(env: Env) -> None:
    """Register the built-in models; repeating is harmless."""

    async def write(tx: Tx) -> None:
        for model in BUILT_IN:
            await store.upsert_model(tx, model)

    await env.store.transact(write)


def is_name(text: str) -> bool:
    """Whether a model may be called so."""
    return _NAME.fullmatch(text) is not None


async def list_models(env: Env, call: Call) -> list[Model]:
    """Every model that the caller's account can ask for, its routes among them."""
    found = await store.select_models(env.store.reader, call.account)
    routes = await route_rows.select_routes(env.store.reader, call.account, MAX_ROUTES)
    return sorted([*found, *map(model_of_route, routes)], key=lambda model: model.name)


def model_of_route(route: Route) -> Model:
    """A route as what it is asked as: a model."""
    return Model(
        account=route.account,
        name=route.name,
        task=route.task,
        source=f"{ROUTE}{route.name}",
        licence="",
        note=f"A route to {', '.join(route.models)}.",
        size_bytes=0,
        created_us=route.changed_us,
        owned_by="route",
    )


async def get_model(env: Env, account: str, name: str) -> Model:
    """The model of that name or alias; raises ModelNotFound, saying what there is."""
    found = await _find_model(env, account, name)
    if found is None:
        known = ", ".join(m.name for m in await store.select_models(env.store.reader, account))
        raise ModelNotFound(
            f"The model '{name}' does not exist here. There are: {known}. "
            f"Pull it with `volano models pull {name}`.",
            fields={"param": "model"},
        )
    return found


async def _find_model(env: Env, account: str, name: str) -> Model | None:
    """A model's own name wins over the account's alias, and that over a built-in one."""
    found = await find_named(env, account, name)
    if found is None:
        meant = await look_up(
            env,
            ("alias", account, name),
            lambda: store.select_alias(env.store.reader, account, name),
        )
        meant = meant or ALIASES.get(name)
        found = await find_named(env, account, meant) if meant else None
    return found


async def find_named(env: Env, account: str, name: str) -> Model | None:
    """The model or route of that very name."""
    return await look_up(env, ("named", account, name), lambda: _load_named(env, account, name))


async def _load_named(env: Env, account: str, name: str) -> Model | None:
    found = await store.select_model(env.store.reader, account, name)
    if found is None:
        route = await route_rows.select_route(env.store.reader, account, name)
        found = None if route is None else model_of_route(route)
    return found


async def resolve_name(env: Env, account: str, name: str) -> str:
    """The name of the model that a name or alias means; the name itself when there is none."""
    found = await _find_model(env, account, name)
    return name if found is None else found.name


async def require_task(env: Env, account: str, name: str, task: Task) -> Model:
    """The model, when it can do `task`; raises Invalid naming the right endpoint otherwise."""
    model = await get_model(env, account, name)
    if model.task is not task:
        endpoint = "/v1/embeddings" if model.task is Task.EMBED else "/v1/chat/completions"
        raise Invalid(
            f"The model '{name}' does not {task.value}; use it with {endpoint}.",
            code="model_not_supported",
            fields={"param": "model"},
        )
    return model


async def pull_model(env: Env, call: Call, name: str, *, source: str = "") -> Job:
    """Start pulling a model, or return the pull that runs already.

    A bucket as `source` must be one that the caller may list. Any other makes this machine read
    its own disk or network, so only the account that runs the cloud may name it. Raises Denied.
    """
    if not is_name(name):
        raise Invalid(
            f"'{name}' is not a model's name. Names look like `Qwen/Qwen3-0.6B`.",
            fields={"param": "name"},
        )
    if any(model.name == name for model in BUILT_IN):
        raise Conflict(f"'{name}' is built in; there is nothing to pull.")
    held = await find_named(env, call.account, name)
    if held is not None and not held.is_local:
        raise Conflict(f"'{name}' is served by {held.owned_by} here; choose another name.")
    if is_bucket(source):
        await bucket_source(env, call, source).list_files()
    elif source:
        await env.authority.authorize(call, "operator:PullModelFrom", "*", {})
    request = PullRequest(account=call.account, name=name, source=source)
    payload = msgspec.json.encode(request).decode()
    key = _pull_key(call.account, name)
    return await env.work.submit(PULL_KIND, key=key, account=call.account, payload=payload)


async def register_pulled(env: Env, request: PullRequest, pulled: PulledModel) -> Model:
    """Make a pulled model known."""
    model = Model(
        account=request.account,
        name=request.name,
        task=Task(pulled.task),
        source=pulled.folder,
        licence=pulled.licence,
        note=f"Pulled from {pulled.origin}.",
        size_bytes=pulled.size_bytes,
        created_us=env.clock.now_us(),
        owned_by=request.name.partition("/")[0],
    )

    async def write(tx: Tx) -> None:
        await store.upsert_model(tx, model)

    await env.store.transact(write)
    return model


async def delete_model(env: Env, call: Call, name: str) -> Model:
    """Forget a model; a pulled one's memory is freed and its files go. Raises Conflict in a pull,
    and for a model that a route names."""
    model = await get_model(env, call.account, name)
    if not model.account:
        raise Denied(f"'{name}' is built in and cannot be deleted.")
    if model.name != name:
        raise Conflict(f"'{name}' is another name of '{model.name}'; delete it by its own.")
    if model.is_route:
        raise Conflict(f"'{name}' is a route; delete it at /volano/v1/models/routes/{name}.")
    await _require_no_route(env, call.account, model.name)
    jobs = await env.work.list_jobs(call.account, limit=1000)
    if any(job.key == _pull_key(call.account, name) and _is_active(job) for job in jobs):
        raise Conflict(f"'{name}' is being pulled; delete it when that is done.")

    async def write(tx: Tx) -> None:
        await store.delete_model(tx, call.account, model.name)
        await upstream_rows.delete_price(tx, call.account, model.name)
        await route_rows.delete_scaling(tx, call.account, model.name)

    await env.store.transact(write)
    if model.upstream is not None:
        return model
    await env.inference.unload(name)
    await asyncio.to_thread(_remove_files, model_folder(env, call.account, name))
    return model


async def _require_no_route(env: Env, account: str, name: str) -> None:
    for route in await route_rows.select_routes(env.store.reader, account, MAX_ROUTES):
        if name in route.models:
            raise Conflict(f"The route '{route.name}' names '{name}'; change the route first.")


def model_folder(env: Env, account: str, name: str) -> Path:
    """Where the files of a pulled model are kept."""
    return env.config.data_dir / "models" / (account or "shared") / name


def _pull_key(account: str, name: str) -> str:
    return f"{account}/{name}"


def _is_active(job: Job) -> bool:
    return job.kind == PULL_KIND and job.state in ("queued", "running")


def _remove_files(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):  # other models of the same publisher are still there
        folder.parent.rmdir()
