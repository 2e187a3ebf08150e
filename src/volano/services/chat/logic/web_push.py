"""Web Push: telling browsers that are not open (RFC 8030), encrypted (8291), with VAPID (8292).

The browser's maker carries the notice and cannot read it. Requests go through `env.egress`, since
the address comes from a browser. A service that says 404 or 410 no longer knows the browser, which
is forgotten; anything else is not tried again: a notice that comes late is worth little.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from volano.kernel.egress import EgressFailed, EgressRefused, EgressRequest
from volano.services.chat.logic.errors import refused
from volano.services.chat.logic.workspaces import enter
from volano.services.chat.store import pushes as rows
from volano.services.chat.store.pushes import Browser

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

CONTEXT = "chat:web-push"
CONTACT = "https://localhost/"
TOKEN_S = 12 * 3600
KEEP_S = 24 * 3600
RECORD_BYTES = 4096
POINT_BYTES = 65
AUTH_BYTES = 16
GONE = (404, 410)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a browser shows; `path` opens when it is pressed, one `tag` replaces another."""

    title: str
    body: str
    path: str
    tag: str


async def get_public_key(env: Env) -> str:
    """The cloud's public key as browsers want it; it is made on first use."""
    return encode(_point(await _get_key(env)))


async def subscribe_browser(
    env: Env, call: Call, *, endpoint: str, public_key: str, auth: str
) -> None:
    """Tell this browser from now on. Raises invalid_arguments."""
    here = await enter(env, call)
    try:
        sizes = len(decode(public_key)), len(decode(auth))
    except (ValueError, binascii.Error) as error:
        raise refused("invalid_arguments", "The keys of a browser are base64url.") from error
    if sizes != (POINT_BYTES, AUTH_BYTES):
        raise refused("invalid_arguments", "The keys of a browser have 65 and 16 bytes.")
    await env.egress.require_allowed(endpoint)
    browser = Browser(
        endpoint=endpoint,
        user_id=here.me.id,
        account=call.account,
        public_key=public_key,
        auth=auth,
        created_us=env.clock.now_us(),
    )

    async def write(tx: Tx) -> None:
        await rows.upsert_browser(tx, browser)

    await env.store.transact(write)


async def unsubscribe_browser(env: Env, call: Call, endpoint: str) -> None:
    here = await enter(env, call)

    async def write(tx: Tx) -> None:
        await rows.delete_browser(tx, endpoint, here.me.id)

    await env.store.transact(write)


async def push_notices(env: Env, users: Sequence[str], notice: Notice) -> None:
    """Tell every browser of these people, once."""
    if not users or not await rows.has_browsers(env.store.reader):
        return
    browsers = await rows.select_browsers(env.store.reader, users)
    if not browsers:
        return
    key = await _get_key(env)
    plain = msgspec.json.encode(
        {"title": notice.title, "body": notice.body, "path": notice.path, "tag": notice.tag}
    )
    for browser in browsers:
        await _push_one(env, key, browser, plain)


async def _push_one(
    env: Env, key: ec.EllipticCurvePrivateKey, browser: Browser, plain: bytes
) -> None:
    body = encrypt(
        plain,
        receiver=decode(browser.public_key),
        auth=decode(browser.auth),
        own=ec.generate_private_key(ec.SECP256R1()),
        salt=env.ids.bytes(16),
    )
    request = EgressRequest(
        method="POST",
        url=browser.endpoint,
        headers={
            "authorization": authorization(key, browser.endpoint, env.clock.now_us() // 1_000_000),
            "content-encoding": "aes128gcm",
            "content-type": "application/octet-stream",
            "ttl": str(KEEP_S),
            "urgency": "high",
        },
        body=body,
        timeout_s=10.0,
    )
    try:
        reply = await env.egress.fetch(request)
    except (EgressFailed, EgressRefused) as error:
        env.log.info("chat.push_failed", user=browser.user_id, reason=str(error))
        return
    if reply.status in GONE:

        async def write(tx: Tx) -> None:
            await rows.delete_browser(tx, browser.endpoint, browser.user_id)

        await env.store.transact(write)


def encrypt(
    plain: bytes, *, receiver: bytes, auth: bytes, own: ec.EllipticCurvePrivateKey, salt: bytes
) -> bytes:
    """One record of RFC 8188 under the key of RFC 8291, header in front."""
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), receiver)
    point = _point(own)
    shared = own.exchange(ec.ECDH(), theirs)
    secret = _derive(shared, auth, b"WebPush: info\x00" + receiver + point, 32)
    content_key = _derive(secret, salt, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = _derive(secret, salt, b"Content-Encoding: nonce\x00", 12)
    header = salt + RECORD_BYTES.to_bytes(4, "big") + len(point).to_bytes(1, "big") + point
    return header + AESGCM(content_key).encrypt(nonce, plain + b"\x02", None)


def authorization(key: ec.EllipticCurvePrivateKey, endpoint: str, now_s: int) -> str:
    """The `vapid` header of RFC 8292: a token for the push service's origin."""
    parts = urlsplit(endpoint)
    claims = {"aud": f"{parts.scheme}://{parts.netloc}", "exp": now_s + TOKEN_S, "sub": CONTACT}
    head = encode(msgspec.json.encode({"typ": "JWT", "alg": "ES256"}))
    signed = f"{head}.{encode(msgspec.json.encode(claims))}"
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    signature = encode(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    return f"vapid t={signed}.{signature}, k={encode(_point(key))}"


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Raises ValueError for what is not base64url."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(secret)


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )


async def _get_key(env: Env) -> ec.EllipticCurvePrivateKey:
    sealed = await rows.find_key(env.store.reader)
    if sealed is None:
        made = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
        fresh = env.secrets.seal(made.to_bytes(32, "big"), context=CONTEXT)

        async def write(tx: Tx) -> bytes | None:
            await rows.insert_key(tx, fresh)
            return await rows.find_key(tx)

        sealed = await env.store.transact(write)
    assert sealed is not None
    value = int.from_bytes(env.secrets.open(sealed, context=CONTEXT), "big")
    return ec.derive_private_key(value, ec.SECP256R1())
