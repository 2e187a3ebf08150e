"""The way out: a veth between the host and a network's router, and what the host knows of its own.

Both ends masquerade. From an uplink the host accepts nothing for itself and forwards nothing to
another uplink, so instances reach what lies beyond the host but neither the host nor other VPCs.
Forwarding is switched on for the devices involved only, not for the whole host.
"""

from __future__ import annotations

import contextlib
import fcntl
import ipaddress
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from volano.backends.runtime import commands
from volano.kernel.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

UPLINKS = ipaddress.ip_network("100.125.0.0/16")
UPLINK_PREFIX = "vou"
HOST_LOCK = Path("/run/volano-network.lock")
ETHERNET_MTU = 1500
HOST_RULES = f"""
add table inet volano
delete table inet volano
table inet volano {{
  chain postrouting {{
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr {UPLINKS} masquerade
  }}
  chain input {{
    type filter hook input priority filter; policy accept;
    iifname "{UPLINK_PREFIX}*" ct state established,related accept
    iifname "{UPLINK_PREFIX}*" drop
  }}
  chain forward {{
    type filter hook forward priority filter; policy accept;
    iifname "{UPLINK_PREFIX}*" oifname "{UPLINK_PREFIX}*" drop
  }}
}}
"""


class Uplink(msgspec.Struct, frozen=True, kw_only=True):
    """The /30 between the host and one router."""

    device: str
    host_address: str
    router_address: str


def add_uplink(device: str, namespace: str) -> Uplink:
    """Make the pair with the first free /30; its other end `uplink` lies in `namespace`, down."""
    ip = commands.get_program("ip")
    with _host_lock():
        host, router = _free_subnet(commands.run([ip, "-json", "-4", "addr"]))
        mtu = f"mtu {way_out_mtu()}"
        batch = (
            f"link add {device} {mtu} type veth peer name uplink {mtu} netns {namespace}\n"
            f"addr add {host}/30 dev {device}\n"
            f"link set {device} up\n"
        )
        commands.run([ip, "-batch", "-"], stdin=batch)
        for name in (device, default_device()):
            Path(f"/proc/sys/net/ipv4/conf/{name}/forwarding").write_text("1")
        commands.run([commands.get_program("nft"), "-f", "-"], stdin=HOST_RULES)
    return Uplink(device=device, host_address=host, router_address=router)


def remove_uplink(device: str) -> None:
    """Remove the pair if it is there."""
    if Path(f"/sys/class/net/{device}").exists():
        commands.attempt([commands.get_program("ip"), "link", "del", device])


def default_device() -> str:
    """The device of the host's default IPv4 route; empty when it has none."""
    for line in Path("/proc/net/route").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1] == "00000000" and int(fields[3], 16) & 2:  # the flag RTF_GATEWAY
            return fields[0]
    return ""


def nameservers() -> tuple[str, ...]:
    """Resolvers that an instance can reach: the host's, without those on its loopback."""
    for source in ("/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"):
        with contextlib.suppress(OSError, ValueError):
            lines = (line.split() for line in Path(source).read_text().splitlines())
            found = [line[1] for line in lines if len(line) > 1 and line[0] == "nameserver"]
            usable = [name for name in found if not ipaddress.ip_address(name).is_loopback]
            if usable:
                return tuple(usable[:3])
    return ()


def way_out_mtu() -> int:
    """That of the default route's device, so that instances never send what must be cut up."""
    with contextlib.suppress(OSError, ValueError):
        return min(ETHERNET_MTU, int(Path(f"/sys/class/net/{default_device()}/mtu").read_text()))
    return ETHERNET_MTU


def _free_subnet(addresses_json: str) -> tuple[str, str]:
    taken = {
        ipaddress.ip_address(info["local"])
        for link in json.loads(addresses_json)
        for info in link.get("addr_info", ())
    }
    for subnet in UPLINKS.subnets(new_prefix=30):
        host, router = subnet.network_address + 1, subnet.network_address + 2
        if host not in taken:
            return str(host), str(router)
    raise Unavailable(f"No free uplink address is left in {UPLINKS}; remove unused networks.")


@contextlib.contextmanager
def _host_lock() -> Iterator[None]:
    """Keeps two Volanos on one host from choosing the same uplink address."""
    descriptor = os.open(HOST_LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
