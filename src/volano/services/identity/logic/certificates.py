"""Server certificates of an account, and signing certificates of users.

Specified in the IAM API reference. Certificates are read, and a private key must belong to its
certificate; test mode takes the words that public suites write instead ("certbody").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from volano.services.identity.logic.names import (
    require_name,
    require_path,
    require_tags,
)
from volano.services.identity.model.errors import (
    EntityAlreadyExists,
    InvalidInput,
    KeyPairMismatch,
    LimitExceeded,
    MalformedCertificate,
    NoSuchEntity,
)
from volano.services.identity.model.items import Item, ItemKind
from volano.services.identity.store import items as rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader, Tx
    from volano.services.identity.model.principals import User

MAX_SERVER_CERTIFICATES = 20
MAX_SIGNING_CERTIFICATES = 2
"""IAM quotas, per account and per user."""
STATUSES = ("Active", "Inactive")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerCertificate:
    """What UploadServerCertificate gives."""

    name: str
    path: str
    body: str
    private_key: str
    chain: str | None
    tags: Mapping[str, str]


async def upload_server_certificate(env: Env, call: Call, wanted: ServerCertificate) -> Item:
    require_name(wanted.name, field="serverCertificateName", limit=128)
    require_path(wanted.path)
    require_tags(wanted.tags)
    ends = _read_pair(env, wanted)
    item_id = env.ids.unique("ASCA", 17)
    item = Item(
        id=item_id,
        account=call.account,
        kind=ItemKind.SERVER_CERTIFICATE,
        name=wanted.name,
        body={
            "path": wanted.path,
            "certificate": wanted.body,
            "chain": wanted.chain or "",
            "expires": str(int(ends.timestamp())),
        },
        tags=dict(wanted.tags),
        secret=env.secrets.seal(wanted.private_key.encode(), context=item_id),
        created_us=env.clock.now_us(),
    )

    async def write(tx: Tx) -> None:
        await _require_free(tx, call.account, wanted.name)
        known = await rows.select_items(tx, call.account, ItemKind.SERVER_CERTIFICATE)
        if len(known) >= MAX_SERVER_CERTIFICATES:
            raise LimitExceeded(
                f"Cannot exceed quota for ServerCertificatesPerAccount: {MAX_SERVER_CERTIFICATES}"
            )
        await rows.insert_item(tx, item)

    await env.store.transact(write)
    return item


async def _require_free(reader: Reader, account: str, name: str) -> None:
    kind = ItemKind.SERVER_CERTIFICATE
    if await rows.find_item_by_name(reader, account, kind, name) is not None:
        raise EntityAlreadyExists(f"The Server Certificate with name {name} already exists.")


def _read_pair(env: Env, wanted: ServerCertificate) -> datetime:
    """When the certificate ends; raises MalformedCertificate and KeyPairMismatch."""
    if env.config.test_mode and "BEGIN" not in wanted.body:
        return datetime.fromtimestamp(env.clock.now_us() / 1e6, UTC) + timedelta(days=365)
    certificate = read_certificate(wanted.body)
    for one in wanted.chain.split("-----END CERTIFICATE-----")[:-1] if wanted.chain else ():
        read_certificate(one + "-----END CERTIFICATE-----")
    try:
        key = load_pem_private_key(wanted.private_key.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise MalformedCertificate("The private key is no PEM key without password.") from error
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if key.public_key().public_bytes(*form) != certificate.public_key().public_bytes(*form):
        raise KeyPairMismatch("The private key does not match the certificate.")
    return certificate.not_valid_after_utc


def read_certificate(text: str) -> x509.Certificate:
    """A PEM certificate; raises MalformedCertificate."""
    try:
        return x509.load_pem_x509_certificate(text.strip().encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise MalformedCertificate("Certificate is malformed, expecting PEM encoding.") from error


async def get_server_certificate(reader: Reader, account: str, name: str) -> Item:
    """By name; raises NoSuchEntity."""
    found = await rows.find_item_by_name(reader, account, ItemKind.SERVER_CERTIFICATE, name)
    if found is None or found.name != name:
        raise NoSuchEntity(f"The Server Certificate with name {name[:128]} cannot be found.")
    return found


async def list_server_certificates(env: Env, call: Call, path_prefix: str) -> list[Item]:
    found = await rows.select_items(env.store.reader, call.account, ItemKind.SERVER_CERTIFICATE)
    return [one for one in found if one.body["path"].startswith(path_prefix)]


async def update_server_certificate(
    env: Env, call: Call, name: str, *, new_name: str | None, new_path: str | None
) -> None:
    """Change name and path, where given."""
    if new_name is not None:
        require_name(new_name, field="newServerCertificateName", limit=128)
    if new_path is not None:
        require_path(new_path, field="newPath")

    async def write(tx: Tx) -> None:
        found = await get_server_certificate(tx, call.account, name)
        if new_name is not None and new_name.lower() != name.lower():
            await _require_free(tx, call.account, new_name)
        body = {**found.body, "path": new_path or found.body["path"]}
        await rows.update_item(tx, replace(found, name=new_name or name, body=body))

    await env.store.transact(write)


async def tag_server_certificate(
    env: Env, call: Call, name: str, *, add: Mapping[str, str], remove: Sequence[str] = ()
) -> None:
    async def write(tx: Tx) -> None:
        found = await get_server_certificate(tx, call.account, name)
        tags = {k: v for k, v in {**found.tags, **add}.items() if k not in remove}
        require_tags(tags)
        await rows.update_item(tx, replace(found, tags=tags))

    await env.store.transact(write)


async def delete_server_certificate(env: Env, call: Call, name: str) -> None:
    async def write(tx: Tx) -> None:
        await rows.delete_item(tx, (await get_server_certificate(tx, call.account, name)).id)

    await env.store.transact(write)


# --- signing certificates -------------------------------------------------------------------------


async def upload_signing_certificate(env: Env, user: User, body: str) -> Item:
    """Active; raises MalformedCertificate and LimitExceeded."""
    read_certificate(body)
    item_id = env.ids.unique("", 32)
    item = Item(
        id=item_id,
        account=user.account,
        kind=ItemKind.SIGNING_CERTIFICATE,
        owner=user.id,
        name=item_id,
        body={"certificate": body, "status": "Active"},
        created_us=env.clock.now_us(),
    )

    async def write(tx: Tx) -> None:
        known = await rows.select_items_of(tx, user.id, ItemKind.SIGNING_CERTIFICATE)
        if len(known) >= MAX_SIGNING_CERTIFICATES:
            raise LimitExceeded(
                f"Cannot exceed quota for CertificatesPerUser: {MAX_SIGNING_CERTIFICATES}"
            )
        await rows.insert_item(tx, item)

    await env.store.transact(write)
    return item


async def list_signing_certificates(env: Env, user: User) -> list[Item]:
    return await rows.select_items_of(env.store.reader, user.id, ItemKind.SIGNING_CERTIFICATE)


async def update_signing_certificate(env: Env, user: User, item_id: str, status: str) -> None:
    """`status` is Active or Inactive."""
    require_status(status)

    async def write(tx: Tx) -> None:
        found = await _signing(tx, user, item_id)
        await rows.update_item(tx, replace(found, body={**found.body, "status": status}))

    await env.store.transact(write)


def require_status(status: str) -> None:
    if status not in STATUSES:
        raise InvalidInput(f"Status is Active or Inactive, not {status[:40]}.")


async def delete_signing_certificate(env: Env, user: User, item_id: str) -> None:
    async def write(tx: Tx) -> None:
        await rows.delete_item(tx, (await _signing(tx, user, item_id)).id)

    await env.store.transact(write)


async def _signing(reader: Reader, user: User, item_id: str) -> Item:
    found = await rows.find_item(reader, user.account, ItemKind.SIGNING_CERTIFICATE, item_id)
    if found is None or found.owner != user.id:
        raise NoSuchEntity(f"The Certificate with id {item_id[:128]} cannot be found.")
    return found
