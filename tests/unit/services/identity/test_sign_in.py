"""Signing in by passkey and second factor, proofs again, sessions: on both databases."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from volano.app.discover import load_services
from volano.console.aws_calls import AwsCall
from volano.kernel.call import Call, anonymous
from volano.kernel.clock import ManualClock
from volano.kernel.errors import (
    AlreadyExists,
    Conflict,
    Denied,
    Invalid,
    NotFound,
    Throttled,
    Unauthenticated,
)
from volano.kernel.ids import RequestId
from volano.services.identity import interface as identity
from volano.services.identity.api.security import UserName
from volano.services.identity.logic import login, mfa, passkeys, proof, second_factor, totp
from volano.services.identity.logic.attachments import Target, attach_policy
from volano.services.identity.logic.passwords import MAX_ATTEMPTS_BY_NAME, set_password
from volano.services.identity.logic.users import create_user, delete_user, make_user
from volano.services.identity.logic.webauthn import PasskeyRefused, to_base64
from volano.services.identity.model.credentials import SESSION_TAG
from volano.services.identity.model.errors import PasswordPolicyViolation
from volano.services.identity.model.sign_in import (
    CHALLENGE_LIFE_S,
    MAX_PASSKEYS,
    PROOF_LIFE_S,
    RECOVERY_CODES,
)
from volano.services.identity.store import sign_in as rows
from volano.services.identity.work import reconcile_expired
from volano.wire.action import find_action, run_action

PASSWORD = "correct horse battery"
STEP_S = totp.STEP_S


def cbor(value) -> bytes:
    """As much CBOR as an authenticator writes."""

    def head(kind: int, number: int) -> bytes:
        if number < 24:
            return bytes([kind << 5 | number])
        width = 1 if number < 256 else 2
        return bytes([kind << 5 | (23 + width)]) + number.to_bytes(width, "big")

    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    return head(5, len(value)) + b"".join(cbor(k) + cbor(v) for k, v in value.items())


class SoftKey:
    """An authenticator in software: one key, a counter, a verified person."""

    def __init__(self, kind: str = "es256") -> None:
        self.kind, self.id, self.count, self.flags = kind, b"credential-" + kind.encode(), 1, 5
        if kind == "es256":
            self.key = ec.generate_private_key(ec.SECP256R1())
        elif kind == "eddsa":
            self.key = ed25519.Ed25519PrivateKey.generate()
        else:
            self.key = rsa.generate_private_key(65537, 2048)

    def cose(self) -> dict:
        public = self.key.public_key()
        if self.kind == "es256":
            numbers = public.public_numbers()
            x, y = (n.to_bytes(32, "big") for n in (numbers.x, numbers.y))
            return {1: 2, 3: -7, -1: 1, -2: x, -3: y}
        if self.kind == "eddsa":
            return {1: 1, 3: -8, -1: 6, -2: public.public_bytes_raw()}
        numbers = public.public_numbers()
        return {1: 3, 3: -257, -1: numbers.n.to_bytes(256, "big"), -2: b"\1\0\1"}

    def data(self, site: str, *, with_key: bool = False) -> bytes:
        made = hashlib.sha256(site.encode()).digest()
        made += bytes([self.flags | (64 if with_key else 0)]) + self.count.to_bytes(4, "big")
        if with_key:
            made += bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cbor(self.cose())
        return made

    def sign(self, signed: bytes) -> bytes:
        if self.kind == "es256":
            return self.key.sign(signed, ec.ECDSA(SHA256()))
        if self.kind == "eddsa":
            return self.key.sign(signed)
        return self.key.sign(signed, padding.PKCS1v15(), SHA256())

    def create(self, options: dict, origin: str, **client) -> dict:
        said = client_data("webauthn.create", options["challenge"], origin, client)
        data = self.data(options["rp"]["id"], with_key=True)
        made = cbor({"fmt": "none", "attStmt": {}, "authData": data})
        return {
            "challenge": options["challenge"],
            "client_data": to_base64(said),
            "attestation": to_base64(made),
        }

    def get(self, options: dict, origin: str, **client) -> passkeys.Assertion:
        self.count += 1
        said = client_data("webauthn.get", options["challenge"], origin, client)
        data = self.data(client.get("site", options["rpId"]))
        return passkeys.Assertion(
            id=to_base64(self.id),
            challenge=options["challenge"],
            client_data=to_base64(said),
            authenticator_data=to_base64(data),
            signature=to_base64(self.sign(data + hashlib.sha256(said).digest())),
        )


def client_data(kind: str, challenge: str, origin: str, client: dict) -> bytes:
    said = {"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": False}
    return json.dumps(said | client).encode()


def call_of(env, principal, **changes) -> Call:
    made = Call(
        principal=principal,
        account=principal.account,
        region=env.region.name,
        request_id=RequestId(env.ids.uuid()),
        deadline_s=env.clock.monotonic_s() + 60,
        door="rest",
    )
    return replace(made, **changes)


class Person:
    """A user with a password, and what they do at the console of a clock that tests move."""

    def __init__(self, env, user) -> None:
        self.env, self.user = env, user
        self.origin = env.config.console_url

    @property
    def nobody(self) -> Call:
        """A request of its own."""
        return call_of(self.env, anonymous())

    async def enter(self, password: str = PASSWORD):
        return await login.sign_in(
            self.env, self.nobody, account="home", user_name="ada", password=password
        )

    async def call(self, signed_in) -> Call:
        """A call with the session's cookie."""
        found = await self.env.authority.find_session(signed_in.cookie, signed_in.csrf, safe=False)
        assert found is not None
        return call_of(self.env, found)

    async def register(self, key: SoftKey, name: str = "laptop"):
        options = await passkeys.begin_registration(self.env, self.user, self.origin)
        answer = key.create(options, self.origin)
        return await passkeys.end_registration(self.env, self.user, name=name, **answer)

    async def assertion(self, key: SoftKey, **client) -> passkeys.Assertion:
        options = await passkeys.begin_assertion(self.env, self.origin)
        return key.get(options, client.pop("origin", self.origin), **client)

    async def enroll(self) -> tuple[bytes, list[str]]:
        """An authenticator app that is asked for; its seed and recovery codes."""
        await second_factor.begin_authenticator(self.env, self.user)
        known = await rows.find_authenticator(self.env.store.reader, self.user.id)
        seed = self.env.secrets.open(known.seed, context=f"totp:{self.user.id}")
        codes = await second_factor.confirm_authenticator(self.env, self.user, self.code(seed))
        self.env.clock.advance(STEP_S)
        return seed, codes

    def code(self, seed: bytes) -> str:
        return totp.code_at(seed, totp.step_at(self.env.clock.now_us()))


