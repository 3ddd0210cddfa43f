"""XAdES properties: what a signature says of itself, and the timestamps over it.

Source: ETSI EN 319 132-1, clauses 5.2 (signed) and 5.3 to 5.5 (unsigned properties).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from archive.packages.dsig import names
from archive.packages.dsig.canonical import (
    Method,
    NotReadable,
    canonical,
    is_element,
    method_of,
)
from archive.packages.dsig.references import Document, decoded

_D, _X, _A = names.DSIG, names.XADES, names.XADES_141
_IMPRINTS = ("sha1", "sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512")
MAX_STAMPS = 64


@dataclass(frozen=True, slots=True)
class XmlStamp:
    """One timestamp token in a signature."""

    kind: str
    """`signature`, `archive` or `content`."""
    token: bytes
    """DER."""
    imprints: Mapping[str, bytes]
    """What its imprint must be, by digest algorithm; empty if that is not known."""
    covered: frozenset[str]
    """SHA-256 of certificates, CRLs, OCSP answers and tokens that it covers beside the rest."""


@dataclass(frozen=True, slots=True)
class Properties:
    """What the properties of one signature say."""

    signed: etree._Element | None = None
    """The SignedProperties element."""
    signing_time: datetime | None = None
    signing_certificate: tuple[str, bytes] | None = None
    """Digest algorithm and digest of the signer's certificate."""
    policy: bool = False
    described: frozenset[str] = frozenset()
    """Identifiers of references whose media type is stated."""
    certificates: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()
    stamps: tuple[XmlStamp, ...] = ()


def read_properties(document: Document, signature: etree._Element) -> Properties:
    """Return the properties of a signature; the empty ones if it is plain XML Signature."""
    qualifying = signature.find(f"{{{_D}}}Object/{{{_X}}}QualifyingProperties")
    if qualifying is None:
        return Properties()
    signed = qualifying.find(f"{{{_X}}}SignedProperties")
    kept = _kept(qualifying)
    return Properties(
        signed=signed,
        signing_time=_time(_text(signed, "SigningTime")),
        signing_certificate=_certificate(signed),
        policy=signed is not None
        and signed.find(f".//{{{_X}}}SignaturePolicyIdentifier") is not None,
        described=frozenset(_described(signed)),
        certificates=kept["EncapsulatedX509Certificate"],
        crls=kept["EncapsulatedCRLValue"],
        ocsps=kept["EncapsulatedOCSPValue"],
        stamps=tuple(_stamps(document, signature, qualifying)),
    )


def _text(signed: etree._Element | None, name: str) -> str | None:
    path = f"{{{_X}}}SignedSignatureProperties/{{{_X}}}{name}"
    return None if signed is None else signed.findtext(path)


def _time(text: str | None) -> datetime | None:
    try:
        return None if text is None else datetime.fromisoformat(text.strip())
    except ValueError:
        return None


def _certificate(signed: etree._Element | None) -> tuple[str, bytes] | None:
    """Return how the first certificate of SigningCertificate(V2) is named."""
    for name in ("SigningCertificateV2", "SigningCertificate"):
        path = f"{{{_X}}}SignedSignatureProperties/{{{_X}}}{name}/{{{_X}}}Cert/{{{_X}}}CertDigest"
        first = None if signed is None else signed.find(path)
        if first is not None:
            method = first.find(f"{{{_D}}}DigestMethod")
            algorithm = method.get("Algorithm", "") if method is not None else ""
            value = decoded(first.findtext(f"{{{_D}}}DigestValue"))
            return names.DIGESTS.get(algorithm, ""), value
    return None


def _described(signed: etree._Element | None) -> Iterator[str]:
    """Yield the identifiers of references with a DataObjectFormat that has a MimeType."""
    if signed is not None:
        for one in signed.iter(f"{{{_X}}}DataObjectFormat"):
            if one.findtext(f"{{{_X}}}MimeType"):
                yield one.get("ObjectReference", "").removeprefix("#")


def _kept(within: etree._Element) -> dict[str, tuple[bytes, ...]]:
    """Return the encapsulated certificates, CRLs and OCSP answers inside of an element."""
    kinds = ("EncapsulatedX509Certificate", "EncapsulatedCRLValue", "EncapsulatedOCSPValue")
    return {
        kind: tuple(decoded(one.text) for one in within.iter(f"{{{_X}}}{kind}")) for kind in kinds
    }


