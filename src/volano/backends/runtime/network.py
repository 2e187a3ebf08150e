"""Private networks on one host: a router namespace per VPC, a veth pair per instance.

Each instance is a /32 route over its own veth with proxy ARP, so there is no bridge and every
packet between instances crosses the router. Strict reverse-path filtering in the router drops any
packet whose source is not the address routed to that veth: no instance can speak as another, and
the metadata service may trust the peer address. Networks share nothing, so VPCs are apart.

The router owns two link-local addresses: 169.254.169.254 (metadata) and 169.254.169.253 (the
host's own API endpoints); sockets there are opened by `listeners.py`.

Where the host has a default route, an uplink veth (a /30 of 100.125.0.0/16, an address range for
carriers that no LAN uses) leads out; see uplink.py. A closed network never has one.

The same code serves without root: then the namespaces belong to a user namespace that a sleeping
holder process keeps open, there is no uplink, and commands enter it by `nsenter`.
"""

from __future__ import annotations

import contextlib
import hashlib
import ipaddress
import os
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from volano.backends.runtime import boot, commands, state
from volano.backends.runtime.uplink import (
    UPLINK_PREFIX,
    Uplink,
    add_uplink,
    remove_uplink,
    way_out_mtu,
)
from volano.kernel.errors import Unavailable
from volano.kernel.runtime import CLOSED_PREFIX

if TYPE_CHECKING:
    from volano.kernel.runtime import Workload

NAMESPACES = Path("/run/netns")
ROUTER_RULES = """
table inet volano {
  chain input {
    type filter hook input priority filter; policy accept;
    iifname "uplink" ct state established,related accept
    iifname "uplink" drop
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    meta nfproto ipv6 drop
    iifname "uplink" ct state established,related accept
    iifname "uplink" drop
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "uplink" masquerade
  }
}
"""
# In the router: make the pair, answer ARP at once (else the first packet waits up to 0.8 s; this
# setting has no default for new devices in a namespace), then configure the instance's end.
ATTACH = """
ip=$1 device=$2 inside=$3
"$ip" -batch - <<END
$4
END
echo 0 > "/proc/sys/net/ipv4/neigh/$device/proxy_delay"
nsenter "--net=$inside" "$ip" -batch - <<END
$5
END
"""
# The kernel also removes the pair when the instance's namespace goes, some time later; whoever
# comes first, it must be gone before the same instance starts again.
DETACH = """
for attempt in $(seq 100); do
  "$1" link del "$2" 2>/dev/null
  "$1" link show "$2" >/dev/null 2>&1 || exit 0
  sleep 0.02
done
exit 1
"""
ROUTER_SYSCTLS = {
    "ipv4/ip_forward": 1,
    "ipv4/conf/all/rp_filter": 1,
    "ipv4/conf/default/rp_filter": 1,
    "ipv4/conf/all/proxy_arp": 1,
    "ipv4/conf/all/accept_redirects": 0,
    "ipv4/conf/all/send_redirects": 0,
    "ipv4/conf/default/send_redirects": 0,
}


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """The sleeping process that keeps a rootless network's namespaces open."""

    pid: int
    ticks: int
    boot_id: str


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """What was made for one network; written last, so a half-made one is made again."""

    name: str
    namespace: str = ""
    holder: Holder | None = None
    uplink: Uplink | None = None


