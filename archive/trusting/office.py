"""Trust as somebody: what is trusted, what is proposed, and the second person's answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from archive.assembly import Archive
from archive.errors import NotHeld, NotPermitted, UsageError
from archive.names import same_person
from archive.signatures.certificates import Cert, read_certificate
from archive.trusting import proposals
from archive.trusting.changes import Change
from archive.trusting.proposals import AnyChange, Proposal
from archive.viewers import Right, Viewer

SEEING = (Right.AUDIT, Right.APPROVE, Right.ADMINISTER)
"""Of which one is needed to see what is trusted and proposed."""
DECIDING = (Right.APPROVE, Right.ADMINISTER)
"""Of which one is needed, for the whole archive, to answer a proposal."""
LONGEST = 500


@dataclass(frozen=True, slots=True)
class Facts:
    """What a certificate says, for the eyes of who has to decide."""

    subject: str
    """Distinguished name (RFC 4514)."""
    issuer: str
    self_issued: bool
    serial: str
    """Hexadecimal."""
    not_before: datetime
    not_after: datetime
    key: str
    """Kind and size: `RSA 2048`; `?` if the kind is unknown."""
    fingerprint: str
    """SHA-256, in pairs of digits, as other programs print it."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A proposal with what its certificates say."""

    proposal: Proposal
    changes: tuple[tuple[AnyChange, Facts | None], ...]
    """Each with what its certificate says; a day of a digest has none."""
    may_confirm: bool
    own: bool
    """Whether the viewer proposed it."""


def facts(certificate: bytes) -> Facts:
    """Return what a certificate (DER) says.

    Raises:
        ValueError: it cannot be read.
    """
    read = read_certificate(certificate)
    subject, issuer = _names(read)
    return Facts(
        subject,
        issuer,
        read.self_issued,
        f"{read.serial:X}",
        read.not_before,
        read.not_after,
        _kind(read),
        ":".join(re.findall("..", read.sha256.upper())),
    )


def _facts(change: AnyChange) -> Facts | None:
    return facts(change.certificate) if isinstance(change, Change) else None


def _names(read: Cert) -> tuple[str, str]:
    try:
        whole = x509.load_der_x509_certificate(read.der)
        return whole.subject.rfc4514_string(), whole.issuer.rfc4514_string()
    except ValueError:  # read here, but not by stricter readers
        return read.common_name or "?", read.issuer_name or "?"


def _kind(read: Cert) -> str:
    match read.key:
        case rsa.RSAPublicKey():
            return f"RSA {read.key.key_size}"
        case ec.EllipticCurvePublicKey():
            return f"EC {read.key.curve.name}"
        case None:
            return "?"
        case _:
            return type(read.key).__name__.removesuffix("PublicKey").lstrip("_")


def pending(archive: Archive, viewer: Viewer) -> list[Shown]:
    """Return the proposals that wait, the oldest first."""
    _require(viewer, SEEING)
    return [
        Shown(
            one,
            tuple((change, _facts(change)) for change in one.changes),
            may_confirm(viewer, one),
            _is_own(viewer, one),
        )
        for one in proposals.pending(archive)
    ]


def confirm(archive: Archive, viewer: Viewer, proposal_id: str, digest: str) -> Proposal:
    """Make a proposed change, as its second person.

    Args:
        archive: where.
        viewer: the second person.
        proposal_id: 16 hex digits.
        digest: of the proposal that was looked at.

    Raises:
        NotHeld: nothing was ever proposed under this id.
        NotNow: somebody else confirmed or withdrew it.
        NotPermitted: no right for the whole archive, or the same person.
        IntegrityError: the proposal is not what was journalled.
    """
    proposal = _decided(archive, viewer, proposal_id)
    if not may_confirm(viewer, proposal):
        raise NotPermitted("who proposed a change of trust cannot confirm it", where=proposal.id)
    if digest != proposal.digest:
        raise UsageError("look at the proposal first", where=proposal.id)
    return proposals.confirm(archive, proposal.id, by=_name(viewer), account=viewer.account)


def refuse(archive: Archive, viewer: Viewer, proposal_id: str, reason: str) -> Proposal:
    """Refuse a proposal, or take back one's own; `reason` goes on record.

    Raises:
        UsageError: there is no reason.
        NotHeld, NotNow, NotPermitted, IntegrityError: as for `confirm`, the same person aside.
    """
    told = reason_of(reason)
    proposal = _decided(archive, viewer, proposal_id)
    return proposals.withdraw(archive, proposal.id, account=viewer.account, reason=told)


def reason_of(reason: str) -> str:
    """Return a reason in one line.

    Raises:
        UsageError: there is none, or it is too long.
    """
    told = " ".join(reason.split())
    if not told or len(told) > LONGEST or not told.isprintable():
        raise UsageError("give the reason", where="reason")
    return told


def may_confirm(viewer: Viewer, proposal: Proposal) -> bool:
    """Whether somebody can be the second person of a proposal."""
    return may_decide(viewer) and not _is_own(viewer, proposal)


def may_decide(viewer: Viewer) -> bool:
    """Whether somebody answers proposals: trust is for every fonds and agency, so are they."""
    return any(
        scope.fonds is None and scope.agencies is None
        for right in DECIDING
        for scope in viewer.scopes(right)
    )


def _decided(archive: Archive, viewer: Viewer, proposal_id: str) -> Proposal:
    _require(viewer, DECIDING)
    if not may_decide(viewer):
        raise NotPermitted("trust is of the whole archive", where=proposal_id)
    if len(proposal_id) != 16:
        raise NotHeld("there is no such proposal", where=proposal_id)
    return proposals.find(archive, proposal_id)


def _is_own(viewer: Viewer, proposal: Proposal) -> bool:
    return viewer.account == proposal.account or any(
        same_person(name, proposal.proposed_by) for name in (viewer.name, viewer.account) if name
    )


def _name(viewer: Viewer) -> str:
    return viewer.name or viewer.account


def _require(viewer: Viewer, rights: tuple[Right, ...]) -> None:
    if not any(map(viewer.may, rights)):
        raise NotPermitted("your roles do not include this")
