"""The sunset watch over seals and evidence: until when each is provable, and which link ends it.

Seals that rest on the same certificates end together, so that a million versions are a few
rows. Of evidence the newest timestamp of each chain counts; checkpoints of the journal's log
stand on their own timestamps until they are in evidence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from archive import jobs, log_evidence, proving
from archive.assembly import Archive
from archive.catalogue import evidence as covering
from archive.catalogue import seal_links
from archive.catalogue.holding import HeldVersion
from archive.catalogue.seal_links import SealGroup, SealLink
from archive.evidence import batches, logstore
from archive.evidence.history import History
from archive.heads import head_of_version
from archive.signatures import endings
from archive.signatures.cms_judge import readable_tokens
from archive.signatures.cms_reader import NotCms, SignedCms
from archive.signatures.endings import Ending
from archive.signatures.tokens import Token

_PAGE = 500


@dataclass(frozen=True, slots=True)
class SealsEnding:
    """Seals that end together."""

    KIND = "seals"

    ending: Ending
    versions: int
    first: datetime
    last: datetime
    """Times of the first and the last of their timestamps."""

    def to_json(self) -> dict[str, Any]:
        """Return the row as `kho sig list --json` prints it."""
        judged, token = self.ending.judgement, self.ending.token
        return {
            "sealed_by": self.ending.signer.common_name if self.ending.signer else None,
            "tsa": token.signer.common_name if token and token.signer else None,
            "indication": judged.indication,
            "reasons": judged.reasons,
            "versions": self.versions,
            "first": self.first,
            "last": self.last,
            "test": judged.test,
            **_sunset(self.ending),
        }


@dataclass(frozen=True, slots=True)
class EvidenceEnding:
    """The newest timestamp of one chain of evidence."""

    KIND = "evidence"

    batch: str
    kind: str
    algorithm: str
    made_at: datetime
    versions: int
    """Held versions of packages that the chain covers."""
    checkpoints: int
    """Checkpoints of the journal's log that it covers."""
    ending: Ending

    def to_json(self) -> dict[str, Any]:
        """Return the row as `kho sig list --json` prints it."""
        signer, told = self.ending.signer, _sunset(self.ending)
        return {
            "batch": self.batch,
            "kind": self.kind,
            "algorithm": self.algorithm,
            "made_at": self.made_at,
            "tsa": signer.common_name if signer else None,
            "versions": self.versions,
            "checkpoints": self.checkpoints,
            "provable_until": told["provable_until"],
            "limited_by": told["limited_by"],
        }


@dataclass(frozen=True, slots=True)
class CheckpointsEnding:
    """Checkpoints of the journal's log that no evidence covers yet, of one authority."""

    KIND = "checkpoints"

    first: int
    last: int
    """Sizes of the first and the last of them."""
    count: int
    ending: Ending
    """Of the first one's timestamp."""

    def to_json(self) -> dict[str, Any]:
        """Return the row as `kho sig list --json` prints it."""
        signer, token, told = self.ending.signer, self.ending.token, _sunset(self.ending)
        return {
            "first": self.first,
            "last": self.last,
            "count": self.count,
            "made_at": token.gen_time if token else None,
            "tsa": signer.common_name if signer else None,
            "provable_until": told["provable_until"],
            "limited_by": told["limited_by"],
        }


def _sunset(ending: Ending) -> dict[str, Any]:
    found = ending.sunset
    return {
        "provable_until": found.provable_until if found else None,
        "fresh_until": found.fresh_until if found else None,
        "limited_by": found.link if found else "; ".join(ending.judgement.reasons),
    }


def seals(archive: Archive, *, only_known: bool = False) -> Iterator[SealsEnding]:
    """Yield the seals of everything that is held, those that end together as one.

    Args:
        archive: whose.
        only_known: leave out seals that were never looked at, and remember none.
    """
    if not only_known:
        _look_at_new(archive)
    with archive.catalogue.connect() as connection:
        found = seal_links.groups(connection)
    for group in found:
        yield from _split(archive, group)