@pytest.fixture
async def ada(env) -> Person:
    clocked = replace(env, clock=ManualClock(env.clock.now_us()))
    first = await identity.bootstrap(clocked)
    admin = call_of(clocked, await clocked.authority.find_token(first.api_key))
    made = make_user(clocked, admin.account, "ada", email="ada@example.com")
    user = await create_user(clocked, admin, made)
    await set_password(clocked, user, PASSWORD)
    person = Person(clocked, user)
    person.admin = admin
    return person


@pytest.mark.parametrize("kind", ["es256", "eddsa", "rs256"])
async def test_a_passkey_signs_in_without_name_password_or_code(ada, kind):
    await ada.enroll()
    key = SoftKey(kind)
    made = await ada.register(key)
    assert (made.site, made.name) == ("localhost", "laptop")
    signed_in = await login.sign_in_by_passkey(ada.env, ada.nobody, await ada.assertion(key))
    assert signed_in.user.id == ada.user.id
    (session,) = await login.list_sessions(ada.env, ada.user.id)
    assert session.method == "passkey"


async def test_an_answer_counts_once(ada):
    key = SoftKey()
    await ada.register(key)
    answer = await ada.assertion(key)
    await login.sign_in_by_passkey(ada.env, ada.nobody, answer)
    with pytest.raises(Unauthenticated):
        await login.sign_in_by_passkey(ada.env, ada.nobody, answer)


async def test_an_answer_to_an_old_challenge_is_refused(ada):
    key = SoftKey()
    await ada.register(key)
    answer = await ada.assertion(key)
    ada.env.clock.advance(CHALLENGE_LIFE_S)
    with pytest.raises(Unauthenticated):
        await login.sign_in_by_passkey(ada.env, ada.nobody, answer)


@pytest.mark.parametrize(
    "client",
    [
        {"origin": "http://evil.example"},
        {"type": "webauthn.create"},
        {"challenge": "another"},
        {"crossOrigin": True},
        {"site": "evil.example"},
    ],
)
async def test_what_another_page_asked_for_is_refused(ada, client):
    key = SoftKey()
    await ada.register(key)
    with pytest.raises(PasskeyRefused):
        await login.sign_in_by_passkey(ada.env, ada.nobody, await ada.assertion(key, **client))
    assert await login.list_sessions(ada.env, ada.user.id) == []


