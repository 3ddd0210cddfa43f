#!/usr/bin/env python3
"""Check a record's passport offline, without trusting who made it and without their software.

    python3 verify.py PASSPORT.zip [FILE or PACKAGE.zip]... [--root ROOT.pem]... [--witness VKEY]...

Needs Python 3.11 and `pip install cryptography` (48 or later), nothing else. Without --root the
roots inside the passport are used, and their fingerprints are printed: compare them with those
that the authorities publish. Exit status: 0 all checks hold, 1 one does not, 2 it cannot be read.

Standards: RFC 5652 (CMS), EN 319 122-1 (CAdES), RFC 5752 and 9882 (second signature),
RFC 3161 (timestamps), RFC 4998 (evidence records), RFC 9162 (log), C2SP signed notes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
import zipfile
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

MOST = 256 << 20
HASHES = {
    "2.16.840.1.101.3.4.2.1": ("sha256", hashes.SHA256()),
    "2.16.840.1.101.3.4.2.2": ("sha384", hashes.SHA384()),
    "2.16.840.1.101.3.4.2.3": ("sha512", hashes.SHA512()),
}
SIZES = {"sha256": 2, "sha384": 3, "sha512": 4}
SCHEMES = {
    "ECPublicKey": "1.2.840.10045.4.3.{0}",
    "RSAPublicKey": "1.2.840.113549.1.1.1 1.2.840.113549.1.1.1{0}",
    "Ed25519PublicKey": "1.3.101.112",
    "MLDSA65PublicKey": "2.16.840.1.101.3.4.3.18",
}
ATTRIBUTE = "1.2.840.113549.1.9."
DIGEST, SIGNER = ATTRIBUTE + "4", ATTRIBUTE + "16.2.47"
TOKEN, SECOND = ATTRIBUTE + "16.2.14", ATTRIBUTE + "16.2.51"
COMPANION = "2.25.264410871430198425790834159706723412588"
Tlv = tuple[int, bytes, bytes]  # tag, content, the whole element


UNREADABLE = (
    *(ArithmeticError, AttributeError, LookupError, OSError, RecursionError, TypeError, ValueError),
    *(ElementTree.ParseError, zipfile.BadZipFile, NotImplementedError, EOFError, zlib.error),
    *(InvalidSignature, UnsupportedAlgorithm, x509.ExtensionNotFound, x509.InvalidVersion),
)


class Wrong(Exception):
    """A check that does not hold."""


def need(holds: object, reason: str) -> None:
    """Raise unless something holds."""
    if not holds:
        raise Wrong(reason)


# DER: definite lengths, read strictly.


def parts(content: bytes, tags: str = "(..)*") -> list[Tlv]:
    """Return the elements that some bytes consist of; `tags` is a pattern of theirs, in hex."""
    found, at = [], 0
    while at < len(content):
        begin, tag, size = at, content[at], content[at + 1]
        at += 2
        if size >= 0x80:
            count = size & 0x7F
            need(0 < count < 5, "độ dài DER sai / a DER length is wrong")
            size, at = int.from_bytes(content[at : at + count], "big"), at + count
        need(at + size <= len(content), "dữ liệu DER bị cắt / DER is cut off")
        found.append((tag, content[at : at + size], content[begin : at + size]))
        at += size
    need(re.fullmatch(tags, bytes(one[0] for one in found).hex()), "DER sai / DER is wrong")
    return found


def inside(content: bytes, tags: str = "(..)*") -> list[Tlv]:
    """Return what the one SEQUENCE of some bytes consists of."""
    return parts(parts(content, "30")[0][1], tags)


def oid(content: bytes) -> str:
    """Return an object identifier in dots."""
    arcs, value = [], 0
    for octet in content:
        value = value << 7 | octet & 0x7F
        if octet < 0x80:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def attributes(content: bytes) -> dict[str, list[Tlv]]:
    """Return attribute values by identifier."""
    pairs = [parts(one[1], "0631") for one in parts(content, "(30)*")]
    return {oid(kind[1]): parts(values[1]) for kind, values in pairs}


def algorithm_of(element: Tlv) -> str:
    """Return the identifier in an AlgorithmIdentifier."""
    return oid(parts(element[1], "06(05|30)?")[0][1])


# Certificates: a path to a root, at a time.


class Trust:
    """Roots, certificates that help, and revocation lists."""

    def __init__(self, roots: list[x509.Certificate], others: list[x509.Certificate]) -> None:
        self.roots, self.others = roots, others
        self.crls: list[x509.CertificateRevocationList] = []
        self.now = datetime.now(UTC)  # noqa: TID251  it runs where nothing of ours is

    def path(self, leaf: x509.Certificate, at: datetime, more: list[x509.Certificate]) -> None:
        """Raise unless a certificate leads to a root, valid and not revoked at a time."""
        name = leaf.subject.rfc4514_string()
        for _ in range(10):
            self._valid(leaf, at)
            if leaf in self.roots:
                return
            known = [*self.roots, *self.others, *more]
            leaf, child = self._issuer(leaf, known), leaf
            self._not_revoked(child, leaf, at)
        raise Wrong(f"chuỗi của {name} quá dài / the path of {name} is too long")

    def _valid(self, one: x509.Certificate, at: datetime) -> None:
        good = one.not_valid_before_utc <= at <= one.not_valid_after_utc
        need(good, f"chứng thư hết hạn lúc {at} / a certificate is not valid at {at}")

    def _issuer(self, child: x509.Certificate, known: list[x509.Certificate]) -> x509.Certificate:
        for one in known:
            try:
                child.verify_directly_issued_by(one)
                basic = one.extensions.get_extension_for_class(x509.BasicConstraints).value
            except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
                continue
            if basic.ca and one != child:
                return one
        name = child.subject.rfc4514_string()
        raise Wrong(f"{name} không dẫn tới gốc tin cậy / {name} leads to no trusted root")

    def _not_revoked(self, one: x509.Certificate, issuer: x509.Certificate, at: datetime) -> None:
        for crl in self.crls:
            key = issuer.public_key()
            if crl.issuer != issuer.subject or not crl.is_signature_valid(key):  # type: ignore[arg-type]
                continue
            entry = crl.get_revoked_certificate_by_serial_number(one.serial_number)
            revoked = entry is not None and entry.revocation_date_utc <= at
            need(not revoked, "chứng thư đã bị thu hồi / a certificate was revoked before")


# CMS: one signer, its digest, its signature, its certificate.


class Cms:
    """A parsed SignedData with one signer."""

    def __init__(self, encoded: bytes) -> None:
        kind, outer = inside(encoded, "06a0")
        need(oid(kind[1]) == "1.2.840.113549.1.7.2", "không phải CMS / not CMS SignedData")
        fields = inside(outer[1], "023130(a0)?(a1)?31")
        encapsulated = parts(fields[2][1], "06(a0)?")
        self.content = parts(encapsulated[1][1], "04")[0][1] if len(encapsulated) > 1 else None
        raw = parts(fields[3][1]) if fields[3][0] == 0xA0 else []
        self.certificates = [x509.load_der_x509_certificate(one[2]) for one in raw]
        (signer,) = parts(fields[-1][1], "30")
        info = parts(signer[1], "023030a03004(a1)?")
        self.issuer, self.serial = (one[2] for one in parts(info[1][1], "3002"))
        self.algorithm, self.scheme = algorithm_of(info[2]), algorithm_of(info[4])
        self.signed, self.signed_raw = attributes(info[3][1]), b"\x31" + info[3][2][1:]
        self.signature = info[5][1]
        self.unsigned = attributes(info[6][1]) if len(info) > 6 else {}
        versions = fields[0][1] in (b"\x01", b"\x03", b"\x05") and info[0][1] == b"\x01"
        listed = self.algorithm in map(algorithm_of, parts(fields[1][1], "(30)+"))
        typed = self.signed[ATTRIBUTE + "3"][0][2] == encapsulated[0][2]
        need(versions and listed and typed, "CMS sai / the CMS is not well-formed")

    def signer(self) -> x509.Certificate:
        """Return the certificate that the signature names."""
        for one in self.certificates:
            serial = int.from_bytes(parts(self.serial)[0][1], "big")
            if one.issuer.public_bytes() == self.issuer and one.serial_number == serial:
                named = parts(parts(inside(self.signed[SIGNER][0][2])[0][1])[0][1])
                stated = named[0][0] == 0x30  # SHA-256 is the default (RFC 5035, 4)
                algorithm = HASHES[oid(parts(named[0][1])[0][1])][1] if stated else hashes.SHA256()
                fingerprint = one.fingerprint(algorithm)
                need(named[stated][1] == fingerprint, "sai chứng thư / another one is named")
                return one
        raise Wrong("thiếu chứng thư người ký / the signer's certificate is not there")

    def verify(self, content: bytes) -> x509.Certificate:
        """Return the signer's certificate after checking digest and signature."""
        need(self.algorithm in HASHES, "thuật toán băm yếu hoặc lạ / an unknown digest")
        name, algorithm = HASHES[self.algorithm]
        digest = hashlib.new(name, content).digest()
        need(self.signed[DIGEST][0][1] == digest, "nội dung đã bị sửa / the content was altered")
        signer = self.signer()
        key = signer.public_key()
        fits = SCHEMES.get(type(key).__name__, "").format(SIZES[name])
        need(self.scheme in fits.split(), "sai thuật toán ký / another signature algorithm")
        verify_signature(key, self.signature, self.signed_raw, algorithm)
        return signer


