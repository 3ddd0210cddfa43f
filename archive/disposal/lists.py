"""The list of what is to go: what it says, its digest, and how it is signed.

Danh mục tài liệu hết thời hạn lưu trữ, with an explanatory note (Circular 06/2025/TT-BNV);
its dossiers have the status "Xem xét hủy" (Circular 05/2025/TT-BNV, art. 48 to 50).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from archive.assembly import Archive, open_tsa
from archive.catalogue.disposals import Disposal
from archive.catalogue.dossiers import Holding
from archive.errors import NotPermitted, Rejected
from archive.fixity import sha256_of
from archive.model import Indication
from archive.retention import Schedules
from archive.signatures import persons, seal, stamping
from archive.signatures.keys import SigningKey
from archive.signatures.persons import Person
from archive.signatures.seal import Sealer
from archive.signatures.trust import Scope
from retention_rules.decide import Decision
from retention_rules.explain import to_json

FORMAT = "kho-disposal-list-1"


def entry_of(holding: Holding, decision: Decision) -> dict[str, Any]:
    """Return what a list says of a dossier, and what remains of it: no applicant, no content."""
    dossier = holding.dossier
    stored = to_json(decision)
    del stored["considered"], stored["ruler"]
    return {
        "code": dossier.code,
        "file_code": dossier.file_code,
        "title": dossier.title,
        "agency": dossier.agency,
        "fonds": dossier.fonds,
        "access": dossier.access,
        "procedure": dossier.procedure,
        "procedure_name": dossier.procedure_name,
        "received_on": dossier.received_on.isoformat(),
        "closed_on": dossier.closed_on.isoformat() if dossier.closed_on else None,
        "submission": holding.submission_digest,
        "held_since": holding.receipts[0].held_since.isoformat(),
        "versions": [
            {
                "number": version.number,
                "place": version.place,
                "sha256": version.sha256,
                "size": version.size,
                "seal": version.seal_digest,
            }
            for version in holding.versions
        ],
        "files": [
            {"sha256": document.file.sha256, "size": document.file.size}
            for document in dossier.documents
        ],
        "decision": stored,
    }


def content(disposal: Disposal) -> bytes:
    """Return the list as it is signed: canonical JSON of its heading and its dossiers.

    What a person took out is not on it; what happened to the others later does not change it.
    """
    value = {
        "format": FORMAT,
        "disposal": disposal.id,
        "kind": disposal.kind.value,
        "heading": disposal.heading,
        "dossiers": [
            {"ordinal": item.ordinal, "dossier": item.dossier_id, **item.entry}
            for item in disposal.counted
        ],
    }
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def digest(disposal: Disposal) -> str:
    """Return the list's SHA-256, 64 hex digits: what approvals are signatures over."""
    return sha256_of(content(disposal))


@dataclass(frozen=True, slots=True)
class Signed:
    """A person's signature over a list."""

    p7s: bytes
    """Detached CMS over the list, DER, with a timestamp: `openssl cms -verify -content LIST`."""
    person: Person

    def to_json(self, list_digest: str) -> dict[str, Any]:
        """Return the signature as an act keeps it."""
        return {
            "person": self.person.to_json(),
            "list": list_digest,
            "signature": self.p7s.hex(),
        }


Signing = SigningKey | bytes
"""A person's key, or a detached CAdES signature (DER or PEM) that they made elsewhere."""


def signer_of(by: Signing) -> Person:
    """Return who signs.

    Raises:
        Rejected: it is no signature, or has no signer's certificate.
    """
    if not isinstance(by, bytes):
        return persons.of_certificate(by.certificate)
    try:
        return persons.of_signature(stamping.read(by))
    except ValueError as error:
        raise Rejected(
            f"not a detached CAdES signature: {error}",
            where="signature",
            hint="sign the list's exact bytes; the signature has to carry its certificate",
        ) from error


def sign(archive: Archive, disposal: Disposal, by: Signing, *, at: datetime) -> Signed:
    """Sign a list as it stands, or take a signature over it and add a timestamp.

    Raises:
        NotPermitted: the signature does not pass under the archive's trust.
        Rejected: it is no signature.
        Unavailable: the timestamp service did not answer.
    """
    whole, person, tsa = content(disposal), signer_of(by), open_tsa(archive)
    if isinstance(by, bytes):
        p7s = stamping.stamped(stamping.read(by), tsa)
    else:
        p7s = Sealer(by, tsa).seal(whole, at=at)
    refuse_untrusted(archive, whole, p7s, at=archive.clock())
    return Signed(p7s, person)


def refuse_untrusted(archive: Archive, whole: bytes, p7s: bytes, *, at: datetime) -> Person:
    """Return who made a signature over a list.

    Raises:
        NotPermitted: it is not over this list, or it does not pass.
    """
    verdict = seal.verify(whole, p7s, archive.trust, at=at, scope=Scope.SIGNATURES)
    if verdict.indication is not Indication.PASSED:
        raise NotPermitted(
            f"the signature does not pass: {verdict.sub_indication}: {'; '.join(verdict.reasons)}",
            where="approval",
            hint=verdict.to_do or "",
        )
    return persons.of_signature(p7s)


def heading(by: Schedules, agency: str, decided: Mapping[str, Any]) -> dict[str, Any]:
    """Return a list's heading.

    Args:
        by: the schedules in force.
        agency: whose dossiers.
        decided: what else it says: the day, the note, the mode.
    """
    adoption = next((a for a in reversed(by.adoptions) if a.agency == agency), None)
    return {
        "agency": agency,
        "status": "Xem xét hủy",
        "adoption": adoption.decision if adoption is not None else "",
        **decided,
    }
