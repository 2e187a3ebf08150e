"""Where the root key lies, and that a wrong one is said and never shown."""

import base64
import os

import pytest

from volano.backends.secrets.root import (
    fingerprint_of,
    read_root_key,
    source_path,
    unwrap,
    wrap,
    write_root_key,
)
from volano.kernel.errors import Internal, Invalid

KEY = bytes(range(32))


def test_a_key_file_is_for_its_owner_only(tmp_path):
    assert read_root_key("file", tmp_path, {}) is None
    old = os.umask(0)
    try:
        write_root_key(tmp_path / "root.key", KEY)
    finally:
        os.umask(old)
    assert (tmp_path / "root.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["root.key"]
    assert read_root_key("file", tmp_path, {}) == KEY
    assert read_root_key(f"file:{tmp_path / 'root.key'}", tmp_path / "else", {}) == KEY


def test_a_damaged_key_is_refused_and_not_replaced(tmp_path):
    (tmp_path / "root.key").write_bytes(b"short")
    with pytest.raises(Internal, match="damaged"):
        read_root_key("file", tmp_path, {})
    assert (tmp_path / "root.key").read_bytes() == b"short"


def test_a_variable_and_a_command_give_the_key_in_base64_or_hex(tmp_path):
    for text in (base64.b64encode(KEY).decode(), KEY.hex(), KEY.hex() + "\n"):
        assert read_root_key("env:ROOT", tmp_path, {"ROOT": text}) == KEY
        environ = {"ROOT": text, "PATH": os.environ["PATH"]}
        assert read_root_key('command:sh -c "printenv ROOT"', tmp_path, environ) == KEY


@pytest.mark.parametrize("text", ["", "secret-but-short", "zz" * 32])
def test_what_is_no_key_is_refused_without_being_shown(tmp_path, text):
    with pytest.raises(Invalid) as caught:
        read_root_key("env:ROOT", tmp_path, {"ROOT": text})
    assert not text or text not in str(caught.value)


@pytest.mark.parametrize("command", ["false", "no-such-program-here"])
def test_a_command_that_fails_is_said(tmp_path, command):
    with pytest.raises(Internal, match=command):
        read_root_key(f"command:{command}", tmp_path, {"PATH": os.environ["PATH"]})


@pytest.mark.parametrize("source", ["", "vault", "env:", "command:"])
def test_a_source_that_is_none_is_refused(tmp_path, source):
    with pytest.raises(Invalid, match="root_key"):
        source_path(source, tmp_path)


def test_only_the_key_that_wrapped_opens():
    wrapped = wrap(KEY, b"s" * 32)
    assert unwrap(KEY, wrapped) == b"s" * 32
    assert b"s" * 8 not in wrapped
    with pytest.raises(Internal):
        unwrap(KEY[::-1], wrapped)
    assert fingerprint_of(KEY) != fingerprint_of(KEY[::-1])