def verify_signature(key: object, signature: bytes, data: bytes, algorithm: object) -> None:
    """Raise unless a signature verifies."""
    try:
        if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(
            algorithm, hashes.HashAlgorithm
        ):
            key.verify(signature, data, ec.ECDSA(algorithm))
        elif isinstance(key, rsa.RSAPublicKey) and isinstance(algorithm, hashes.HashAlgorithm):
            key.verify(signature, data, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ed25519.Ed25519PublicKey | mldsa.MLDSA65PublicKey):
            key.verify(signature, data)
        else:
            raise Wrong("loại khóa không hỗ trợ / this kind of key is not supported")
    except InvalidSignature:
        raise Wrong("chữ ký không đúng / the signature does not verify") from None


def timestamp(encoded: bytes, trust: Trust, digest: bytes | None, over: bytes = b"") -> datetime:
    """Return a timestamp's time after checking it; see `stamped`."""
    return stamped(encoded, trust, digest, over)[0]


def stamped(
    encoded: bytes, trust: Trust, digest: bytes | None, over: bytes = b""
) -> tuple[datetime, datetime]:
    """Return a timestamp's time and its signer's end; check what it is over, by whom, for what."""
    cms = Cms(encoded)
    need(cms.content is not None, "không phải dấu thời gian / not a timestamp")
    content = cms.content or b""
    signer, info = cms.verify(content), inside(content)
    algorithm, imprint = parts(info[2][1])
    name = HASHES[oid(parts(algorithm[1])[0][1])][0]
    wanted = hashlib.new(name, over).digest() if digest is None else digest
    need(imprint[1] == wanted, "dấu thời gian của dữ liệu khác / a timestamp over other data")
    text = info[4][1].decode().rstrip("Z")
    form = "%Y%m%d%H%M%S.%f" if "." in text else "%Y%m%d%H%M%S"
    at = datetime.strptime(text, form).replace(tzinfo=UTC)
    purpose = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    alone = list(purpose.value) == [ExtendedKeyUsageOID.TIME_STAMPING]
    need(alone and purpose.critical, "không phải chứng thư TSA / not a TSA's certificate")
    for one in (signer, *cms.certificates):
        trust.path(one, at, cms.certificates)
    return at, signer.not_valid_after_utc


