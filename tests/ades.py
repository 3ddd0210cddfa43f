"""Builders for CAdES, XAdES and ASiC; what they make is what stock tools make, and worse."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, utils
from lxml import etree

from archive.evidence import attached
from archive.model import PackagePath, Verdict
from archive.packages.dsig import reader
from archive.packages.dsig.canonical import EXCLUSIVE, Method
from archive.packages.dsig.names import ASIC, DSIG, XADES, XADES_141
from archive.packages.dsig.properties import _archived, _imprints
from archive.packages.dsig.references import Document
from archive.signatures import cades_stamps, cms_writer, der, stamping
from archive.signatures.asked import Asked
from archive.signatures.ber import as_read
from archive.signatures.check import _referred
from archive.signatures.cms_reader import SignedCms
from archive.signatures.files import validate
from archive.signatures.keys import FileKey
from archive.signatures.kinds import kind_of
from archive.signatures.prepared import prepare
from archive.signatures.readers import Readers
from archive.signatures.timestamps import LocalTsa
from archive.signatures.trust import TrustStore
from tests.judges import etsi_report
from tests.signed import NOW

_SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
_TYPE = "http://uri.etsi.org/01903#SignedProperties"
ENVELOPED = f"{DSIG}enveloped-signature"


def cades(
    content: bytes,
    key: FileKey,
    at: datetime,
    *,
    tsa: LocalTsa | None = None,
    inside: bool = False,
    time: bool = True,
    digest: str = "sha256",
) -> bytes:
    """Return a CAdES signature, detached unless `inside`; with a TSA it is B-T."""
    attributes = [cms_writer.attribute(cms_writer.SIGNING_TIME, der.time(at))] if time else []
    made = cms_writer.sign(
        key,
        hashlib.new(digest, content).digest(),
        digest=digest,
        content=content if inside else None,
        attributes=attributes,
    )
    if tsa is None:
        return made.encode()
    token = tsa.timestamp(hashlib.sha256(made.signature).digest())
    return made.encode([cms_writer.attribute(cms_writer.TIMESTAMP_TOKEN, token)])


def with_status(encoded: bytes, certificates: Sequence[bytes], crls: Sequence[bytes]) -> bytes:
    """Return a CMS with more certificates, and CRLs, in its SignedData (CAdES-B-LT)."""
    kind, wrapped = stamping._parts(encoded)
    version, digests, content, present, *_, signers = stamping._parts(stamping._parts(wrapped)[0])
    kept = der.set_of(*stamping._parts(present), *certificates, tag=0xA0)
    added = [der.set_of(*crls, tag=0xA1)] if crls else []
    data = der.sequence(version, digests, content, kept, *added, signers)
    return der.sequence(kind, der.context(0, data))


def archived_cades(encoded: bytes, content: bytes, tsa: LocalTsa) -> bytes:
    """Return a CMS with an archive-time-stamp-v3 over all it holds (CAdES-B-LTA)."""
    signed = SignedCms(encoded)
    certificates, crls = signed.kept_encoded()

    def digests(parts: Sequence[bytes]) -> bytes:
        return der.sequence(*(der.octets(hashlib.sha256(one).digest()) for one in parts))

    attributes = [der.oid(k) + as_read(v) for k, values in signed.unsigned.items() for v in values]
    index = der.sequence(
        cms_writer.digest_algorithm("sha256"),
        digests(certificates),
        digests(crls),
        digests(attributes),
    )
    over = (
        signed.content_type_encoded()
        + hashlib.sha256(content).digest()
        + signed.signed_fields()
        + index
    )
    token = tsa.timestamp(hashlib.sha256(over).digest())
    stamp = with_unsigned(token, cades_stamps.HASH_INDEX_V3, index)
    return with_unsigned(encoded, cades_stamps.ARCHIVE_TIMESTAMP_V3, stamp)


def with_unsigned(encoded: bytes, kind: str, value: bytes) -> bytes:
    """Return a CMS with one more unsigned attribute."""
    parts = stamping._parts
    named, wrapped = parts(encoded)
    *head, signers = parts(parts(wrapped)[0])
    (signer,) = parts(signers)
    fields = parts(signer)
    kept = parts(fields.pop()) if fields[-1][0] == 0xA1 else []
    unsigned = der.tlv(0xA1, *kept, cms_writer.attribute(kind, value))
    data = der.sequence(*head, der.set_of(der.sequence(*fields, unsigned)))
    return der.sequence(named, der.context(0, data))


def xades(
    key: FileKey,
    at: datetime,
    references: Sequence[tuple[str, bytes, Sequence[str]]],
    *,
    objects: Sequence[etree._Element] = (),
    into: etree._Element | None = None,
    tsa: LocalTsa | None = None,
    kept: tuple[Sequence[bytes], Sequence[bytes]] | None = None,
    archive: LocalTsa | None = None,
    c14n: str = EXCLUSIVE,
    name: str = "S0",
    baseline: bool = True,
) -> etree._Element:
    """Return a ds:Signature in its place.

    Args:
        key: P-256.
        at: the claimed time.
        references: URI, octets that are hashed, transforms.
        objects: ds:Object contents.
        into: the element that gets the signature as its last child.
        tsa: gives a signature timestamp.
        kept: certificates and CRLs to keep.
        archive: gives an archive timestamp.
        c14n: for SignedInfo and SignedProperties.
        name: identifier of the signature.
        baseline: whether media types are stated.
    """
    signature = etree.Element(f"{{{DSIG}}}Signature", nsmap={"ds": DSIG})
    signature.set("Id", name)
    if into is not None:
        into.append(signature)
    info = _sub(signature, "SignedInfo")
    _sub(info, "CanonicalizationMethod").set("Algorithm", c14n)
    _sub(info, "SignatureMethod").set(
        "Algorithm", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
    )
    for number, (uri, octets, transforms) in enumerate(references):
        _reference(info, uri, octets, transforms, f"{name}-r{number}")
    value = _sub(signature, "SignatureValue")
    data = _sub(_sub(signature, "KeyInfo"), "X509Data")
    for one in (key.certificate, *key.chain):
        _sub(data, "X509Certificate").text = base64.b64encode(one).decode()
    for content in objects:
        signature.append(content)
    qualifying = etree.SubElement(
        _sub(signature, "Object"), f"{{{XADES}}}QualifyingProperties", nsmap={"xades": XADES}
    )
    qualifying.set("Target", f"#{name}")
    properties = _properties(qualifying, key, at, name, len(references) if baseline else 0)
    digest = _canonical(properties, c14n)
    _reference(info, f"#{name}-sp", digest, [c14n], f"{name}-rp").set("Type", _TYPE)
    signed = _canonical(info, c14n)
    private = key.key
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    from cryptography.hazmat.primitives import hashes

    r, s = utils.decode_dss_signature(private.sign(signed, ec.ECDSA(hashes.SHA256())))
    value.text = base64.b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).decode()
    _unsigned(signature, qualifying, tsa, kept, archive)
    return signature


def _unsigned(
    signature: etree._Element,
    qualifying: etree._Element,
    tsa: LocalTsa | None,
    kept: tuple[Sequence[bytes], Sequence[bytes]] | None,
    archive: LocalTsa | None,
) -> None:
    if tsa is None:
        return
    unsigned = etree.SubElement(
        etree.SubElement(qualifying, f"{{{XADES}}}UnsignedProperties"),
        f"{{{XADES}}}UnsignedSignatureProperties",
    )
    stamp = etree.SubElement(unsigned, f"{{{XADES}}}SignatureTimeStamp")
    _sub(stamp, "CanonicalizationMethod").set("Algorithm", EXCLUSIVE)
    value = signature.find(f"{{{DSIG}}}SignatureValue")
    assert value is not None
    token = tsa.timestamp(hashlib.sha256(_canonical(value, EXCLUSIVE)).digest())
    _encapsulated(stamp, "EncapsulatedTimeStamp", token)
    if kept is not None:
        values = etree.SubElement(unsigned, f"{{{XADES}}}CertificateValues")
        for one in kept[0]:
            _encapsulated(values, "EncapsulatedX509Certificate", one)
        values = etree.SubElement(unsigned, f"{{{XADES}}}RevocationValues")
        values = etree.SubElement(values, f"{{{XADES}}}CRLValues")
        for one in kept[1]:
            _encapsulated(values, "EncapsulatedCRLValue", one)
    if archive is not None:
        earlier = tuple(unsigned)
        stamp = etree.SubElement(
            unsigned, f"{{{XADES_141}}}ArchiveTimeStamp", nsmap={"xades141": XADES_141}
        )
        _sub(stamp, "CanonicalizationMethod").set("Algorithm", EXCLUSIVE)
        root = signature.getroottree().getroot()
        document = Document(etree.tostring(root), lambda _: None)
        again = next(
            s
            for s in document.root.iter(f"{{{DSIG}}}Signature")
            if s.get("Id") == signature.get("Id")
        )
        places = [list(signature.iter()).index(one) for one in earlier]
        inner = list(again.iter())
        parts = _archived(document, again, tuple(inner[n] for n in places), Method(exclusive=True))
        token = archive.timestamp(_imprints(parts)["sha256"])
        _encapsulated(stamp, "EncapsulatedTimeStamp", token)


def _properties(
    qualifying: etree._Element, key: FileKey, at: datetime, name: str, described: int
) -> etree._Element:
    properties = etree.SubElement(qualifying, f"{{{XADES}}}SignedProperties")
    properties.set("Id", f"{name}-sp")
    own = etree.SubElement(properties, f"{{{XADES}}}SignedSignatureProperties")
    etree.SubElement(own, f"{{{XADES}}}SigningTime").text = at.isoformat()
    named = etree.SubElement(own, f"{{{XADES}}}SigningCertificateV2")
    cert = etree.SubElement(etree.SubElement(named, f"{{{XADES}}}Cert"), f"{{{XADES}}}CertDigest")
    _sub(cert, "DigestMethod").set("Algorithm", _SHA256)
    _sub(cert, "DigestValue").text = _digest(key.certificate)
    data = etree.SubElement(properties, f"{{{XADES}}}SignedDataObjectProperties")
    for number in range(described):
        form = etree.SubElement(data, f"{{{XADES}}}DataObjectFormat")
        form.set("ObjectReference", f"#{name}-r{number}")
        etree.SubElement(form, f"{{{XADES}}}MimeType").text = "text/xml"
    if not described:
        properties.remove(data)
    return properties


def _reference(
    info: etree._Element, uri: str, octets: bytes, transforms: Sequence[str], name: str
) -> etree._Element:
    reference = _sub(info, "Reference")
    reference.set("Id", name)
    reference.set("URI", uri)
    if transforms:
        steps = _sub(reference, "Transforms")
        for one in transforms:
            _sub(steps, "Transform").set("Algorithm", one)
    _sub(reference, "DigestMethod").set("Algorithm", _SHA256)
    _sub(reference, "DigestValue").text = _digest(octets)
    return reference


def enveloped(xml: bytes, key: FileKey, at: datetime, **options: object) -> bytes:
    """Return a document with an enveloped XAdES signature over all of it."""
    root = etree.fromstring(xml)
    octets = _canonical(root, EXCLUSIVE)
    xades(key, at, [("", octets, [ENVELOPED, EXCLUSIVE])], into=root, **options)  # type: ignore[arg-type]
    return bytes(etree.tostring(root))


def enveloping(content: etree._Element, key: FileKey, at: datetime, **options: object) -> bytes:
    """Return a XAdES signature with its content in a ds:Object."""
    holder = etree.Element(f"{{{DSIG}}}Object", nsmap={"ds": DSIG})
    holder.set("Id", "content")
    holder.append(content)
    octets = _canonical(holder, EXCLUSIVE)
    reference = [("#content", octets, [EXCLUSIVE])]
    return bytes(
        etree.tostring(xades(key, at, reference, objects=[holder], **options))  # type: ignore[arg-type]
    )


def detached(files: Mapping[str, bytes], key: FileKey, at: datetime, **options: object) -> bytes:
    """Return a XAdES signature over files beside it."""
    references = [(uri, octets, ()) for uri, octets in files.items()]
    root = etree.Element(f"{{{ASIC}}}XAdESSignatures", nsmap={"asic": ASIC})
    xades(key, at, references, into=root, **options)  # type: ignore[arg-type]
    return bytes(etree.tostring(root))


def manifest(signature: str, files: Mapping[str, bytes]) -> bytes:
    """Return an ASiCManifest."""
    root = etree.Element(f"{{{ASIC}}}ASiCManifest", nsmap={"asic": ASIC, "ds": DSIG})
    reference = etree.SubElement(root, f"{{{ASIC}}}SigReference")
    reference.set("URI", signature)
    for name, content in files.items():
        entry = etree.SubElement(root, f"{{{ASIC}}}DataObjectReference")
        entry.set("URI", name)
        _sub(entry, "DigestMethod").set("Algorithm", _SHA256)
        _sub(entry, "DigestValue").text = _digest(content)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def a_zip(files: Sequence[tuple[str, bytes]]) -> bytes:
    """Return a ZIP of stored files in this order."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files:
            archive.writestr(name, content)
    return stream.getvalue()