@pytest.mark.parametrize("flags", [0, 1, 4])
async def test_an_unverified_person_is_refused(ada, flags):
    key = SoftKey()
    await ada.register(key)
    key.flags = flags
    with pytest.raises(PasskeyRefused):
        await login.sign_in_by_passkey(ada.env, ada.nobody, await ada.assertion(key))


async def test_a_copied_key_is_found_by_its_counter(ada):
    key = SoftKey()
    await ada.register(key)
    await login.sign_in_by_passkey(ada.env, ada.nobody, await ada.assertion(key))
    key.count -= 2
    with pytest.raises(PasskeyRefused, match="copied"):
        await login.sign_in_by_passkey(ada.env, ada.nobody, await ada.assertion(key))


async def test_a_signature_of_another_key_is_refused(ada):
    await ada.register(SoftKey())
    with pytest.raises(PasskeyRefused, match="signature"):
        await login.sign_in_by_passkey(ada.env, ada.nobody, await ada.assertion(SoftKey()))


async def test_an_unknown_passkey_is_nobodys(ada):
    with pytest.raises(Unauthenticated):
        await login.sign_in_by_passkey(ada.env, ada.nobody, await ada.assertion(SoftKey()))


async def test_a_disabled_person_comes_in_by_nothing(ada):
    key = SoftKey()
    await ada.register(key)
    await disable(ada)
    with pytest.raises(Unauthenticated):
        await login.sign_in_by_passkey(ada.env, ada.nobody, await ada.assertion(key))
    with pytest.raises(Unauthenticated):
        await ada.enter()


async def disable(ada) -> None:
    from volano.services.identity.logic.users import set_user_disabled

    await set_user_disabled(ada.env, ada.admin, "ada", disabled=True)


async def test_passkeys_are_asked_for_at_the_consoles_own_address_only(ada):
    for origin in ("http://evil.example", "http://localhost", "http://localhost:1", "null", ""):
        with pytest.raises(Invalid):
            await passkeys.begin_assertion(ada.env, origin)


async def test_a_registration_is_its_beginners(ada):
    key = SoftKey()
    options = await passkeys.begin_registration(ada.env, ada.user, ada.origin)
    bob = await create_user(ada.env, ada.admin, make_user(ada.env, ada.admin.account, "bob"))
    with pytest.raises(PasskeyRefused):
        await passkeys.end_registration(ada.env, bob, name="x", **key.create(options, ada.origin))
    assert await rows.select_passkeys(ada.env.store.reader, bob.id) == []


@pytest.mark.parametrize("broken", ["", "!!!", "AAAA", "g" * 20_000])
async def test_a_registration_that_cannot_be_read_is_refused(ada, broken):
    options = await passkeys.begin_registration(ada.env, ada.user, ada.origin)
    answer = SoftKey().create(options, ada.origin) | {"attestation": broken}
    with pytest.raises(PasskeyRefused):
        await passkeys.end_registration(ada.env, ada.user, name="x", **answer)


async def test_a_passkey_is_registered_once_and_for_one(ada):
    key = SoftKey()
    await ada.register(key)
    with pytest.raises(AlreadyExists):
        await ada.register(key)
    assert len(await rows.select_passkeys(ada.env.store.reader, ada.user.id)) == 1


async def test_there_is_a_limit_of_passkeys(ada):
    for number in range(MAX_PASSKEYS):
        key = SoftKey()
        key.id = f"key-{number}".encode()
        await ada.register(key)
    with pytest.raises(Conflict):
        await ada.register(SoftKey())


async def test_a_passkey_is_renamed_and_removed_by_its_owner_alone(ada):
    made = await ada.register(SoftKey())
    bob = await create_user(ada.env, ada.admin, make_user(ada.env, ada.admin.account, "bob"))
    for work in (
        passkeys.rename_passkey(ada.env, bob, made.id, "mine"),
        passkeys.remove_passkey(ada.env, bob, made.id),
    ):
        with pytest.raises(NotFound):
            await work
    await passkeys.rename_passkey(ada.env, ada.user, made.id, "phone")
    (known,) = await rows.select_passkeys(ada.env.store.reader, ada.user.id)
    assert known.name == "phone"
    await passkeys.remove_passkey(ada.env, ada.user, made.id)
    assert await rows.select_passkeys(ada.env.store.reader, ada.user.id) == []


