"""A stolen database yields nothing without the root key, and a wrong key is never silent."""

import os

import pytest

from volano.backends.secrets.local import LocalSecretBox, open_secret_box
from volano.kernel.errors import Internal


def test_what_is_sealed_opens_only_with_its_key_and_context():
    box, other = LocalSecretBox(b"k" * 32), LocalSecretBox(b"j" * 32)
    sealed = box.seal(b"secret", context="user/1")
    assert b"secret" not in sealed
    assert box.open(sealed, context="user/1") == b"secret"
    assert box.seal(b"secret", context="user/1") != sealed
    for opener, context in ((box, "user/2"), (other, "user/1")):
        with pytest.raises(Internal, match="root key"):
            opener.open(sealed, context=context)


@pytest.mark.parametrize(
    "harm",
    [lambda s: s[:-1], lambda s: s[:5], lambda s: b"", lambda s: s[:-1] + bytes([s[-1] ^ 1])],
)
def test_changed_or_short_data_does_not_open(harm):
    box = LocalSecretBox(b"k" * 32)
    with pytest.raises(Internal):
        box.open(harm(box.seal(b"secret", context="c")), context="c")


def test_a_digest_is_the_same_for_the_same_key_only():
    box = LocalSecretBox(b"k" * 32)
    assert box.digest("sk-1") == LocalSecretBox(b"k" * 32).digest("sk-1")
    assert box.digest("sk-1") != LocalSecretBox(b"j" * 32).digest("sk-1")
    assert box.digest("sk-1") != box.digest("sk-2")
    assert b"sk-1" not in box.digest("sk-1")


def test_the_key_is_made_once_and_for_its_owner_only(tmp_path):
    old = os.umask(0)
    try:
        first = open_secret_box(tmp_path / "root.key")
    finally:
        os.umask(old)
    assert (tmp_path / "root.key").stat().st_mode & 0o777 == 0o600
    assert open_secret_box(tmp_path / "root.key").digest("x") == first.digest("x")
    assert [path.name for path in tmp_path.iterdir()] == ["root.key"]


def test_a_damaged_key_is_refused_and_not_replaced(tmp_path):
    (tmp_path / "root.key").write_bytes(b"short")
    with pytest.raises(Internal, match="damaged"):
        open_secret_box(tmp_path / "root.key")
    assert (tmp_path / "root.key").read_bytes() == b"short"


def test_half_a_key_of_a_crash_is_made_anew(tmp_path):
    (tmp_path / "root.new").write_bytes(b"half")
    open_secret_box(tmp_path / "root.key")
    assert len((tmp_path / "root.key").read_bytes()) == 32
