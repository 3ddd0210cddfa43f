"""The state of trust: what counts, what is stale, what waits for a second person."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from archive.assembly import Archive
from archive.fixity import sha256_of
from archive.signatures.certificates import read_certificate, readable
from archive.signatures.trust import Anchor, CrlAge
from archive.trusting.proposals import Proposal, pending
from archive.trusting.revocation import is_offline

SOON_DAYS = 180


@dataclass(frozen=True, slots=True)
class Root:
    """One trusted root with what its certificate says."""

    anchor: Anchor
    subject: str
    not_before: datetime
    not_after: datetime

    def to_json(self) -> dict[str, Any]:
        """Return the root as JSON values."""
        validity = {"not_before": self.not_before, "not_after": self.not_after}
        return {**self.anchor.to_json(), "subject": self.subject, **validity}


@dataclass(frozen=True, slots=True)
class Other:
    """A certificate that helps to build paths: a CA or a TSA, not trusted by itself."""

    sha256: str
    subject: str
    issuer: str
    not_after: datetime
    tsa: bool


@dataclass(frozen=True, slots=True)
class Trust:
    """What an archive trusts."""

    folder: Path
    digest: str
    """Over everything that a verdict can depend on."""
    roots: tuple[Root, ...]
    others: tuple[Other, ...]
    crls: tuple[CrlAge, ...]
    ocsp_answers: int
    offline: bool
    pending: tuple[Proposal, ...]

    def to_json(self, at: datetime) -> dict[str, Any]:
        """Return the state as `kho trust status --json` prints it."""
        return {
            "folder": str(self.folder),
            "digest": self.digest,
            "offline": self.offline,
            "roots": [root.to_json() for root in self.roots],
            "certificates": [asdict(other) for other in self.others],
            "crls": [{**asdict(age), "age_days": (at - age.this_update).days} for age in self.crls],
            "ocsp_answers": self.ocsp_answers,
            "pending": [proposal_json(one) for one in self.pending],
        }


def proposal_json(proposal: Proposal) -> dict[str, Any]:
    """Return a proposal without the certificates' bytes."""
    changes = [{**c.to_json(), "sha256": c.sha256} for c in proposal.changes]
    for change in changes:
        change.pop("certificate", None)
    return {
        "id": proposal.id,
        "digest": proposal.digest,
        "proposed_by": proposal.proposed_by,
        "account": proposal.account,
        "proposed_at": proposal.proposed_at,
        "reason": proposal.reason,
        "changes": changes,
    }


def status(archive: Archive) -> Trust:
    """Return what is trusted now, the ages of CRLs, and what is proposed."""
    store, at = archive.trust, archive.clock()
    return Trust(
        archive.settings.path("trust.folder"),
        store.digest,
        tuple(map(_root, store.anchors)),
        tuple(_others(store.certificates)),
        tuple(store.crl_ages(at)),
        len(store.ocsps),
        is_offline(archive),
        tuple(pending(archive)),
    )


def _root(anchor: Anchor) -> Root:
    certificate = read_certificate(anchor.certificate)
    name = certificate.common_name or "?"
    return Root(anchor, name, certificate.not_before, certificate.not_after)


def _others(certificates: tuple[bytes, ...]) -> list[Other]:
    return [
        Other(
            sha256_of(one.der),
            one.common_name or "?",
            one.issuer_name or "?",
            one.not_after,
            "time_stamping" in one.extended_key_usage,
        )
        for one in readable(list(certificates))
    ]
