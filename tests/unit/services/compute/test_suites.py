"""Rules of EC2 that public suites check, and the names that test mode takes for their sake."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from volano.kernel.errors import Invalid
from volano.services.compute.api.catalog import describe_instance_types
from volano.services.compute.api.describe import describe_instances
from volano.services.compute.api.tags import create_key_pair, delete_key_pair
from volano.services.compute.logic import key_pairs
from volano.services.compute.logic.launch import Launch, run_instances
from volano.services.compute.model import find_type


def in_test_mode(env):
    return replace(env, config=replace(env.config, test_mode=True))


async def test_test_mode_launches_types_of_other_clouds_as_the_smallest(cloud):
    with pytest.raises(Invalid, match=r"t2\.micro"):
        await cloud.launch(type="t2.micro")
    lax = in_test_mode(cloud.env)
    wanted = Launch(image_id="ami-12c6146b", type="t2.micro")
    (made,) = await run_instances(lax, cloud.call, wanted)
    assert made.type == "t2.micro"
    assert (await cloud.get(made.id)).type == "t2.micro"
    shown = await describe_instance_types(lax, cloud.call, {"InstanceTypes": ["t2.micro"]})
    assert shown["InstanceTypes"][0]["InstanceType"] == "t2.micro"
    assert [w.id for w in await cloud.fleet.list_wanted(made.node)] == [made.id]


def test_a_stand_in_is_priced_as_what_it_is():
    assert find_type("m5.24xlarge").meter == "ec2.instance.u1.nano"
    assert find_type("g1.small").meter == "ec2.instance.g1.small"
    assert find_type("enormous") is None


async def test_ids_and_pages_do_not_go_together(cloud):
    with pytest.raises(Invalid, match="instancesSet") as caught:
        await describe_instances(cloud.env, cloud.call, {"InstanceIds": ["i-1"], "MaxResults": 5})
    assert caught.value.wire_code == "InvalidParameterCombination"


async def test_what_has_no_tags_shows_none_and_values_can_be_asked_for(cloud):
    await cloud.launch()
    cloud.clock.advance(1)
    await cloud.launch(tags={"role": "web"})
    shown = await describe_instances(cloud.env, cloud.call, {})
    both = [one for each in shown["Reservations"] for one in each["Instances"]]
    assert [one.get("Tags") for one in both] == [None, [{"Key": "role", "Value": "web"}]]
    wanted = {"Filters": [{"Name": "tag-value", "Values": ["w*"]}]}
    assert len((await describe_instances(cloud.env, cloud.call, wanted))["Reservations"]) == 1


async def test_fingerprints_are_what_openssl_and_ssh_keygen_print(cloud):
    """EC2 user guide, "Determine the fingerprint of your key pair"."""
    made, pem = await key_pairs.create_key_pair(cloud.env, cloud.call, "a", "rsa", tags={})
    private = load_pem_private_key(pem.encode(), None)
    der = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    assert made.fingerprint == hashlib.sha1(der).digest().hex(":")
    spki = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    given = made.public_key.encode()
    copy = await key_pairs.import_key_pair(cloud.env, cloud.call, "b", given, tags={})
    assert copy.fingerprint == hashlib.md5(spki).digest().hex(":")
    small, _ = await key_pairs.create_key_pair(cloud.env, cloud.call, "c", "ed25519", tags={})
    blob = base64.b64decode(small.public_key.split()[1])
    assert base64.b64decode(small.fingerprint) == hashlib.sha256(blob).digest()


@pytest.mark.parametrize("header", ["", "Comment: mine\n", 'Comment: "a\\\nb"\nSubject: me\n'])
async def test_keys_framed_as_rfc_4716_are_imported(cloud, header):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    line = key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    encoded = line.split()[1]
    rows = "\n".join(encoded[at : at + 64] for at in range(0, len(encoded), 64))
    framed = f"---- BEGIN SSH2 PUBLIC KEY ----\n{header}{rows}\n---- END SSH2 PUBLIC KEY ----\n"
    pair = await key_pairs.import_key_pair(cloud.env, cloud.call, "k", framed.encode(), tags={})
    assert (pair.kind, pair.public_key) == ("rsa", line)
    broken = framed.replace(rows[:8], "sth")
    with pytest.raises(Invalid, match="not in valid OpenSSH"):
        await key_pairs.import_key_pair(cloud.env, cloud.call, "l", broken.encode(), tags={})


async def test_an_imported_ed25519_key_has_the_fingerprint_of_ssh_keygen(cloud):
    key = ed25519.Ed25519PrivateKey.generate().public_key()
    line = key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    pair = await key_pairs.import_key_pair(cloud.env, cloud.call, "k", line, tags={})
    blob = base64.b64decode(line.split()[1])
    assert base64.b64decode(pair.fingerprint) == hashlib.sha256(blob).digest()


async def test_key_pairs_show_neither_absent_tags_nor_absent_ids(cloud):
    assert "Tags" not in await create_key_pair(cloud.env, cloud.call, {"KeyName": "a"})
    gone = await delete_key_pair(cloud.env, cloud.call, {"KeyName": "none"})
    assert gone == {"Return": True}
