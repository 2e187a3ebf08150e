"""`Client("http://localhost:8080", key).get("/bill")`: JSON in, JSON out, errors as VolanoError."""

from __future__ import annotations

import http.client
import json
import shutil
import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from volano.kernel.errors import Unavailable, VolanoError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TIMEOUT_S = 120.0
LONG_TIMEOUT_S = 3600.0
COPY_BYTES = 1024 * 1024


class Client:
    """One server and one key; a connection per call, so that it may be used from any thread."""

    def __init__(self, url: str, token: str) -> None:
        self._parts = urlsplit(url)
        self._token = token

    def get(self, path: str, **query: str | int) -> Any:
        text = urlencode({name: value for name, value in query.items() if value != ""})
        return self._send("GET", f"{path}?{text}" if text else path)

    def post(self, path: str, body: object = None) -> Any:
        return self._send("POST", path, {} if body is None else body)

    def put(self, path: str, body: object = None) -> Any:
        return self._send("PUT", path, {} if body is None else body)

    def delete(self, path: str) -> Any:
        return self._send("DELETE", path)

    def send_file(self, url: str, path: Path) -> None:
        """POST a file's bytes to an address that the server gave out, read as they are sent."""
        headers = {
            "content-type": "application/octet-stream",
            "content-length": str(path.stat().st_size),
        }
        with path.open("rb") as source, self._connected(LONG_TIMEOUT_S) as connection:
            connection.request("POST", _target(url), body=source, headers=headers)
            reply = connection.getresponse()
            content = reply.read()
        if reply.status >= 400:
            _parsed(reply.status, content)

    def save_file(self, url: str, path: Path) -> None:
        """Write what an address of the server answers into a file."""
        headers = {"authorization": f"Bearer {self._token}"}
        with self._connected(LONG_TIMEOUT_S) as connection:
            connection.request("GET", _target(url), headers=headers)
            reply = connection.getresponse()
            if reply.status >= 400:
                _parsed(reply.status, reply.read())
            with path.open("wb") as target:
                shutil.copyfileobj(reply, target, COPY_BYTES)

    def _send(self, method: str, path: str, body: object = None) -> Any:
        headers = {"authorization": f"Bearer {self._token}", "content-type": "application/json"}
        data = None if body is None else json.dumps(body)
        with self._connected(TIMEOUT_S) as connection:
            connection.request(method, f"/volano/v1{path}", body=data, headers=headers)
            reply = connection.getresponse()
            content = reply.read()
        return _parsed(reply.status, content)

    @contextmanager
    def _connected(self, timeout_s: float) -> Iterator[http.client.HTTPConnection]:
        """A connection; what goes wrong on it is said in words."""
        kind = (
            http.client.HTTPSConnection
            if self._parts.scheme == "https"
            else http.client.HTTPConnection
        )
        connection = kind(self._parts.hostname or "localhost", self._parts.port, timeout=timeout_s)
        try:
            yield connection
        except ssl.SSLError as error:
            raise Unavailable(
                f"The certificate of {self._parts.netloc} is not trusted here; name your "
                "authority's file in SSL_CERT_FILE.",
                facts={"error": str(error)},
            ) from error
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(
                f"Volano does not answer at {self._parts.netloc}. Is `volano up` running?",
                facts={"error": str(error)},
            ) from error
        finally:
            connection.close()


def _target(url: str) -> str:
    """Path and query of an address: the server may call itself by another name than we do."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _parsed(status: int, content: bytes) -> Any:
    try:
        answer = json.loads(content) if content else None
    except ValueError:
        raise VolanoError(f"The server answered {status} without JSON.", status=status) from None
    if status >= 400:
        detail = answer.get("detail", "") if isinstance(answer, dict) else ""
        raise VolanoError(detail or f"The server answered {status}.", status=status)
    return answer