def seal(content: bytes, p7s: bytes, trust: Trust) -> tuple[str, datetime]:
    """Return who sealed and when, after checking seal, timestamp and second signature."""
    cms = Cms(p7s)
    signer = cms.verify(content)
    need(TOKEN in cms.unsigned, "dấu không có thời gian / the seal has no timestamp")
    at = timestamp(cms.unsigned[TOKEN][0][2], trust, None, cms.signature)
    for one in (signer, *cms.certificates):
        trust.path(one, at, cms.certificates)
    if SECOND in cms.signed:
        need(COMPANION in cms.unsigned, "thiếu chữ ký thứ hai / the second signature is missing")
        second = Cms(cms.unsigned[COMPANION][0][2])
        announced = parts(parts(cms.signed[SECOND][0][1])[2][1])
        name = HASHES[oid(parts(announced[0][1])[0][1])][0]
        own = hashlib.new(name, second.signed_raw).digest()
        need(announced[1][1] == own, "chữ ký thứ hai khác / another second signature")
        trust.path(second.verify(content), at, second.certificates)
    names = signer.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(names[0].value if names else signer.subject), at


# RFC 4998: hash trees, chains of timestamps, renewals.


def root_of(name: str, lists: list[list[bytes]]) -> bytes:
    """Return what a reduced hash tree leads to (4.3, step 3)."""
    carried: list[bytes] = []
    for one in lists:
        every = sorted([*one, *carried])
        carried = every if len(every) == 1 else [hashlib.new(name, b"".join(every)).digest()]
    return carried[0]


