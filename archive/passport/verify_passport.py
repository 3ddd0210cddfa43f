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

import argparse
import base64
import hashlib
import json
import re
import sys
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

MOST = 256 << 20  # octets in a passport
HASHES = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
NUMBERS = {name: number for number, name in enumerate(HASHES, 1)}
DIGESTS = {f"2.16.840.1.101.3.4.2.{number}": name for name, number in NUMBERS.items()}  # RFC 5754
ATTRIBUTE = "1.2.840.113549.1.9."  # RFC 5652, 11; RFC 5035; RFC 3161, appendix A; RFC 5752
TYPE, DIGEST, SIGNER = ATTRIBUTE + "3", ATTRIBUTE + "4", ATTRIBUTE + "16.2.47"
TOKEN, SECOND = ATTRIBUTE + "16.2.14", ATTRIBUTE + "16.2.51"
COMPANION = "2.25.264410871430198425790834159706723412588"  # the second signature itself
Tlv = tuple[int, bytes, bytes]  # tag, content, the whole element
Digests = dict[str, bytes]  # of one object, by the name of the algorithm


class Wrong(Exception):
    """A check that does not hold."""


def need(holds: object, reason: str) -> None:
    """Raise unless something holds."""
    if not holds:
        raise Wrong(reason)


def digest_of(name: str, content: bytes) -> bytes:
    """Return a digest."""
    return hashlib.new(name, content).digest()


def digests(content: bytes) -> Digests:
    """Return the digests of an object by every algorithm that counts."""
    return {name: digest_of(name, content) for name in HASHES}


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


def oid(element: Tlv) -> str:
    """Return an object identifier in dots."""
    arcs, value = [], 0
    for octet in element[1]:
        value = value << 7 | octet & 0x7F
        if octet < 0x80:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def algorithm(element: Tlv) -> str:
    """Return the identifier in an AlgorithmIdentifier."""
    return oid(parts(element[1], "06(05|30)?")[0])


def digest_name(element: Tlv) -> str:
    """Return the name of the digest in an AlgorithmIdentifier."""
    name = algorithm(element)
    need(name in DIGESTS, "thuật toán băm yếu hoặc lạ / a weak or unknown digest")
    return DIGESTS[name]


def attributes(content: bytes) -> dict[str, list[Tlv]]:
    """Return attribute values by identifier."""
    pairs = [parts(one[1], "0631") for one in parts(content, "(30)*")]
    return {oid(kind): parts(values[1]) for kind, values in pairs}


# Certificates: a path to a root, at a time.


class Trust:
    """Roots, certificates that help, and revocation lists."""

    def __init__(self, roots: list[x509.Certificate], others: list[x509.Certificate]) -> None:
        self.roots, self.others = roots, others
        self.crls: list[x509.CertificateRevocationList] = []
        self.now = datetime.now(UTC)  # noqa: TID251  it runs where nothing of ours is

    def path(self, leaf: x509.Certificate, at: datetime, more: list[x509.Certificate]) -> None:
        """Raise unless a certificate leads to a root, valid and not revoked at a time."""
        known, one = [*self.roots, *self.others, *more], leaf
        for _ in range(10):
            name = one.subject.rfc4514_string()
            good = one.not_valid_before_utc <= at <= one.not_valid_after_utc
            need(good, f"{name} hết hạn lúc {at} / {name} is not valid at {at}")
            if one in self.roots:
                return
            issuers = [each for each in known if issued(each, one)]
            need(issuers, f"{name} không dẫn tới gốc tin cậy / {name} leads to no trusted root")
            revoked = self.revoked(one, issuers[0], at)
            need(not revoked, f"{name} đã bị thu hồi / {name} was revoked before")
            one = issuers[0]
        raise Wrong(f"chuỗi quá dài / too long a path: {leaf.subject.rfc4514_string()}")

    def revoked(self, one: x509.Certificate, issuer: x509.Certificate, at: datetime) -> bool:
        """Whether a list of its issuer's says that a certificate was revoked by a time."""
        key: Any = issuer.public_key()
        for crl in self.crls:
            if crl.issuer == issuer.subject and crl.is_signature_valid(key):
                entry = crl.get_revoked_certificate_by_serial_number(one.serial_number)
                if entry is not None and entry.revocation_date_utc <= at:
                    return True
        return False


