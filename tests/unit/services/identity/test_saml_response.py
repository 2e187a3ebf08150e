"""SAML responses: what is signed counts, what is wrapped around it or forged does not."""

from __future__ import annotations

import base64
import copy

import pytest
from lxml import etree
from tests.saml import NS, Provider, encode

from volano.services.identity.logic.jwt import InvalidIdentityToken
from volano.services.identity.logic.saml_response import Metadata, read_metadata, read_response

PROVIDER = Provider(pairs=[("role", "provider")])


def metadata(*more: str) -> Metadata:
    found = read_metadata(PROVIDER.metadata(*more))
    assert found is not None
    return found


def refused(response: etree._Element, wanted: str = "signature|assertion|parse") -> None:
    with pytest.raises(InvalidIdentityToken, match=wanted):
        read_response(encode(response), metadata())


@pytest.mark.parametrize("part", ["assertion", "response"])
def test_a_signed_response_is_read(part: str) -> None:
    response = PROVIDER.sign(PROVIDER.response(), part)
    found = read_response(encode(response), metadata())
    assert (found.issuer, found.subject) == ("https://idp.example.com", "anna@example.com")
    assert found.attributes["https://aws.amazon.com/SAML/Attributes/Role"] == ["role,provider"]
    assert found.subject_type.endswith("persistent")


def test_response_and_assertion_may_both_be_signed() -> None:
    both = PROVIDER.sign(PROVIDER.sign(PROVIDER.response()), "response")
    assert read_response(encode(both), metadata()).subject == "anna@example.com"


def test_any_key_of_the_metadata_will_do() -> None:
    response = encode(PROVIDER.sign(PROVIDER.response()))
    assert read_response(response, metadata("https://older.example.com")).subject


def test_without_a_signature_of_the_provider_nothing_counts() -> None:
    refused(PROVIDER.response(), "signature")
    refused(Provider("https://other.example.com").sign(PROVIDER.response()), "signature")


@pytest.mark.parametrize("part", ["assertion", "response"])
def test_what_was_changed_after_signing_is_refused(part: str) -> None:
    response = PROVIDER.sign(PROVIDER.response(), part)
    response.find(".//a:NameID", NS).text = "root@example.com"
    refused(response, "signature")


def evil(original: etree._Element) -> etree._Element:
    """An assertion about somebody else, without a signature, with another id."""
    made = copy.deepcopy(original)
    signature = made.find("ds:Signature", NS)
    if signature is not None:
        made.remove(signature)
    made.set("ID", "_evil")
    made.find(".//a:NameID", NS).text = "root@example.com"
    return made


@pytest.mark.parametrize("where", ["before", "after", "around", "in_extensions", "in_signature"])
@pytest.mark.parametrize("part", ["assertion", "response"])
def test_signatures_cannot_be_wrapped(part: str, where: str) -> None:
    """The known attacks (Somorovsky and others, 2012): a second assertion beside the signed one."""
    response = PROVIDER.sign(PROVIDER.response(), part)
    original = response.find("a:Assertion", NS)
    forged = evil(original)
    if where == "before":
        original.addprevious(forged)
    elif where == "after":
        original.addnext(forged)
    elif where == "around":
        response.replace(original, forged)
        forged.append(original)
    elif where == "in_extensions":
        response.replace(original, forged)
        extensions = etree.SubElement(response, f"{{{NS['p']}}}Extensions")
        extensions.append(original)
    else:
        response.replace(original, forged)
        signature = original.find("ds:Signature", NS)
        signature = response.find("ds:Signature", NS) if signature is None else signature
        forged.append(signature)
        etree.SubElement(signature, f"{{{NS['ds']}}}Object").append(original)
    refused(response)


def test_a_signed_response_cannot_be_wrapped_in_another() -> None:
    inner = PROVIDER.sign(PROVIDER.response(), "response")
    outer = PROVIDER.response(subject="root@example.com")
    outer.set("ID", "_outer")
    outer.find("a:Assertion", NS).set("ID", "_evil")
    signature = copy.deepcopy(inner.find("ds:Signature", NS))
    outer.insert(0, signature)
    signature.append(etree.fromstring(f"<ds:Object xmlns:ds='{NS['ds']}'/>"))
    signature[-1].append(inner)
    refused(outer)


def test_the_same_id_twice_is_refused() -> None:
    response = PROVIDER.sign(PROVIDER.response())
    response.set("ID", "_a1")
    refused(response)


def test_comments_do_not_cut_names_short() -> None:
    """`root@example.com<!-- -->.evil.com` is one name, as it was signed."""
    response = PROVIDER.response(subject="root@example.com<!-- cut -->.evil.com")
    found = read_response(encode(PROVIDER.sign(response)), metadata())
    assert found.subject == "root@example.com.evil.com"


def test_a_comment_put_in_later_changes_nothing() -> None:
    response = PROVIDER.sign(PROVIDER.response())
    name = response.find(".//a:NameID", NS)
    name.text = "anna@"
    name.insert(0, etree.Comment("cut"))
    name[0].tail = "example.com"
    assert read_response(encode(response), metadata()).subject == "anna@example.com"


def test_document_types_failures_and_nonsense_are_refused() -> None:
    signed = PROVIDER.sign(PROVIDER.response())
    doctype = b"<!DOCTYPE r [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>" + etree.tostring(signed)
    for text in (doctype, b"<a/>", b"not xml", b"", b"\xff\xfe"):
        with pytest.raises(InvalidIdentityToken):
            read_response(base64.b64encode(text).decode(), metadata())
    for text in ("***", "ü"):
        with pytest.raises(InvalidIdentityToken):
            read_response(text, metadata())
    failed = PROVIDER.response()
    failed.find(".//p:StatusCode", NS).set("Value", "urn:oasis:names:tc:SAML:2.0:status:Requester")
    refused(PROVIDER.sign(failed), "did not succeed")


@pytest.mark.parametrize("tag", ["Subject", "Conditions", "AuthnStatement"])
def test_an_assertion_must_be_whole(tag: str) -> None:
    response = PROVIDER.response()
    assertion = response.find("a:Assertion", NS)
    assertion.remove(assertion.find(f"a:{tag}", NS))
    refused(PROVIDER.sign(response), "assertion")


def test_metadata_without_a_provider_or_a_key_is_none() -> None:
    good = PROVIDER.metadata()
    assert read_metadata("x") is None
    assert read_metadata("<EntityDescriptor/>") is None
    assert read_metadata(good.replace("X509Certificate", "X509Thing")) is None
    assert read_metadata(good.replace("<X509Certificate>", "<X509Certificate>AAAA")) is None
    assert read_metadata(f"<!DOCTYPE a>{good}") is None