HOUR = timedelta(hours=1)


def _sub(parent: etree._Element, name: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{DSIG}}}{name}")


def _encapsulated(parent: etree._Element, name: str, content: bytes) -> None:
    child = etree.SubElement(parent, f"{{{XADES}}}{name}")
    child.text = base64.b64encode(content).decode()


def _digest(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def _canonical(element: etree._Element, c14n: str) -> bytes:
    """Return the canonical form without comments, with the xml: attributes in scope if inclusive."""
    exclusive = c14n == EXCLUSIVE
    missing = (
        {}
        if exclusive
        else {k: v for k, v in _in_scope(element).items() if k not in element.attrib}
    )
    for name, value in missing.items():
        element.set(name, value)
    made = etree.tostring(element, method="c14n", exclusive=exclusive, with_comments=False)
    for name in missing:
        del element.attrib[name]
    return bytes(made)


def _in_scope(element: etree._Element) -> dict[str, str]:
    prefix = "{http://www.w3.org/XML/1998/namespace}"
    found: dict[str, str] = {}
    for ancestor in element.iterancestors():
        for name, value in ancestor.attrib.items():
            if str(name).startswith(prefix):
                found.setdefault(str(name), str(value))
    return found


def judged(
    folder: Path,
    name: str,
    content: bytes,
    trust: TrustStore,
    at: datetime = NOW,
    *,
    beside: Mapping[str, bytes] | None = None,
    known_at: datetime | None = None,
) -> list[Verdict]:
    """Return the verdicts on a file, in this process; `beside` are other files of its folder."""
    path = folder / name
    path.write_bytes(content)
    others = {}
    for other, octets in (beside or {}).items():
        (folder / other).write_bytes(octets)
        others[PackagePath(other)] = folder / other
    kind = kind_of(path, name)
    if kind is None:
        return []
    referred = _referred(kind, PackagePath(name), others, None)
    asked = Asked(path, PackagePath(name), at, known_at, 64 << 20, referred)
    found = validate(kind, asked, prepare(trust), Readers(reader, attached))
    etsi_report.approve(found.verdicts, found.grounds, at)
    return list(found.verdicts)