def evidence(record: bytes, objects: list[dict[str, bytes]], trust: Trust) -> list[datetime]:
    """Return the times of an evidence record over objects, of which digests are given by name."""
    fields = [one for one in inside(record) if one[0] == 0x30]
    times, ends, earlier = [], [], b""
    for chain in parts(fields[-1][1]):
        before = None
        for stamp in parts(chain[1]):
            told = {one[0]: one for one in parts(stamp[1])}
            lists = [[d[1] for d in parts(one[1])] for one in parts(told[0xA2][1])]
            name = HASHES[oid(parts(told[0xA0][1])[0][1])][0]
            first = lists[0]
            if before is None:
                for one in objects:
                    digest = one[name]
                    if earlier:
                        over = hashlib.new(name, b"\x30" + _length(earlier) + earlier).digest()
                        digest = hashlib.new(name, digest + over).digest()
                    need(digest in first, "bằng chứng của dữ liệu khác / evidence of other data")
            else:
                need(hashlib.new(name, before).digest() in first, "chuỗi đứt / a broken chain")
            at, end = stamped(told[0x30][2], trust, root_of(name, lists))
            times.append(at)
            ends.append(end)
            before = told[0x30][2]
        earlier += chain[2]
    need(times == sorted(times), "thời gian không tăng / times are not in order")
    for end, renewed in zip(ends, [*times[1:], trust.now], strict=True):
        need(renewed <= end, f"không gia hạn trước {end} / not renewed before {end}")
    return times


def digests_by_all(content: bytes) -> dict[str, bytes]:
    """Return the digests of an object by every algorithm that a record may use."""
    return {name: hashlib.new(name, content).digest() for name, _ in HASHES.values()}


def _length(content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([size])
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(octets)]) + octets


# RFC 9162 and C2SP: the journal's log.


def note_signed(note: str, vkey: str) -> str | None:
    """Return when a key has signed a note ("" for a log's own key), or None if it has not."""
    name, key_id, encoded = vkey.strip().split("+", 2)
    kind, public = base64.b64decode(encoded)[0], base64.b64decode(encoded)[1:]
    text, _, lines = note.rpartition("\n\n")
    text += "\n"
    for line in lines.splitlines():
        dash, owner, value = line.split(" ")
        signature = base64.b64decode(value)
        if (dash, owner, signature[:4].hex()) != ("\u2014", name, key_id):
            continue
        at, message = "", text
        if kind == 4:
            seconds = int.from_bytes(signature[4:12], "big")
            message = f"cosignature/v1\ntime {seconds}\n{text}"
            at, signature = datetime.fromtimestamp(seconds, UTC).isoformat(), signature[8:]
        key = ed25519.Ed25519PublicKey.from_public_bytes(public)
        verify_signature(key, signature[4:], message.encode(), None)
        return at
    return None