def issued(issuer: x509.Certificate, child: x509.Certificate) -> bool:
    """Whether a certificate is of a CA that has signed another one."""
    try:
        child.verify_directly_issued_by(issuer)
        basic = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    return basic.ca and issuer != child


# CMS: one signer, its digest, its signature, its certificate.


class Cms:
    """A parsed SignedData with one signer (RFC 5652, 5)."""

    def __init__(self, encoded: bytes) -> None:
        kind, outer = inside(encoded, "06a0")
        need(oid(kind) == "1.2.840.113549.1.7.2", "không phải CMS / not CMS SignedData")
        version, listed, content, *more, signers = inside(outer[1], "023130(a0)?(a1)?31")
        content_type, *held = parts(content[1], "06(a0)?")
        self.content = parts(held[0][1], "04")[0][1] if held else None
        carried = [one for field in more if field[0] == 0xA0 for one in parts(field[1])]
        self.certificates = [x509.load_der_x509_certificate(one[2]) for one in carried]
        (signer,) = parts(signers[1], "30")
        info = parts(signer[1], "023030a03004(a1)?")
        number, self.named, digest, signed, scheme, value, *unsigned = info
        self.digest, self.scheme, self.signature = digest_name(digest), algorithm(scheme), value[1]
        self.signed, self.signed_raw = attributes(signed[1]), b"\x31" + signed[2][1:]
        self.unsigned = attributes(unsigned[0][1]) if unsigned else {}
        versions = version[1] in (b"\x01", b"\x03", b"\x05") and number[1] == b"\x01"
        same = self.digest in map(digest_name, parts(listed[1], "(30)+"))
        typed = self.signed[TYPE][0][2] == content_type[2]
        need(versions and same and typed, "CMS sai / the CMS is not well-formed")

    def signer(self) -> x509.Certificate:
        """Return the certificate that the signature names, once plainly and once by digest."""
        issuer, serial = parts(self.named[1], "3002")
        number = int.from_bytes(serial[1], "big")
        for one in self.certificates:
            if one.issuer.public_bytes() == issuer[2] and one.serial_number == number:
                named = parts(parts(inside(self.signed[SIGNER][0][2])[0][1])[0][1])
                stated = named[0][0] == 0x30  # SHA-256 is the default (RFC 5035, 4)
                name = digest_name(named[0]) if stated else "sha256"
                same = named[stated][1] == one.fingerprint(HASHES[name])
                need(same, "sai chứng thư / another certificate is named")
                return one
        raise Wrong("thiếu chứng thư người ký / the signer's certificate is not there")

    def verify(self, content: bytes, trust: Trust, at: datetime) -> x509.Certificate:
        """Return the signer's certificate: digest, signature and paths hold at a time."""
        digest = digest_of(self.digest, content)
        need(self.signed[DIGEST][0][1] == digest, "nội dung đã bị sửa / the content was altered")
        signer = self.signer()
        self._signed_by(signer.public_key())
        for one in (signer, *self.certificates):
            trust.path(one, at, self.certificates)
        return signer

    def _signed_by(self, key: Any) -> None:
        number, sha2 = NUMBERS[self.digest], HASHES[self.digest]
        ecdsa, any_rsa = f"1.2.840.10045.4.3.{1 + number}", "1.2.840.113549.1.1.1"
        ways: list[tuple[type, tuple[str, ...], tuple[Any, ...]]] = [  # RFC 5754, 8419 and 9882
            (ec.EllipticCurvePublicKey, (ecdsa,), (ec.ECDSA(sha2),)),
            (rsa.RSAPublicKey, (any_rsa, f"{any_rsa}{number}"), (padding.PKCS1v15(), sha2)),
            (ed25519.Ed25519PublicKey, ("1.3.101.112",), ()),
            (mldsa.MLDSA65PublicKey, ("2.16.840.1.101.3.4.3.18",), ()),
        ]
        fits = [how for kind, ids, how in ways if isinstance(key, kind) and self.scheme in ids]
        need(fits, "sai thuật toán ký / another signature algorithm")
        key.verify(self.signature, self.signed_raw, *fits[0])


