"""Metadata in headers, as S3 was recorded to tell it."""

from __future__ import annotations

import pytest

from volano.wire.aws.mail_words import parse_mail_text, to_mail_text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("plain _=?", "plain _=?"),
        ("with a\ttab", "with a\ttab"),
        ("ÄMÄZÕÑ S3", "=?UTF-8?Q?=C3=84M=C3=84Z=C3=95=C3=91_S3?="),
        (
            "test_—_file%E2%80%94_é_2?.pdf",
            "=?UTF-8?Q?test=5F=E2=80=94=5Ffile%E2%80%94=5F=C3=A9=5F2=3F.pdf?=",
        ),
        ("\ufffd\ufffd", "=?UTF-8?B?77+977+9?="),
    ],
)
def test_text_is_told_and_read_again(text, told):
    assert to_mail_text(text) == told
    assert to_mail_text(parse_mail_text(told)) == told
    assert parse_mail_text(told) in (text, told)


def test_control_characters_are_told_by_their_bytes():
    assert to_mail_text("\x01\r\nx-amz-other: 1") == "=?UTF-8?B?AQ0KeC1hbXotb3RoZXI6IDE=?="


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ("=?UTF-8?B?YWJj?=", "abc"),
        ("=?utf-8?q?a_b=C3=A9?=", "a bé"),
        ("=?ISO-8859-1?Q?=E9?=", "é"),
        ("=?UTF-8?B?w6Q=?= =?UTF-8?B?w7Y=?=", "äö"),
    ],
)
def test_words_are_read(told, text):
    assert parse_mail_text(told) == text


@pytest.mark.parametrize(
    "told",
    [
        "=?UTF-8?B?AAECAw==?=",  # control characters
        "=?UTF-8?B?DQpYOiAx?=",  # a line of its own
        "=?UTF-8?Q?=FF?=",
        "=?no-such-charset?Q?a?=",
        "=?UTF-8?B?=GGG?=",
        "=?half",
        "1 =? 2",
    ],
)
def test_words_that_mean_nothing_stay(told):
    assert parse_mail_text(told) == told
