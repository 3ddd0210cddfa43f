"""Every part of an evidence record dropped, doubled, exchanged or altered: none of it passes.

A record with two chains of two timestamps is taken apart down to its timestamps; each
change is made once, written again with right lengths, and verified.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest

from archive.evidence.elements import only
from archive.evidence.records import EvidenceRecord
from archive.evidence.verify import verify
from archive.signatures import der
from tests import evidence
from tests.signed import LongPki

MADE, RENEWED, REHASHED = (datetime(year, 6, 1, tzinfo=UTC) for year in (2012, 2017, 2026))
SOON = timedelta(days=2)
GROUPS = [[evidence.a_document(f"{n}{m}".encode()) for m in "ab"] for n in range(5)]
_TIMESTAMP = bytes.fromhex("06092a864886f70d010702")
"""How a ContentInfo with SignedData begins."""


class Node(NamedTuple):
    """An element taken apart; a timestamp and whatever is primitive stay whole."""

    tag: int
    children: tuple[Node, ...] | None
    content: bytes

    def encode(self) -> bytes:
        inside = (
            self.content if self.children is None else b"".join(c.encode() for c in self.children)
        )
        return der.tlv(self.tag, inside)


class Mutation(NamedTuple):
    """What was changed, where, and what came of it."""

    place: tuple[int, ...]
    what: str
    encoded: bytes


def taken_apart(encoded: bytes) -> Node:
    element = only(encoded)
    if not element.tag & 0x20 or element.content.startswith(_TIMESTAMP):
        return Node(element.tag, None, element.content)
    children = tuple(taken_apart(one.encoded) for one in element.children())
    return Node(element.tag, children, b"")


def changes(node: Node) -> Iterator[tuple[tuple[int, ...], str, Node | None]]:
    """Yield every change of one part, as its place, its name and what stands there then."""
    if node.children is None:
        altered = bytes([*node.content[:-1], (node.content or b"\0")[-1] ^ 1])
        yield (), "altered", node._replace(content=altered)
        yield (), "emptied", node._replace(content=b"")
        return
    kids = node.children
    for at, child in enumerate(kids):
        for place, what, other in changes(child):
            put = () if other is None else (other,)
            yield (at, *place), what, node._replace(children=(*kids[:at], *put, *kids[at + 1 :]))
        yield (at,), "dropped", node._replace(children=kids[:at] + kids[at + 1 :])
        yield (at,), "doubled", node._replace(children=(*kids[: at + 1], *kids[at:]))
        if at and kids[at] != kids[at - 1]:
            swapped = (*kids[: at - 1], child, kids[at - 1], *kids[at + 1 :])
            yield (at,), "exchanged", node._replace(children=swapped)
    yield (), "another tag", node._replace(tag=node.tag ^ 1)


@pytest.fixture(scope="module")
def pki() -> LongPki:
    return LongPki()


@pytest.fixture(scope="module")
def record(pki: LongPki) -> EvidenceRecord:
    first = evidence.records_of(GROUPS, pki.tsa1, MADE)
    renewed = evidence.timestamps_renewed(first, pki, pki.tsa2, RENEWED)
    return evidence.hash_trees_renewed(renewed, GROUPS, pki, pki.tsa3, REHASHED)[1]


def harmless(mutation: Mutation) -> str | None:
    """Return why a change may pass: nothing that is proven depends on it.

    Places: 1 the record's list of digests, 2 the chains; in a chain its archive timestamps;
    in these 0 the digest algorithm, 1 the hash tree with its lists.
    """
    place, what = mutation.place, mutation.what
    if place[:1] == (1,):
        return "algorithms"
    # The first chain is under the second one's digest; of the last one only trees count.
    if place[:2] == (2, 1) and len(place) == 6 and what == "exchanged":
        return "list order"
    if place[:2] == (2, 1) and len(place) == 4 and place[3] == 0 and what == "dropped":
        return "digest dropped"
    # What is left is the record as it was before its last renewal, and still good by itself.
    return "renewal dropped" if (place, what) == ((2, 1), "dropped") else None


def mutations(record: EvidenceRecord) -> list[Mutation]:
    whole = taken_apart(record.encoded)
    assert whole.encode() == record.encoded
    found = [Mutation(place, what, (one or whole).encode()) for place, what, one in changes(whole)]
    return [one for one in found if one.encoded != record.encoded]


def test_the_untouched_record_passes(record, pki):
    verdict = evidence.verdict(record, GROUPS[1], pki, REHASHED + SOON)

    assert (verdict.indication.value, verdict.intact) == ("passed", True), verdict.reasons


def test_no_change_of_any_part_passes_but_what_proves_nothing(record, pki):
    tried, at = mutations(record), REHASHED + SOON
    trust = pki.trust(at)
    passed = [
        one
        for one in tried
        if verify(one.encoded, GROUPS[1], trust, at=at).indication.value == "passed"
    ]

    assert [(one.place, one.what) for one in passed if harmless(one) is None] == []
    reasons = {harmless(one) for one in passed}
    assert reasons == {"algorithms", "list order", "digest dropped", "renewal dropped"}
    assert len(tried) > 100
