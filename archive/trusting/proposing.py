"""Proposing as somebody: certificates that come or go, days of digests; nothing changes yet."""

from __future__ import annotations

import re
from datetime import date

from archive.assembly import Archive
from archive.errors import NotHeld, NotPermitted, Rejected, UsageError
from archive.trusting import algorithm_ends, changes, office, proposals, revocation
from archive.trusting.changes import Terms
from archive.trusting.proposals import AnyChange, Proposal
from archive.viewers import Viewer

LARGEST = 8 << 20
"""Bytes of an uploaded file; the trusted lists of whole countries have less."""
LONGEST_LABEL = 200
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


def addition(
    archive: Archive,
    viewer: Viewer,
    content: bytes,
    terms: Terms,
    *,
    as_root: bool | None,
    reason: str,
) -> Proposal:
    """Propose that the certificates of a file, or the services of a trusted list, are trusted.

    Args:
        archive: where.
        viewer: the first person.
        content: PEM, DER or a trusted list (XML).
        terms: scopes and dates of roots.
        as_root: as `changes.additions` has it.
        reason: why; the second person reads it.

    Raises:
        NotPermitted: no right for the whole archive.
        UnsafeInput: a private key is in the file.
        Rejected: it has no certificate, or is a list of revocations.
        UsageError: no reason, no scope for a root, or dates the wrong way round.
    """
    _allowed(viewer)
    if len(content) > LARGEST:
        raise Rejected(f"a trust file of more than {LARGEST} bytes is not read")
    if revocation.is_revocation(content):
        raise Rejected("CRLs and OCSP answers need no second person")
    if len(terms.label) > LONGEST_LABEL or not terms.label.isprintable():
        raise UsageError("the name is too long, or has characters that cannot be read")
    wanted = changes.additions(content, terms, as_root=as_root)
    return _proposed(archive, viewer, wanted, reason)


def removal(archive: Archive, viewer: Viewer, fingerprint: str, *, reason: str) -> Proposal:
    """Propose that a root or a CA is trusted no more, by its whole fingerprint.

    Raises:
        NotHeld: nothing of this fingerprint is trusted.
        NotPermitted, UsageError: as for `addition`.
    """
    _allowed(viewer)
    if not _FINGERPRINT.fullmatch(fingerprint):
        raise NotHeld("there is no such certificate", where=fingerprint[:64])
    return _proposed(archive, viewer, changes.removals(archive.trust, [fingerprint]), reason)


def algorithm_end(
    archive: Archive,
    viewer: Viewer,
    name: str,
    end: date | None,
    *,
    retroactive: bool,
    reason: str,
) -> Proposal:
    """Propose the first day on which a digest, or keys up to a size, do not count; None: as Kho's table has it.

    Raises:
        NotPermitted, UsageError: as for `addition` and `algorithm_ends.ends`.
    """
    _allowed(viewer)
    wanted = algorithm_ends.ends(archive, {name: end}, retroactive=retroactive)
    return _proposed(archive, viewer, wanted, reason)


def _proposed(
    archive: Archive,
    viewer: Viewer,
    wanted: list[changes.Change] | list[algorithm_ends.AlgorithmEnd],
    reason: str,
) -> Proposal:
    told = office.reason_of(reason)
    asked: list[AnyChange] = [*wanted]
    by = viewer.name or viewer.account
    return proposals.propose(archive, asked, by=by, account=viewer.account, reason=told)


def _allowed(viewer: Viewer) -> None:
    if not office.may_decide(viewer):
        raise NotPermitted("trust is of the whole archive")