def evidence(archive: Archive) -> Iterator[EvidenceEnding]:
    """Yield the newest timestamp of each chain of evidence."""
    proving.adopt(archive)
    known = log_evidence.history(archive)
    with archive.catalogue.connect() as connection:
        versions = _by_tip(known, covering.members_by_batch(connection))
        marks = _by_tip(known, covering.members_below(connection, logstore.CHECKPOINTS))
    for one in known.tips:
        batch = known.batch(one)
        token = Token.load(batches.token(archive.store, one))
        yield EvidenceEnding(
            one,
            batch.kind.value,
            batch.shape.algorithm,
            token.gen_time,
            versions[one],
            marks[one],
            endings.of_token(token, archive.trust, at=archive.clock()),
        )


def _by_tip(known: History, members: dict[str, int]) -> Counter[str]:
    """Return how many members each chain has, by the batch that renewed it last."""
    counts: Counter[str] = Counter()
    for batch_id, count in members.items():
        counts[known.tip(batch_id)] += count
    return counts


def checkpoints(archive: Archive) -> Iterator[CheckpointsEnding]:
    """Yield the log's checkpoints that stand on their own timestamps, by authority.

    All others are in evidence and end with their chain.
    """
    proving.adopt(archive)
    found: dict[str, list[int]] = {}
    first: dict[str, Token] = {}
    for size in log_evidence.uncovered(archive):
        token = Token.load(logstore.token(archive.store, size) or b"")
        key = token.signer.sha256 if token.signer else ""
        found.setdefault(key, []).append(size)
        first.setdefault(key, token)
    for key, sizes in found.items():
        ending = endings.of_token(first[key], archive.trust, at=archive.clock())
        yield CheckpointsEnding(sizes[0], sizes[-1], len(sizes), ending)


def _look_at_new(archive: Archive) -> None:
    """Read the seals of versions that were not looked at yet, and remember what they rest on."""
    while True:
        with archive.catalogue.connect() as connection:
            new = seal_links.unknown(connection, _PAGE)
        if not new:
            return
        links = []
        for done in jobs.run(new, lambda each: _link(archive, each), workers=archive.workers):
            if done.error is not None:
                raise done.error
            if done.result is not None:
                links.append(done.result)
        with archive.catalogue.begin() as connection:
            seal_links.add(connection, links)


def _link(archive: Archive, held: HeldVersion) -> SealLink:
    version = held.version
    try:
        cms = SignedCms(head_of_version(archive, version).seal)
    except NotCms:
        return SealLink(version.place, "", "", version.sealed_at)
    signer = cms.signer_certificate()
    tokens = sorted(readable_tokens(cms.timestamp_tokens()), key=lambda one: one.gen_time)
    tsa = tokens[0].signer if tokens else None
    return SealLink(
        version.place,
        signer.sha256 if signer else "",
        tsa.sha256 if tsa else "",
        tokens[0].gen_time if tokens else version.sealed_at,
    )


def _split(archive: Archive, group: SealGroup) -> Iterator[SealsEnding]:
    """Yield a group whole, or split where its outcome changes (a key that was revoked)."""

    now = archive.clock()

    @cache
    def at(number: int) -> tuple[Ending, datetime]:
        with archive.catalogue.connect() as connection:
            version = seal_links.member(connection, group, number).version
        head = head_of_version(archive, version)
        found = endings.of_seal(head.mets, head.seal, archive.trust, at=now)
        return found, found.token.gen_time if found.token else version.sealed_at

    begin = 0
    while begin < group.count:
        outcome = at(begin)[0].indication
        end = _last_like(begin, group.count, lambda n: at(n)[0].indication is outcome)  # noqa: B023
        yield SealsEnding(at(end)[0], end - begin + 1, at(begin)[1], at(end)[1])
        begin = end + 1


def _last_like(begin: int, count: int, alike: Callable[[int], bool]) -> int:
    """Return the last number from `begin` on that is like it, if likeness ends once."""
    if alike(count - 1):
        return count - 1
    low, high = begin, count - 1
    while high - low > 1:
        middle = (low + high) // 2
        if alike(middle):
            low = middle
        else:
            high = middle
    return low
