"""KMS's asymmetric and HMAC keys, imports, rotation and grants with unmodified boto3.

Expectations are those of the AWS KMS API reference. What the public side can check, `openssl` and
`cryptography` check; codes are compared with RFC 4231's vectors through imported keys.
"""

import hashlib
import hmac
import json
import subprocess
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.keywrap import aes_key_wrap_with_padding
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)

RFC_4231 = [  # test cases 1 and 2 of the RFC: key, data, HMAC-SHA-256
    (b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    (
        b"Jefe",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
]


def code_of(caught) -> str:
    return caught.value.response["Error"]["Code"]


def refused(code, call, **request):
    with pytest.raises(ClientError) as caught:
        call(**request)
    assert code_of(caught) == code


@pytest.fixture
def kms(volano):
    return volano.client("kms")


def make(kms, spec, usage, **more):
    return kms.create_key(KeySpec=spec, KeyUsage=usage, **more)["KeyMetadata"]["KeyId"]


@pytest.mark.parametrize("algorithm", ["RSASSA_PSS_SHA_256", "RSASSA_PKCS1_V1_5_SHA_512"])
def test_openssl_verifies_what_an_rsa_key_signed(kms, tmp_path, algorithm):
    key = make(kms, "RSA_2048", "SIGN_VERIFY")
    message = b"pay 17 euros"
    signature = kms.sign(KeyId=key, Message=message, SigningAlgorithm=algorithm)["Signature"]
    public = kms.get_public_key(KeyId=key)
    assert public["KeySpec"] == "RSA_2048"
    assert algorithm in public["SigningAlgorithms"]
    names = {"key": public["PublicKey"], "sig": signature, "message": message}
    for name, content in names.items():
        (tmp_path / name).write_bytes(content)
    size = algorithm[-3:]
    options = (
        ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"]
        if "PSS" in algorithm
        else []
    )
    subprocess.run(
        [
            "openssl",
            "dgst",
            f"-sha{size}",
            "-keyform",
            "DER",
            "-verify",
            "key",
            *options,
            "-signature",
            "sig",
            "message",
        ],
        check=True,
        cwd=tmp_path,
        capture_output=True,
    )
    digest = hashlib.new(f"sha{size}", message).digest()
    checked = kms.verify(
        KeyId=key,
        Message=digest,
        MessageType="DIGEST",
        Signature=signature,
        SigningAlgorithm=algorithm,
    )
    assert checked["SignatureValid"] is True
    refused(
        "KMSInvalidSignatureException",
        lambda: kms.verify(
            KeyId=key, Message=b"pay 18 euros", Signature=signature, SigningAlgorithm=algorithm
        ),
    )
    refused(
        "ValidationException",
        lambda: kms.sign(
            KeyId=key, Message=b"short", MessageType="DIGEST", SigningAlgorithm=algorithm
        ),
    )
    refused("InvalidKeyUsageException", lambda: kms.encrypt(KeyId=key, Plaintext=b"x"))
    refused(
        "InvalidKeyUsageException",
        lambda: kms.sign(KeyId=key, Message=b"x", SigningAlgorithm="ECDSA_SHA_256"),
    )


@pytest.mark.parametrize(
    ("spec", "algorithm", "method"),
    [
        ("ECC_NIST_P256", "ECDSA_SHA_256", hashes.SHA256),
        ("ECC_NIST_P384", "ECDSA_SHA_384", hashes.SHA384),
        ("ECC_NIST_P521", "ECDSA_SHA_512", hashes.SHA512),
        ("ECC_SECG_P256K1", "ECDSA_SHA_256", hashes.SHA256),
    ],
)
def test_anyone_verifies_what_a_curve_signed(kms, spec, algorithm, method):
    key = make(kms, spec, "SIGN_VERIFY")
    signature = kms.sign(KeyId=key, Message=b"m", SigningAlgorithm=algorithm)["Signature"]
    public = load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])
    public.verify(signature, b"m", ec.ECDSA(method()))
    assert kms.verify(KeyId=key, Message=b"m", Signature=signature, SigningAlgorithm=algorithm)[
        "SignatureValid"
    ]


