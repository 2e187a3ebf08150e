"""Web Push against RFC 8291's own example, and against a push service that listens."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from volano.kernel.errors import VolanoError
from volano.services.chat.logic import web_push
from volano.services.chat.logic.web_push import decode, encrypt

# RFC 8291, appendix A.
RECEIVER = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
OWN = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
WANTED = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmY"
    "WAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexS"
    "gSxsj_Qulcy4a-fN"
)


def test_a_notice_is_encrypted_as_in_the_example_of_the_rfc():
    own = ec.derive_private_key(int.from_bytes(decode(OWN), "big"), ec.SECP256R1())
    made = encrypt(
        b"When I grow up, I want to be a watermelon",
        receiver=decode(RECEIVER),
        auth=decode(AUTH),
        own=own,
        salt=decode(SALT),
    )
    assert made == decode(WANTED)


def test_the_token_is_for_the_push_services_origin():
    key = ec.generate_private_key(ec.SECP256R1())
    header = web_push.authorization(key, "https://push.example:8443/send/abc", 1_000)
    token = header.removeprefix("vapid t=").partition(",")[0]
    head, claims, signature = token.split(".")
    assert json.loads(decode(claims))["aud"] == "https://push.example:8443"
    raw = decode(signature)
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key.public_key().verify(der, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))


@pytest.mark.parametrize("broken", ["!!", "AAAA"])
async def test_keys_that_are_none_are_refused(company, broken):
    with pytest.raises(VolanoError, match="keys of a browser"):
        await web_push.subscribe_browser(
            company.env,
            company.calls["admin"],
            endpoint="https://push.example/1",
            public_key=broken,
            auth=AUTH,
        )


async def test_an_address_inside_is_refused(company):
    with pytest.raises(VolanoError):
        await web_push.subscribe_browser(
            company.env,
            company.calls["admin"],
            endpoint="http://127.0.0.1:9/push",
            public_key=RECEIVER,
            auth=AUTH,
        )


async def test_the_public_key_is_made_once(company):
    first = await web_push.get_public_key(company.env)
    assert first == await web_push.get_public_key(company.env)
    assert len(base64.urlsafe_b64decode(first + "=")) == 65
