"""Signatures of a PDF with everything that can be told before trust is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from archive.signatures import cms_reader
from archive.signatures.algorithms import new_hash
from archive.signatures.ber import length_of_first
from archive.signatures.certificates import Cert
from archive.signatures.changes import SUSPICIOUS, UNCHANGED, Change, changes
from archive.signatures.cms_judge import readable_tokens
from archive.signatures.cms_reader import NotCms, SignedCms
from archive.signatures.coverage import Coverage, coverage, overlapping, range_digest
from archive.signatures.integrity import Integrity
from archive.signatures.judge import Judgement
from archive.signatures.pdf_file import SignatureEntry, SignedPdf
from archive.signatures.tokens import Token

_CMS = ("ETSI.CAdES.detached", "adbe.pkcs7.detached", "adbe.pkcs7.sha1", "ETSI.RFC3161")
_TYPE = "a timestamp (/ETSI.RFC3161) in a dictionary of another type than /DocTimeStamp or /Sig"
_FOLLOWED = "bytes that nobody signed follow the signature in /Contents"


@dataclass(slots=True)
class Item:
    """One signature or document timestamp on its way to a verdict."""

    entry: SignatureEntry
    cover: Coverage
    change: Change = UNCHANGED
    cms: SignedCms | None = None
    fault: str | None = None
    """Why it cannot be processed at all (FORMAT_FAILURE)."""
    unsupported: str | None = None
    """Why it is sound perhaps, but cannot be judged."""
    token: Token | None = None
    """The document timestamp's token."""
    signature_tokens: list[Token] = field(default_factory=list)
    content_tokens: list[Token] = field(default_factory=list)
    signer: Cert | None = None
    integrity: Integrity = field(default_factory=lambda: Integrity(None, None, "not read"))
    judgement: Judgement | None = None
    token_judgements: list[Judgement] = field(default_factory=list)
    proven_at: datetime | None = None

    @property
    def is_sound(self) -> bool:
        """Whether format, digest and signature value are as they must be."""
        return self.fault is None and self.integrity.intact is True

    @property
    def is_over_sha1(self) -> bool:
        """Whether the CMS signs a SHA-1 of the file, whatever digest it has itself."""
        return self.cms is not None and self.entry.name("/SubFilter") == "adbe.pkcs7.sha1"

    def unjudged(self) -> Item:
        """Return the same signature before any judgement."""
        return replace(self, judgement=None, token_judgements=[], proven_at=None)


def read_items(
    content: bytes, pdf: SignedPdf | None, entries: Sequence[SignatureEntry], unreadable: str
) -> list[Item]:
    """Return the signatures with what they cover and what happened after them.

    Args:
        content: the whole file.
        pdf: the opened file, or None if its structure cannot be read.
        entries: its signature dictionaries, in order.
        unreadable: why the structure cannot be read.
    """
    covered = [coverage(one, content) for one in entries]
    clash = overlapping(entries, covered)
    items = []
    for place, (entry, cover) in enumerate(zip(entries, covered, strict=True)):
        item = Item(entry, cover, fault=cover.fault)
        if place in clash:
            item.fault = "the byte ranges of two signatures overlap"
        _read_cms(item, content)
        items.append(item)
    if pdf is not None:
        changed = changes(pdf, entries, covered, [one.is_sound for one in items])
    else:
        reason = f"the file's structure is damaged or spoofed: {unreadable}"
        changed = [Change(SUSPICIOUS, reason) for _ in entries]
    for item, change in zip(items, changed, strict=True):
        item.change = change
        if change.kind != SUSPICIOUS and _is_followed(item):
            item.change = Change(SUSPICIOUS, _FOLLOWED)
        if change.pages:
            item.fault = item.fault or change.reason
    return items


def _is_followed(item: Item) -> bool:
    """Return whether more than zeros follows the CMS in /Contents (EN 319 142-1, 5.3)."""
    if item.cms is None:
        return False
    contents = item.entry.contents
    return bool(contents[length_of_first(contents) :].strip(b"\0"))


def _read_cms(item: Item, content: bytes) -> None:
    """Read the CMS and compute the integrity."""
    try:
        item.unsupported = _not_read(item.entry.encoding)
    except ValueError as error:
        item.fault = item.fault or str(error)
        return
    if item.unsupported is not None:
        return
    if item.entry.encoding == "ETSI.RFC3161" and not item.entry.is_timestamp:
        item.fault = item.fault or _TYPE
        return
    try:
        item.cms = cms = SignedCms(item.entry.contents)
        if item.entry.is_timestamp:
            item.token = Token.of(cms)
    except NotCms as error:
        item.fault = str(error)
        return
    item.signer = cms.signer_certificate()
    if item.token is not None:
        item.integrity = _timestamp_integrity(item, item.token, content)
        return
    item.integrity = _signature_integrity(item, cms, content)
    item.signature_tokens = readable_tokens(cms.timestamp_tokens())
    item.content_tokens = readable_tokens(cms.signed_values(cms_reader.CONTENT_TIMESTAMP))


def _not_read(encoding: str | None) -> str | None:
    """Return why /Contents of an encoding is not read, or None if it is.

    The encoding says what the bytes mean; a handler that this verifier does not have may
    know it. So nothing is told of them: neither good nor bad (EN 319 102-1, 5.1.3).
    """
    if encoding in _CMS:
        return None
    if encoding is None:
        return "the signature does not say in which encoding it is (/SubFilter)"
    if encoding == "adbe.x509.rsa_sha1":
        return "a signature of the old kind adbe.x509.rsa_sha1, not checked here"
    return f"a signature in an encoding that is not known here: {encoding[:64]}"


def _signature_integrity(item: Item, cms: SignedCms, content: bytes) -> Integrity:
    """Return whether the bytes that the signature covers are those that were signed."""
    numbers = item.entry.byte_range
    if item.is_over_sha1:
        # ISO 32000-1, 12.8.3.3.1: the CMS content is the SHA-1 of the byte range.
        inner = cms.content or b""
        outer = range_digest(content, numbers, "sha1") == inner
        integrity = cms.integrity(lambda name: new_hash(name, inner).digest(), item.signer)
        return integrity if outer else replace(integrity, digest=False)
    if cms.content is not None:
        # EN 319 142-1, 5.2: the CMS has no content; it would be signed, not the file.
        item.fault = item.fault or "the CMS has content of its own inside"
    return cms.integrity(lambda name: range_digest(content, numbers, name), item.signer)


def _timestamp_integrity(item: Item, token: Token, content: bytes) -> Integrity:
    """Return whether a document timestamp is over the bytes that it covers."""
    found = range_digest(content, item.entry.byte_range, token.digest_algorithm)
    reason = "the timestamp's signature could not be verified"
    return Integrity(found == token.imprint, token.intact, reason)
