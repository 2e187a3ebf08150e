"""Documents that several people edit while the server is killed: what was acknowledged stays.

The editors are small y-protocols clients over real sockets; each writes words of its own and counts
the acknowledgements, which come in order.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pycrdt
import pytest
from tests.conftest import start_volano
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from volano.wire.varint import read_bytes, read_varint, write_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Volano
    from websockets.sync.connection import Connection

    Enter = Callable[..., "Editor"]

SYNC, ACKNOWLEDGED = 0, 100
STEP1, STEP2, UPDATE = 0, 1, 2
WAIT_S = 60
BEFORE_KILL = 40
"""Acknowledgements of each editor before the server is killed."""


class Editor:
    """A document on one side of a socket."""

    def __init__(self, socket: Connection, client_id: int) -> None:
        self.document = pycrdt.Doc(client_id=client_id)
        self.text = self.document.get("content", type=pycrdt.Text)
        self.acknowledged = 0
        self.sent: list[str] = []
        self.socket = socket
        self.send(STEP1, self.document.get_state())

    def send(self, step: int, data: bytes) -> None:
        self.socket.send(bytes((SYNC, step)) + write_bytes(data))

    def write(self, word: str) -> None:
        before = self.document.get_state()
        self.text.insert(0, f"{word} ")
        self.sent.append(word)
        self.send(UPDATE, self.document.get_update(before))

    def read(self) -> int:
        """Take one frame; returns its kind."""
        frame = self.socket.recv(timeout=WAIT_S)
        assert isinstance(frame, bytes)
        kind, at = read_varint(frame, 0)
        if kind == ACKNOWLEDGED:
            self.acknowledged += 1
        if kind == SYNC:
            step, at = read_varint(frame, at)
            data, _ = read_bytes(frame, at)
            if step == STEP1:
                self.send(STEP2, self.document.get_update(data))
                self.sent.append("")
            else:
                self.document.apply_update(data)
        return kind

    def read_until(self, word: str) -> None:
        while word not in str(self.text).split():
            self.read()

    @property
    def kept(self) -> list[str]:
        """What the server acknowledged."""
        return [word for word in self.sent[: self.acknowledged] if word]


@pytest.fixture
def volano(tmp_path: Path) -> Iterator[Volano]:
    server = start_volano(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def enter(volano: Volano) -> Iterator[Enter]:
    """Open a document as an editor of its own; all are closed at the end."""
    with ExitStack() as stack:

        def open_editor(document: str, client_id: int, token: str = "") -> Editor:
            token = token or volano.credentials["OPENAI_API_KEY"]
            url = f"ws://127.0.0.1:{volano.port}/volano/v1/documents/live?id={document}"
            head = {"authorization": f"Bearer {token}"}
            socket = connect(url, additional_headers=head, open_timeout=WAIT_S, close_timeout=1)
            return Editor(stack.enter_context(socket), client_id)

        yield open_editor


def make(volano: Volano, title: str) -> str:
    status, made = volano.rest("POST", "/documents", {"title": title})
    assert status == 200, made
    return made["id"]


def text_of(enter: Enter, document: str) -> str:
    """All of it, as somebody who comes now sees it; frames come in order."""
    editor = enter(document, 99)
    editor.write("end")
    while "end" not in editor.kept:
        editor.read()
    return str(editor.text)


def write_on(editor: Editor, name: str, enough: threading.Event) -> None:
    """Write until the server is gone."""
    number = 0
    try:
        while True:
            editor.write(f"{name}{number}")
            number += 1
            while editor.acknowledged < len(editor.sent):
                editor.read()
            if editor.acknowledged > BEFORE_KILL:
                enough.set()
    except (ConnectionClosed, OSError):
        return


def test_kill_in_the_middle_loses_nothing_that_was_acknowledged(
    volano: Volano, enter: Enter
) -> None:
    document = make(volano, "Killed")
    editors = [enter(document, number + 1) for number in range(3)]
    events = [threading.Event() for _ in editors]
    threads = [
        threading.Thread(target=write_on, args=(editor, f"e{number}-", events[number]))
        for number, editor in enumerate(editors)
    ]
    for thread in threads:
        thread.start()
    for event in events:
        assert event.wait(WAIT_S)
    volano.restart(kill=True)
    for thread in threads:
        thread.join(WAIT_S)
    words = set(text_of(enter, document).split())
    kept = [word for editor in editors for word in editor.kept]
    assert len(kept) > 3 * (BEFORE_KILL - 5)
    assert [word for word in kept if word not in words] == []


def test_two_editors_see_each_other_and_a_late_one_sees_all(volano: Volano, enter: Enter) -> None:
    document = make(volano, "Together")
    first, second = enter(document, 1), enter(document, 2)
    first.write("flour")
    second.read_until("flour")
    second.write("salt")
    first.read_until("salt")
    assert str(first.text) == str(second.text)
    late = enter(document, 3)
    late.read_until("salt")
    assert str(late.text) == str(first.text)


def test_strangers_are_not_let_in_and_nonsense_ends_the_socket(
    volano: Volano, enter: Enter
) -> None:
    document = make(volano, "Read")
    stranger = volano.add_account()["OPENAI_API_KEY"]
    for token in (stranger, "sk-wrong"):
        with pytest.raises(InvalidStatus):
            enter(document, 1, token)
    editor = enter(document, 5)
    editor.socket.send(b"\xff\xff")
    with pytest.raises(ConnectionClosed):
        editor.read_until("never")
