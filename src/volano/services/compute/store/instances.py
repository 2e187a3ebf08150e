"""SQL of instances and client tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.compute.model import Instance, State, Wanted

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_COLUMNS = (
    "account, id, reservation_id, launch_index, client_token, type, image_id, zone, vpc_id, "
    "vpc_cidr, subnet_id, subnet_cidr, address, gateway, mac, interface_id, key_name, profile, "
    "user_data, tokens_required, state, wanted, generation, reason_code, reason, node, "
    "launched_us, changed_us, booted_us, metered_us"
)
_MARKS = ", ".join("?" * 31)
MAX_ROWS = 10_000
LIVE = "state <> 'terminated'"


async def insert_instance(tx: Tx, it: Instance) -> None:
    await tx.execute(
        f"INSERT INTO compute_instance ({_COLUMNS}, console) VALUES ({_MARKS})",
        it.account,
        it.id,
        it.reservation_id,
        it.launch_index,
        it.client_token,
        it.type,
        it.image_id,
        it.zone,
        it.vpc_id,
        it.vpc_cidr,
        it.subnet_id,
        it.subnet_cidr,
        it.address,
        it.gateway,
        it.mac,
        it.interface_id,
        it.key_name,
        it.profile,
        it.user_data,
        int(it.tokens_required),
        it.state.value,
        it.wanted.value,
        it.generation,
        it.reason_code,
        it.reason,
        it.node,
        it.launched_us,
        it.changed_us,
        it.booted_us,
        it.metered_us,
        it.console,
    )


async def select_instance(reader: Reader, account: str, instance_id: str) -> Instance | None:
    row = await reader.row(
        f"SELECT {_COLUMNS} FROM compute_instance WHERE account = ? AND id = ?",
        account,
        instance_id,
    )
    return None if row is None else _to_instance(row)


async def select_instances(reader: Reader, account: str) -> list[Instance]:
    """The account's instances, newest launch last."""
    rows = await reader.rows(
        f"SELECT {_COLUMNS} FROM compute_instance WHERE account = ? "
        "ORDER BY launched_us, id LIMIT ?",
        account,
        MAX_ROWS,
    )
    return [_to_instance(row) for row in rows]


async def select_reservation(reader: Reader, account: str, reservation_id: str) -> list[Instance]:
    rows = await reader.rows(
        f"SELECT {_COLUMNS} FROM compute_instance WHERE account = ? AND reservation_id = ? "
        "ORDER BY launch_index LIMIT ?",
        account,
        reservation_id,
        MAX_ROWS,
    )
    return [_to_instance(row) for row in rows]


async def select_on_node(reader: Reader, node: str) -> list[Instance]:
    """Everything placed on a node that is not gone."""
    rows = await reader.rows(
        f"SELECT {_COLUMNS} FROM compute_instance WHERE node = ? AND {LIVE} ORDER BY id LIMIT ?",
        node,
        MAX_ROWS,
    )
    return [_to_instance(row) for row in rows]


async def select_unplaced(reader: Reader) -> list[Instance]:
    """Wanted instances that have no node yet, oldest first."""
    rows = await reader.rows(
        f"SELECT {_COLUMNS} FROM compute_instance WHERE state = 'pending' AND node = '' "
        "ORDER BY launched_us, id LIMIT ?",
        MAX_ROWS,
    )
    return [_to_instance(row) for row in rows]


async def select_running(reader: Reader) -> list[Instance]:
    rows = await reader.rows(
        f"SELECT {_COLUMNS} FROM compute_instance WHERE state IN ('running', 'stopping', "
        "'shutting-down') AND booted_us > 0 ORDER BY id LIMIT ?",
        MAX_ROWS,
    )
    return [_to_instance(row) for row in rows]


async def select_at_address(reader: Reader, vpc_id: str, address: str) -> Instance | None:
    row = await reader.row(
        f"SELECT {_COLUMNS} FROM compute_instance WHERE vpc_id = ? AND address = ? AND {LIVE} "
        "LIMIT 1",
        vpc_id,
        address,
    )
    return None if row is None else _to_instance(row)