def timestamp(token: bytes, over: Digests, trust: Trust) -> tuple[datetime, datetime]:
    """Return a timestamp's time and its signer's end; check what it is over, by whom, for what."""
    cms = Cms(token)
    info = inside(cms.content or b"")
    sha2, imprint = parts(info[2][1], "3004")
    same = imprint[1] == over[digest_name(sha2)]
    need(same, "dấu thời gian của dữ liệu khác / a timestamp over other data")
    text = info[4][1].decode()
    at = datetime.fromisoformat(f"{text[:8]}T{text[8:]}")
    signer = cms.verify(cms.content or b"", trust, at)
    purpose = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    alone = list(purpose.value) == [ExtendedKeyUsageOID.TIME_STAMPING] and purpose.critical
    need(alone, "không phải chứng thư TSA / not a TSA's certificate")
    return at, signer.not_valid_after_utc


def seal(content: bytes, p7s: bytes, trust: Trust) -> tuple[str, datetime]:
    """Return who sealed and when, after checking seal, timestamp and second signature."""
    cms = Cms(p7s)
    need(TOKEN in cms.unsigned, "dấu không có thời gian / the seal has no timestamp")
    at, _ = timestamp(cms.unsigned[TOKEN][0][2], digests(cms.signature), trust)
    signer = cms.verify(content, trust, at)
    if SECOND in cms.signed:
        need(COMPANION in cms.unsigned, "thiếu chữ ký thứ hai / the second signature is missing")
        second = Cms(cms.unsigned[COMPANION][0][2])
        sha2, announced = parts(parts(cms.signed[SECOND][0][1])[2][1])
        same = announced[1] == digest_of(digest_name(sha2), second.signed_raw)
        need(same, "chữ ký thứ hai khác / another second signature")
        second.verify(content, trust, at)
    names = signer.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(names[0].value if names else signer.subject), at


# RFC 4998: hash trees, chains of timestamps, renewals.


def root_of(name: str, lists: list[list[bytes]]) -> bytes:
    """Return what a reduced hash tree leads to (4.3, step 3)."""
    carried: list[bytes] = []
    for one in lists:
        every = sorted([*one, *carried])
        carried = every if len(every) == 1 else [digest_of(name, b"".join(every))]
    return carried[0]


def evidence(record: bytes, objects: list[Digests], trust: Trust) -> list[datetime]:
    """Return the times of an evidence record over objects."""
    times, ends, earlier = [], [], b""
    for chain in parts([one for one in inside(record) if one[0] == 0x30][-1][1]):
        before = b""
        for stamp in parts(chain[1]):
            told = {one[0]: one for one in parts(stamp[1])}
            name = digest_name(told[0xA0])
            lists = [[digest[1] for digest in parts(one[1])] for one in parts(told[0xA2][1])]
            if before:  # timestamp renewal (5.2)
                same = digest_of(name, before) in lists[0]
                need(same, "chuỗi đứt / a broken chain")
            for one in objects if not before else ():
                digest = one[name]
                if earlier:  # hash-tree renewal (5.2): over the chains before, as a SEQUENCE
                    digest = digest_of(name, digest + digest_of(name, sequence(earlier)))
                need(digest in lists[0], "bằng chứng của dữ liệu khác / evidence of other data")
            before = told[0x30][2]
            at, end = timestamp(before, {name: root_of(name, lists)}, trust)
            times.append(at)
            ends.append(end)
        earlier += chain[2]
    need(times == sorted(times), "thời gian không tăng / times are not in order")
    for end, renewed in zip(ends, [*times[1:], trust.now], strict=True):
        need(renewed <= end, f"không gia hạn trước {end} / not renewed before {end}")
    return times


