"""ASiC containers: which signature or timestamp is over which of the files.

Source: ETSI EN 319 162-1 (ASiC-S and ASiC-E with CAdES, XAdES, timestamps and evidence records).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import unquote

from archive.signatures.ades import SUSPICIOUS, Subject, Validation, partly, unprocessed
from archive.signatures.algorithms import OPEN_END, AlgorithmPolicy
from archive.signatures.cades import Names, read_cms
from archive.signatures.carried import FileRecord
from archive.signatures.cms_reader import NotCms
from archive.signatures.container import Container, UnreadableContainer
from archive.signatures.judge import Judgement, failed, indeterminate
from archive.signatures.tokens import Token
from archive.signatures.xades import XmlManifest, XmlReader, read_xml

_META = "META-INF/"
_MIMETYPE = "mimetype"
_CMS = re.compile(r"META-INF/[^/]*signature[^/]*\.p7s", re.IGNORECASE)
_XML = re.compile(r"META-INF/[^/]*signatures[^/]*\.xml", re.IGNORECASE)
_TST = re.compile(r"META-INF/[^/]*timestamp[^/]*\.tst", re.IGNORECASE)
_ERS = re.compile(r"META-INF/[^/]*evidencerecord[^/]*\.(ers|xml)", re.IGNORECASE)
_MANIFEST = re.compile(r"META-INF/ASiC(?:Archive|EvidenceRecord)?Manifest[^/]*\.xml")
_LISTING = "META-INF/manifest.xml"
_MAX_MIMETYPE_BYTES = 256

Digest = Callable[[str], bytes]
"""Gives the digest of a file in an algorithm."""
ReadRecord = Callable[[bytes, Mapping[str, Digest]], FileRecord]
"""Reads an evidence record over files by their names; raises ValueError if it is none."""


@dataclass(slots=True)
class Member:
    """A signature, timestamp or evidence record in a container with the files that it is over."""

    file: str
    subject: Subject
    covered: frozenset[str] = frozenset()
    """Names of data files and, for archive timestamps, of signature files."""


@dataclass(slots=True)
class Reading:
    """A container, read."""

    members: list[Member] = field(default_factory=list)
    data: frozenset[str] = frozenset()
    note: str | None = None
    """What is wrong with the container's own list of files."""


def read_container(
    container: Container,
    xml: XmlReader,
    name: str,
    policy: AlgorithmPolicy,
    records: ReadRecord | None = None,
) -> Reading:
    """Return signatures, timestamps and evidence records of a container, in its files' order.

    Args:
        container: the opened container.
        xml: reads manifests and XML signatures.
        name: the container's own, of which the ending tells the kind if nothing else does.
        policy: until when digest algorithms are good.
        records: reads evidence records; without it they are indeterminate.
    """
    return _Reader(container, xml, name, policy, records).reading()


def settle(reading: Reading, validation: Validation) -> None:
    """Judge a container: what asserts times first, then signatures, then what nothing covers.

    A file that no passed signature covers makes every signature doubtful, or somebody could
    put a forged file beside signed ones: with a timestamp over it, which anybody gets.
    """
    stamps = [(at, one) for one in reading.members if (at := _asserted(one)) is not None]
    for _, stamp in sorted(stamps, key=lambda each: each[0], reverse=True):
        judgement, proven = validation.judge(stamp.subject), stamp.subject.proven_at
        for other in (one.subject for one in reading.members if one.file in stamp.covered):
            if judgement.passed and proven is not None:
                other.known_at = min(filter(None, (other.known_at, proven)))
            elif stamp.subject.record is not None:
                other.unproven += judgement.reasons
    passed = [one for one in reading.members if validation.judge(one.subject).passed]
    signed = frozenset().union(*(p.covered for p in passed if not p.subject.asserts_time))
    together = signed.union(*(one.covered for one in passed))
    for one in reading.members:
        _mark(one, reading, together if one.subject.asserts_time else signed)


def _asserted(member: Member) -> datetime | None:
    """Return the time that a timestamp or evidence record asserts; None if it is neither."""
    subject = member.subject
    if subject.record is not None:
        return subject.record.tokens[0].gen_time
    return subject.token.gen_time if subject.token is not None else None


def _mark(member: Member, reading: Reading, together: Collection[str]) -> None:
    """Say of a signature what it does not cover."""
    subject, judgement = member.subject, member.subject.judgement
    missed = sorted(reading.data - member.covered)
    if subject.covers_all is not None:
        subject.covers_all = subject.covers_all and not missed
    loose = [one for one in missed if one not in together]
    if judgement is None or not judgement.passed:
        return
    if loose:
        subject.change = SUSPICIOUS
        doubt = partly(f"{len(loose)} of the container's files have no good signature")
    elif reading.note is not None:
        doubt = indeterminate("SIG_CONSTRAINTS_FAILURE", reading.note, "ask who made the container")
    else:
        subject.change = "allowed" if missed and subject.change == "none" else subject.change
        return
    subject.judgement = replace(doubt, chain=judgement.chain, answers=judgement.answers)