async def test_a_password_alone_does_not_do_once_there_is_an_app(ada):
    seed, _ = await ada.enroll()
    asked = await ada.enter()
    assert isinstance(asked, login.CodeNeeded)
    assert await login.list_sessions(ada.env, ada.user.id) == []
    signed_in = await login.sign_in_by_code(ada.env, ada.nobody, asked.challenge, ada.code(seed))
    assert signed_in.user.id == ada.user.id
    (session,) = await login.list_sessions(ada.env, ada.user.id)
    assert session.method == "password+code"


async def test_an_app_that_gave_no_code_yet_is_not_asked(ada):
    await second_factor.begin_authenticator(ada.env, ada.user)
    assert isinstance(await ada.enter(), login.SignedIn)


async def test_the_same_code_signs_in_once(ada):
    seed, _ = await ada.enroll()
    code = ada.code(seed)
    first, second = await ada.enter(), await ada.enter()
    await login.sign_in_by_code(ada.env, ada.nobody, first.challenge, code)
    with pytest.raises(Unauthenticated):
        await login.sign_in_by_code(ada.env, ada.nobody, second.challenge, code)


async def test_a_link_asks_for_the_second_factor_too(ada):
    seed, _ = await ada.enroll()
    token = await login.create_login_link(ada.env, ada.user.account, "ada")
    asked = await login.sign_in_by_link(ada.env, ada.nobody, token)
    assert isinstance(asked, login.CodeNeeded)
    await login.sign_in_by_code(ada.env, ada.nobody, asked.challenge, ada.code(seed))


async def test_a_recovery_code_signs_in_once(ada):
    _, codes = await ada.enroll()
    assert len(set(codes)) == RECOVERY_CODES
    first, second = await ada.enter(), await ada.enter()
    typed = codes[0].lower().replace("-", " ")
    await login.sign_in_by_code(ada.env, ada.nobody, first.challenge, typed)
    with pytest.raises(Unauthenticated):
        await login.sign_in_by_code(ada.env, ada.nobody, second.challenge, codes[0])
    left = await rows.count_recovery_codes(ada.env.store.reader, ada.user.id)
    assert left == RECOVERY_CODES - 1


async def test_new_recovery_codes_end_the_old_ones(ada):
    _, old = await ada.enroll()
    new = await second_factor.renew_recovery_codes(ada.env, ada.user)
    assert not await second_factor.take_code(ada.env, ada.user.id, old[0])
    assert await second_factor.take_code(ada.env, ada.user.id, new[0])


async def test_a_device_enabled_through_iam_is_asked_for_too(ada):
    call = replace(ada.admin, principal=ada.user.principal())
    device, seed = await mfa.create_device(ada.env, call, "phone", path="/", tags={})
    assert isinstance(await ada.enter(), login.SignedIn)
    now = totp.step_at(ada.env.clock.now_us())
    codes = (totp.code_at(seed, now - 1), totp.code_at(seed, now))
    await mfa.enable_device(ada.env, call, ada.user, device.id, codes)
    asked = await ada.enter()
    assert isinstance(asked, login.CodeNeeded)
    with pytest.raises(Unauthenticated):  # the pair used it up
        await login.sign_in_by_code(ada.env, ada.nobody, asked.challenge, codes[1])
    ada.env.clock.advance(STEP_S)
    signed_in = await login.sign_in_by_code(ada.env, ada.nobody, asked.challenge, ada.code(seed))
    assert signed_in.user.id == ada.user.id
    await second_factor.reset(ada.env, ada.user)
    assert isinstance(await ada.enter(), login.SignedIn)


@pytest.mark.parametrize("password", ["password1", "volano-admin", "1234567", "x" * 129])
async def test_weak_passwords_are_refused(ada, password):
    with pytest.raises(PasswordPolicyViolation):
        await set_password(ada.env, ada.user, password)
    assert isinstance(await ada.enter(), login.SignedIn)


async def test_policies_see_whether_a_session_has_two_factors(ada):
    one = await ada.call(await ada.enter())
    assert one.principal.facts["aws:MultiFactorAuthPresent"] == "false"
    key = SoftKey()
    await ada.register(key)
    two = await login.sign_in_by_passkey(ada.env, ada.nobody, await ada.assertion(key))
    assert (await ada.call(two)).principal.facts["aws:MultiFactorAuthPresent"] == "true"