def sequence(content: bytes) -> bytes:
    """Return a SEQUENCE around some content, DER."""
    size = len(content)
    long = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return b"\x30" + (bytes([size]) if size < 0x80 else bytes([0x80 | len(long)]) + long) + content


# RFC 9162 and C2SP: the journal's log.


def note_signed(note: str, vkey: str) -> str | None:
    """Return when a key has signed a note ("" for a log's own key), or None if it has not."""
    name, key_id, encoded = vkey.strip().split("+", 2)
    kind, *public = base64.b64decode(encoded)
    text, _, lines = note.rpartition("\n\n")
    for line in lines.splitlines():
        dash, owner, value = line.split(" ")
        signature, at, message = base64.b64decode(value), "", f"{text}\n"
        if (dash, owner, signature[:4].hex()) == ("\u2014", name, key_id):
            if kind == 4:  # a witness's
                seconds = int.from_bytes(signature[4:12], "big")
                message = f"cosignature/v1\ntime {seconds}\n{message}"
                at, signature = datetime.fromtimestamp(seconds, UTC).isoformat(), signature[8:]
            key = ed25519.Ed25519PublicKey.from_public_bytes(bytes(public))
            key.verify(signature[4:], message.encode())
            return at
    return None


def inclusion(index: int, size: int, leaf: bytes, path: list[bytes], root: bytes) -> bool:
    """Whether a leaf is under a root (RFC 9162, 2.1.3.2)."""
    fn, sn, found = index, size - 1, leaf
    for one in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            found = digest_of("sha256", b"\x01" + one + found)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            found = digest_of("sha256", b"\x01" + found + one)
        fn, sn = fn >> 1, sn >> 1
    return 0 <= index < size and sn == 0 and found == root


def journal(
    proof: dict[str, Any], trust: Trust, witnesses: list[str]
) -> tuple[dict[str, Any], datetime, list[str]]:
    """Return an entry of the journal, since when it is there, and who has witnessed that."""
    entry, note, vkey = json.loads(proof["leaf"]), proof["checkpoint"], proof["log_key"]
    opened = digest_of("sha256", bytes.fromhex(proof["salt"]) + proof["details"].encode())
    need(entry["commitment"] == opened.hex(), "chi tiết đã bị sửa / the details were altered")
    origin, size, root = note.split("\n")[:3]
    leaf = digest_of("sha256", b"\x00" + digest_of("sha256", proof["leaf"].encode()))
    path = [bytes.fromhex(one) for one in proof["proof"]]
    held = inclusion(entry["seq"] - 1, int(size), leaf, path, base64.b64decode(root))
    need(held, "không có trong nhật ký / not in the log")
    signed = vkey.split("+")[0] == origin and note_signed(note, vkey) is not None
    need(signed, "nhật ký không ký / the log has not signed")
    key, sealed = f"{vkey}\n".encode(), base64.b64decode(proof["log_key_seal"])
    seal(key, sealed, trust)
    token = base64.b64decode(proof["timestamp"])
    at, _ = timestamp(token, digests(note.encode()), trust)
    if proof["evidence"]:
        group = [digests(one) for one in (note.encode(), token, key, sealed)]
        evidence(base64.b64decode(proof["evidence"]), group, trust)
    every = note + "".join(proof["cosignatures"])
    seen = [(key.split("+")[0], note_signed(every, key)) for key in witnesses]
    return entry, at, [f"{name} {when}" for name, when in seen if when]