def inclusion(index: int, size: int, leaf: bytes, path: list[bytes], root: bytes) -> bool:
    """Whether a leaf is under a root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    fn, sn, found = index, size - 1, leaf
    for one in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            found = hashlib.sha256(b"\x01" + one + found).digest()
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            found = hashlib.sha256(b"\x01" + found + one).digest()
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and found == root


def journal(
    proof: dict[str, Any], trust: Trust, witnesses: list[str]
) -> tuple[dict[str, Any], datetime, list[str]]:
    """Return an entry of the journal, since when it is there, and who has witnessed that."""
    entry, note = json.loads(proof["leaf"]), proof["checkpoint"]
    opened = hashlib.sha256(bytes.fromhex(proof["salt"]) + proof["details"].encode()).hexdigest()
    need(entry["commitment"] == opened, "chi tiết đã bị sửa / the details were altered")
    origin, size, root = note.split("\n")[:3]
    leaf = hashlib.sha256(b"\x00" + hashlib.sha256(proof["leaf"].encode()).digest()).digest()
    path = [bytes.fromhex(one) for one in proof["proof"]]
    place, tree_root = entry["seq"] - 1, base64.b64decode(root)
    held = inclusion(place, int(size), leaf, path, tree_root)
    need(held, "không có trong nhật ký / not in the log")
    vkey = proof["log_key"]
    signed = vkey.split("+")[0] == origin and note_signed(note, vkey) is not None
    need(signed, "nhật ký không ký / the log has not signed")
    key, sealed = f"{vkey}\n".encode(), base64.b64decode(proof["log_key_seal"])
    seal(key, sealed, trust)
    stamp = base64.b64decode(proof["timestamp"])
    at = timestamp(stamp, trust, None, note.encode())
    if proof["evidence"]:
        record = base64.b64decode(proof["evidence"])
        evidence(
            record, [digests_by_all(one) for one in (note.encode(), stamp, key, sealed)], trust
        )
    every = note + "".join(proof["cosignatures"])
    seen = [(key.split("+")[0], note_signed(every, key)) for key in witnesses]
    return entry, at, [f"{name} {when}" for name, when in seen if when]


# The passport.


def digests_of(mets: bytes) -> dict[str, str]:
    """Return the SHA-256 of each file that a METS names, by its path."""
    need(b"<!DOCTYPE" not in mets, "METS có DOCTYPE / the METS has a DOCTYPE")
    found = {}
    for element in ElementTree.fromstring(mets).iter():
        digest = element.get("CHECKSUM")
        for one in (element, *element):
            href = one.get("{http://www.w3.org/1999/xlink}href")
            if digest and href:
                path = unquote(href)
                path = path.split("/", 2)[2] if path.startswith("kho:") else path
                found[path] = digest.lower()
    return found


class Passport:
    """The files of a passport and what came of each check."""

    def __init__(self, path: Path) -> None:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            need(len(names) == len(set(names)), "tệp trùng tên / a name is there twice")
            size = sum(one.file_size for one in archive.infolist())
            need(size <= MOST, "quá lớn / too large")
            self.files = {name: archive.read(name) for name in names}
        self.failed = 0
        self.told = json.loads(self.files["passport.json"])

    def check(self, what: str, act: Callable[[], list[str]]) -> None:
        """Do one check and say how it ended."""
        try:
            print("✓ ĐẠT / HOLDS      ", what, " | ".join(act()), sep="  ")
        except (Wrong, *UNREADABLE) as error:
            self.failed += 1
            name = "" if isinstance(error, Wrong) else f"{type(error).__name__}: "
            print("✗ KHÔNG ĐẠT / FAILS", what, f"{name}{error}", sep="  ")

    def trust(self, roots: list[Path]) -> Trust:
        """Return the roots that count: those given, or those inside."""
        given = b"".join(path.read_bytes() for path in roots) or self.files["roots.pem"]
        others = self.files.get("certificates.pem", b"")
        load = x509.load_pem_x509_certificates
        trust = Trust(load(given), load(others) if others else [])
        for name in sorted(self.files):
            if name.startswith("crls/"):
                trust.crls.append(x509.load_der_x509_crl(self.files[name]))
        for one in trust.roots:
            print("  GỐC / ROOT", one.subject.rfc4514_string())
            print("  SHA-256   ", one.fingerprint(hashes.SHA256()).hex())
        if not roots:
            print(
                "  So vân tay này với vân tay được công bố / compare with the published fingerprint"
            )
        return trust

    def whole(self, trust: Trust) -> list[str]:
        """Check the seal over the passport, and that each file is the one that it names."""
        found = seal(self.files["passport.json"], self.files["passport.json.p7s"], trust)
        own = {"passport.json", "passport.json.p7s"}
        need(
            set(self.files) - own == set(self.told["files"]),
            "thừa hoặc thiếu tệp / a file too many or too few",
        )
        for name, digest in self.told["files"].items():
            same = hashlib.sha256(self.files[name]).hexdigest() == digest
            need(same, f"{name} đã bị sửa / {name} was altered")
        return [found[0], found[1].isoformat()]

    def record(self, trust: Trust) -> list[str]:
        """Check the record's own seal."""
        again = self.files.get("record/resealed.p7s")
        p7s = self.files["record/METS.xml.p7s"] if again is None else again
        name, at = seal(self.files["record/METS.xml"], p7s, trust)
        return [name, at.isoformat()]

    def digests(self) -> dict[str, str]:
        """Return the digests in the sealed METS, and in the METS that it names by digest."""
        known = digests_of(self.files["record/METS.xml"])
        for name, content in self.files.items():
            path = name.removeprefix("record/")
            if path.startswith("representations/"):
                same = known.get(path) == hashlib.sha256(content).hexdigest()
                need(same, f"{name} đã bị sửa / was altered")
                known |= digests_of(content)
        return known

    def material(self) -> list[str]:
        """Check that report and material are those that the sealed METS names."""
        known, count = self.digests(), 0
        for name, content in self.files.items():
            if name.startswith("validation/"):
                digest = known.get(f"metadata/preservation/{name}")
                need(digest == hashlib.sha256(content).hexdigest(), f"{name} khác / {name} differs")
                count += 1
        return [str(count)]

    def in_journal(self, trust: Trust, witnesses: list[str]) -> list[str]:
        """Check the entry by which the archive took the record over."""
        entry, at, seen = journal(json.loads(self.files["journal/entry.json"]), trust, witnesses)
        details = json.loads(json.loads(self.files["journal/entry.json"])["details"])
        own = hashlib.sha256(self.files["record/METS.xml.p7s"]).hexdigest()
        package = self.told["package"]
        same = details["seal"] == own and details["sha256"] == package["sha256"]
        need(
            same and entry["subject"] == self.told["dossier"]["id"],
            "của hồ sơ khác / of another dossier",
        )
        return [f"#{entry['seq']} {entry['at']}", at.isoformat(), *seen]

    def in_evidence(self, trust: Trust, packages: list[Path]) -> list[str]:
        """Check the evidence record over seal and package."""
        seals = self.files["record/METS.xml.p7s"]
        objects = [digests_by_all(seals)]
        digests = {k: bytes.fromhex(v) for k, v in self.told["package"]["digests"].items()}
        for path in packages:
            for name in digests:
                with path.open("rb") as stream:
                    same = hashlib.file_digest(stream, name).digest() == digests[name]
                need(same, f"{path.name} khác / {path.name} differs")
        objects.append(digests)
        return [at.isoformat() for at in evidence(self.files["evidence/record.er"], objects, trust)]

    def given(self, path: Path) -> list[str]:
        """Check a file in the hand against the sealed METS."""
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        known = self.digests()
        known["package"] = self.told["package"]["sha256"]
        names = [name for name, one in known.items() if one == digest]
        need(names, "không thuộc hồ sơ này / not of this record")
        return names[:1]


