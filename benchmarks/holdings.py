"""Catalogues with very many dossiers, written straight into their tables; nothing is stored."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from archive.catalogue import tables
from archive.catalogue.engine import Catalogue
from archive.creation import create
from benchmarks.measure import CACHE

SEED = 20261127
AGENCIES = tuple(f"H26.{number}" for number in range(1, 41))
PROCEDURES = ("1.001193", "1.000318.000.00.00.H26", "2.000884", "2.001035", "9.999999")
BATCH = 10_000


def archive_of(count: int) -> Path:
    """Return the home of an archive with so many dossiers of two papers; made once."""
    home = CACHE / f"holdings-{count}"
    ready = home.with_suffix(".ready")
    if not ready.exists():
        print(f"making a catalogue of {count:,} dossiers in {home} (once)", flush=True)
        shutil.rmtree(home, ignore_errors=True)
        create(home, {"archive.agency": "H26", "retention.schedule": "example-agency-1"})
        _fill(Catalogue(f"sqlite:///{home / 'catalogue.db'}"), count)
        ready.touch()
    return home


def _fill(catalogue: Catalogue, count: int) -> None:
    chance = random.Random(SEED)
    for start in range(0, count, BATCH):
        numbers = range(start, min(count, start + BATCH))
        dossiers = [_dossier(number, chance) for number in numbers]
        with catalogue.begin() as connection:
            connection.execute(insert(tables.dossiers), dossiers)
            connection.execute(insert(tables.versions), [_version(each) for each in dossiers])
            connection.execute(
                insert(tables.files), [file for each in dossiers for file in _files(each)]
            )
    catalogue.close()


def _dossier(number: int, chance: random.Random) -> dict[str, Any]:
    received = date(1990, 1, 1) + timedelta(chance.randrange(13_400))
    closed = received + timedelta(chance.randrange(1, 60))
    agency = chance.choice(AGENCIES)
    procedure = chance.choice(PROCEDURES)
    return {
        "id": str(UUID(int=chance.getrandbits(128), version=4)),
        "code": f"{agency}-{received:%y%m%d}-{number}",
        "title": "Hồ sơ thử nghiệm",
        "agency": agency,
        "fonds": agency,
        "procedure": procedure,
        "applicant_name": "Nguyễn Văn Thử",
        "applicant_kind": "citizen",
        "year": received.year,
        "received_on": received,
        "closed_on": closed,
        "status": "returned",
        "important": chance.random() < 0.05,
        "description": {
            "result": {"code": None, "issued_on": closed.isoformat(), "expires_on": None},
            "retention_code": None,
            "events": {},
            "access": "02",
            "language": "01",
            "profile": "tt05-2025-1",
            "fields": {},
        },
        "signature_outcome": "none",
    }


def _version(dossier: dict[str, Any]) -> dict[str, Any]:
    from datetime import UTC, datetime

    own = UUID(dossier["id"]).hex * 2
    at = datetime.combine(dossier["closed_on"], datetime.min.time(), tzinfo=UTC)
    return {
        "dossier_id": dossier["id"],
        "number": 1,
        "place": f"aip/{own[:2]}/{own[2:4]}/{dossier['id']}/v00001-{own[:16]}.zip",
        "sha256": own,
        "size": 1_000_000,
        "seal_digest": own,
        "sealed_at": at,
        "submission_digest": own,
        "held_since": at,
    }


def _files(dossier: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for ordinal in (1, 2):
        yield {
            "dossier_id": dossier["id"],
            "ordinal": ordinal,
            "path": f"{ordinal}.pdf",
            "sha256": UUID(dossier["id"]).hex * 2,
            "size": 500_000,
            "media_type": "application/pdf",
            "role": "result" if ordinal == 2 else "application",
            "title": "Giấy tờ thử nghiệm",
            "type_code": "02",
            "description": {
                "number": None,
                "notation": None,
                "issued_on": dossier["closed_on"].isoformat(),
                "organ": None,
                "fields": {},
            },
        }
