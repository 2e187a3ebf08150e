"""`Client("http://localhost:8080", key).get("/bill")`: JSON in, JSON out, errors as VolanoError."""

from __future__ import annotations

import http.client
import json
import ssl
from typing import Any
from urllib.parse import urlencode, urlsplit

from volano.kernel.errors import Unavailable, VolanoError

TIMEOUT_S = 120.0


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

    def delete(self, path: str) -> Any:
        return self._send("DELETE", path)

    def _send(self, method: str, path: str, body: object = None) -> Any:
        kind = (
            http.client.HTTPSConnection
            if self._parts.scheme == "https"
            else http.client.HTTPConnection
        )
        connection = kind(self._parts.hostname or "localhost", self._parts.port, timeout=TIMEOUT_S)
        headers = {"authorization": f"Bearer {self._token}", "content-type": "application/json"}
        data = None if body is None else json.dumps(body)
        try:
            connection.request(method, f"/volano/v1{path}", body=data, headers=headers)
            reply = connection.getresponse()
            content = reply.read()
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
        return _parsed(reply.status, content)


def _parsed(status: int, content: bytes) -> Any:
    try:
        answer = json.loads(content) if content else None
    except ValueError:
        raise VolanoError(f"The server answered {status} without JSON.", status=status) from None
    if status >= 400:
        detail = answer.get("detail", "") if isinstance(answer, dict) else ""
        raise VolanoError(detail or f"The server answered {status}.", status=status)
    return answer