# The passport.


def digests_in(mets: bytes) -> dict[str, str]:
    """Return the SHA-256 of each file that a METS names, by its path."""
    need(b"<!DOCTYPE" not in mets, "METS có DOCTYPE / the METS has a DOCTYPE")
    found = {}
    for element in ElementTree.fromstring(mets).iter():
        digest = element.get("CHECKSUM")
        for one in (element, *element):
            path = unquote(one.get("{http://www.w3.org/1999/xlink}href") or "")
            if digest and path:
                found[path.split("/", 2)[2] if path.startswith("kho:") else path] = digest.lower()
    return found


class Passport:
    """The files of a passport, and the checks of them; each returns what it has found."""

    def __init__(self, path: Path, roots: list[Path], witnesses: list[str]) -> None:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            need(len(names) == len(set(names)), "tệp trùng tên / a name is there twice")
            size = sum(one.file_size for one in archive.infolist())
            need(size <= MOST, "quá lớn / too large")
            self.files = {name: archive.read(name) for name in names}
        self.told = json.loads(self.files["passport.json"])
        given = b"".join(path.read_bytes() for path in roots) or self.files["roots.pem"]
        others, load = self.files.get("certificates.pem"), x509.load_pem_x509_certificates
        self.trust = Trust(load(given), load(others) if others else [])
        lists = [content for name, content in self.files.items() if name.startswith("crls/")]
        self.trust.crls = [x509.load_der_x509_crl(one) for one in lists]
        inside = self.files.get("journal/witnesses.txt", b"").decode().split()
        self.witnesses = witnesses or inside

    def whole(self) -> list[str]:
        """Check the seal over the passport, and that each file is the one that it names."""
        name, at = seal(self.files["passport.json"], self.files["passport.json.p7s"], self.trust)
        others = set(self.files) - {"passport.json", "passport.json.p7s"}
        need(others == set(self.told["files"]), "thừa hoặc thiếu tệp / a file too many or too few")
        for each, digest in self.told["files"].items():
            self._same(each, digest)
        return [name, at.isoformat()]

    def _same(self, name: str, digest: str | None) -> None:
        same = hashlib.sha256(self.files[name]).hexdigest() == digest
        need(same, f"{name} đã bị sửa / {name} was altered")

    def record(self) -> list[str]:
        """Check the record's own seal, or the one that was made anew after a theft of its key."""
        p7s = self.files.get("record/resealed.p7s", self.files["record/METS.xml.p7s"])
        name, at = seal(self.files["record/METS.xml"], p7s, self.trust)
        return [name, at.isoformat()]

    def digests(self) -> dict[str, str]:
        """Return the digests in the sealed METS, and in the METS that it names by digest."""
        known = digests_in(self.files["record/METS.xml"])
        for name in self.files:
            if name.startswith("record/representations/"):
                self._same(name, known.get(name.removeprefix("record/")))
                known |= digests_in(self.files[name])
        return known

    def material(self) -> list[str]:
        """Check that report and material are those that the sealed METS names."""
        known, names = self.digests(), [one for one in self.files if one.startswith("validation/")]
        for name in names:
            self._same(name, known.get(f"metadata/preservation/{name}"))
        return [str(len(names))]

    def in_journal(self) -> list[str]:
        """Check the entry by which the archive took the record over."""
        proof = json.loads(self.files["journal/entry.json"])
        entry, at, seen = journal(proof, self.trust, self.witnesses)
        details, package = json.loads(proof["details"]), self.told["package"]
        own = hashlib.sha256(self.files["record/METS.xml.p7s"]).hexdigest()
        same = details["seal"] == own and details["sha256"] == package["sha256"]
        same = same and entry["subject"] == self.told["dossier"]["id"]
        need(same, "của hồ sơ khác / of another dossier")
        return [f"#{entry['seq']} {entry['at']}", at.isoformat(), *seen]

    def in_evidence(self, packages: list[Path]) -> list[str]:
        """Check the evidence record over seal and package."""
        package = {k: bytes.fromhex(v) for k, v in self.told["package"]["digests"].items()}
        for path, name in ((path, name) for path in packages for name in package):
            with path.open("rb") as stream:
                same = hashlib.file_digest(stream, name).digest() == package[name]
            need(same, f"{path.name} khác / {path.name} differs")
        objects = [digests(self.files["record/METS.xml.p7s"]), package]
        times = evidence(self.files["evidence/record.er"], objects, self.trust)
        return [at.isoformat() for at in times]

    def given(self, path: Path) -> list[str]:
        """Check a file in the hand against the sealed METS."""
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        known = {**self.digests(), "package": self.told["package"]["sha256"]}
        names = [name for name, one in known.items() if one == digest]
        need(names, "không thuộc hồ sơ này / not of this record")
        return names[:1]


