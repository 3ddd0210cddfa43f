"""Builders of what the catalogue keeps: holdings, events, holds."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from archive.catalogue.holding import Due, Holding
from archive.catalogue.holds import Hold
from archive.events import Event, EventType
from archive.model import Dossier, Indication, ObjectName, PackagePath, Verdict, Version
from tests.builders import a_dossier

NOW = datetime(2026, 11, 24, 3, 0, 0, 123456, tzinfo=UTC)


def digest(text: object) -> str:
    """Return a digest that is different for each text."""
    return hashlib.sha256(str(text).encode()).hexdigest()


def a_version(number: int = 1, of: str = "dossier") -> Version:
    """Return a stored version in a place of its own."""
    seal = digest(("seal", of, number))
    return Version(
        number,
        ObjectName(f"aip/{seal[:2]}/{seal[2:4]}/{of}/v{number:05d}-{seal[:16]}.zip"),
        digest(("package", of, number)),
        1_234_567 + number,
        seal,
        NOW + timedelta(seconds=number),
    )


def a_verdict(indication: Indication = Indication.PASSED, **changes: Any) -> Verdict:
    """Return a verdict on a signature with a timestamp."""
    verdict = Verdict(
        path=PackagePath("02-giay-phep.pdf"),
        field="Signature1",
        kind="signature",
        format="PAdES-B-T",
        indication=indication,
        sub_indication=None if indication is Indication.PASSED else "REVOKED_NO_POE",
        intact=True,
        covers_whole_file=True,
        modified_after_signing="none",
        signed_by="Trần Thị Thử",
        signed_at_claimed=NOW - timedelta(days=300),
        proven_at=NOW - timedelta(days=299),
        timestamps=1,
        digest_algorithm="sha256",
        signature_algorithm="ecdsa",
        issuer="TEST CA",
        test=True,
        reasons=("trust ends in a root that is marked as test",),
        to_do="ask for the root's certificate",
    )
    return replace(verdict, **changes)


def a_holding(number: int = 1, *, versions: int = 1, **changes: Any) -> Holding:
    """Return a dossier that is held; each number is another dossier code.

    `dossier__…` changes the dossier, other names the holding.
    """
    about = {
        name.removeprefix("dossier__"): changes.pop(name) for name in [*changes] if "__" in name
    }
    about.setdefault("code", f"H26.18-260105-{number:04d}")
    dossier = a_dossier(**about)
    whole = Holding(
        dossier=dossier,
        versions=(a_version(1, dossier.id),),
        verdicts=(a_verdict(),),
        submission_digest=digest(("submission", dossier.id, 1)),
        held_since=NOW,
    )
    for _ in range(versions - 1):
        whole = another_version(whole)
    return replace(whole, **changes)


def another_version(holding: Holding, dossier: Dossier | None = None) -> Holding:
    """Return the holding with one version more."""
    number = holding.versions[-1].number + 1
    dossier = dossier or holding.dossier
    return replace(
        holding,
        dossier=dossier,
        versions=(*holding.versions, a_version(number, dossier.id)),
        submission_digest=digest(("submission", dossier.id, number)),
        held_since=holding.held_since + timedelta(days=1),
        earlier=holding.receipts,
    )


def a_due(holding: Holding, due_on: date | None = date(2026, 1, 1), **changes: Any) -> Due:
    """Return that a dossier is to be destroyed from a day on."""
    due = Due(holding.dossier.id, "destroy", due_on, "13.2", "tt10-2022-1")
    return replace(due, **changes)


def an_event(subject: str = "", *, at: datetime = NOW, **details: Any) -> Event:
    """Return a successful ingestion."""
    return Event(EventType.INGESTION, at, "success", "kho test", subject, details)


def a_hold(name: str = "hold", **changes: Any) -> Hold:
    """Return a hold; name a `dossier_id` or `facts`."""
    hold = Hold(
        id=str(uuid5(NAMESPACE_URL, name)),
        owner="Thanh tra tỉnh",
        reason="khiếu nại đang được giải quyết",
        legal_reference="QĐ 15/QĐ-TTr",
        placed_at=NOW,
        placed_by="archivist",
        review_on=date(2027, 6, 30),
    )
    return replace(hold, **changes)
