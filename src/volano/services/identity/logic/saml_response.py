"""Reading a SAML 2.0 response and the metadata of the provider that signed it.

Only what the signature covers is read: the element that comes back from the verifier, never the
document around it, so that elements wrapped around or beside a signed one say nothing. A response
with document types, two assertions or an encrypted one is refused. Specified in SAML 2.0 core and
bindings, and in the IAM user guide, "Configure SAML assertions for the authentication response".
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, XMLVerifier

from volano.services.identity.logic.jwt import InvalidIdentityToken

MAX_SIGNING_KEYS = 10
SKEW_S = 60
_NS = {
    "p": "urn:oasis:names:tc:SAML:2.0:protocol",
    "a": "urn:oasis:names:tc:SAML:2.0:assertion",
    "m": "urn:oasis:names:tc:SAML:2.0:metadata",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
}
_RESPONSE = f"{{{_NS['p']}}}Response"
_ASSERTION = f"{{{_NS['a']}}}Assertion"
_SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
_BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
_METHODS = frozenset(
    method
    for method in SignatureMethod
    if method.name.startswith(("RSA_SHA", "ECDSA_SHA", "SHA")) and "SHA1" not in method.name
)
_DIGESTS = frozenset({DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512})


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """Who an identity provider is, and the certificates (PEM bodies) whose keys it signs with."""

    issuer: str
    certificates: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """What a provider says of a person; times are seconds since 1970."""

    issuer: str
    subject: str
    subject_type: str
    recipient: str
    audiences: Sequence[str]
    issued_s: float
    not_before_s: float
    expires_s: float
    session_ends_s: float | None
    attributes: dict[str, list[str]]


def read_metadata(text: str) -> Metadata | None:
    """None when it names no provider that signs."""
    root = _parse(text.encode())
    if root is None:
        return None
    entities = root.xpath(
        "descendant-or-self::m:EntityDescriptor[m:IDPSSODescriptor]", namespaces=_NS
    )
    if len(entities) != 1 or not entities[0].get("entityID"):
        return None
    found = entities[0].xpath(
        "m:IDPSSODescriptor/m:KeyDescriptor[not(@use) or @use='signing']//ds:X509Certificate",
        namespaces=_NS,
    )
    certificates = ["".join((each.text or "").split()) for each in found[:MAX_SIGNING_KEYS]]
    if not certificates or not all(_is_certificate(each) for each in certificates):
        return None
    return Metadata(issuer=entities[0].get("entityID"), certificates=certificates)


def _is_certificate(body: str) -> bool:
    try:
        x509.load_der_x509_certificate(base64.b64decode(body, validate=True))
    except ValueError:
        return False
    return True


def read_response(encoded: str, metadata: Metadata) -> Assertion:
    """The signed assertion of a base64 response. Raises InvalidIdentityToken.

    Times, audience and recipient are the caller's to judge. Takes a few milliseconds of CPU.
    """
    try:
        document = base64.b64decode(encoded.encode("ascii"), validate=True)
    except (ValueError, binascii.Error):
        raise _invalid() from None
    root = _parse(document)
    if root is None or root.tag != _RESPONSE:
        raise _invalid()
    status = root.xpath("p:Status/p:StatusCode/@Value", namespaces=_NS)
    if status != [_SUCCESS]:
        raise InvalidIdentityToken("The response says that the sign-in did not succeed.")
    return _read_assertion(_signed_assertion(root, metadata))


def _invalid() -> InvalidIdentityToken:
    return InvalidIdentityToken("Could not parse the SAML response.")


def _parse(document: bytes) -> Any:
    """The root element, or None: for no XML, and for a document type (entities come with one)."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(document, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    return None if root.getroottree().docinfo.doctype else root


