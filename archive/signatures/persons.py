"""Persons: who is behind a signing certificate, and whether two certificates are of one person."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID

from archive.signatures.cms_reader import SignedCms

_IDENTIFIERS = (NameOID.USER_ID, NameOID.SERIAL_NUMBER, NameOID.EMAIL_ADDRESS)
"""Subject attributes that name one person: UID holds `CCCD:…` in Vietnamese certificates."""


@dataclass(frozen=True, slots=True)
class Person:
    """The holder of a signing certificate."""

    name: str
    """Common name."""
    certificate: str
    """SHA-256 of the certificate."""
    key: str
    """SHA-256 of the public key."""
    identifiers: frozenset[str] = frozenset()
    """SHA-256 of the identifying attributes, which are personal data themselves."""

    def to_json(self) -> dict[str, Any]:
        """Return the person as an act keeps it."""
        return {
            "name": self.name,
            "certificate": self.certificate,
            "key": self.key,
            "identifiers": sorted(self.identifiers),
        }


def from_json(value: Mapping[str, Any]) -> Person:
    """Return the person that `to_json` wrote."""
    found = frozenset(value["identifiers"])
    return Person(value["name"], value["certificate"], value["key"], found)


def of_certificate(der: bytes) -> Person:
    """Return who holds a certificate, DER."""
    certificate = x509.load_der_x509_certificate(der)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    key = certificate.public_key().public_bytes(serialization.Encoding.DER, form)
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return Person(
        str(names[0].value) if names else certificate.subject.rfc4514_string(),
        hashlib.sha256(der).hexdigest(),
        hashlib.sha256(key).hexdigest(),
        frozenset(
            hashlib.sha256(str(attribute.value).casefold().encode()).hexdigest()
            for kind in _IDENTIFIERS
            for attribute in certificate.subject.get_attributes_for_oid(kind)
        ),
    )


def of_signature(p7s: bytes) -> Person:
    """Return who made a detached signature; its certificate is inside.

    Raises:
        ValueError: it has none.
    """
    signer = SignedCms(p7s).signer_certificate()
    if signer is None:
        raise ValueError("the signature has no signer's certificate")
    return of_certificate(signer.der)


def same(one: Person, other: Person) -> bool:
    """Whether two certificates may be of one person, whatever their roles are called.

    The same key or the same identifier is the same person. Where both have identifiers and
    share none they are two, of whatever name; else the same name counts as the same person.
    """
    if one.key == other.key or one.identifiers & other.identifiers:
        return True
    if one.identifiers and other.identifiers:
        return False
    return folded(one.name) == folded(other.name)


def folded(name: str) -> str:
    """Return a name's letters without case, accents, spaces, and what follows a comma or dash."""
    person = name
    for mark in (",", " - ", "(", "–"):
        person = person.split(mark)[0]
    plain = unicodedata.normalize("NFD", person.casefold()).replace("đ", "d")
    return "".join(c for c in plain if c.isalnum()) or name