def holds(what: str, act: Callable[[], list[str]]) -> bool:
    """Do one check and say how it ended; whatever stops it, it does not hold."""
    try:
        print("✓ ĐẠT / HOLDS      ", what, " | ".join(act()), sep="  ")
    except Wrong as error:
        print("✗ KHÔNG ĐẠT / FAILS", what, error, sep="  ")
    except InvalidSignature:
        print("✗ KHÔNG ĐẠT / FAILS", what, "chữ ký không đúng / a signature does not verify")
    except Exception as error:  # noqa: BLE001
        print("✗ KHÔNG ĐẠT / FAILS", what, f"{type(error).__name__}: {error}", sep="  ")
    else:
        return True
    return False


def main(arguments: list[str]) -> int:
    """Check what the arguments name."""
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("passport", type=Path)
    parser.add_argument("files", type=Path, nargs="*")
    parser.add_argument("--root", type=Path, action="append", default=[])
    parser.add_argument("--witness", action="append", default=[])
    asked = parser.parse_intermixed_args(arguments)
    try:
        passport = Passport(asked.passport, asked.root, asked.witness)
    except Exception as error:  # noqa: BLE001
        print(f"{type(error).__name__}: {error}")
        return 2
    for one in passport.trust.roots:
        print("  GỐC / ROOT", one.subject.rfc4514_string())
        print("  SHA-256   ", one.fingerprint(hashes.SHA256()).hex())
    if not asked.root:
        print("  So vân tay này với vân tay được công bố / compare with the published fingerprint")
    if not asked.witness:
        for witness in passport.witnesses:
            print("  NGƯỜI LÀM CHỨNG / WITNESS", witness)
    checks: list[tuple[str, Callable[[], list[str]]]] = [
        ("hộ chiếu và từng tệp trong đó / the passport", passport.whole),
        ("dấu của hồ sơ / the record's seal", passport.record),
        ("báo cáo kiểm tra chữ ký / report on signatures", passport.material),
    ]
    if "journal/entry.json" in passport.files:
        checks.append(("nhật ký của kho / the journal", passport.in_journal))
    if "evidence/record.er" in passport.files:
        packages = [path for path in asked.files if path.is_file() and path.suffix == ".zip"]
        checks.append(("bằng chứng lâu dài / evidence", partial(passport.in_evidence, packages)))
    checks += [(f"tệp / file {path.name}", partial(passport.given, path)) for path in asked.files]
    failed = [what for what, act in checks if not holds(what, act)]
    for missing in passport.told.get("missing", []):
        print("? CHƯA CÓ / NOT YET  ", missing, sep="  ")
    if passport.told.get("test", True):
        print("! THỬ NGHIỆM, không có giá trị pháp lý / a TEST, without legal value")
    print("KẾT QUẢ / RESULT:", "KHÔNG ĐẠT / FAILS" if failed else "ĐẠT / HOLDS")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