def _stamps(
    document: Document, signature: etree._Element, qualifying: etree._Element
) -> Iterator[XmlStamp]:
    """Yield the timestamps in the order in which they stand."""
    content = f"{{{_X}}}SignedProperties/{{{_X}}}SignedDataObjectProperties"
    for one in qualifying.findall(f"{content}/{{{_X}}}AllDataObjectsTimeStamp"):
        yield from _tokens(one, "content", lambda m: _data(document, signature, m, own=False))
    unsigned = qualifying.find(f"{{{_X}}}UnsignedProperties/{{{_X}}}UnsignedSignatureProperties")
    earlier: list[etree._Element] = []
    for one in unsigned if unsigned is not None else ():
        if one.tag == f"{{{_X}}}SignatureTimeStamp":
            value = signature.find(f"{{{_D}}}SignatureValue")
            if value is not None:
                yield from _tokens(one, "signature", lambda m, v=value: iter([canonical(v, m)]))
        elif one.tag == f"{{{_A}}}ArchiveTimeStamp":
            before = tuple(earlier)
            yield from _tokens(
                one,
                "archive",
                lambda m, b=before: _archived(document, signature, b, m),
                _digests(before),
            )
        if is_element(one):
            earlier.append(one)


def _tokens(
    stamp: etree._Element, kind: str, parts: object, covered: frozenset[str] = frozenset()
) -> Iterator[XmlStamp]:
    """Yield the tokens of one timestamp property with what their imprint must be."""
    method = method_of(stamp.find(f"{{{_D}}}CanonicalizationMethod"))
    imprints: dict[str, bytes] = {}
    if method is not None and stamp.find(f"{{{_X}}}Include") is None and callable(parts):
        try:
            imprints = _imprints(parts(method))
        except NotReadable:
            imprints = {}
    for one in stamp.findall(f"{{{_X}}}EncapsulatedTimeStamp")[:MAX_STAMPS]:
        yield XmlStamp(kind, decoded(one.text), imprints, covered)


def _imprints(parts: Iterable[bytes]) -> dict[str, bytes]:
    """Return the digests of joined parts."""
    running = {name: hashlib.new(name, usedforsecurity=False) for name in _IMPRINTS}
    for part in parts:
        for one in running.values():
            one.update(part)
    return {name: one.digest() for name, one in running.items()}


def _data(
    document: Document, signature: etree._Element, method: Method, *, own: bool
) -> Iterator[bytes]:
    """Yield what the references point to; with `own`, the SignedProperties too."""
    for one in signature.findall(f"{{{_D}}}SignedInfo/{{{_D}}}Reference"):
        if own or one.get("Type") != names.SIGNED_PROPERTIES_TYPE:
            yield document.octets(document.resolve(one), method)


def _archived(
    document: Document,
    signature: etree._Element,
    earlier: tuple[etree._Element, ...],
    method: Method,
) -> Iterator[bytes]:
    """Yield what an archive timestamp is over (EN 319 132-1, 5.5.2.2)."""
    yield from _data(document, signature, method, own=True)
    for name in ("SignedInfo", "SignatureValue", "KeyInfo"):
        part = signature.find(f"{{{_D}}}{name}")
        if part is not None:
            yield canonical(part, method)
    for one in earlier:
        yield canonical(one, method)
    referred = {
        (one.get("URI") or "").removeprefix("#")
        for one in signature.findall(f"{{{_D}}}SignedInfo/{{{_D}}}Reference")
    }
    for one in signature.findall(names.OBJECT):
        if one.find(names.QUALIFYING) is None and one.get("Id") not in referred:
            yield canonical(one, method)


def _digests(elements: tuple[etree._Element, ...]) -> frozenset[str]:
    """Return the digests of the objects that elements encapsulate."""
    found: set[str] = set()
    for element in elements:
        for one in element.iter(etree.Element):
            if etree.QName(one).localname.startswith("Encapsulated"):
                found.add(hashlib.sha256(decoded(one.text)).hexdigest())
    return frozenset(found)
