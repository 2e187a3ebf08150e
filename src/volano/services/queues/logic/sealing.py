"""Bodies at rest: sealed under the region's key or a KMS key, or plain where a queue says so.

A queue with `KmsMasterKeyId` seals each body with a data key from KMS, which senders (and the
services that send for them) must be allowed to generate and receivers to decrypt; the data key is
used again for `KmsDataKeyReusePeriodSeconds`, but rights are asked for each time. Such a body is:
length and text of the wrapped key, length and text of the queue's ARN that it is bound to (a moved
message keeps both), nonce, AES-256-GCM's output.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from volano.kernel.call import system_call
from volano.kernel.errors import Denied, Internal, VolanoError
from volano.services.identity.interface import service_may
from volano.services.kms import interface as kms
from volano.services.queues.logic.errors import KmsRefused

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.journal import Journal
    from volano.services.queues.model import Message, Queue

PLAIN, REGION_KEY, KMS_KEY = 0, 1, 2
DATA_KEY_BYTES = 32
NONCE_BYTES = 12
OWN_ALIAS = "alias/aws/sqs"
CONTEXT = "aws:sqs:arn"
DEFAULT_REUSE_S = 300
MAX_KEPT = 1000
"""Data keys in memory."""


@dataclass(frozen=True, slots=True)
class _DataKey:
    plain: bytes = field(repr=False)
    wrapped: bytes
    until_us: int


_DATA_KEYS: WeakKeyDictionary[Journal, dict[tuple[str, str], _DataKey]] = WeakKeyDictionary()
"""One dictionary per Env, whose journal is its key: by queue and KMS key, and by wrapped text."""


@dataclass(frozen=True, slots=True)
class Sealer:
    """How bodies for one queue are sealed now; `data_key` only for KMS."""

    kind: int
    arn: str = ""
    data_key: _DataKey | None = None

    def seal(self, env: Env, message_id: str, body: str) -> bytes:
        plain = body.encode()
        if self.kind == PLAIN:
            return plain
        if self.data_key is None:
            return env.secrets.seal(plain, context=_context(message_id))
        nonce = env.ids.bytes(NONCE_BYTES)
        sealed = AESGCM(self.data_key.plain).encrypt(nonce, plain, _context(message_id).encode())
        return _framed(self.data_key.wrapped) + _framed(self.arn.encode()) + nonce + sealed


def forget_data_keys(env: Env) -> None:
    """Rows were changed behind our back (test mode's reset)."""
    _DATA_KEYS.pop(env.journal, None)


async def sealer_for(env: Env, queue: Queue, call: Call, *, service: str = "") -> Sealer:
    """For a caller who sends, or for a service that sends on behalf of the queue's owner. Raises
    KmsRefused."""
    name = queue.attributes.get("KmsMasterKeyId")
    if not name:
        return Sealer(REGION_KEY if queue.is_sealed else PLAIN)
    try:
        key = await _find_key(env, queue, name)
        await _require(env, call, queue, key, "kms:GenerateDataKey", service=service)
        return Sealer(KMS_KEY, queue.arn, await _data_key(env, queue, key))
    except VolanoError as error:
        raise _refused(error) from error


async def require_readable(env: Env, queue: Queue, call: Call) -> None:
    """The receiver may open what the queue holds; raises KmsRefused."""
    name = queue.attributes.get("KmsMasterKeyId")
    if not name:
        return
    try:
        key = await _find_key(env, queue, name)
        await _require(env, call, queue, key, "kms:Decrypt")
    except VolanoError as error:
        raise _refused(error) from error


async def _find_key(env: Env, queue: Queue, name: str) -> kms.Key:
    """The key as the queue's owner means it."""
    if name.rpartition(":")[2] == OWN_ALIAS:
        return await kms.managed_key(env, queue.account, "sqs")
    return await kms.find_named_key(env, env.store.reader, system_call(env, queue.account), name)


async def _require(
    env: Env, call: Call, queue: Queue, key: kms.Key, permission: str, *, service: str = ""
) -> None:
    context = {CONTEXT: queue.arn}
    if not service:
        await kms.require_access(env, call, permission, key, context, via="sqs")
        return
    facts = {"kms:CallerAccount": str(queue.account)}
    if not service_may(
        env,
        service,
        permission,
        key.arn,
        policy=key.policy,
        account=str(queue.account),
        context=facts,
    ):
        raise Denied(f"The policy of {key.arn} does not let {service} use it.")


async def _data_key(env: Env, queue: Queue, key: kms.Key) -> _DataKey:
    known = _DATA_KEYS.setdefault(env.journal, {})
    now_us = env.clock.now_us()
    found = known.get((queue.arn, key.arn))
    if found is not None and found.until_us > now_us and key.state is kms.KeyState.ENABLED:
        return found
    _, plain, wrapped = await kms.generate_data_key(
        env,
        system_call(env, queue.account),
        key.arn,
        {CONTEXT: queue.arn},
        size_bytes=DATA_KEY_BYTES,
    )
    reuse_s = int(queue.attributes.get("KmsDataKeyReusePeriodSeconds") or DEFAULT_REUSE_S)
    return _keep(env, (queue.arn, key.arn), _DataKey(plain, wrapped, now_us + reuse_s * 1_000_000))


def _keep(env: Env, name: tuple[str, str], data_key: _DataKey) -> _DataKey:
    known = _DATA_KEYS.setdefault(env.journal, {})
    if len(known) >= MAX_KEPT:
        known.clear()
    known[name] = data_key
    return data_key


async def open_body(env: Env, queue: Queue, message: Message) -> str:
    """A body that its receiver may read. Raises KmsRefused where KMS does not open it now."""
    if message.sealing == PLAIN:
        return message.body.decode()
    if message.sealing == REGION_KEY:
        return env.secrets.open(message.body, context=_context(message.id)).decode()
    wrapped, rest = _unframed(message.body)
    arn, rest = _unframed(rest)
    data_key = await _opened(env, queue, wrapped, arn.decode())
    nonce, sealed = rest[:NONCE_BYTES], rest[NONCE_BYTES:]
    try:
        return AESGCM(data_key).decrypt(nonce, sealed, _context(message.id).encode()).decode()
    except InvalidTag as error:
        raise Internal("A message is damaged.") from error


async def _opened(env: Env, queue: Queue, wrapped: bytes, arn: str) -> bytes:
    known = _DATA_KEYS.setdefault(env.journal, {})
    name = ("wrapped", wrapped.hex())
    found = known.get(name)
    if found is not None and found.until_us > env.clock.now_us():
        return found.plain
    try:
        _, plain = await kms.decrypt_blob(
            env, system_call(env, queue.account), wrapped, {CONTEXT: arn}
        )
    except VolanoError as error:
        raise _refused(error) from error
    until_us = env.clock.now_us() + DEFAULT_REUSE_S * 1_000_000
    return _keep(env, name, _DataKey(plain, wrapped, until_us)).plain


def _refused(error: VolanoError) -> VolanoError:
    """KMS's errors in SQS's words."""
    codes = {
        "NotFoundException": "KmsNotFound",
        "DisabledException": "KmsDisabled",
        "KMSInvalidStateException": "KmsInvalidState",
        "InvalidKeyUsageException": "KmsInvalidKeyUsage",
    }
    code = codes.get(error.wire_code)
    if isinstance(error, Denied):
        code = "KmsAccessDenied"
    return error if code is None else KmsRefused(error.message, code=code)


def _framed(part: bytes) -> bytes:
    return struct.pack(">H", len(part)) + part


def _unframed(data: bytes) -> tuple[bytes, bytes]:
    end = 2 + struct.unpack(">H", data[:2])[0]
    return data[2:end], data[end:]


def _context(message_id: str) -> str:
    return f"sqs {message_id}"