def test_an_edwards_key_signs_whole_messages(kms):
    key = make(kms, "ECC_NIST_EDWARDS25519", "SIGN_VERIFY")
    asked = {"KeyId": key, "SigningAlgorithm": "ED25519_SHA_512"}
    signature = kms.sign(Message=b"m", **asked)["Signature"]
    load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"]).verify(signature, b"m")
    assert kms.verify(Message=b"m", Signature=signature, **asked)["SignatureValid"]
    refused(
        "KMSInvalidSignatureException",
        lambda: kms.verify(Message=b"n", Signature=signature, **asked),
    )
    refused(
        "ValidationException",
        lambda: kms.sign(Message=bytes(64), MessageType="DIGEST", **asked),
    )


def test_what_the_public_side_encrypts_an_rsa_key_opens(kms):
    key = make(kms, "RSA_2048", "ENCRYPT_DECRYPT")
    public = load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])
    for name, method in (
        ("RSAES_OAEP_SHA_256", hashes.SHA256()),
        ("RSAES_OAEP_SHA_1", hashes.SHA1()),
    ):
        blob = public.encrypt(b"to you", padding.OAEP(padding.MGF1(method), method, None))
        assert (
            kms.decrypt(KeyId=key, CiphertextBlob=blob, EncryptionAlgorithm=name)["Plaintext"]
            == b"to you"
        )
        own = kms.encrypt(KeyId=key, Plaintext=b"from me", EncryptionAlgorithm=name)[
            "CiphertextBlob"
        ]
        assert (
            kms.decrypt(KeyId=key, CiphertextBlob=own, EncryptionAlgorithm=name)["Plaintext"]
            == b"from me"
        )
    refused(
        "InvalidCiphertextException",
        lambda: kms.decrypt(KeyId=key, CiphertextBlob=bytes(256), EncryptionAlgorithm=name),
    )
    refused(
        "ValidationException",
        lambda: kms.encrypt(KeyId=key, Plaintext=bytes(215), EncryptionAlgorithm=name),
    )
    refused("InvalidKeyUsageException", lambda: kms.encrypt(KeyId=key, Plaintext=b"x"))


@pytest.mark.parametrize("spec", ["RSA_2048", "ECC_NIST_P256", "ECC_NIST_EDWARDS25519"])
def test_a_data_key_pair_fits_together(kms, spec):
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    made = kms.generate_data_key_pair(
        KeyId=key, KeyPairSpec=spec, EncryptionContext={"for": "tests"}
    )
    private = load_der_private_key(made["PrivateKeyPlaintext"], None)
    assert (
        private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        == made["PublicKey"]
    )
    opened = kms.decrypt(
        CiphertextBlob=made["PrivateKeyCiphertextBlob"], EncryptionContext={"for": "tests"}
    )
    assert opened["Plaintext"] == made["PrivateKeyPlaintext"]
    assert "PrivateKeyPlaintext" not in kms.generate_data_key_pair_without_plaintext(
        KeyId=key, KeyPairSpec=spec
    )


def test_a_shared_secret_is_the_same_on_both_sides(kms):
    key = make(kms, "ECC_NIST_P256", "KEY_AGREEMENT")
    mine = ec.generate_private_key(ec.SECP256R1())
    public = mine.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    theirs = kms.derive_shared_secret(KeyId=key, KeyAgreementAlgorithm="ECDH", PublicKey=public)[
        "SharedSecret"
    ]
    assert theirs == mine.exchange(
        ec.ECDH(), load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])
    )


