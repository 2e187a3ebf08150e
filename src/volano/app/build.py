"""Wires one process: Config -> backends -> Env. The only place that names the choices."""

from __future__ import annotations

import asyncio
import os
import traceback
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from volano.app import discover
from volano.app.health import Health
from volano.app.journal import GroupJournal
from volano.app.root_key import open_secrets
from volano.backends.bytes.disk import open_disk
from volano.backends.bytes.tiers import with_outside
from volano.backends.egress.http import HttpEgress
from volano.backends.events.local import LocalEventFeed
from volano.backends.events.nats import NatsCarrier
from volano.backends.events.postgres import PostgresCarrier
from volano.backends.events.relay import SENDER_BYTES, Carrier, Relay
from volano.backends.inference.engine import EngineInference
from volano.backends.inference.replicas import ReplicatedInference
from volano.backends.runtime import open_runtime
from volano.backends.store.postgres import open_postgres
from volano.backends.store.sqlite import open_sqlite
from volano.backends.vectors import pgvector
from volano.backends.vectors.local import LocalVectors
from volano.backends.work.local import LocalWork
from volano.kernel.call import Env
from volano.kernel.clock import SystemClock
from volano.kernel.egress import parse_networks
from volano.kernel.errors import Invalid
from volano.kernel.ids import Ids
from volano.kernel.log import StreamLog
from volano.kernel.metrics import Metrics
from volano.kernel.place import region_with_zones
from volano.services.billing import interface as billing
from volano.services.identity import interface as identity
from volano.services.objects import interface as objects
from volano.services.trails import interface as trails
from volano.wire.tools.registry import RegistryTools

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine
    from pathlib import Path

    from volano.kernel.bytes import ByteStore
    from volano.kernel.clock import Clock
    from volano.kernel.config import Config
    from volano.kernel.egress import Network
    from volano.kernel.journal import AuditRecord
    from volano.kernel.log import Log
    from volano.kernel.place import Region
    from volano.kernel.secrets import SecretBox
    from volano.kernel.store import Tx
    from volano.kernel.vectors import Vectors

RESTART_LOOP_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """An Env and the loops that make it live."""

    env: Env
    feed: LocalEventFeed
    work: LocalWork
    journal: GroupJournal
    health: Health
    store: Any
    """The store with what delivery needs beyond the port (`OutboxStore`)."""

    async def run_loops(self) -> None:
        """Deliver events, reconcile, run jobs and write the journal until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._forever("events", lambda: self.feed.run(self.env, self.store)))
            group.create_task(self._forever("work", lambda: self.work.run(self.env)))
            group.create_task(self._forever("journal", self.journal.run))

    async def _forever(self, name: str, run: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run a loop; should a bug end it, say so loudly and begin it again."""
        while True:
            try:
                await run()
            except Exception as error:  # noqa: BLE001 - work loop: a cloud without it is half dead
                trace = traceback.format_exception(error)[-12:]
                self.env.log.error("loop broke", loop=name, error=repr(error), trace=trace)
                self.env.metrics.count("volano_loop_failures_total", (("loop", name),))
            await asyncio.sleep(RESTART_LOOP_S)


@asynccontextmanager
async def open_process(
    config: Config, *, clock: Clock | None = None, ids: Ids | None = None, log: Log | None = None
) -> AsyncIterator[Process]:
    """All backends of one process, closed in reverse order at the end."""
    clock = clock or SystemClock()
    ids = ids or Ids()
    log = log or StreamLog(clock, level=config.log_level, json=config.log_json)
    _prepare(config)
    region = region_with_zones(config.region, config.zones)
    metrics = Metrics()
    async with AsyncExitStack() as stack:
        feed = LocalEventFeed()
        store = await open_store(config, clock, feed.wake)
        stack.push_async_callback(store.close)
        secrets = await open_secrets(config, store, os.environ)
        if not store.exclusive:
            feed.share(Relay(_choose_carrier(config, secrets), ids.bytes(SENDER_BYTES), log))
        byte_store = await _open_bytes(config, region, log=log, clock=clock, ids=ids)
        stack.push_async_callback(byte_store.close)
        runtime = open_runtime(config.data_dir / "runtime", log, clock, choice=config.runtime)
        stack.push_async_callback(runtime.close)
        make = partial(EngineInference, config.data_dir, log, clock, device=config.model_device)
        inference = ReplicatedInference(make, config.data_dir, region.zones)
        stack.push_async_callback(inference.close)
        vectors = await _open_vectors(config, store, log)
        stack.push_async_callback(vectors.close)
        journal = GroupJournal(
            store,
            log,
            metrics,
            insert_audit=partial(_insert_audit, clock=clock, ids=ids),
            insert_usage=billing.insert_usage,
        )
        stack.push_async_callback(journal.flush)
        work = LocalWork(store, clock, ids, exclusive=store.exclusive)
        env = Env(
            config=config,
            region=region,
            clock=clock,
            ids=ids,
            log=log,
            metrics=metrics,
            store=store,
            events=feed,
            work=work,
            bytes=byte_store,
            runtime=runtime,
            inference=inference,
            authority=identity.open_authority(
                store=store,
                secrets=secrets,
                clock=clock,
                region=region,
                log=log,
                ids=ids,
                any_token=config.test_mode,
            ),
            journal=journal,
            secrets=secrets,
            egress=HttpEgress(_allowed_networks(config)),
            tools=RegistryTools(),
            vectors=vectors,
        )
        if store.exclusive:
            await objects.replay_puts(env)
        health = Health(started_us=clock.now_us())
        _describe_metrics(metrics, health)
        yield Process(env=env, feed=feed, work=work, journal=journal, health=health, store=store)