async def select_any(reader: Reader, instance_id: str) -> Instance | None:
    """An instance of whichever account, for the node's side."""
    row = await reader.row(f"SELECT {_COLUMNS} FROM compute_instance WHERE id = ?", instance_id)
    return None if row is None else _to_instance(row)


async def select_load(reader: Reader) -> list[tuple[str, str]]:
    """(node, type) of every placed instance that is or will be running."""
    rows = await reader.rows(
        "SELECT node, type FROM compute_instance WHERE node <> '' "
        "AND state IN ('pending', 'running', 'stopping') LIMIT ?",
        MAX_ROWS,
    )
    return [(row[0], row[1]) for row in rows]


async def count_live(reader: Reader, account: str) -> int:
    row = await reader.row(
        f"SELECT count(*) FROM compute_instance WHERE account = ? AND {LIVE}", account
    )
    return int(row[0]) if row else 0


async def update_wish(tx: Tx, it: Instance) -> None:
    """Write what was asked for: state, wanted, generation and the reason."""
    await tx.execute(
        "UPDATE compute_instance SET state = ?, wanted = ?, generation = ?, reason_code = ?, "
        "reason = ?, changed_us = ?, launched_us = ? WHERE id = ?",
        it.state.value,
        it.wanted.value,
        it.generation,
        it.reason_code,
        it.reason,
        it.changed_us,
        it.launched_us,
        it.id,
    )


async def update_found(tx: Tx, it: Instance) -> None:
    """Write what a node found: state, reason, boot and metering times."""
    await tx.execute(
        "UPDATE compute_instance SET state = ?, wanted = ?, reason_code = ?, reason = ?, "
        "changed_us = ?, booted_us = ?, metered_us = ? WHERE id = ?",
        it.state.value,
        it.wanted.value,
        it.reason_code,
        it.reason,
        it.changed_us,
        it.booted_us,
        it.metered_us,
        it.id,
    )


async def update_node(tx: Tx, instance_id: str, node: str) -> int:
    """Place an instance; 0 when it was placed or changed meanwhile."""
    return await tx.execute(
        "UPDATE compute_instance SET node = ? WHERE id = ? AND node = '' AND state = 'pending'",
        node,
        instance_id,
    )


async def update_metadata_options(tx: Tx, instance_id: str, *, tokens_required: bool) -> None:
    await tx.execute(
        "UPDATE compute_instance SET tokens_required = ? WHERE id = ?",
        int(tokens_required),
        instance_id,
    )


async def update_console(tx: Tx, instance_id: str, console: bytes) -> None:
    await tx.execute("UPDATE compute_instance SET console = ? WHERE id = ?", console, instance_id)


async def select_console(reader: Reader, instance_id: str) -> bytes:
    row = await reader.row("SELECT console FROM compute_instance WHERE id = ?", instance_id)
    return bytes(row[0]) if row else b""


async def delete_terminated(tx: Tx, before_us: int) -> int:
    """Forget instances that have been terminated long enough."""
    return await tx.execute(
        "DELETE FROM compute_instance WHERE state = 'terminated' AND changed_us < ?", before_us
    )


async def select_client_token(reader: Reader, account: str, token: str) -> tuple[str, str] | None:
    """The digest of the request and the reservation it made."""
    row = await reader.row(
        "SELECT digest, reservation_id FROM compute_client_token WHERE account = ? AND token = ?",
        account,
        token,
    )
    return None if row is None else (row[0], row[1])


async def insert_client_token(
    tx: Tx, *, account: str, token: str, digest: str, reservation_id: str, now_us: int
) -> None:
    await tx.execute(
        "INSERT INTO compute_client_token (account, token, digest, reservation_id, created_us) "
        "VALUES (?, ?, ?, ?, ?)",
        account,
        token,
        digest,
        reservation_id,
        now_us,
    )


def _to_instance(row: Row) -> Instance:
    names = [name.strip() for name in _COLUMNS.split(",")]
    values = dict(zip(names, row, strict=True))
    values["state"] = State(values["state"])
    values["wanted"] = Wanted(values["wanted"])
    values["tokens_required"] = bool(values["tokens_required"])
    return Instance(**values)
