"""A stolen database yields nothing without the root key, and a wrong key is never silent."""

import pytest

from volano.backends.secrets.local import LocalSecretBox
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