async def test_no_secret_lies_in_the_database_as_it_is(ada):
    seed, codes = await ada.enroll()
    reader = ada.env.store.reader
    (sealed,) = await reader.row("SELECT seed FROM identity_authenticator LIMIT 1")
    assert seed not in bytes(sealed)
    digests = await reader.rows("SELECT digest FROM identity_recovery_code LIMIT 100")
    plain = {code.replace("-", "").encode() for code in codes}
    assert not any(bytes(row[0]) in plain for row in digests)


async def test_guesses_of_codes_are_limited(ada):
    seed, _ = await ada.enroll()
    asked = await ada.enter()
    for _ in range(MAX_ATTEMPTS_BY_NAME):
        with pytest.raises(Unauthenticated):
            await login.sign_in_by_code(ada.env, ada.nobody, asked.challenge, "000000x")
    with pytest.raises(Throttled):
        await login.sign_in_by_code(ada.env, ada.nobody, asked.challenge, ada.code(seed))


async def test_a_challenge_of_one_kind_is_no_challenge_of_another(ada):
    await ada.enroll()
    options = await passkeys.begin_assertion(ada.env, ada.origin)
    with pytest.raises(Unauthenticated):
        await login.sign_in_by_code(ada.env, ada.nobody, options["challenge"], "123456")


async def test_names_that_are_and_are_not_look_alike_and_lock_alike(ada):
    answers = []
    for name in ("ada", "nobody-of-this-name"):
        said = []
        for _ in range(MAX_ATTEMPTS_BY_NAME + 2):
            with pytest.raises((Unauthenticated, Throttled)) as refused:
                await login.sign_in(
                    ada.env, ada.nobody, account="", user_name=name, password="wrong words"
                )
            said.append((type(refused.value).__name__, refused.value.message))
        answers.append(said)
    assert answers[0] == answers[1]


async def test_one_name_is_one_counter_whatever_the_account_is_called(ada):
    for number in range(MAX_ATTEMPTS_BY_NAME):
        with pytest.raises(Unauthenticated):
            await login.sign_in(
                ada.env,
                ada.nobody,
                account=("", "home", str(ada.user.account))[number % 3],
                user_name=("ada", "ADA")[number % 2],
                password="wrong words",
            )
    with pytest.raises(Throttled):
        await ada.enter()


async def test_who_is_right_does_not_use_up_the_guesses_of_an_address(ada):
    for _ in range(3):
        await ada.enter()
    with pytest.raises(Unauthenticated):
        await ada.enter("wrong words")
    row = await ada.env.store.reader.row(
        "SELECT attempts FROM identity_sign_in_attempt WHERE attempt_key = ?",
        f"address:{ada.nobody.source_ip}",
    )
    assert row[0] == 1


async def test_a_lock_is_written_into_the_trail_once(ada):
    for _ in range(MAX_ATTEMPTS_BY_NAME + 3):
        with pytest.raises((Unauthenticated, Throttled)):
            await ada.enter("wrong words")
    await ada.env.journal.flush()
    found = await ada.env.store.reader.rows(
        "SELECT error_code FROM identity_audit WHERE action = 'volano:ConsoleLogin' "
        "AND principal_id = ? LIMIT 100",
        ada.user.id,
    )
    codes = [row[0] for row in found]
    assert codes.count("Throttled") == 1
    assert codes.count("FailedAuthentication") == MAX_ATTEMPTS_BY_NAME


async def test_sensitive_actions_want_a_fresh_proof(ada):
    call = await ada.call(await ada.enter())
    await proof.require_proof(ada.env, call)
    ada.env.clock.advance(PROOF_LIFE_S + 1)
    with pytest.raises(proof.ProofNeeded):
        await proof.require_proof(ada.env, call)
    with pytest.raises(Denied):
        await proof.prove(ada.env, call, password="wrong words")
    await proof.prove(ada.env, call, password=PASSWORD)
    await proof.require_proof(ada.env, call)


async def test_a_proof_changes_the_sessions_cookie(ada):
    """Who has read the cookie before does not come along (OWASP ASVS 7.2.4)."""
    signed_in = await ada.enter()
    renewed = await proof.prove(ada.env, await ada.call(signed_in), password=PASSWORD)
    find = ada.env.authority.find_session
    assert await find(signed_in.cookie, signed_in.csrf, safe=False) is None
    assert await find(renewed, signed_in.csrf, safe=False) is not None


