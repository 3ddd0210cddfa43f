"""Audits in bulk: taken up again, sparing what is proven unchanged, drawn from stored results."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from archive.assembly import TEST_PKI, Archive, open_archive
from archive.auditing import audit, endings, recheck, report, results
from archive.auditing.audit import Scope
from archive.catalogue.dossiers import Holding
from archive.errors import IntegrityError, NotHeld, UsageError
from archive.fixity import sha256_of_file
from archive.model import Indication
from archive.packages import xml
from archive.preservation import fixity
from archive.preservation.rebuild import rebuild
from archive.proving import prove_pending
from archive.reports.figures import Figures, row
from archive.segments import flush
from archive.signatures import seal, testpki
from archive.signatures.pdf_signing import sign_pdf
from archive.trusting import revocation
from tests.auditing import Clock, a_timestamped, an_archive, take_in
from tests.signed import DAY, NOW, a_pdf, a_signer, revoked_serial
from tests.unit.test_disposal_papers import text_of


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def archive(tmp_path: Path, clock: Clock) -> Iterator[Archive]:
    with an_archive(tmp_path / "archive", clock) as opened:
        yield opened


@pytest.fixture
def held(archive: Archive, tmp_path: Path) -> list[str]:
    return three_dossiers(archive, tmp_path)


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Archive, str]]:
    """An archive with three dossiers and one audit, for tests that only look."""
    folder = tmp_path_factory.mktemp("audited")
    with an_archive(folder / "archive", Clock()) as opened:
        three_dossiers(opened, folder)
        yield opened, audit.audit(opened, Scope(year=2026), agent="a").id


def three_dossiers(archive: Archive, tmp_path: Path) -> list[str]:
    """Take in a timestamped signature, one without timestamp, and an altered one."""
    pki = testpki.load(archive.settings.home / TEST_PKI)
    stamped = a_timestamped(archive, a_signer(pki))
    plain = sign_pdf(a_pdf("Don"), a_signer(pki, "Can bo B"), at=NOW - DAY)
    altered = plain.replace(b"/Title", b"/Tutle", 1)
    contents = (stamped, plain, altered)
    return [take_in(archive, tmp_path, n, a=content) for n, content in enumerate(contents, 1)]


def figures_of(archive: Archive, job_id: str) -> Figures:
    return Figures.of(results.outcomes(archive, results.heading(archive, job_id)))


def test_an_audit_counts_every_signature_by_outcome(audited):
    archive, job_id = audited

    found = figures_of(archive, job_id)

    assert (found.dossiers, found.signatures, found.reused) == (3, 3, 0)
    assert found.by_outcome == {"passed": 2, "failed": 1}
    assert found.by_reason == {"HASH_FAILURE": 1}


def test_what_is_proven_unchanged_is_not_read_again(archive, held, monkeypatch):
    audit.audit(archive, Scope(), agent="a")
    read: list[str] = []
    first = recheck.recheck

    def counted(archive: Archive, holding: Holding, **more: bool) -> recheck.Rechecked:
        read.append(holding.dossier.id)
        return first(archive, holding, **more)

    monkeypatch.setattr(audit, "recheck", counted)

    again = audit.audit(archive, Scope(), agent="a")
    every = audit.audit(archive, Scope(), agent="a", reread=True)

    assert figures_of(archive, again.id).reused == 3
    assert figures_of(archive, every.id).reused == 0
    assert sorted(read) == sorted(held)


def test_a_revocation_that_arrives_later_is_seen_by_the_next_audit(archive, tmp_path, clock):
    pki = testpki.load(archive.settings.home / TEST_PKI)
    signer = a_signer(pki)
    take_in(archive, tmp_path, 1, a=sign_pdf(a_pdf(), signer, at=NOW - 3 * DAY))
    before = audit.audit(archive, Scope(), agent="a")
    crl = pki.issuing.crl([(revoked_serial(signer), NOW - 2 * DAY)], at=NOW)

    revocation.add(archive, crl, agent="a")
    after = audit.audit(archive, Scope(), agent="a")

    assert figures_of(archive, before.id).by_outcome == {"passed": 1}
    assert figures_of(archive, after.id).by_reason == {"REVOKED_NO_POE": 1}


@pytest.mark.parametrize(
    ("changes", "stands"),
    [
        ({}, True),
        ({"fresh_until": (NOW - DAY).isoformat()}, False),
        ({"limited_by": None}, False),
        ({"indication": "indeterminate", "sub_indication": "TRY_LATER"}, False),
        ({"indication": "indeterminate", "sub_indication": "NO_CERTIFICATE_CHAIN_FOUND"}, True),
        ({"indication": "failed", "sub_indication": "NOT_YET_VALID"}, False),
        ({"indication": "failed", "sub_indication": "HASH_FAILURE"}, True),
    ],
    ids=["as it was", "its end has come", "no end was told", "undecided", "unknown root",
         "not yet valid", "altered"],
)  # fmt: skip
def test_what_time_can_change_is_looked_at_again(audited, changes, stands):
    archive, job_id = audited
    first = next(iter(results.outcomes(archive, results.heading(archive, job_id))))
    (verdict,) = first["verdicts"]
    kept = {**verdict, "indication": "passed", "fresh_until": None, "limited_by": "x", **changes}

    assert audit._stands(archive, {**first, "verdicts": [kept]}) is stands


def test_another_software_or_another_trust_looks_at_everything_again(audited):
    archive, job_id = audited
    first = next(iter(results.outcomes(archive, results.heading(archive, job_id))))

    assert not audit._stands(archive, {**first, "software": "kho 0.0.9"})
    assert not audit._stands(archive, {**first, "trust": "0" * 64})


def test_a_finding_against_the_bytes_makes_an_audit_read_them(archive, held):
    audit.audit(archive, Scope(), agent="a")
    place = next((archive.settings.home / "store").rglob("*.zip"))
    content = bytearray(place.read_bytes())
    content[content.index(b"/ByteRange") - 200] ^= 1
    place.chmod(0o600)
    place.write_bytes(bytes(content))
    list(fixity.run(archive))

    job = audit.audit(archive, Scope(), agent="a")

    found = figures_of(archive, job.id)
    assert (found.reused, len(found.problems)) == (2, 1)
    assert "recorded" in found.problems[0]["detail"]


def test_a_defect_of_the_program_in_one_dossier_is_named_and_stops_no_other(
    archive, held, monkeypatch
):
    kept_material = recheck.kept_material

    def faulty(an_archive, holding, *rest):
        if holding.dossier.id == held[0]:
            raise ValueError("unforeseen")
        return kept_material(an_archive, holding, *rest)

    monkeypatch.setattr(recheck, "kept_material", faulty)
    found = figures_of(archive, audit.audit(archive, Scope(), agent="a").id)

    (problem,) = found.problems
    assert problem["detail"].startswith("ValueError in ")
    assert found.signatures == len(held) - 1


def test_a_stopped_audit_goes_on_where_it_stopped(archive, held, monkeypatch):
    monkeypatch.setattr(audit, "_BATCH", 1)

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        audit.audit(archive, Scope(), agent="a", stepped=stop)
    counted: list[int] = []
    job = audit.audit(archive, Scope(), agent="a", counted=counted.append)

    assert counted[0] < 3
    assert figures_of(archive, job.id).signatures == 3


def test_the_same_seed_draws_the_same_sample():
    ids = [f"{n:036}" for n in range(1000)]

    first, again = (audit.sampled(ids, 0.05, 7) for _ in range(2))  # type: ignore[arg-type]

    assert first == again
    assert len(first) == 50
    assert audit.sampled(ids, 0.05, 8) != first  # type: ignore[arg-type]
    assert audit.sampled(ids, 0.0001, 8) != []  # type: ignore[arg-type]


@pytest.mark.parametrize("share", [0, -1, 1.01])
def test_a_sample_is_a_share(share: float):
    with pytest.raises(UsageError):
        Scope(sample=share)


def test_a_report_has_pdf_csv_xml_and_json_that_agree_and_are_sealed(audited, tmp_path):
    archive, job_id = audited

    made = report.report(archive, job_id, tmp_path / "report")

    folder = tmp_path / "report"
    rows = list(csv.DictReader(io.StringIO((folder / report.CSV).read_text("utf-8-sig"))))
    stated = json.loads((folder / report.JSON).read_text("utf-8"))
    tree = xml.parse((folder / report.XML).read_bytes())
    signatures = tree.getroot()
    assert xml.violations(tree, "urn:kho:signature-audit:1") == []
    assert len(rows) == len(signatures) == stated["figures"]["signatures"] == 3
    assert [one["indication"] for one in rows] == [s.get("indication") for s in signatures]
    assert stated["files"] == {
        p.name: sha256_of_file(p) for p in made.files if p.name in stated["files"]
    }
    for name in report.SEALED:
        content, p7s = ((folder / f"{name}{end}").read_bytes() for end in ("", ".p7s"))
        verdict = seal.verify(content, p7s, archive.trust, at=archive.clock())
        assert verdict.indication is Indication.PASSED


def test_the_paper_is_pdf_a_and_says_outcome_reason_and_method(audited, tmp_path):
    archive, job_id = audited

    report.report(archive, job_id, tmp_path / "report")

    content = (tmp_path / "report" / report.PDF).read_bytes()
    text = text_of(content)
    for words in ("BÁO CÁO KIỂM TRA CHỮ KÝ SỐ", "THỬ NGHIỆM", "HASH_FAILURE", "Phương pháp"):
        assert words in text
    assert "nội dung đã bị thay đổi sau khi ký" in text
    with pikepdf.open(io.BytesIO(content)) as pdf:
        with pdf.open_metadata() as metadata:
            assert metadata.pdfa_status == "2B"
        fonts = [font for page in pdf.pages for font in page.resources.Font.values()]
        assert all("/FontFile2" in font.FontDescriptor for font in fonts)


def test_a_report_is_drawn_again_from_the_store_alone(archive, held, tmp_path, clock):
    job = audit.audit(archive, Scope(), agent="a")
    report.report(archive, job.id, tmp_path / "first")
    rebuild(archive)
    clock.at = NOW + 900 * DAY

    with open_archive(archive.settings.home, clock=clock) as later:
        report.report(later, job.id, tmp_path / "second")

    for name in (report.CSV, report.XML):
        first, second = (tmp_path / each / name for each in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()
    stated = [json.loads((tmp_path / n / report.JSON).read_text()) for n in ("first", "second")]
    assert stated[0]["figures"] == stated[1]["figures"]


@pytest.mark.parametrize("name", ["audit.json", "00001.ndjson.gz"])
def test_results_that_were_changed_are_found(archive, held, tmp_path, name):
    job = audit.audit(archive, Scope(), agent="a")
    place = next((archive.settings.home / "store" / "state" / "audits").rglob(name))
    content = place.read_bytes()
    place.chmod(0o600)
    place.write_bytes(content.replace(b"a", b"b", 1) if name == "audit.json" else content[:-9])

    with pytest.raises(IntegrityError):
        report.report(archive, job.id, tmp_path / "report")


@pytest.mark.parametrize("name", ["nothing", "00000000-0000-4000-8000-000000000007", "../../x"])
def test_there_is_no_report_of_an_unknown_audit(audited, tmp_path, name):
    archive, _ = audited

    with pytest.raises(NotHeld):
        report.report(archive, name, tmp_path / "report")


def test_a_cell_that_a_spreadsheet_would_run_is_defused(tmp_path):
    from archive.reports import tables
    from archive.reports.figures import COLUMNS

    verdict: dict[str, Any] = dict.fromkeys(COLUMNS, "=1+1") | {"reasons": []}
    outcome: dict[str, Any] = dict.fromkeys(COLUMNS, "x") | {"verdicts": [verdict]}
    tables.write_csv(tmp_path / "a.csv", [outcome])

    told = (tmp_path / "a.csv").read_text("utf-8-sig").splitlines()[1]
    assert row(outcome, verdict)["signed_by"] == "=1+1"
    assert not any(cell.startswith("=") for cell in told.split(","))


def test_seals_and_evidence_tell_their_end_and_the_link_that_makes_it(audited):
    archive, _ = audited
    prove_pending(archive)

    (seals,) = endings.seals(archive)
    (evidence,) = endings.evidence(archive)
    flush(archive)
    (checkpoints,) = endings.checkpoints(archive)

    assert (seals.versions, evidence.versions) == (3, 3)
    assert checkpoints.count == 1
    for told in (seals.to_json(), evidence.to_json(), checkpoints.to_json()):
        assert told["provable_until"].year > 2030
        assert f"{told['provable_until']:%Y-%m-%d}" in told["limited_by"]


def test_seals_made_after_the_keys_revocation_end_apart_from_those_before(
    archive, held, tmp_path, clock
):
    pki = testpki.load(archive.settings.home / TEST_PKI)
    clock.at = NOW + 3 * DAY
    take_in(archive, tmp_path, 7, a=a_pdf("Later"))
    crl = pki.issuing.crl([(revoked_serial(pki.seal), NOW + DAY)], at=NOW + 3 * DAY)
    revocation.add(archive, crl, agent="a")

    before, after = endings.seals(archive)

    assert (before.versions, before.ending.indication) == (3, Indication.PASSED)
    assert (after.versions, after.ending.indication) == (1, Indication.INDETERMINATE)
    assert "revoked" in after.to_json()["limited_by"]
