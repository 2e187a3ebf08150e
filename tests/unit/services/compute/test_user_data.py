from __future__ import annotations

import base64
import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volano.kernel.errors import Invalid
from volano.services.compute.logic import user_data


def given_as(content: bytes) -> str:
    return base64.b64encode(content).decode()


@given(st.binary(max_size=200))
def test_metadata_answers_exactly_what_was_given(content):
    assert user_data.to_bytes(given_as(content)) == content


@pytest.mark.parametrize(
    "content", [b"", b"#!/bin/sh\n", b"#cloud-config\n", b"\xff\x00\xfe", b"x" * 16384]
)
def test_what_is_accepted(content):
    user_data.require_user_data(given_as(content))


@pytest.mark.parametrize(
    "text",
    ["not base64!", "QQ=", given_as(b"x" * 16385), given_as(b"#!/bin/sh\n\xff"), given_as(b"#!/bin/sh\n\0"),
     given_as(b"\x1f\x8bjunk"), given_as(gzip.compress(b"#!/bin/sh\n" + b"x" * 2**21, mtime=0)),
     given_as(gzip.compress(b"#!/bin/sh\necho", mtime=0)[:-4])],
)  # fmt: skip
def test_what_is_refused(text):
    with pytest.raises(Invalid):
        user_data.require_user_data(text)


def test_base64_in_lines_is_accepted():
    text = base64.encodebytes(b"#!/bin/sh\n" + b"x" * 200).decode()
    assert user_data.to_script(text).startswith("#!/bin/sh")


def test_a_compressed_script_is_unpacked_to_run_but_kept_as_it_came():
    packed = gzip.compress(b"#!/bin/sh\necho\n", mtime=0)
    assert user_data.to_script(given_as(packed)) == "#!/bin/sh\necho\n"
    assert user_data.to_bytes(given_as(packed)) == packed
