from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from archive.errors import UsageError
from archive.model import (
    Applicant,
    DigitalFile,
    Document,
    Dossier,
    DossierId,
    Indication,
    PackagePath,
    Result,
    Role,
    Status,
    Verdict,
)
from archive.search import IndexRecord, Query
from archive.search.language import parse
from archive.search.opening import ENGINES, open_index
from archive.search.records import outcome_of, record_of

FORM = Document(1, "Tờ khai", Role.APPLICATION, DigitalFile(PackagePath("a.pdf"), 1, "0" * 64))
DOSSIER = Dossier(
    id=DossierId("00000000-0000-5000-8000-000000000001"),
    code="H26.18-220524-0001",
    title="Khai sinh",
    agency="H26.18",
    procedure="1.001193",
    applicant=Applicant("Nguyễn Văn An", "001085012345"),
    received_on=date(2022, 5, 24),
    status=Status.RETURNED,
    documents=(FORM,),
    fonds="H26.18",
    result=Result("12/GKS", "KQ.G15.000469"),
)


def a_verdict(indication: Indication) -> Verdict:
    return Verdict(
        path=PackagePath("a.pdf"), field="s", kind="signature", format="PAdES-B-B",
        indication=indication, sub_indication=None, intact=True, covers_whole_file=True,
        modified_after_signing="none", signed_by=None, signed_at_claimed=None, proven_at=None,
    )  # fmt: skip


@pytest.mark.parametrize(
    "text", ["nguyen van an", "001085012345", "220524-0001", "to khai", "KQ.G15.000469", "12/GKS"]
)
@pytest.mark.parametrize("engine", ENGINES)
def test_a_held_dossier_is_found_by_what_is_known_of_it(engine, text, tmp_path: Path) -> None:
    index = open_index(engine, tmp_path)
    index.write([record_of(DOSSIER, [a_verdict(Indication.PASSED)], "toàn văn")])

    page = index.search(Query(parse(text).node))

    assert [(hit.id, hit.approximate) for hit in page.hits] == [(DOSSIER.id, False)]


def test_the_gravest_verdict_is_the_dossiers() -> None:
    passed, failed, unsure = (
        a_verdict(kind) for kind in (Indication.PASSED, Indication.FAILED, Indication.INDETERMINATE)
    )

    assert outcome_of([]) == "none"
    assert outcome_of([passed]) == "passed"
    assert outcome_of([passed, unsure]) == "indeterminate"
    assert outcome_of([unsure, failed, passed]) == "failed"


def test_a_record_needs_an_id_and_its_own_year() -> None:
    with pytest.raises(ValueError, match="year"):
        IndexRecord("1", 2021, "c", "n", "p", "a", "returned", date(2022, 1, 1))
    with pytest.raises(ValueError, match="id"):
        IndexRecord("", 2022, "c", "n", "p", "a", "returned", date(2022, 1, 1))


def test_an_unknown_engine_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="lucene"):
        open_index("lucene", tmp_path)


def test_the_port_loads_no_engine() -> None:
    code = "import sys, archive.search, archive.search.opening, archive.search.records; "
    code += "print([m for m in ('whoosh', 'tantivy') if m in sys.modules])"

    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert run.stdout.strip() == "[]"