def test_codes_are_hmacs_and_others_are_refused(kms):
    for bits in (224, 256, 384, 512):
        key, name = make(kms, f"HMAC_{bits}", "GENERATE_VERIFY_MAC"), f"HMAC_SHA_{bits}"
        mac = kms.generate_mac(KeyId=key, Message=b"m", MacAlgorithm=name)["Mac"]
        assert len(mac) == bits // 8
        assert (
            kms.verify_mac(KeyId=key, Message=b"m", MacAlgorithm=name, Mac=mac)["MacValid"] is True
        )
        refused(
            "KMSInvalidMacException",
            kms.verify_mac,
            KeyId=key,
            Message=b"n",
            MacAlgorithm=name,
            Mac=mac,
        )
    refused(
        "InvalidKeyUsageException",
        lambda: kms.generate_mac(KeyId=key, Message=b"m", MacAlgorithm="HMAC_SHA_256"),
    )


def wrap(kms, key, plain, algorithm):
    made = kms.get_parameters_for_import(
        KeyId=key, WrappingAlgorithm=algorithm, WrappingKeySpec="RSA_2048"
    )
    public, method = (
        load_der_public_key(made["PublicKey"]),
        hashes.SHA1() if algorithm.endswith("_1") else hashes.SHA256(),
    )
    oaep = padding.OAEP(padding.MGF1(method), method, None)
    if algorithm.startswith("RSAES"):
        return made["ImportToken"], public.encrypt(plain, oaep)
    inner = bytes(range(32))
    return made["ImportToken"], public.encrypt(inner, oaep) + aes_key_wrap_with_padding(
        inner, plain
    )


@pytest.mark.parametrize(
    "algorithm", ["RSAES_OAEP_SHA_256", "RSAES_OAEP_SHA_1", "RSA_AES_KEY_WRAP_SHA_256"]
)
def test_imported_material_goes_and_only_the_same_comes_again(kms, algorithm):
    made = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]
    key, plain = made["KeyId"], hashlib.sha256(b"mine").digest()
    assert made["KeyState"] == "PendingImport"
    assert not made["Enabled"]
    refused("KMSInvalidStateException", lambda: kms.encrypt(KeyId=key, Plaintext=b"x"))
    token, wrapped = wrap(kms, key, plain, algorithm)
    forever = {"KeyId": key, "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
    refused(
        "InvalidImportTokenException",
        lambda: kms.import_key_material(
            **forever, ImportToken=bytes(64), EncryptedKeyMaterial=wrapped
        ),
    )
    refused(
        "InvalidCiphertextException",
        lambda: kms.import_key_material(
            **forever, ImportToken=token, EncryptedKeyMaterial=bytes(300)
        ),
    )
    kms.import_key_material(**forever, ImportToken=token, EncryptedKeyMaterial=wrapped)
    assert (
        kms.describe_key(KeyId=key)["KeyMetadata"]["ExpirationModel"]
        == "KEY_MATERIAL_DOES_NOT_EXPIRE"
    )
    blob = kms.encrypt(KeyId=key, Plaintext=b"kept")["CiphertextBlob"]
    kms.delete_imported_key_material(KeyId=key)
    refused("KMSInvalidStateException", lambda: kms.decrypt(CiphertextBlob=blob))
    token, other = wrap(kms, key, bytes(32), algorithm)
    refused(
        "IncorrectKeyMaterialException",
        lambda: kms.import_key_material(**forever, ImportToken=token, EncryptedKeyMaterial=other),
    )
    token, wrapped = wrap(kms, key, plain, algorithm)
    kms.import_key_material(**forever, ImportToken=token, EncryptedKeyMaterial=wrapped)
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"kept"
    refused("UnsupportedOperationException", lambda: kms.enable_key_rotation(KeyId=key))


def test_an_import_says_until_when_it_is_good(kms):
    key = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["KeyId"]
    token, wrapped = wrap(kms, key, bytes(32), "RSAES_OAEP_SHA_256")
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)
    given = {"KeyId": key, "ImportToken": token, "EncryptedKeyMaterial": wrapped}
    refused("ValidationException", kms.import_key_material, **given)
    refused(
        "ValidationException",
        kms.import_key_material,
        **given,
        ValidTo=until + timedelta(days=400),
    )
    kms.import_key_material(**given, ValidTo=until)
    shown = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert (shown["ExpirationModel"], shown["ValidTo"]) == ("KEY_MATERIAL_EXPIRES", until)


