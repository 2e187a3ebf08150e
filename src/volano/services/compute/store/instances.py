"""SQL of instances: reads and inserts. What changes them is in store/changes.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.compute.model import Instance, State, Wanted

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_NAMES = (
    "account",
    "id",
    "reservation_id",
    "launch_index",
    "client_token",
    "type",
    "image_id",
    "zone",
    "vpc_id",
    "vpc_cidr",
    "subnet_id",
    "subnet_cidr",
    "address",
    "gateway",
    "mac",
    "interface_id",
    "key_name",
    "profile",
    "profile_id",
    "profile_arn",
    "tokens_required",
    "state",
    "wanted",
    "generation",
    "reason_code",
    "reason",
    "node",
    "launched_us",
    "changed_us",
    "booted_us",
    "metered_us",
)
_COLUMNS = ", ".join(_NAMES)
_MARKS = ", ".join("?" * (len(_NAMES) + 1))
MAX_ROWS = 10_000
_LIVE = "state <> 'terminated'"


async def insert_instances(tx: Tx, made: list[Instance], *, user_data: str) -> None:
    """New rows; `user_data` is base64, as it came, and the same for all of a launch."""
    await tx.execute_many(
        f"INSERT INTO compute_instance ({_COLUMNS}, user_data, console) VALUES ({_MARKS}, ?)",
        [(*_values(it), user_data, b"") for it in made],
    )


async def select_instance(reader: Reader, account: str, instance_id: str) -> Instance | None:
    row = await reader.row(
        f"SELECT {_COLUMNS} FROM compute_instance WHERE account = ? AND id = ?",
        account,
        instance_id,
    )
    return None if row is None else _to_instance(row)


async def select_instances(
    reader: Reader, account: str, ids: list[str] | None = None
) -> list[Instance]:
    """The account's instances (or those of them with the given ids), newest launch last."""
    among = "" if ids is None else f" AND id IN ({', '.join('?' * len(ids)) or 'NULL'})"
    rows = await reader.rows(
        f"SELECT {_COLUMNS} FROM compute_instance WHERE account = ?{among} "
        "ORDER BY launched_us, launch_index, id LIMIT ?",
        account,
        *(ids or []),
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
        f"SELECT {_COLUMNS} FROM compute_instance WHERE node = ? AND {_LIVE} ORDER BY id LIMIT ?",
        node,
        MAX_ROWS,
    )
    return [_to_instance(row) for row in rows]


async def select_at_address(reader: Reader, vpc_id: str, address: str) -> Instance | None:
    row = await reader.row(
        f"SELECT {_COLUMNS} FROM compute_instance WHERE vpc_id = ? AND address = ? AND {_LIVE} "
        "LIMIT 1",
        vpc_id,
        address,
    )
    return None if row is None else _to_instance(row)


async def select_any(reader: Reader, instance_id: str) -> Instance | None:
    """An instance of whichever account, for the node's side."""
    row = await reader.row(f"SELECT {_COLUMNS} FROM compute_instance WHERE id = ?", instance_id)
    return None if row is None else _to_instance(row)


async def select_lost(reader: Reader, seen_before_us: int) -> list[Instance]:
    """Instances to be removed on nodes that were not seen since, or are not known."""
    rows = await reader.rows(
        f"SELECT {_COLUMNS} FROM compute_instance WHERE wanted = 'gone' AND {_LIVE} "
        "AND node NOT IN (SELECT name FROM compute_node WHERE seen_us >= ?) ORDER BY id LIMIT ?",
        seen_before_us,
        MAX_ROWS,
    )
    return [_to_instance(row) for row in rows]


async def select_live_ids(reader: Reader, ids: list[str]) -> set[str]:
    """Which of these ids are instances that are not terminated."""
    marks = ", ".join("?" * len(ids)) or "NULL"
    rows = await reader.rows(
        f"SELECT id FROM compute_instance WHERE id IN ({marks}) AND {_LIVE}", *ids
    )
    return {row[0] for row in rows}


async def select_load(reader: Reader) -> list[tuple[str, str, int]]:
    """(node, type, count) of the placed instances that take room: all but stopped and gone."""
    rows = await reader.rows(
        "SELECT node, type, count(*) FROM compute_instance WHERE node <> '' "
        "AND state IN ('pending', 'running', 'stopping', 'shutting-down') GROUP BY node, type"
    )
    return [(row[0], row[1], row[2]) for row in rows]


async def count_live(reader: Reader, account: str) -> int:
    row = await reader.row(
        f"SELECT count(*) FROM compute_instance WHERE account = ? AND {_LIVE}", account
    )
    return int(row[0]) if row else 0


async def select_user_data(reader: Reader, instance_id: str) -> str:
    """Base64, as it came; empty when there is none."""
    row = await reader.row("SELECT user_data FROM compute_instance WHERE id = ?", instance_id)
    return str(row[0]) if row else ""


async def select_console(reader: Reader, instance_id: str) -> bytes:
    row = await reader.row("SELECT console FROM compute_instance WHERE id = ?", instance_id)
    return bytes(row[0]) if row else b""


def _values(it: Instance) -> tuple[str | int, ...]:
    given = {name: getattr(it, name) for name in _NAMES}
    given |= {"state": it.state.value, "wanted": it.wanted.value}
    given["tokens_required"] = int(it.tokens_required)
    return tuple(given.values())


def _to_instance(row: Row) -> Instance:
    values = dict(zip(_NAMES, row, strict=True))
    values["state"] = State(values["state"])
    values["wanted"] = Wanted(values["wanted"])
    values["tokens_required"] = bool(values["tokens_required"])
    return Instance(**values)
