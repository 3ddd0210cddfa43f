"""Evidence records that a CMS signature carries in its unsigned attributes.

A record is about the signature as it was before the record was put into it: without that
record and those that came later. Source: RFC 4998, appendix A ("Evidence Record Using CMS").
"""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from archive.evidence import agreement, given, records
from archive.evidence.contained import contained as contained  # of the reader, for the check
from archive.evidence.elements import Element, Malformed, only
from archive.evidence.given import DataObject
from archive.evidence.verify import RecordVerdict, Weighed, unread, weigh
from archive.model import Indication
from archive.signatures import der
from archive.signatures.cades import unarmoured
from archive.signatures.carried import Carried
from archive.signatures.cms_reader import NotCms, SignedCms
from archive.signatures.prepared import Prepared, prepare
from archive.signatures.trust import TrustStore

INTERNAL = "1.2.840.113549.1.9.16.2.49"
"""id-aa-er-internal: the record is over the CMS object alone."""
EXTERNAL = "1.2.840.113549.1.9.16.2.50"
"""id-aa-er-external: the record is over the CMS object and the signed content, as a group."""
MAX_ATTACHED = 50
_SIGNED_DATA = der.oid("1.2.840.113549.1.7.2")
_KINDS = {der.oid(INTERNAL): False, der.oid(EXTERNAL): True}
_EXPLICIT, _UNSIGNED, _SET, _INDEFINITE = 0xA0, 0xA1, 0x31, 0x80

ContentHasher = Callable[[Collection[str]], DataObject]
"""Gives the digests of the signed content, by algorithms as hashlib names them."""


@dataclass(frozen=True, slots=True)
class Attached:
    """One evidence record in a CMS object."""

    record: bytes
    """The EvidenceRecord, DER."""
    external: bool
    """Whether it is over the content too."""
    over: bytes
    """The CMS object that the record was made for."""


def is_signature(encoded: bytes) -> bool:
    """Return whether bytes begin like a CMS signature, and not like an evidence record."""
    return encoded[:64].lstrip().startswith(b"-----BEGIN ") or _SIGNED_DATA in encoded[:24]


def attached(encoded: bytes) -> list[Attached]:
    """Return the evidence records in the first signature of a CMS object, oldest first.

    Args:
        encoded: the file: DER, BER or PEM.

    Raises:
        Malformed: not a CMS signature, or an attribute that holds something else.
    """
    try:
        body = unarmoured(encoded)
    except NotCms as error:
        raise Malformed(str(error)) from error
    path = _to_attributes(only(body))
    if path is None:
        return []
    carrying = [one for one in path[-1].children() if _kind(one) is not None]
    if len(carrying) > MAX_ATTACHED:
        raise Malformed(f"more than {MAX_ATTACHED} evidence records in one signature")
    return [
        Attached(_record(one), bool(_kind(one)), _without(path, carrying[place:]))
        for place, one in enumerate(carrying)
    ]


def verify_attached(
    encoded: bytes, content: ContentHasher | None, trust: TrustStore, *, at: datetime
) -> RecordVerdict:
    """Verify the evidence records of a CMS object against the object itself.

    The newest is judged at `at`, each earlier one as of what the next one proves.

    Args:
        encoded: the file: DER, BER or PEM.
        content: of a detached signature, what it is over; None if it is not at hand.
        trust: roots of scope `timestamps`, CAs and revocation answers.
        at: the time of verification.

    Returns:
        One verdict over all records: proven since the first one's time, if all passed.
        Whatever `encoded` is, the answer is a verdict.
    """
    try:
        found = attached(encoded)
        weighed = _weighed(found, content, prepare(trust), at)
    except Malformed as error:
        return unread(str(error))
    if not weighed:
        return unread("the signature carries no evidence record")
    return _together([one.verdict for one in weighed])


def carried(
    encoded: bytes,
    content: Callable[[str], bytes] | None,
    prepared: Prepared,
    *,
    at: datetime,
) -> Carried | None:
    """Return what the records in a CMS signature prove (`carried.RecordReader`)."""

    def hasher(names: Collection[str]) -> DataObject:
        return DataObject("content", {one: content(one) for one in names} if content else {})

    try:
        weighed = _weighed(attached(encoded), hasher, prepared, at)
    except Malformed:
        return None  # the check of the signature says what is wrong with it
    if not weighed:
        return None
    verdict = _together([one.verdict for one in weighed])
    return Carried(
        verdict.proven_at,
        tuple(token for one in weighed for token in one.tokens),
        tuple(judgement for one in weighed for judgement in one.judged),
        verdict.reasons,
    )


