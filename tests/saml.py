"""A company's identity provider: metadata, and signed SAML responses of any shape."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml import XMLSigner
from signxml.algorithms import SignatureConstructionMethod

ATTRIBUTES = "https://aws.amazon.com/SAML/Attributes/"
RECIPIENT = "https://signin.aws.amazon.com/saml"
NS = {
    "p": "urn:oasis:names:tc:SAML:2.0:protocol",
    "a": "urn:oasis:names:tc:SAML:2.0:assertion",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
}


@cache
def key_pair(name: str) -> tuple[rsa.RSAPrivateKey, bytes]:
    """A key and its certificate in PEM; the same for the same name."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    return key, made.public_bytes(serialization.Encoding.PEM)


@dataclass
class Provider:
    """Signs as `issuer` with the key of that name."""

    issuer: str = "https://idp.example.com"
    pairs: list[tuple[str, str]] = field(default_factory=list)
    """(role ARN, provider ARN), which the responses name."""

    def metadata(self, *more: str) -> str:
        """Names the key, and before it those of `more`."""
        bodies = [
            b"".join(key_pair(name)[1].splitlines()[1:-1]).decode() for name in (*more, self.issuer)
        ]
        keys = "".join(
            f'<KeyDescriptor use="signing"><KeyInfo xmlns="{NS["ds"]}"><X509Data>'
            f"<X509Certificate>{body}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>"
            for body in bodies
        )
        return (
            f'<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" '
            f'entityID="{self.issuer}"><IDPSSODescriptor '
            f'protocolSupportEnumeration="{NS["p"]}">{keys}<SingleSignOnService '
            'Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" '
            f'Location="{self.issuer}/sso"/></IDPSSODescriptor></EntityDescriptor>'
        )

    def response(
        self,
        *,
        subject: str = "anna@example.com",
        now: datetime | None = None,
        audience: str = RECIPIENT,
        recipient: str = RECIPIENT,
        ends: timedelta | None = None,
        attributes: dict[str, list[str]] | None = None,
    ) -> etree._Element:
        """Not signed yet."""
        now = (now or datetime.now(UTC)).replace(microsecond=0)
        soon = (now + timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
        issued = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        told = {
            "Role": [f"{role},{provider}" for role, provider in self.pairs],
            "RoleSessionName": ["anna"],
            **(attributes or {}),
        }
        listed = "".join(
            f'<a:Attribute Name="{ATTRIBUTES}{name}">'
            + "".join(f"<a:AttributeValue>{value}</a:AttributeValue>" for value in values)
            + "</a:Attribute>"
            for name, values in told.items()
        )
        until = f' SessionNotOnOrAfter="{(now + ends).isoformat()}"' if ends else ""
        return etree.fromstring(
            f'<p:Response xmlns:p="{NS["p"]}" xmlns:a="{NS["a"]}" ID="_r1" Version="2.0" '
            f'IssueInstant="{issued}"><a:Issuer>{self.issuer}</a:Issuer><p:Status><p:StatusCode '
            'Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></p:Status>'
            f'<a:Assertion ID="_a1" Version="2.0" IssueInstant="{issued}">'
            f"<a:Issuer>{self.issuer}</a:Issuer><a:Subject>"
            '<a:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">'
            f"{subject}</a:NameID><a:SubjectConfirmation "
            'Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><a:SubjectConfirmationData '
            f'NotOnOrAfter="{soon}" Recipient="{recipient}"/></a:SubjectConfirmation></a:Subject>'
            f'<a:Conditions NotBefore="{issued}" NotOnOrAfter="{soon}"><a:AudienceRestriction>'
            f"<a:Audience>{audience}</a:Audience></a:AudienceRestriction></a:Conditions>"
            f'<a:AuthnStatement AuthnInstant="{issued}"{until}/>'
            f"<a:AttributeStatement>{listed}</a:AttributeStatement></a:Assertion></p:Response>"
        )

    def sign(self, response: etree._Element, part: str = "assertion") -> etree._Element:
        """The response with its assertion, or itself, signed."""
        key, certificate = key_pair(self.issuer)
        signer = XMLSigner(
            method=SignatureConstructionMethod.enveloped,
            signature_algorithm="rsa-sha256",
            c14n_algorithm="http://www.w3.org/2001/10/xml-exc-c14n#",
        )
        target = response.find("a:Assertion", NS) if part == "assertion" else response
        name = target.get("ID")
        signed = signer.sign(
            target, key=key, cert=certificate, reference_uri=name, id_attribute="ID"
        )
        if part != "assertion":
            return signed
        response.replace(target, signed)
        return response


def encode(response: etree._Element) -> str:
    """As a browser posts it."""
    return base64.b64encode(etree.tostring(response)).decode()
