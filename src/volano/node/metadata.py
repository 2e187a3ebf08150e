"""The instance metadata service, versions 1 and 2, at 169.254.169.254.

One app per network; who asks is known by the address of the connection, which an instance cannot
forge. Source: the EC2 user guide, "Instance metadata and user data". A version 2 token is a
keyed hash of instance and expiry, so that it needs no store and dies with its instance.
"""

from __future__ import annotations

import base64
import hmac
from typing import TYPE_CHECKING

from volano.kernel.errors import VolanoError
from volano.node.metadata_tree import Tree, identity_document, listing, meta_data
from volano.wire.http import Response, request_of, send_response

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.fleet import Fleet, InstanceMetadata, RoleCredentials
    from volano.wire.http import Receive, Request, Scope, Send

MAX_TTL_S = 21_600
MAX_DIGITS = 12
TOKEN_HEADER = "x-aws-ec2-metadata-token"  # noqa: S105 - a header's name
TTL_HEADER = "x-aws-ec2-metadata-token-ttl-seconds"
VERSIONS = ("1.0", "2021-07-15", "2022-09-24", "latest")
FORWARDED_HEADER = "x-forwarded-for"
TEXT = ("content-type", "text/plain; charset=utf-8")
CREDENTIALS = "meta-data/iam/security-credentials"


class MetadataApp:
    """An ASGI application that answers the instances of one network about themselves."""

    def __init__(self, env: Env, fleet: Fleet, network: str) -> None:
        self._env = env
        self._fleet = fleet
        self._network = network

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = request_of(scope, receive)
        try:
            response = await self._answer(request)
        except Exception as error:  # noqa: BLE001 - gateway
            self._env.log.error("metadata failed", network=self._network, error=repr(error))
            response = _plain(500, "Internal Server Error")
        await send_response(response, receive, send, head=request.method == "HEAD")

    async def _answer(self, request: Request) -> Response:
        if FORWARDED_HEADER in request.headers:
            return _plain(403, "Forbidden")  # a proxy that an attacker talked into asking
        it = await self._fleet.find_metadata(self._network, request.client_ip)
        if it is None:
            return _plain(404, "Not Found")
        if request.method == "PUT":
            return self._new_token(request, it)
        if request.method not in ("GET", "HEAD"):
            return _plain(405, "Method Not Allowed")
        token = request.headers.get(TOKEN_HEADER)
        allowed = not it.tokens_required if token is None else self._valid(token, it)
        if not allowed:
            return _plain(401, "Unauthorized")
        return await self._get(request, it)

    def _new_token(self, request: Request, it: InstanceMetadata) -> Response:
        if request.path != "/latest/api/token":
            return _plain(404, "Not Found")
        ttl = request.headers.get(TTL_HEADER, "")
        if not _is_number(ttl) or not 1 <= int(ttl) <= MAX_TTL_S:
            return _plain(400, "Bad Request")
        expires_s = self._env.clock.now_us() // 1_000_000 + int(ttl)
        token = f"{expires_s}.{self._mac(it, str(expires_s))}"
        encoded = base64.urlsafe_b64encode(token.encode()).decode()
        return Response(headers=[TEXT, (TTL_HEADER, ttl)], body=encoded.encode())

    def _valid(self, token: str, it: InstanceMetadata) -> bool:
        try:
            expires, _, mac = base64.urlsafe_b64decode(token).decode().partition(".")
        except ValueError:
            return False
        if not _is_number(expires) or int(expires) < self._env.clock.now_us() // 1_000_000:
            return False
        return hmac.compare_digest(mac.encode(), self._mac(it, expires).encode())

    def _mac(self, it: InstanceMetadata, expires: str) -> str:
        return self._env.secrets.digest(f"imds:{it.instance_id}:{expires}").hex()[:40]

    async def _get(self, request: Request, it: InstanceMetadata) -> Response:
        path = request.path.strip("/")
        if path == "":
            return _plain(200, "\n".join(VERSIONS))
        version, _, rest = path.partition("/")
        if version not in VERSIONS:
            return _plain(404, "Not Found")
        if rest == "":
            return _plain(200, "dynamic\nmeta-data\nuser-data")
        if rest == "user-data":
            if not it.user_data:
                return _plain(404, "Not Found")
            headers = [("content-type", "application/octet-stream")]
            return Response(headers=headers, body=it.user_data)
        tree: Tree = {
            "meta-data": meta_data(it, await self._credentials(rest, it), self._env.config),
            "dynamic": {"instance-identity": {"document": identity_document(it)}},
        }
        return _walk(tree, rest)

    async def _credentials(self, path: str, it: InstanceMetadata) -> RoleCredentials | None:
        """Only for the request that asks for them: making them costs a session."""
        if it.role_name and path.strip("/") == f"{CREDENTIALS}/{it.role_name}":
            try:
                return await self._fleet.role_credentials(it.instance_id)
            except VolanoError as error:
                self._env.log.warning(
                    "no role credentials", instance=it.instance_id, error=error.message
                )
        return None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS


def _walk(tree: Tree, path: str) -> Response:
    """A leaf's text, or the names below a folder (folders end with `/`)."""
    here: Tree | str = tree
    for part in path.strip("/").split("/"):
        if not isinstance(here, dict) or part not in here:
            return _plain(404, "Not Found")
        here = here[part]
    return _plain(200, here if isinstance(here, str) else listing(here))


def _plain(status: int, text: str) -> Response:
    return Response(status=status, headers=[TEXT], body=text.encode())