def _signed_assertion(root: Any, metadata: Metadata) -> Any:
    """The one assertion, as the signature covers it."""
    everywhere = root.xpath("//a:Assertion | //a:EncryptedAssertion", namespaces=_NS)
    if len(everywhere) != 1 or everywhere[0].getparent() is not root:
        raise InvalidIdentityToken("The SAML response must have exactly one assertion, in clear.")
    if everywhere[0].tag != _ASSERTION:
        raise InvalidIdentityToken("Encrypted SAML assertions are not supported.")
    identifiers = root.xpath("//@ID | //@Id | //@id")
    if len(identifiers) != len(set(identifiers)):
        raise _invalid()
    if everywhere[0].find("ds:Signature", _NS) is not None:
        signed = _verify(root, metadata, f"./{_ASSERTION}/")
        if signed.tag == _ASSERTION:
            return signed
    elif root.find("ds:Signature", _NS) is not None:
        signed = _verify(root, metadata, "./")
        inner = signed.findall("a:Assertion", _NS)
        if signed.tag == _RESPONSE and len(inner) == 1:
            return inner[0]
    raise InvalidIdentityToken("Response signature invalid")


def _verify(root: Any, metadata: Metadata, location: str) -> Any:
    """The signed element, by whichever of the provider's keys signed it."""
    expected = SignatureConfiguration(
        location=location,
        expect_references=1,
        signature_methods=_METHODS,
        digest_algorithms=_DIGESTS,
        ignore_ambiguous_key_info=True,  # the key is the one of the metadata, whatever is said
    )
    text = etree.tostring(root)
    for certificate in metadata.certificates:
        try:
            done = XMLVerifier().verify(
                text, x509_cert=certificate, id_attribute="ID", expect_config=expected
            )
        except (SignXMLException, ValueError, etree.LxmlError):
            continue
        if not isinstance(done, list) and done.signed_xml is not None:
            return done.signed_xml
    raise InvalidIdentityToken("Response signature invalid")


def _read_assertion(assertion: Any) -> Assertion:
    subject = assertion.findall("a:Subject/a:NameID", _NS)
    confirmed = assertion.xpath(
        f"a:Subject/a:SubjectConfirmation[@Method='{_BEARER}']/a:SubjectConfirmationData",
        namespaces=_NS,
    )
    conditions = assertion.findall("a:Conditions", _NS)
    if len(subject) != 1 or len(confirmed) != 1 or len(conditions) != 1:
        raise InvalidIdentityToken(
            "The assertion must have one subject, one bearer confirmation and one Conditions."
        )
    if not assertion.findall("a:AuthnStatement", _NS):
        raise InvalidIdentityToken("The assertion does not say how the person signed in.")
    ends = [
        _seconds(each)
        for each in assertion.xpath("a:AuthnStatement/@SessionNotOnOrAfter", namespaces=_NS)
    ]
    limits = (conditions[0].get("NotOnOrAfter"), confirmed[0].get("NotOnOrAfter"))
    return Assertion(
        issuer=_text(assertion.find("a:Issuer", _NS)),
        subject=_text(subject[0]),
        subject_type=subject[0].get("Format", ""),
        recipient=confirmed[0].get("Recipient", ""),
        audiences=tuple(
            _text(each) for each in conditions[0].findall("a:AudienceRestriction/a:Audience", _NS)
        ),
        issued_s=_seconds(assertion.get("IssueInstant")),
        not_before_s=_seconds(conditions[0].get("NotBefore") or assertion.get("IssueInstant")),
        expires_s=min(_seconds(each) for each in limits if each is not None or each is limits[1]),
        session_ends_s=min(ends, default=None),
        attributes=_attributes(assertion),
    )


def _attributes(assertion: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in assertion.findall("a:AttributeStatement/a:Attribute", _NS):
        values = [_text(value) for value in each.findall("a:AttributeValue", _NS)]
        found.setdefault(each.get("Name", ""), []).extend(values)
    return found


def _text(element: Any) -> str:
    return "" if element is None else "".join(element.itertext()).strip()


def _seconds(moment: str | None) -> float:
    """Raises InvalidIdentityToken for what is no time in UTC."""
    try:
        parsed = datetime.fromisoformat(moment or "")
    except ValueError:
        raise InvalidIdentityToken("The assertion has a time that cannot be read.") from None
    return parsed.replace(tzinfo=parsed.tzinfo or UTC).timestamp()