class _Reader:
    """The state of reading one container."""

    def __init__(
        self,
        container: Container,
        xml: XmlReader,
        name: str,
        policy: AlgorithmPolicy,
        records: ReadRecord | None,
    ) -> None:
        self._container, self._xml, self._policy = container, xml, policy
        self._records = records
        self._data = frozenset(
            one for one in container.names if one != _MIMETYPE and not one.startswith(_META)
        )
        self._manifests: dict[str, list[tuple[str, XmlManifest]]] = {}
        self._damaged = 0
        for one in filter(_MANIFEST.fullmatch, container.names):
            self._add_manifest(one)
        self._simple = self._is_simple(name)
        self._prefix = "ASiC-S-" if self._simple else "ASiC-E-"

    def reading(self) -> Reading:
        """Read everything."""
        found: list[Member] = []
        for name in self._container.names:
            names = Names(self._prefix, name)
            if _CMS.fullmatch(name):
                found += self._cms(name, names)
            elif _XML.fullmatch(name):
                found += self._signatures(name, names)
            elif _TST.fullmatch(name):
                found.append(self._timestamp(name))
            elif _ERS.fullmatch(name) and not _MANIFEST.fullmatch(name):
                found.append(self._record(name))
        if self._simple and len(self._data) != 1:
            # EN 319 162-1, 4.3.3: an ASiC-S has one data object.
            fault = failed("FORMAT_FAILURE", f"an ASiC-S with {len(self._data)} data files")
            for member in found:
                member.subject.fault = fault
        return Reading(found, self._data, self._note())

    def _is_simple(self, name: str) -> bool:
        """Return whether it is an ASiC-S (EN 319 162-1, 4.3.3.1 and annex A.1)."""
        kind = b""
        if _MIMETYPE in self._container:
            kind = self._container.read(_MIMETYPE)[:_MAX_MIMETYPE_BYTES].strip()
        if kind.startswith(b"application/vnd.etsi.asic-"):
            return kind.startswith(b"application/vnd.etsi.asic-s")
        if name.lower().endswith((".asics", ".scs", ".asice", ".sce")):
            return name.lower().endswith((".asics", ".scs"))
        return len(self._data) == 1 and not self._manifests

    def _add_manifest(self, name: str) -> None:
        try:
            manifest = self._xml.container_manifest(self._container.read(name))
        except ValueError:
            self._damaged += 1
            return
        target = unquote(manifest.signature or "")
        self._manifests.setdefault(target, []).append((name, manifest))

    def _note(self) -> str | None:
        """Return what is wrong with META-INF/manifest.xml, where there is one."""
        if self._damaged:
            return f"{self._damaged} of the container's manifests cannot be read"
        if self._simple or _LISTING not in self._container:
            return None
        try:
            listed = set(self._xml.listed_files(self._container.read(_LISTING)))
        except ValueError:
            return "the container's list of files cannot be read"
        listed -= {one for one in listed if one.startswith(_META)} | {_MIMETYPE}
        if listed != self._data:
            return "the container's list of files is not that of the files in it"
        return None

    def _cms(self, name: str, names: Names) -> list[Member]:
        """Return the signatures of a CAdES file."""
        signed, manifest = self._signed_by(name)
        digest = self._digest_of(signed)
        subjects = read_cms(self._container.read(name), digest, names)
        return [self._member(name, one, signed, manifest) for one in subjects]

    def _signed_by(self, name: str) -> tuple[str | None, XmlManifest | None]:
        """Return the file that a signature or timestamp is directly over, and its manifest."""
        if self._simple:
            only = next(iter(self._data)) if len(self._data) == 1 else None
            return only, None
        naming = self._manifests.get(name, [])
        return naming[0] if len(naming) == 1 else (None, None)

    def _digest_of(self, name: str | None) -> Digest | None:
        if name is None or name not in self._container:
            return None
        return lambda algorithm: self._container.digest(name, algorithm)

    def _member(
        self, name: str, subject: Subject, signed: str | None, manifest: XmlManifest | None
    ) -> Member:
        """Return a signature with what it covers, its manifest compared with the files."""
        if manifest is None:
            return Member(name, subject, frozenset({signed} if signed in self._data else ()))
        states = [self._entry(*entry) for entry in manifest.entries]
        covered = frozenset(unquote(entry[0]) for entry in manifest.entries)
        subject.covers_all = True if subject.covers_all is None else subject.covers_all
        if None in states:
            subject.fault = subject.fault or indeterminate(
                "SIGNED_DATA_NOT_FOUND", "a file that the manifest names is not in the container"
            )
        if False in states:
            subject.fault = failed(
                "HASH_FAILURE", "a file in the container is not the one that the manifest names"
            )
            if subject.signature is not None:
                broken = replace(subject.signature.integrity, digest=False)
                subject.signature = replace(subject.signature, integrity=broken)
        weak = _weak((entry[1] for entry in manifest.entries), self._policy)
        if subject.signature is not None and weak is not None:
            subject.signature = replace(subject.signature, content_digest=weak)
        return Member(name, subject, covered)

    def _entry(self, uri: str, algorithm: str, digest: bytes) -> bool | None:
        """Return whether a file is the one that a manifest names; None if it is not there."""
        name = unquote(uri)
        if name not in self._container or not algorithm:
            return None
        return self._container.digest(name, algorithm) == digest

    def _signatures(self, name: str, names: Names) -> list[Member]:
        """Return the signatures of a XAdES file."""
        try:
            found = self._xml.signatures(self._container.read(name), self._outside)
        except ValueError as error:
            form = f"{self._prefix}XMLDSIG"
            return [Member(name, unprocessed(name, form, failed("FORMAT_FAILURE", str(error))))]
        subjects = read_xml(found, self._policy, names)
        return [
            Member(
                name,
                subject,
                frozenset(unquote(r.uri or "") for r in one.references if r.outside),
            )
            for one, subject in zip(found, subjects, strict=True)
        ]

    def _outside(self, uri: str) -> bytes | None:
        name = unquote(uri)
        return self._container.read(name) if name in self._container else None

    def _timestamp(self, name: str) -> Member:
        """Return a timestamp over a data file or a manifest."""
        form = f"{self._prefix}TST"
        signed, manifest = self._signed_by(name)
        try:
            token = Token.load(self._container.read(name))
        except NotCms as error:
            return _unread(name, form, failed("FORMAT_FAILURE", str(error)))
        subject = Subject(name, form, None, token=token, asserts_time=True)
        digest, scheme = token.cms.algorithm_names()
        subject.digest_algorithm, subject.signature_algorithm = digest, scheme
        if signed is None:
            reason = "nothing says what the timestamp is over"
            subject.fault = indeterminate("SIGNED_DATA_NOT_FOUND", reason)
            return Member(name, subject)
        subject.covers_all = True
        if self._container.digest(signed, token.digest_algorithm) != token.imprint:
            subject.fault = failed("HASH_FAILURE", "the timestamp is over something else")
        return self._member(name, subject, signed, manifest)

    def _record(self, name: str) -> Member:
        """Return an evidence record over the files that its manifest names.

        Without a manifest it is over the one data file of an ASiC-S (EN 319 162-1, 4.3.3.2).
        """
        form = f"{self._prefix}ERS"
        if name.lower().endswith(".xml"):
            reason = "evidence records in XML (RFC 6283) are not read"
            to_do = "ask who made the container for a record in ASN.1 (RFC 4998)"
            return _unread(name, f"{self._prefix}XMLERS", indeterminate("GENERIC", reason, to_do))
        if self._records is None:
            reason = "evidence records are not checked here: the check has no reader for them"
            return _unread(name, form, indeterminate("GENERIC", reason))
        naming = self._manifests.get(name, [])
        signed, manifest = naming[0] if len(naming) == 1 else (None, None)
        if not naming and self._simple:
            signed, _ = self._signed_by(name)
        over = [unquote(one[0]) for one in manifest.entries] if manifest is not None else [signed]
        files = {one: digest for one in over if (digest := self._digest_of(one)) and one}
        try:
            record = self._records(self._container.read(name), files)
        except UnreadableContainer:
            raise
        except ValueError as error:
            return _unread(name, form, failed("FORMAT_FAILURE", str(error)))
        subject = Subject(name, form, None, record=record, asserts_time=True, covers_all=True)
        newest = record.tokens[-1].cms
        subject.digest_algorithm, subject.signature_algorithm = newest.algorithm_names()
        if signed is None:
            reason = "nothing says what the evidence record is over"
            subject.fault = indeterminate("SIGNED_DATA_NOT_FOUND", reason)
        return self._member(name, subject, signed, manifest)


def _unread(name: str, form: str, judgement: Judgement) -> Member:
    """Return what asserts a time and cannot be read."""
    subject = unprocessed(name, form, judgement)
    subject.asserts_time = True
    return Member(name, subject)


def _weak(algorithms: Iterable[str], policy: AlgorithmPolicy) -> str | None:
    """Return the digest algorithm that ends first, if one ends."""
    ends = sorted((policy.digest_good_until(one), one) for one in algorithms if one)
    return ends[0][1] if ends and ends[0][0] != OPEN_END else None
