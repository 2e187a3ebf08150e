"""What runs as process 1 of an instance, and what is laid out on its disk before the first boot.

Init is a POSIX shell script: it starts in about a millisecond and every root file system has a
shell. As in EC2, user data runs once, on the first boot, as root, when it begins with `#!`; the
instance then stays up until it is stopped. On TERM init ends every process and waits for them.
The folders under /var/lib/cloud are those of cloud-init, so scripts that look there find them.
Where the disk is read only, nothing is noted there, and init goes on.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from volano.kernel.runtime import Workload

CLOUD = "var/lib/cloud/instance"
METADATA_ADDRESS = "169.254.169.254"
HOST_ADDRESS = "169.254.169.253"

INIT = r"""
exec 2>&1
here=/var/lib/cloud/instance
finish() {
  trap '' TERM INT
  kill -TERM -1 2>/dev/null
  while kill -0 -1 2>/dev/null; do sleep 0.02; done
  exit 0
}
trap finish TERM INT
cd /root 2>/dev/null || cd /
if [ -s $here/user-data.txt ] && [ ! -e $here/boot-started ]; then
  echo > $here/boot-started
  case "$(head -c 2 $here/user-data.txt)" in
  '#!')
    $here/user-data.txt &
    wait $!
    code=$?
    echo $code > $here/boot-exit
    echo "volano: user data ended with exit code $code"
    ;;
  *)
    echo "volano: user data was not run: it must begin with #! (#cloud-config is not supported)"
    ;;
  esac
fi
while :; do sleep infinity & wait $!; done
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstBoot:
    """Where and for whom the first boot's files are written; `owner` is root as the host sees it.

    `mark` says that it is done. It lies outside the instance's disk: were it inside, a tenant could
    remove it, leave a symbolic link to the host's /etc and have the host write through it.
    """

    root: Path
    mark: Path
    owner: int
    nameservers: tuple[str, ...]


def write_first_boot(boot: FirstBoot, workload: Workload) -> None:
    """Write host name, resolver, user data and keys, once; later starts keep what is there."""
    if boot.mark.exists():
        return
    short = workload.hostname.split(".")[0]
    _write(boot, "etc/hostname", f"{short}\n", 0o644)
    _write(boot, "etc/hosts", _hosts(workload, short), 0o644)
    resolver = "".join(f"nameserver {address}\n" for address in boot.nameservers)
    _write(boot, "etc/resolv.conf", resolver, 0o644)
    if workload.authorized_keys:
        _write(boot, "root/.ssh/authorized_keys", workload.authorized_keys.rstrip() + "\n", 0o600)
        (boot.root / "root").chmod(0o700)
        (boot.root / "root/.ssh").chmod(0o700)
    if workload.boot:
        _write(boot, f"{CLOUD}/user-data.txt", workload.boot, 0o700)
    _write(boot, f"{CLOUD}/instance-id", f"{workload.id}\n", 0o644)
    boot.mark.touch()


def _hosts(workload: Workload, short: str) -> str:
    names = workload.hostname if short == workload.hostname else f"{workload.hostname} {short}"
    return (
        "127.0.0.1 localhost\n"
        f"{workload.address or '127.0.1.1'} {names}\n"
        f"{METADATA_ADDRESS} instance-data\n"
        f"{HOST_ADDRESS} volano\n"
        "::1 localhost ip6-localhost ip6-loopback\n"
    )


def _write(boot: FirstBoot, name: str, text: str, mode: int) -> None:
    path = boot.root
    for part in name.split("/")[:-1]:
        path = path / part
        if not path.exists():
            path.mkdir()
            path.chmod(0o755)  # whatever the umask is
            os.chown(path, boot.owner, boot.owner)
    path = path / name.rsplit("/", 1)[-1]
    path.unlink(missing_ok=True)
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    path.chmod(mode)
    os.chown(path, boot.owner, boot.owner)
