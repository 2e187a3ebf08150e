"""Test mode's OpenID Connect issuer: signs a token for any subject and audience that is asked for.

For sign-in it is whoever `login_hint` names, without a page, by authorization code and PKCE.

It lets suites test AssumeRoleWithWebIdentity without a second program. The key is made at the
first use and lives as long as the process.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

import msgspec
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from volano.kernel.errors import VolanoError
from volano.wire.http import Response

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.wire.http import Request

PATH = "/moto-api/oidc"
MAX_BODY_BYTES = 64 * 1024
MAX_CODES = 1000
DEFAULT_LIFE_S = 3600
KEY_ID = "test-1"
_JSON = ("content-type", "application/json")


class OidcIssuer:
    """Answers discovery, keys and tokens below `PATH` of the AWS port."""

    def __init__(self, env: Env) -> None:
        self._env = env
        self._issuer = f"{env.config.aws_url}{PATH}"
        self._key: rsa.RSAPrivateKey | None = None
        self._lock = asyncio.Lock()
        self._codes: dict[str, dict[str, str]] = {}

    async def answer(self, request: Request) -> Response:
        route = (request.method, request.raw_path.removeprefix(PATH))
        if route == ("GET", "/.well-known/openid-configuration"):
            return _json(self._discovery())
        if route == ("GET", "/jwks"):
            return _json({"keys": [_public(await self._private())]})
        if route == ("GET", "/authorize"):
            return self._authorize(dict(request.query))
        if route == ("POST", "/token"):
            return await self._token(request)
        return _json({"error": "not_found"}, status=404)

    def _discovery(self) -> dict[str, Any]:
        return {
            "issuer": self._issuer,
            "jwks_uri": f"{self._issuer}/jwks",
            "token_endpoint": f"{self._issuer}/token",
            "authorization_endpoint": f"{self._issuer}/authorize",
            "response_types_supported": ["code", "id_token"],
            "code_challenge_methods_supported": ["S256"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def _authorize(self, asked: dict[str, str]) -> Response:
        """Send the browser back with a code, as an issuer where one is signed in already."""
        code = self._env.ids.token(16)
        if len(self._codes) >= MAX_CODES:
            self._codes.clear()
        self._codes[code] = asked
        back = urlencode({"code": code, "state": asked.get("state", "")})
        location = f"{asked.get('redirect_uri', '/')}?{back}"
        return Response(status=302, headers=[("location", location)])

    def _redeemed(self, asked: dict[str, Any]) -> dict[str, Any]:
        """What to sign for a code, which works once; raises ValueError."""
        begun = self._codes.pop(str(asked.get("code")), {})
        digest = hashlib.sha256(str(asked.get("code_verifier")).encode()).digest()
        if (
            begun.get("code_challenge") != _base64(digest)
            or begun.get("client_id") != asked.get("client_id")
            or begun.get("redirect_uri") != asked.get("redirect_uri")
        ):
            raise ValueError("this code was given for something else")
        who = begun.get("login_hint", "tester")
        email = who if "@" in who else f"{who}@example.com"
        more = {"nonce": begun.get("nonce"), "email": email, "email_verified": True}
        return {"sub": who, "aud": begun["client_id"], "claims": more}

    async def _token(self, request: Request) -> Response:
        """`sub`, `aud` (or `client_id`), `expires_in` and any more `claims`, as form or JSON."""
        try:
            asked = _fields(await request.body.read(MAX_BODY_BYTES))
            if asked.get("grant_type") == "authorization_code":
                asked = self._redeemed(asked)
            life_s = int(asked.pop("expires_in", DEFAULT_LIFE_S))
        except (VolanoError, ValueError, TypeError):
            return _json({"error": "invalid_request"}, status=400)
        now_s = self._env.clock.now_us() // 1_000_000
        more = asked.pop("claims", {})
        claims = {
            "iss": self._issuer,
            "sub": asked.get("sub", "tester"),
            "aud": asked.get("aud") or asked.get("client_id") or "test",
            "iat": min(now_s, now_s + life_s),
            "exp": now_s + life_s,
            **(more if isinstance(more, dict) else {}),
        }
        token = await self._sign(claims)
        answer = {"access_token": token, "id_token": token, "token_type": "Bearer"}
        return _json({**answer, "expires_in": life_s})

    async def _sign(self, claims: dict[str, Any]) -> str:
        head = {"alg": "RS256", "typ": "JWT", "kid": KEY_ID}
        signed = ".".join(_base64(msgspec.json.encode(part)) for part in (head, claims))
        key = await self._private()
        signature = key.sign(signed.encode(), padding.PKCS1v15(), SHA256())
        return f"{signed}.{_base64(signature)}"

    async def _private(self) -> rsa.RSAPrivateKey:
        async with self._lock:
            if self._key is None:
                self._key = await asyncio.to_thread(rsa.generate_private_key, 65537, 2048)
            return self._key


def _fields(body: bytes) -> dict[str, Any]:
    if body.lstrip().startswith(b"{"):
        return msgspec.json.decode(body, type=dict[str, Any])
    return dict(parse_qsl(body.decode()))


def _public(key: rsa.RSAPrivateKey) -> dict[str, str]:
    numbers = key.public_key().public_numbers()
    modulus = numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")
    exponent = numbers.e.to_bytes(3, "big")
    return {
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": KEY_ID,
        "n": _base64(modulus),
        "e": _base64(exponent),
    }


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _json(content: object, *, status: int = 200) -> Response:
    return Response(status=status, headers=[_JSON], body=msgspec.json.encode(content))
