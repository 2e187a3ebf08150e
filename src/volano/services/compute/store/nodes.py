"""SQL of nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.compute.model import Node

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Tx


async def upsert_node(tx: Tx, node: Node) -> None:
    await tx.execute(
        "INSERT INTO compute_node (name, zone, cpu_millis, memory_bytes, seen_us) "
        "VALUES (?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET zone = excluded.zone, "
        "cpu_millis = excluded.cpu_millis, memory_bytes = excluded.memory_bytes, "
        "seen_us = excluded.seen_us",
        node.name,
        node.zone,
        node.cpu_millis,
        node.memory_bytes,
        node.seen_us,
    )


async def select_nodes(reader: Reader) -> list[Node]:
    rows = await reader.rows(
        "SELECT name, zone, cpu_millis, memory_bytes, seen_us FROM compute_node ORDER BY name "
        "LIMIT 10000"
    )
    return [
        Node(name=r[0], zone=r[1], cpu_millis=r[2], memory_bytes=r[3], seen_us=r[4]) for r in rows
    ]


async def select_nodes_in_use(reader: Reader, machine: str) -> list[tuple[str, str]]:
    """(node, zone) of the machine's nodes on which instances are that are not gone."""
    rows = await reader.rows(
        "SELECT DISTINCT node, zone FROM compute_instance WHERE state <> 'terminated' "
        "AND node >= ? AND node < ? ORDER BY node LIMIT 100",
        f"{machine}:",
        f"{machine};",
    )
    return [(row[0], row[1]) for row in rows]


async def delete_nodes(tx: Tx, seen_before_us: int) -> None:
    """Forget nodes that were not seen since then and have no instances."""
    await tx.execute(
        "DELETE FROM compute_node WHERE seen_us < ? AND name NOT IN "
        "(SELECT node FROM compute_instance WHERE state <> 'terminated')",
        seen_before_us,
    )