class Networks:
    """Makes, finds and removes the networks of one state folder. Every method blocks."""

    def __init__(self, folder: Path, tag: str, *, rootless: bool, internet: bool) -> None:
        self._folder = folder
        self._tag = tag
        self._rootless = rootless
        self._internet = internet
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)

    def ensure(self, name: str) -> Network:
        """The network, made if it is not there; looking takes microseconds."""
        state.require_name(name, "network")
        with self._lock:
            network = self.find(name)
            if network is None:
                self._clear(name)
                network = self._make_rootless(name) if self._rootless else self._make(name)
                state.write_atomically(self._folder / f"{name}.json", msgspec.json.encode(network))
            return network

    def find(self, name: str) -> Network | None:
        """The network if it was made completely and is still there (not after a host's restart)."""
        try:
            content = (self._folder / f"{name}.json").read_bytes()
            network = msgspec.json.decode(content, type=Network)
        except (OSError, msgspec.MsgspecError):
            return None
        if network.holder is not None:
            return network if _is_alive(network.holder) else None
        return network if _is_namespace(NAMESPACES / network.namespace) else None

    def names(self) -> list[str]:
        """Every network that was made here."""
        return sorted(path.stem for path in self._folder.glob("[!.]*.json"))

    def attach(self, workload: Workload, pid: int) -> None:
        """Give the process `pid` (in its own network namespace) its interface `eth0`."""
        network = self.ensure(workload.network)
        device = veth_name(workload.id)
        cidr = ipaddress.ip_network(workload.network_cidr, strict=False)
        mac = f" address {workload.mac}" if workload.mac else ""
        mtu = f" mtu {way_out_mtu()}"
        router = (
            f"link add {device}{mtu} type veth peer name eth0{mac}{mtu} netns {pid}\n"
            f"addr replace {workload.gateway}/32 dev lo\n"
            f"link set {device} up\n"
            f"route replace {workload.address}/32 dev {device}\n"
            # what is nobody's address must not leave by the uplink
            f"route replace unreachable {cidr}\n"
        )
        inside = (
            # bubblewrap sets up the loopback itself and fails when it is up already
            ("" if self._rootless else "link set lo up\n")
            + f"addr add {workload.address}/{cidr.prefixlen} dev eth0\n"
            "link set eth0 up\n"
            f"route add default via {workload.gateway} dev eth0 onlink\n"
        )
        ip = commands.get_program("ip")
        script = ["sh", "-ec", ATTACH, "volano", ip, device, f"/proc/{pid}/ns/net", router, inside]
        commands.run([*enter(network), *script])

    def detach(self, workload: Workload) -> None:
        """Remove the instance's interface now, not when the kernel gets to it; may be repeated."""
        network = self.find(workload.network) if workload.network else None
        if network is not None:
            ip = commands.get_program("ip")
            script = ["sh", "-c", DETACH, "volano", ip, veth_name(workload.id)]
            commands.attempt([*enter(network), *script])

    def remove(self, name: str) -> None:
        """Remove the network and its uplink; instances in it lose their interface."""
        state.require_name(name, "network")
        with self._lock:
            self._clear(name)
            (self._folder / f"{name}.json").unlink(missing_ok=True)

    def _clear(self, name: str) -> None:
        """Remove what a complete or half-made network left."""
        if self._rootless:
            self._end_holder(name)
            return
        ip = commands.get_program("ip")
        remove_uplink(self._uplink_name(name))
        if (NAMESPACES / self._namespace(name)).exists():
            commands.attempt([ip, "netns", "del", self._namespace(name)])

    def _end_holder(self, name: str) -> None:
        network = self.find(name)
        if network is not None and network.holder is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(network.holder.pid, 9)

    def _make(self, name: str) -> Network:
        ip = commands.get_program("ip")
        namespace = self._namespace(name)
        commands.run([ip, "netns", "add", namespace])
        network = Network(name=name, namespace=namespace)
        _configure_router(network)
        if not self._internet or name.startswith(CLOSED_PREFIX):
            return network
        commands.run([*enter(network), commands.get_program("nft"), "-f", "-"], stdin=ROUTER_RULES)
        uplink = add_uplink(self._uplink_name(name), namespace)
        inside = (
            f"addr add {uplink.router_address}/30 dev uplink\n"
            "link set uplink up\n"
            f"route add default via {uplink.host_address} dev uplink\n"
        )
        commands.run([*enter(network), ip, "-batch", "-"], stdin=inside)
        return Network(name=name, namespace=namespace, uplink=uplink)

    def _make_rootless(self, name: str) -> Network:
        network = Network(name=name, holder=start_holder())
        _configure_router(network)
        return network

    def _namespace(self, name: str) -> str:
        return f"volano-{self._tag}-{name}"

    def _uplink_name(self, name: str) -> str:
        return UPLINK_PREFIX + _short_hash(f"{self._tag}/{name}")


def enter(network: Network) -> list[str]:
    """The start of a command that runs in the router's namespaces."""
    nsenter = commands.get_program("nsenter")
    if network.holder is None:
        return [nsenter, f"--net={NAMESPACES / network.namespace}"]
    place = f"/proc/{network.holder.pid}/ns"
    return [nsenter, f"--user={place}/user", f"--net={place}/net", "--preserve-credentials"]


def start_holder() -> Holder:
    """Start the sleeper in new user and network namespaces; it outlives this process."""
    setsid, unshare = commands.get_program("setsid"), commands.get_program("unshare")
    script = "echo $$; exec sleep infinity </dev/null >/dev/null 2>&1"
    started = subprocess.run(
        [setsid, "--fork", unshare, "--user", "--map-root-user", "--net", "sh", "-c", script],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=commands.ENVIRONMENT,
        timeout=commands.COMMAND_LIMIT_S,
        check=False,
    )
    line = started.stdout
    if not line.strip().isdigit():
        raise Unavailable("This host does not let a user make namespaces (unshare --user --net).")
    pid = int(line)
    return Holder(pid=pid, ticks=state.process_ticks(pid), boot_id=state.boot_id())


def veth_name(workload_id: str) -> str:
    """The router's end of an instance's pair; Linux allows 15 characters."""
    return "i" + _short_hash(workload_id)


def _configure_router(network: Network) -> None:
    ip = commands.get_program("ip")
    batch = (
        "link set lo up\n"
        f"addr add {boot.METADATA_ADDRESS}/32 dev lo scope link\n"
        f"addr add {boot.HOST_ADDRESS}/32 dev lo scope link\n"
    )
    settings = "; ".join(
        f"echo {value} > /proc/sys/net/{key}" for key, value in ROUTER_SYSCTLS.items()
    )
    commands.run([*enter(network), "sh", "-ec", settings])
    commands.run([*enter(network), ip, "-batch", "-"], stdin=batch)


def _is_namespace(path: Path) -> bool:
    """A name of a namespace is a mount over an empty file; after a crash only the file is left."""
    try:
        return path.stat().st_dev != path.parent.stat().st_dev
    except OSError:
        return False


def _is_alive(holder: Holder) -> bool:
    return holder.boot_id == state.boot_id() and state.process_ticks(holder.pid) == holder.ticks


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:11]