def main(arguments: list[str]) -> int:
    """Check what the arguments name."""
    given: dict[str, list[str]] = {"": [], "--root": [], "--witness": []}
    rest = iter(arguments)
    for one in rest:
        given[one if one in given else ""].append(next(rest, "") if one in given else one)
    if not given[""]:
        print(__doc__)
        return 2
    try:
        passport = Passport(Path(given[""][0]))
        trust = passport.trust([Path(one) for one in given["--root"]])
        files = [Path(one) for one in given[""][1:]]
        packages = [f for f in files if f.is_file() and f.suffix == ".zip"]
    except (Wrong, *UNREADABLE) as error:
        print(f"{type(error).__name__}: {error}")
        return 2
    told, check = passport.told, passport.check
    check("hộ chiếu và từng tệp trong đó / the passport", lambda: passport.whole(trust))
    check("dấu của hồ sơ / the record's seal", lambda: passport.record(trust))
    check("báo cáo kiểm tra chữ ký / report on signatures", passport.material)
    if "journal/entry.json" in passport.files:
        inside = passport.files.get("journal/witnesses.txt", b"").decode().split()
        witnesses = given["--witness"] or inside
        for one in inside if not given["--witness"] else ():
            print("  NGƯỜI LÀM CHỨNG / WITNESS", one)
        check("nhật ký của kho / the journal", lambda: passport.in_journal(trust, witnesses))
    if "evidence/record.er" in passport.files:
        check("bằng chứng lâu dài / evidence", lambda: passport.in_evidence(trust, packages))
    for path in files:
        check(f"tệp / file {path.name}", partial(passport.given, path))
    for missing in told.get("missing", []):
        print("? CHƯA CÓ / NOT YET  ", missing, sep="  ")
    if told.get("test", True):
        print("! THỬ NGHIỆM, không có giá trị pháp lý / a TEST, without legal value")
    print("KẾT QUẢ / RESULT:", "KHÔNG ĐẠT / FAILS" if passport.failed else "ĐẠT / HOLDS")
    return 1 if passport.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