def _prepare(config: Config) -> None:
    discover.load_services()
    _make_folder(config.data_dir)
    billing.price_list(config)  # a wrong file is said now, not on the first bill


def _allowed_networks(config: Config) -> tuple[Network, ...]:
    """Where tenants' URLs may point besides public addresses; test mode lets them come home."""
    names = (
        (*config.egress_allow, "127.0.0.0/8", "::1") if config.test_mode else config.egress_allow
    )
    return parse_networks(names)


async def _insert_audit(tx: Tx, records: list[AuditRecord], *, clock: Clock, ids: Ids) -> None:
    """The audit trail, and what the accounts' own trails deliver of it, in one transaction."""
    await identity.insert_audit(tx, records)
    await trails.collect(tx, records, clock=clock, ids=ids)


def _make_folder(folder: Path) -> None:
    """The data folder, for its owner only; one that holds something keeps the mode it has."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if {entry.name for entry in folder.iterdir()} <= {"lock"}:
        folder.chmod(0o700)


async def open_store(config: Config, clock: Clock, on_event: Callable[[], None]) -> Any:
    """The database that the settings name, its schema up to date."""
    if config.store == "sqlite":
        path = config.data_dir / "volano.db"
        return open_sqlite(path, clock, discover.migrations(), on_event)
    return await open_postgres(config.store, clock, discover.migrations(), on_event)


def _choose_carrier(config: Config, secrets: SecretBox) -> Carrier:
    """What brings signals to the other processes on the same database."""
    if not config.nats_url:
        return PostgresCarrier(config.store)
    whose = secrets.digest(config.region).hex()[:32]  # the same where the root key is
    return NatsCarrier(config.nats_url.split(","), f"volano.{whose}.signals")


async def _open_vectors(config: Config, store: Any, log: Log) -> Vectors:
    """In the database where that can be, else in files of this machine."""
    if config.store != "sqlite":
        missing = await pgvector.set_up(store)
        if not missing:
            return pgvector.PostgresVectors(store)
        log.info("vectors are kept in files: there is no pgvector", reason=missing)
    return LocalVectors(config.data_dir, log, graph_from=config.vector_graph_from)


async def _open_bytes(
    config: Config, region: Region, *, log: Log, clock: Clock, ids: Ids
) -> ByteStore:
    home = _open_home(config, region, log=log, clock=clock, ids=ids)
    if not config.external_url:
        return home
    from volano.backends.bytes.s3 import open_s3_url  # noqa: PLC0415 - extra `scale`

    key = {
        "AWS_ACCESS_KEY_ID": config.external_access_key_id,
        "AWS_SECRET_ACCESS_KEY": config.external_secret_access_key,
    }
    return with_outside(home, open_s3_url(config.external_url, environ=key, ids=ids))


def _open_home(config: Config, region: Region, *, log: Log, clock: Clock, ids: Ids) -> ByteStore:
    if config.bytes_url == "disk":
        return open_disk(config.data_dir, region.zones, log, clock, ids)
    if config.bytes_url.startswith("s3://"):
        from volano.backends.bytes.s3 import open_s3_url  # noqa: PLC0415 - extra `scale`

        return open_s3_url(config.bytes_url, environ=dict(os.environ), ids=ids)
    raise Invalid("bytes_url is `disk` or s3://bucket/prefix?endpoint=URL&region=NAME.")


def _describe_metrics(metrics: Metrics, health: Health) -> None:
    metrics.describe("volano_requests_total", "API calls by action and class of status.")
    metrics.describe("volano_request_seconds", "Time in an action, by door.")
    metrics.describe("volano_event_failures_total", "Failed deliveries of events.")
    metrics.describe("volano_loop_failures_total", "Loops that broke and were begun again.")
    metrics.describe("volano_refusals_unrecorded_total", "Refused credentials beyond the trail.")
    metrics.describe("volano_journal_dropped_total", "Audit or usage records lost to overload.")
    metrics.gauge("volano_requests_running", lambda: {(): float(health.requests)})
    metrics.gauge("volano_sockets_open", lambda: {(): float(health.sockets)})


def data_paths(data_dir: Path) -> dict[str, Path]:
    """The files of a data folder that other commands need to know."""
    return {
        "database": data_dir / "volano.db",
        "root key": data_dir / "root.key",
        "lock": data_dir / "lock",
        "admin": data_dir / "admin.env",
    }
