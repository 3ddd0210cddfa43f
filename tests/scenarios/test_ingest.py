"""Dossiers come in: whole or not at all, once, by every road, and none stops another."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from archive.errors import AlreadyHeld, DossierRejected
from archive.heads import head_of_version
from archive.ingest import description, examination
from archive.ingest.batch import ingest_all
from archive.packages import safe
from tests.archives import (
    SteppingClock,
    all_held,
    an_archive,
    ingested,
    kho,
    outcomes_of,
    reopened,
    submission,
    submissions,
    the_only,
)
from tests.builders import a_pdf, the_files
from tests.roads import ROADS, by_road
from tests.soundness import assert_sound


def stored(archive):
    return sorted(archive.store.names("aip/"))


def test_a_dossier_is_held_found_and_sound_after_ingest(archive, inbox):
    submission(inbox)

    (receipt,) = ingested(archive, inbox)

    assert receipt == the_only(archive).receipt
    assert (receipt.code, receipt.version) == ("H26.18-260105-0001", 1)
    assert stored(archive) == [receipt.place]
    assert_sound(archive)


def test_a_rejected_dossier_leaves_nothing_behind(archive, inbox):
    path = submission(inbox, documents=[{"file": "01-don.pdf", "title": "Đơn", "sha256": "0" * 64}])

    (outcome,) = outcomes_of(archive, path)

    assert isinstance(outcome.error, DossierRejected)
    found = {(finding["rule"], finding["path"]) for finding in outcome.error.errors()}
    assert found == {("KHO-FILE-DIGEST", "01-don.pdf"), ("KHO-FILE-EXTRA", "02-ket-qua.pdf")}
    assert all_held(archive) == ()
    assert stored(archive) == []
    assert_sound(archive)


def test_the_same_submission_again_gets_the_same_receipt_and_stores_nothing(archive, inbox):
    first = ingested(archive, submissions(inbox, 2))
    places = sorted(archive.store.names())

    again = ingested(reopened(archive), inbox)

    assert again == first
    assert sorted(archive.store.names()) == places
    assert_sound(archive)


@pytest.mark.parametrize("road", ROADS[1:])
def test_the_same_submission_by_another_road_gets_the_same_receipt(archive, inbox, road):
    first = ingested(archive, by_road(inbox / "first", "folder"))

    again = ingested(archive, by_road(inbox / "again", road))

    assert again == first
    assert len(stored(archive)) == 1
    assert_sound(archive)


def test_the_same_submission_by_all_roads_at_once_is_held_once(archive, inbox):
    paths = [by_road(inbox / road, road) for road in ROADS]

    receipts = ingested(archive, *paths)

    assert len(receipts) == len(ROADS)
    assert set(receipts) == {the_only(archive).receipt}
    assert_sound(archive)


def test_a_code_with_other_content_is_refused_and_what_is_held_stays(archive, inbox):
    (receipt,) = ingested(archive, submission(inbox / "a"))
    other = submission(inbox / "b", dossier__title="Hồ sơ khác")

    (outcome,) = outcomes_of(archive, other)

    assert isinstance(outcome.error, AlreadyHeld)
    assert outcome.error.where == "H26.18-260105-0001"
    assert the_only(archive).receipt == receipt
    assert_sound(archive)


def test_of_two_contents_under_one_code_in_one_batch_one_is_held(archive, inbox):
    submission(inbox / "a")
    submission(inbox / "b", dossier__title="Hồ sơ khác")

    outcomes = outcomes_of(archive, inbox)

    assert [type(each.error) for each in outcomes if each.error] == [AlreadyHeld]
    (receipt,) = [each.receipt for each in outcomes if each.receipt]
    assert receipt == the_only(archive).receipt
    assert_sound(archive)


def test_an_update_makes_a_version_that_stores_only_what_is_new(archive, inbox):
    (first,) = ingested(archive, submission(inbox / "a"))
    files = {
        "01-don.pdf": a_pdf("Don so 1"),
        "02-ket-qua.pdf": a_pdf("Giay phep so 1", pages=2),
        "03-bo-sung.pdf": a_pdf("Bo sung"),
    }

    (second,) = ingested(archive, submission(inbox / "b", files=files), update=True)

    holding = the_only(archive)
    data = "representations/rep1/data/"
    of = [
        {path.removeprefix(data) for path in head_of_version(archive, v).entries if data in path}
        for v in holding.versions
    ]
    assert (first.version, second.version) == (1, 2)
    assert of == [{"01-don.pdf", "02-ket-qua.pdf"}, {"03-bo-sung.pdf"}]
    assert [d.file.path for d in holding.dossier.documents] == sorted(files)
    assert_sound(archive)


def test_the_same_update_again_gets_the_same_receipt(archive, inbox):
    (first,) = ingested(archive, submission(inbox / "a"))
    path = submission(inbox / "b", dossier__title="Tiêu đề đã sửa")
    (second,) = ingested(archive, path, update=True)

    assert ingested(archive, path, update=True) == [second]
    assert ingested(archive, inbox / "a", update=True) == [first]
    assert len(the_only(archive).versions) == 2
    assert_sound(archive)


def test_a_file_that_another_dossier_has_is_named_and_held(archive, inbox):
    ingested(archive, submission(inbox / "a", 1, files=the_files()))
    (other,) = all_held(archive)

    (outcome,) = outcomes_of(archive, submission(inbox / "b", 2, files=the_files()))

    assert outcome.receipt is not None
    found = {(f["rule"], f["severity"], f["path"]) for f in outcome.findings}
    assert found == {("KHO-DUPLICATE-CONTENT", "warning", name) for name in the_files()}
    assert all(other.dossier.id in finding["message"] for finding in outcome.findings)
    assert_sound(archive)


def test_bad_dossiers_do_not_stop_the_others(archive, inbox):
    submissions(inbox, 5)
    (inbox / "002" / "01-don.pdf").unlink()
    (inbox / "004" / "dossier.json").write_bytes(b"{")

    outcomes = outcomes_of(archive, inbox)

    assert [each.label for each in outcomes] == ["001", "002", "003", "004", "005"]
    assert [each.label for each in outcomes if each.error] == ["002", "004"]
    assert len(all_held(archive)) == 3
    assert_sound(archive)


def test_what_was_refused_is_held_once_it_is_corrected(archive, inbox):
    submissions(inbox, 2)
    (inbox / "002" / "dossier.json").rename(inbox / "kept.json")
    (inbox / "002" / "dossier.json").write_bytes(b"{")
    outcomes_of(archive, inbox / "001", inbox / "002")
    (inbox / "kept.json").replace(inbox / "002" / "dossier.json")

    receipts = ingested(archive, inbox / "001", inbox / "002")

    assert receipts == [holding.receipt for holding in all_held(archive)]
    assert len(receipts) == 2
    assert_sound(archive)


def test_a_path_that_is_named_twice_is_one_submission(archive, inbox):
    submission(inbox)

    counts: list[int] = []

    outcomes = list(ingest_all(archive, [inbox, inbox / "001"], counted=counts.append))

    assert [each.receipt for each in outcomes] == [the_only(archive).receipt]
    assert counts == [1]
    assert_sound(archive)


def test_two_runs_at_once_on_the_same_submissions_hold_each_once(tmp_path, inbox):
    import subprocess

    from tests.archives import a_home, command, environment, opened

    home = a_home(tmp_path)
    submissions(inbox, 6)
    runs = [
        subprocess.Popen(
            command("ingest", "-C", home, "--json", inbox),
            stdout=subprocess.PIPE, text=True, env=environment(),
        )
        for _ in range(2)
    ]  # fmt: skip
    reports = [json.loads(run.communicate(timeout=60)[0]) for run in runs]

    assert [run.returncode for run in runs] == [0, 0], reports
    receipts = [[dossier["receipt"] for dossier in report["dossiers"]] for report in reports]
    assert receipts[0] == receipts[1]
    archive = opened(home)
    assert len(all_held(archive)) == 6
    assert_sound(archive)
    archive.close()


def test_the_report_names_every_dossier_and_every_finding(tmp_path, inbox):
    archive = an_archive(tmp_path)
    submissions(inbox, 3)
    (inbox / "002" / "01-don.pdf").unlink()
    (inbox / "002" / "extra.txt").write_text("x")
    report = tmp_path / "report.json"

    run = kho("ingest", "-C", archive.settings.home, "--json", "--report", report, inbox)

    told = json.loads(run.stdout)
    assert run.returncode == 6
    assert told == json.loads(report.read_text())
    assert (told["submissions"], told["held"], told["failed"]) == (3, 2, 1)
    assert [dossier["label"] for dossier in told["dossiers"]] == ["001", "002", "003"]
    problem = told["dossiers"][1]["problem"]
    assert problem["code"] == "KHO-SIP-REJECTED"
    assert {(e["rule"], e["path"]) for e in problem["errors"]} == {
        ("KHO-FILE-MISSING", "01-don.pdf"),
        ("KHO-FILE-EXTRA", "extra.txt"),
    }
    receipts = {holding.receipt.seal_digest for holding in all_held(archive)}
    assert {told["dossiers"][i]["receipt"]["seal_digest"] for i in (0, 2)} == receipts
    assert_sound(archive)
    archive.close()


def test_one_rejected_submission_alone_exits_as_rejected(tmp_path, inbox):
    archive = an_archive(tmp_path)
    path = submission(inbox, tthc__status="done")

    run = kho("ingest", "-C", archive.settings.home, "--json", path)

    assert run.returncode == 5
    assert json.loads(run.stdout)["dossiers"][0]["problem"]["code"] == "KHO-SIP-REJECTED"
    assert_sound(archive)
    archive.close()


def test_a_dry_run_judges_and_changes_nothing(tmp_path, inbox):
    archive = an_archive(tmp_path)
    submissions(inbox, 2)
    before = sorted(archive.store.names())

    run = kho("ingest", "-C", archive.settings.home, "--dry-run", "--json", inbox)

    assert (run.returncode, json.loads(run.stdout)["accepted"]) == (0, True)
    assert all_held(archive) == ()
    assert sorted(archive.store.names()) == before
    assert_sound(archive)
    archive.close()


def test_a_folder_into_which_is_still_written_does_not_break_the_run(tmp_path, inbox):
    path = submission(inbox)
    steps = SteppingClock()

    def clock():
        with (path / "still-written.tmp").open("ab") as stream:
            stream.write(b"x")
        return steps()

    archive = an_archive(tmp_path, clock=clock)

    (outcome,) = list(ingest_all(archive, [inbox]))

    assert isinstance(outcome.error, DossierRejected)
    assert "still-written.tmp" in str(outcome.error.errors())
    assert_sound(archive)
    archive.close()


def test_a_file_that_grows_between_two_runs_is_another_submission(archive, inbox):
    path = submission(inbox)
    ingested(archive, path)
    Path(path / "01-don.pdf").write_bytes(a_pdf("Don khac"))

    (outcome,) = outcomes_of(archive, path)

    assert isinstance(outcome.error, AlreadyHeld)
    assert_sound(archive)


def alter(place):
    """Write other bytes of the same size, and give the file its old times back."""
    status = place.stat()
    place.write_bytes(place.read_bytes().replace(b"%%EOF", b"%%EOE"))
    os.utime(place, ns=(status.st_atime_ns, status.st_mtime_ns))


def exchange(place):
    place.rename(place.with_suffix(".old"))
    place.write_bytes(a_pdf("other"))


@pytest.mark.parametrize("act", [alter, exchange, Path.unlink])
def test_a_file_that_is_changed_while_it_is_taken_in_is_refused_and_named(
    archive, inbox, monkeypatch, act
):
    path = submission(inbox)
    examine = examination.examine

    def meanwhile(*arguments):
        act(path / "01-don.pdf")
        return examine(*arguments)

    monkeypatch.setattr(examination, "examine", meanwhile)
    (outcome,) = outcomes_of(archive, path)

    assert isinstance(outcome.error, DossierRejected)
    found = {(finding["rule"], finding["path"]) for finding in outcome.error.errors()}
    assert ("KHO-FILE-CHANGED", "01-don.pdf") in found
    assert stored(archive) == []
    assert_sound(archive)


def test_a_file_that_goes_before_it_is_read_stops_no_other_dossier(archive, inbox, monkeypatch):
    paths = [submission(inbox, number) for number in (1, 2)]
    look_through = safe.look_through

    def meanwhile(root, limits):
        survey = look_through(root, limits)
        if root == paths[0]:
            (root / "02-ket-qua.pdf").unlink()
        return survey

    monkeypatch.setattr(safe, "look_through", meanwhile)
    outcomes = {outcome.label: outcome for outcome in outcomes_of(archive, inbox)}

    gone, held = outcomes[paths[0].name], outcomes[paths[1].name]
    assert isinstance(gone.error, DossierRejected)
    (finding,) = gone.error.errors()
    assert (finding["rule"], finding["path"]) == ("KHO-FILE-CHANGED", "02-ket-qua.pdf")
    assert held.receipt is not None
    assert_sound(archive)


def test_a_defect_of_the_program_in_one_dossier_stops_no_other(archive, inbox, monkeypatch):
    paths = submissions(inbox, 3)
    describe = description.describe

    def faulty(an_archive, examined, held):
        if examined.sip.dossier.code.endswith("0002"):
            raise KeyError("Nguyễn Thị Mẫu")
        return describe(an_archive, examined, held)

    monkeypatch.setattr(description, "describe", faulty)
    outcomes = {outcome.label: outcome for outcome in outcomes_of(archive, paths)}

    assert [name for name, one in sorted(outcomes.items()) if one.receipt is None] == ["002"]
    problem = outcomes["002"].to_json()["problem"]
    assert problem["code"] == "KHO-UNEXPECTED"
    assert problem["detail"].startswith(f"KeyError in {__file__}:")
    assert "Mẫu" not in json.dumps(problem, ensure_ascii=False)
    assert_sound(archive)
    monkeypatch.undo()
    assert len(ingested(archive, paths)) == 3
    assert_sound(archive)
