"""The instance metadata service, versions 1 and 2, at 169.254.169.254.

One app per network; who asks is known by the address of the connection, which an instance cannot
forge. Source: the EC2 user guide, "Instance metadata and user data". A version 2 token is a
keyed hash of instance and expiry, so that it needs no store and dies with its instance.
"""

from __future__ import annotations

import base64
import hmac
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from volano.wire.http import Response, request_of, send_response

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.fleet import Fleet, InstanceMetadata, RoleCredentials
    from volano.wire.http import Receive, Request, Scope, Send

MAX_TTL_S = 21_600
TOKEN_HEADER = "x-aws-ec2-metadata-token"  # noqa: S105 - a header's name
TTL_HEADER = "x-aws-ec2-metadata-token-ttl-seconds"
VERSIONS = ("1.0", "2021-07-15", "2022-09-24", "latest")
TEXT = ("content-type", "text/plain; charset=utf-8")

Tree = dict[str, "Tree | str"]


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
        if "x-forwarded-for" in request.headers:
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
        if not ttl.isdigit() or not 1 <= int(ttl) <= MAX_TTL_S:
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
        if not expires.isdigit() or int(expires) < self._env.clock.now_us() // 1_000_000:
            return False
        return hmac.compare_digest(mac, self._mac(it, expires))

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
        credentials = None
        if rest.startswith("meta-data/iam/security-credentials/") and it.role_name:
            credentials = await self._fleet.role_credentials(it.instance_id)
        tree: Tree = {
            "meta-data": _meta_data(it, credentials, self._env),
            "dynamic": {"instance-identity": {"document": _identity_document(it)}},
        }
        return _walk(tree, rest)


def _walk(tree: Tree, path: str) -> Response:
    """A leaf's text, or the names below a folder (folders end with `/`)."""
    here: Tree | str = tree
    for part in path.strip("/").split("/"):
        if not isinstance(here, dict) or part not in here:
            return _plain(404, "Not Found")
        here = here[part]
    if isinstance(here, str):
        return _plain(200, here)
    names = [name if isinstance(child, str) else f"{name}/" for name, child in here.items()]
    return _plain(200, "\n".join(names))


def _meta_data(it: InstanceMetadata, credentials: RoleCredentials | None, env: Env) -> Tree:
    zone_group = {"availability-zone": it.zone, "region": it.region}
    tree: Tree = {
        "ami-id": it.image_id,
        "ami-launch-index": str(it.launch_index),
        "hostname": it.hostname,
        "instance-action": "none",
        "instance-id": it.instance_id,
        "instance-life-cycle": "on-demand",
        "instance-type": it.instance_type,
        "local-hostname": it.hostname,
        "local-ipv4": it.private_address,
        "mac": it.mac,
        "network": {"interfaces": {"macs": {it.mac: _interface(it)}}},
        "placement": dict(zone_group),
        "profile": "default-hvm",
        "reservation-id": it.reservation_id,
        "security-groups": "\n".join(it.security_groups),
        "services": {
            "domain": "amazonaws.com",
            "partition": "aws",
            "volano-endpoint": f"http://169.254.169.253:{env.config.aws_port}",
        },
    }
    if it.public_keys:
        tree["public-keys"] = {
            str(index): {"openssh-key": key} for index, (_, key) in enumerate(it.public_keys)
        }
    if it.tags:
        tree["tags"] = {"instance": dict(it.tags)}
    if it.profile_arn:
        tree["iam"] = _iam(it, credentials)
    return tree


def _interface(it: InstanceMetadata) -> Tree:
    return {
        "device-number": "0",
        "local-hostname": it.hostname,
        "local-ipv4s": it.private_address,
        "mac": it.mac,
        "owner-id": it.account,
        "security-groups": "\n".join(it.security_groups),
        "subnet-id": it.subnet_id,
        "subnet-ipv4-cidr-block": it.subnet_cidr,
        "vpc-id": it.vpc_id,
        "vpc-ipv4-cidr-block": it.vpc_cidr,
        "vpc-ipv4-cidr-blocks": it.vpc_cidr,
    }


def _iam(it: InstanceMetadata, credentials: RoleCredentials | None) -> Tree:
    info = {
        "Code": "Success",
        "LastUpdated": _time(it.launch_us),
        "InstanceProfileArn": it.profile_arn,
        "InstanceProfileId": it.profile_id,
    }
    roles: Tree = {}
    if it.role_name:
        roles[it.role_name] = _credentials(credentials)
    return {"info": _json(info), "security-credentials": roles}


def _credentials(credentials: RoleCredentials | None) -> str:
    if credentials is None:
        return _json({"Code": "Failed", "Message": "The role has no credentials now."})
    return _json(
        {
            "Code": "Success",
            "LastUpdated": _time(credentials.updated_us),
            "Type": "AWS-HMAC",
            "AccessKeyId": credentials.access_key_id,
            "SecretAccessKey": credentials.secret_access_key,
            "Token": credentials.session_token,
            "Expiration": _time(credentials.expires_us),
        }
    )


def _identity_document(it: InstanceMetadata) -> str:
    return _json(
        {
            "accountId": it.account,
            "architecture": "x86_64",
            "availabilityZone": it.zone,
            "imageId": it.image_id,
            "instanceId": it.instance_id,
            "instanceType": it.instance_type,
            "pendingTime": _time(it.launch_us),
            "privateIp": it.private_address,
            "region": it.region,
            "version": "2017-09-30",
        }
    )


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2)


def _time(us: int) -> str:
    return datetime.fromtimestamp(us / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _plain(status: int, text: str) -> Response:
    return Response(status=status, headers=[TEXT], body=text.encode())