def test_an_imported_hmac_key_gives_the_codes_of_the_rfc(kms):
    for secret, data, expected in RFC_4231:
        # KMS wants keys of the hash's length; HMAC pads shorter ones with zeros (RFC 2104).
        key = kms.create_key(Origin="EXTERNAL", KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")[
            "KeyMetadata"
        ]["KeyId"]
        token, wrapped = wrap(kms, key, secret.ljust(32, b"\0"), "RSAES_OAEP_SHA_256")
        kms.import_key_material(
            KeyId=key,
            ImportToken=token,
            EncryptedKeyMaterial=wrapped,
            ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE",
        )
        mac = kms.generate_mac(KeyId=key, Message=data, MacAlgorithm="HMAC_SHA_256")["Mac"]
        assert mac.hex() == expected == hmac.new(secret, data, "sha256").hexdigest()


def test_an_imported_private_key_signs_as_itself(kms):
    private = ec.generate_private_key(ec.SECP384R1())
    plain = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    key = kms.create_key(Origin="EXTERNAL", KeySpec="ECC_NIST_P384", KeyUsage="SIGN_VERIFY")[
        "KeyMetadata"
    ]["KeyId"]
    token, wrapped = wrap(kms, key, plain, "RSA_AES_KEY_WRAP_SHA_256")
    kms.import_key_material(
        KeyId=key,
        ImportToken=token,
        EncryptedKeyMaterial=wrapped,
        ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE",
    )
    signature = kms.sign(KeyId=key, Message=b"m", SigningAlgorithm="ECDSA_SHA_384")["Signature"]
    private.public_key().verify(signature, b"m", ec.ECDSA(hashes.SHA384()))
    wrong = kms.create_key(Origin="EXTERNAL", KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")[
        "KeyMetadata"
    ]["KeyId"]
    token, wrapped = wrap(kms, wrong, plain, "RSA_AES_KEY_WRAP_SHA_256")
    refused(
        "IncorrectKeyMaterialException",
        lambda: kms.import_key_material(
            KeyId=wrong,
            ImportToken=token,
            EncryptedKeyMaterial=wrapped,
            ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE",
        ),
    )


def test_rotations_are_listed_and_old_ciphertexts_open(kms):
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    old = kms.encrypt(KeyId=key, Plaintext=b"old")["CiphertextBlob"]
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=180)
    status = kms.get_key_rotation_status(KeyId=key)
    assert status["KeyRotationEnabled"]
    assert status["RotationPeriodInDays"] == 180
    for _ in range(3):
        kms.rotate_key_on_demand(KeyId=key)
    pages = kms.get_paginator("list_key_rotations").paginate(
        KeyId=key, PaginationConfig={"PageSize": 2}
    )
    assert [r["RotationType"] for page in pages for r in page["Rotations"]] == ["ON_DEMAND"] * 3
    new = kms.encrypt(KeyId=key, Plaintext=b"new")["CiphertextBlob"]
    assert [kms.decrypt(CiphertextBlob=blob)["Plaintext"] for blob in (old, new)] == [
        b"old",
        b"new",
    ]
    kms.disable_key_rotation(KeyId=key)
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False
    refused(
        "UnsupportedOperationException",
        lambda: kms.rotate_key_on_demand(KeyId=make(kms, "HMAC_256", "GENERATE_VERIFY_MAC")),
    )


@pytest.fixture
def weak(volano):
    """A user without any policy, and its KMS."""
    iam, name = volano.client("iam"), f"grantee{uuid.uuid4().hex[:8]}"
    arn = iam.create_user(UserName=name)["User"]["Arn"]
    made = iam.create_access_key(UserName=name)["AccessKey"]
    options = {
        "aws_access_key_id": made["AccessKeyId"],
        "aws_secret_access_key": made["SecretAccessKey"],
    }
    return arn, volano.client("kms", **options)


