"""A person's page at the live socket, which comes again when the server ends it."""

from __future__ import annotations

import contextlib
import json
import time

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

LONG_S = 120


class Page:
    """What it was told, and where it stands."""

    def __init__(self, cloud):
        self.cloud, self.texts, self.places, self.resyncs = cloud, [], {}, []
        self.opened = contextlib.ExitStack()

    def open(self, *, anew=False):
        opening = connect(
            self.cloud.url.replace("http", "ws") + "/volano/v1/live",
            additional_headers={
                "authorization": f"Bearer {self.cloud.credentials['OPENAI_API_KEY']}"
            },
        )
        self.socket = self.opened.enter_context(opening)
        since = {} if anew else {"since": self.places}
        self.socket.send(json.dumps({"subscribe": "chat", **since}))
        while not (frame := self.hear()).get("subscribed"):
            self.take(frame["event"])
        self.places |= frame["places"]

    def hear(self):
        return json.loads(self.socket.recv(timeout=LONG_S))

    def take(self, event):
        stream, seq = event.get("stream"), event.get("seq")
        if event["type"] == "resync":
            self.resyncs.append(stream)
        elif stream is not None:
            place = self.places.get(stream, seq - 1)
            if seq <= place:
                return
            assert seq == place + 1, "the events of a stream come without gaps"
        if stream is not None:
            self.places[stream] = seq
        if event["type"] == "message" and not event.get("subtype"):
            self.texts.append(event["text"])

    def hear_until(self, text):
        while text not in self.texts:
            self.take(self.hear()["event"])

    def hear_to_the_end(self):
        """All that comes until the server is gone."""
        try:
            while True:
                self.take(self.hear()["event"])
        except ConnectionClosed:
            self.close()

    def close(self):
        self.opened.close()

    def hear_all(self, texts):
        """Until all of these were told, coming again when the server says so."""
        while not texts <= set(self.texts):
            self.take_next()

    def hear_after(self, act, wanted):
        """Do what is told in a moment, or never, until it is told."""
        deadline = time.monotonic() + LONG_S
        while time.monotonic() < deadline:
            act()
            self.socket.send(json.dumps({"subscribe": "none"}))
            while "event" in (frame := self.hear()):  # until "none" is refused
                if wanted(frame["event"]):
                    return
                self.take(frame["event"])
            time.sleep(0.05)
        raise AssertionError("it was never told")

    def take_next(self):
        try:
            self.take(self.hear()["event"])
        except ConnectionClosed:
            self.close()
            self.open()