async def test_aws_operations_from_the_console_want_the_same_proof(ada):
    load_services()
    policy = "arn:aws:iam::aws:policy/AdministratorAccess"
    await attach_policy(ada.env, ada.admin, Target("user", "ada"), policy)
    call = await ada.call(await ada.enter())
    ada.env.clock.advance(PROOF_LIFE_S + 1)
    action = find_action("volano:callAws")
    for service, operation in [("iam", "CreateAccessKey"), ("sts", "GetSessionToken")]:
        with pytest.raises(proof.ProofNeeded):
            await run_action(ada.env, call, action, AwsCall(service=service, operation=operation))
    read = AwsCall(service="iam", operation="ListAccessKeys")
    answer = await run_action(ada.env, call, action, read)
    assert answer.output["AccessKeyMetadata"] == []
    await proof.prove(ada.env, call, password=PASSWORD)
    made = AwsCall(service="iam", operation="CreateAccessKey")
    assert (await run_action(ada.env, call, action, made)).output["AccessKey"]


async def test_a_proof_may_be_a_code_or_a_passkey_of_the_same_person(ada):
    seed, _ = await ada.enroll()
    key = SoftKey()
    await ada.register(key)
    signed_in = await login.sign_in_by_passkey(ada.env, ada.nobody, await ada.assertion(key))
    call = await ada.call(signed_in)
    await proof.prove(ada.env, call, code=ada.code(seed))
    await proof.prove(ada.env, call, passkey=await ada.assertion(key))
    bob = await create_user(ada.env, ada.admin, make_user(ada.env, ada.admin.account, "bob"))
    theirs = await login.open_session(ada.env, ada.nobody, bob, method="link")
    with pytest.raises(Denied):
        await proof.prove(ada.env, await ada.call(theirs), passkey=await ada.assertion(key))


async def test_nothing_given_is_no_proof(ada):
    bob = await create_user(ada.env, ada.admin, make_user(ada.env, ada.admin.account, "bob"))
    call = await ada.call(await login.open_session(ada.env, ada.nobody, bob, method="link"))
    with pytest.raises(Denied):
        await proof.prove(ada.env, call)


async def test_a_program_proves_itself_by_each_call_and_has_no_console(ada):
    await proof.require_proof(ada.env, ada.admin)
    with pytest.raises(Denied):
        await proof.require_person(ada.env, ada.admin)


async def test_sign_out_everywhere_leaves_this_session(ada):
    here, there = await ada.enter(), await ada.enter()
    call = await ada.call(here)
    await login.end_sessions(ada.env, ada.user.id, keep=call.principal.tags[SESSION_TAG])
    assert await ada.env.authority.find_session(there.cookie, None, safe=True) is None
    assert await ada.env.authority.find_session(here.cookie, None, safe=True) is not None


async def test_a_person_is_signed_out_by_an_administrator(ada):
    load_services()
    here, there = await ada.enter(), await ada.enter()
    action = find_action("volano:endPersonSessions")
    with pytest.raises(Denied):
        await run_action(ada.env, await ada.call(here), action, UserName("ada"))
    await run_action(ada.env, ada.admin, action, UserName("ada"))
    for gone in (here, there):
        assert await ada.env.authority.find_session(gone.cookie, None, safe=True) is None


async def test_a_reset_removes_second_factor_and_passkeys(ada):
    await ada.enroll()
    key = SoftKey()
    await ada.register(key)
    await second_factor.reset(ada.env, ada.user)
    assert isinstance(await ada.enter(), login.SignedIn)
    with pytest.raises(Unauthenticated):
        await login.sign_in_by_passkey(ada.env, ada.nobody, await ada.assertion(key))


async def test_nothing_of_a_deleted_person_stays(ada):
    await ada.enroll()
    await ada.register(SoftKey())
    await ada.enter()
    await delete_user(ada.env, ada.admin, "ada", force=True)
    reader = ada.env.store.reader
    for table in ("passkey", "authenticator", "recovery_code", "challenge", "session"):
        assert await reader.rows(f"SELECT 1 FROM identity_{table} LIMIT 1") == []


async def test_challenges_that_are_over_are_removed(ada):
    await passkeys.begin_assertion(ada.env, ada.origin)
    ada.env.clock.advance(CHALLENGE_LIFE_S + 1)
    await reconcile_expired(ada.env)
    assert await ada.env.store.reader.rows("SELECT 1 FROM identity_challenge LIMIT 1") == []