def test_a_grant_lets_a_user_do_its_operations_until_revoked(kms, weak):
    arn, theirs = weak
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    refused("AccessDeniedException", lambda: theirs.encrypt(KeyId=key, Plaintext=b"x"))
    grant = kms.create_grant(
        KeyId=key, GranteePrincipal=arn, Operations=["Encrypt", "DescribeKey"], Name="n"
    )
    same = kms.create_grant(
        KeyId=key, GranteePrincipal=arn, Operations=["DescribeKey", "Encrypt"], Name="n"
    )
    assert same["GrantId"] == grant["GrantId"]
    blob = theirs.encrypt(KeyId=key, Plaintext=b"x", GrantTokens=[grant["GrantToken"]])[
        "CiphertextBlob"
    ]
    theirs.describe_key(KeyId=key)
    refused("AccessDeniedException", lambda: theirs.decrypt(CiphertextBlob=blob))
    listed = kms.list_grants(KeyId=key)["Grants"]
    assert [(g["GrantId"], g["Operations"]) for g in listed] == [
        (grant["GrantId"], ["Encrypt", "DescribeKey"])
    ]
    refused(
        "AccessDeniedException", lambda: theirs.revoke_grant(KeyId=key, GrantId=grant["GrantId"])
    )
    kms.revoke_grant(KeyId=key, GrantId=grant["GrantId"])
    refused("AccessDeniedException", lambda: theirs.encrypt(KeyId=key, Plaintext=b"x"))
    refused("NotFoundException", lambda: kms.revoke_grant(KeyId=key, GrantId=grant["GrantId"]))


def test_a_grants_constraints_limit_the_encryption_context(kms, weak):
    arn, theirs = weak
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_grant(
        KeyId=key,
        GranteePrincipal=arn,
        Operations=["Encrypt"],
        Constraints={"EncryptionContextSubset": {"team": "a"}},
    )
    kms.create_grant(
        KeyId=key,
        GranteePrincipal=arn,
        Operations=["GenerateDataKey"],
        Constraints={"EncryptionContextEquals": {"team": "a"}},
    )
    theirs.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"team": "a", "more": "b"})
    theirs.generate_data_key(KeyId=key, KeySpec="AES_256", EncryptionContext={"team": "a"})
    for context in ({}, {"team": "b"}):
        refused(
            "AccessDeniedException",
            theirs.encrypt,
            KeyId=key,
            Plaintext=b"x",
            EncryptionContext=context,
        )
    refused(
        "AccessDeniedException",
        lambda: theirs.generate_data_key(
            KeyId=key, KeySpec="AES_256", EncryptionContext={"team": "a", "more": "b"}
        ),
    )


def test_who_retires_a_grant_and_what_may_be_handed_on(kms, weak, volano):
    arn, theirs = weak
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    first = kms.create_grant(KeyId=key, GranteePrincipal=arn, Operations=["Encrypt"])
    refused("AccessDeniedException", lambda: theirs.retire_grant(GrantToken=first["GrantToken"]))
    second = kms.create_grant(
        KeyId=key,
        GranteePrincipal=arn,
        RetiringPrincipal=arn,
        Operations=["Encrypt", "CreateGrant"],
    )
    assert [g["GrantId"] for g in kms.list_retirable_grants(RetiringPrincipal=arn)["Grants"]] == [
        second["GrantId"]
    ]
    other = arn.replace("user/", "user/x")
    theirs.create_grant(KeyId=key, GranteePrincipal=other, Operations=["Encrypt"])
    refused(
        "AccessDeniedException",
        lambda: theirs.create_grant(KeyId=key, GranteePrincipal=other, Operations=["Decrypt"]),
    )
    theirs.retire_grant(GrantToken=second["GrantToken"])
    refused(
        "AccessDeniedException",
        lambda: theirs.create_grant(KeyId=key, GranteePrincipal=other, Operations=["Encrypt"]),
    )
    refused("InvalidGrantTokenException", lambda: kms.retire_grant(GrantToken="nonsense"))
    kms.retire_grant(
        KeyId=kms.describe_key(KeyId=key)["KeyMetadata"]["Arn"], GrantId=first["GrantId"]
    )