def _weighed(
    found: Sequence[Attached], content: ContentHasher | None, prepared: Prepared, at: datetime
) -> list[Weighed]:
    """Weigh records, the newest first; return them in their order."""
    if not found:
        return []
    inside = _content(found[0].over)
    hasher = content if inside is None else lambda names: _of_bytes("content", inside, names)
    weighed: list[Weighed] = []
    existed = None
    for one in reversed(found):
        weighed.insert(0, _weigh(one, hasher, prepared, at, existed))
        existed = weighed[0].verdict.proven_at
    return weighed


def _weigh(
    one: Attached,
    content: ContentHasher | None,
    prepared: Prepared,
    at: datetime,
    existed: datetime | None,
) -> Weighed:
    """Weigh one record, which a later one may prove to have existed at a time."""
    try:
        names = agreement.algorithms_of(records.read(one.record))
    except ValueError:  # the verdict says what is wrong with it
        names = []
    objects = [_of_bytes("CMS", one.over, names)]
    if one.external:
        objects.append(content(names) if content is not None else DataObject("content"))
    return weigh(one.record, objects, prepared, at=at, existed=existed)


def _together(verdicts: Sequence[RecordVerdict]) -> RecordVerdict:
    """Return one verdict: the gravest outcome, with every record's reasons and chains."""
    gravest = min(verdicts, key=lambda one: _GRAVEST.index(one.indication))
    several = len(verdicts) > 1
    agreeing = {one.intact for one in verdicts}
    return replace(
        gravest,
        intact=False if False in agreeing else None if None in agreeing else True,
        reasons=tuple(
            f"evidence record {number}: {reason}" if several else reason
            for number, one in enumerate(verdicts, 1)
            for reason in one.reasons
        ),
        chains=tuple(chain for one in verdicts for chain in one.chains),
        objects=tuple(found for one in verdicts for found in one.objects),
        proven_at=verdicts[0].proven_at if gravest.indication is Indication.PASSED else None,
    )


_GRAVEST = (Indication.FAILED, Indication.INDETERMINATE, Indication.PASSED)


def _of_bytes(name: str, content: bytes, names: Collection[str]) -> DataObject:
    return given.of_stream(name, io.BytesIO(content), names)


def _content(encoded: bytes) -> bytes | None:
    """Return the content inside a CMS object, or None if it is detached."""
    try:
        return SignedCms.each(encoded)[0].content
    except (NotCms, ValueError) as error:
        raise Malformed(f"the CMS cannot be read: {error}") from error


def _to_attributes(top: Element) -> list[Element] | None:
    """Return the elements from the CMS object down to its first signer's unsigned attributes."""
    begin = _children(top)[:2]
    if len(begin) < 2 or begin[0].encoded != _SIGNED_DATA or begin[1].tag != _EXPLICIT:
        raise Malformed("the file is no CMS signature")
    path = [top, begin[1]]
    for tag in (der.SEQUENCE, _SET, der.SEQUENCE):
        # SignedData, its signerInfos, which stand last, and the first of them.
        within = _children(path[-1])
        chosen = within[-1:] if tag == _SET else within[:1]
        if not chosen or chosen[0].tag != tag:
            raise Malformed("the CMS is no SignedData with a signer")
        path += chosen
    last = _children(path[-1])[-1:]
    return [*path, *last] if last and last[0].tag == _UNSIGNED else None


def _children(element: Element) -> list[Element]:
    return list(element.children())


def _kind(attribute: Element) -> bool | None:
    """Return whether an attribute holds a record over the content too; None if it holds none."""
    parts = _children(attribute)
    return _KINDS.get(parts[0].encoded) if parts else None


def _record(attribute: Element) -> bytes:
    parts = _children(attribute)
    values = _children(parts[1]) if len(parts) == 2 and parts[1].tag == _SET else []
    if len(values) != 1:
        raise Malformed("an evidence record attribute does not have exactly one value")
    return values[0].encoded


def _without(path: Sequence[Element], taken: Sequence[Element]) -> bytes:
    """Return the CMS object without attributes; nothing else changes but the lengths above."""
    places = {one.begin for one in taken}
    rest = [one.encoded for one in path[-1].children() if one.begin not in places]
    return _replaced(path, _rebuilt(path[-1], b"".join(rest)) if rest else b"")


def _replaced(path: Sequence[Element], replacement: bytes) -> bytes:
    """Return the first element of a path with other bytes where its last one stands."""
    for parent, child in zip(reversed(path[:-1]), reversed(path[1:]), strict=True):
        before = parent.whole[parent.content_begin : child.begin]
        after = parent.whole[child.end : parent.content_end]
        replacement = _rebuilt(parent, before + replacement + after)
    return replacement


def _rebuilt(element: Element, content: bytes) -> bytes:
    """Return an element around other content; a marked end stays a marked end."""
    if element.whole[element.begin + 1] == _INDEFINITE:
        return bytes((element.tag, _INDEFINITE)) + content + b"\0\0"
    return der.tlv(element.tag, content)