def test_an_explicit_deny_outweighs_a_grant(kms, weak):
    arn, theirs = weak
    account = arn.split(":")[4]
    allow = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    deny = {"Effect": "Deny", "Principal": {"AWS": arn}, "Action": "kms:Encrypt", "Resource": "*"}
    key = kms.create_key(Policy=json.dumps({"Version": "2012-10-17", "Statement": [allow, deny]}))[
        "KeyMetadata"
    ]["KeyId"]
    kms.create_grant(KeyId=key, GranteePrincipal=arn, Operations=["Encrypt", "DescribeKey"])
    theirs.describe_key(KeyId=key)
    refused("AccessDeniedException", lambda: theirs.encrypt(KeyId=key, Plaintext=b"x"))


def test_operations_on_a_key_itself_take_no_alias(kms):
    key, name = kms.create_key()["KeyMetadata"]["KeyId"], f"alias/{uuid.uuid4().hex}"
    kms.create_alias(AliasName=name, TargetKeyId=key)
    for call in (
        kms.disable_key,
        kms.enable_key_rotation,
        kms.schedule_key_deletion,
        kms.list_grants,
    ):
        refused("NotFoundException", call, KeyId=name)
    refused(
        "NotAuthorizedException", lambda: kms.create_alias(AliasName="alias/aws/x", TargetKeyId=key)
    )
    refused("ValidationException", lambda: kms.create_alias(AliasName="alias/a:b", TargetKeyId=key))
    refused(
        "DryRunOperationException", lambda: kms.encrypt(KeyId=name, Plaintext=b"x", DryRun=True)
    )


def test_refusals_are_worded_as_kms_was_recorded_to(kms):
    """LocalStack's suite of 2026 recorded these of AWS."""

    def told(call, **request):
        with pytest.raises(ClientError) as caught:
            call(**request)
        return code_of(caught), caught.value.response["Error"]["Message"]

    code = make(kms, "HMAC_256", "GENERATE_VERIFY_MAC")
    rsa = make(kms, "RSA_2048", "ENCRYPT_DECRYPT")
    plain = kms.create_key()["KeyMetadata"]
    assert len(plain["CurrentKeyMaterialId"]) == 64
    assert kms.rotate_key_on_demand(KeyId=plain["KeyId"])["KeyId"] == plain["Arn"]
    now = kms.describe_key(KeyId=plain["KeyId"])["KeyMetadata"]
    assert now["CurrentKeyMaterialId"] != plain["CurrentKeyMaterialId"]
    sealed = kms.encrypt(KeyId=plain["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    assert told(kms.decrypt, KeyId=code, CiphertextBlob=sealed)[0] == "IncorrectKeyException"
    assert told(kms.rotate_key_on_demand, KeyId=rsa) == ("UnsupportedOperationException", "")
    words = "Algorithm RSAES_OAEP_SHA_256 and key spec RSA_2048 cannot encrypt data larger than 190"
    refusal = told(
        kms.encrypt, KeyId=rsa, Plaintext=b"x" * 191, EncryptionAlgorithm="RSAES_OAEP_SHA_256"
    )
    assert refusal == ("ValidationException", f"{words} bytes.")
    refusal = told(kms.generate_mac, KeyId=code, Message=b"x", MacAlgorithm="HMAC_SHA_512")
    assert refusal[1] == "Algorithm HMAC_SHA_512 is incompatible with key spec HMAC_256."
    twice = [{"TagKey": "a", "TagValue": "1"}, {"TagKey": "a", "TagValue": "2"}]
    assert told(kms.create_key, Tags=twice) == ("TagException", "Duplicate tag keys")
    assert told(kms.create_key, KeySpec="HMAC_256")[0] == "ValidationException"
