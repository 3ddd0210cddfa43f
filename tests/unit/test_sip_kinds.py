"""Four roads to one submission: each is found, judged by its own standard, and read."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from archive.errors import Rejected, UsageError
from archive.findings import Severity
from archive.packages import tthc
from archive.packages.ead import write as write_fields
from archive.packages.safe import Limits
from archive.packages.sip import discover, eark_package, examined, template, validate
from tests.builders import TODAY, a_description, a_pdf, a_submission, the_files

MADE_AT = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def examine(tmp_path):
    """Return a function that examines a path; what it returns outlives the files."""

    def run(path, **limits):
        (ref,) = discover(path)
        with examined(
            ref, scratch=tmp_path / "scratch", limits=Limits(**limits), today=TODAY
        ) as examination:
            if examination.sip is not None:
                assert all(place.is_file() for place in examination.sip.files.values())
        assert list(tmp_path.glob("scratch/*")) == []
        return examination

    return run


@pytest.fixture
def judge(tmp_path):
    """Return a function that validates a path, as `kho sip validate` does."""

    def run(path, *, as_package=True):
        return validate(path, scratch=tmp_path / "scratch", limits=Limits(), today=TODAY,
                        as_package=as_package)  # fmt: skip

    return run


def _errors(findings):
    return {(f.rule, f.path) for f in findings if f.severity is Severity.ERROR}


def _zipped(folder, *, inside=""):
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for place in sorted(folder.rglob("*")):
            archive.write(place, f"{inside}{place.relative_to(folder).as_posix()}")
    return path


def _a_bag(folder, *, description_in="data/", **changes):
    """Write the usual submission as a bag of version 1.0."""
    a_submission(folder / "data", **changes)
    if not description_in:
        (folder / "data/dossier.json").rename(folder / "dossier.json")
    lines = [
        f"{hashlib.sha256(place.read_bytes()).hexdigest()}  {place.relative_to(folder).as_posix()}\n"
        for place in sorted((folder / "data").rglob("*"))
    ]
    (folder / "manifest-sha256.txt").write_text("".join(lines))
    (folder / "bagit.txt").write_text("BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
    return folder


def _an_eark_package(folder, described=None, data_described=None):
    """Write the template package, with other descriptive metadata if given."""
    if described is None:
        template.write(folder, "eark", at=MADE_AT)
        return folder
    papers = {"01-don-de-nghi.pdf": a_pdf("1"), "02-giay-phep.pdf": a_pdf("2")}
    files = eark_package.written(
        folder.name, described, papers, at=MADE_AT,
        data_described=data_described,
    )  # fmt: skip
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def test_a_plain_folder_becomes_a_sip_with_size_and_digest_of_every_file(tmp_path, examine):
    examination = examine(a_submission(tmp_path / "a"))

    assert examination.report.findings == ()
    assert examination.sip is not None
    assert examination.sip.kind == "folder"
    for document in examination.sip.dossier.documents:
        content = the_files()[document.file.path]
        assert document.file.size == len(content)
        assert document.file.sha256 == hashlib.sha256(content).hexdigest()


def test_the_same_content_has_the_same_digest_by_every_road(tmp_path, examine):
    plain = a_submission(tmp_path / "a")
    paths = [
        plain,
        _zipped(plain),
        _a_bag(tmp_path / "b"),
        _a_bag(tmp_path / "c", description_in=""),
        _zipped(_a_bag(tmp_path / "d"), inside="d/"),
    ]

    digests = {examine(path).sip.submission_digest for path in paths}

    assert len(digests) == 1


@pytest.mark.parametrize("kind", ["folder", "bagit", "eark", "batch"])
def test_a_template_is_accepted_as_it_stands(tmp_path, kind):
    written = template.write(tmp_path / "new", kind, at=MADE_AT)

    reports = []
    for ref in discover(tmp_path / "new"):
        with examined(
            ref, scratch=tmp_path / "scratch", limits=Limits(), today=TODAY
        ) as examination:
            reports.append((examination.report.accepted, ref.kind, examination.sip is not None))
    assert reports == [(True, kind, True)]
    assert all(place.is_file() for place in written)


def test_a_template_never_overwrites(tmp_path):
    (tmp_path / "mine").write_text("x")

    with pytest.raises(Rejected, match="not empty"):
        template.write(tmp_path, "folder", at=MADE_AT)
    with pytest.raises(UsageError, match="no kind"):
        template.write(tmp_path / "new", "box", at=MADE_AT)


@pytest.mark.parametrize(("inside", "rules"), [("d/", set()), ("", {"BAGIT-4"})])
def test_a_bag_in_a_zip_lies_in_a_folder_of_its_own(tmp_path, judge, inside, rules):
    report = judge(_zipped(_a_bag(tmp_path / "d"), inside=inside))

    assert report.accepted
    assert {f.rule for f in report if f.severity is Severity.WARNING} == rules


@pytest.mark.parametrize("kind", ["folder", "bagit", "eark"])
def test_what_is_packed_as_told_draws_no_warning(tmp_path, judge, kind):
    filled = a_submission(tmp_path / "filled", tthc__agencyName="Sở Xây dựng")
    template.write(tmp_path / "packed", kind, filled, at=MADE_AT)

    report = judge(tmp_path / "packed", as_package=False)

    assert [f for f in report if f.severity is not Severity.INFO] == []


def test_an_eark_template_as_a_zip_is_the_same_submission(tmp_path, examine):
    folder = _an_eark_package(tmp_path / "uuid-1")

    zipped = examine(_zipped(folder, inside="uuid-1/"))

    assert zipped.sip.submission_digest == examine(folder).sip.submission_digest
    assert zipped.sip.kind == "eark"


def test_a_plain_template_and_an_eark_template_are_the_same_submission(tmp_path, examine):
    template.write(tmp_path / "plain", "folder", at=MADE_AT)

    plain = examine(tmp_path / "plain")

    eark = examine(_an_eark_package(tmp_path / "uuid-1"))
    assert eark.sip.submission_digest == plain.sip.submission_digest


def test_an_eark_package_can_be_described_in_xml(tmp_path, examine):
    content: dict[str, Any] = template.description()
    fields = {"arcFileCode": content["dossier"].pop("fileCode"), "mode": "01", "keyword": "k"}
    folder = _an_eark_package(
        tmp_path / "uuid-1",
        {
            "metadata/descriptive/tthc.xml": tthc.write(content),
            "metadata/descriptive/EAD.xml": write_fields(fields),
        },
        {"metadata/descriptive/EAD_doc_1.xml": write_fields({"subject": "Đơn", "typeName": "22"})},
    )

    examination = examine(folder)

    dossier = examination.sip.dossier
    assert (dossier.file_code, dossier.fields["keyword"]) == ("H26.18.2026.1", "k")
    assert (dossier.documents[0].type_code, dossier.documents[1].type_code) == ("22", "32")
    ours = {(f.rule, f.path) for f in examination.report if f.rule.startswith("KHO-")}
    assert ours == {("KHO-SIP-EAD-DIFFERS", "metadata/descriptive/EAD.xml#/mode")}


def test_documentation_of_an_eark_package_is_named_as_not_taken_over(tmp_path, examine):
    folder = _an_eark_package(tmp_path / "uuid-1")
    (folder / "documentation/scanner.txt").write_text("200 dpi")

    examination = examine(folder)

    assert "KHO-SIP-NOT-TAKEN" in {f.rule for f in examination.report}


def test_xml_that_cannot_be_read_is_one_finding(tmp_path, examine):
    bomb = b'<!DOCTYPE a [<!ENTITY b "c">]><tthc xmlns="urn:kho:tthc:1">&b;</tthc>'
    folder = _an_eark_package(tmp_path / "uuid-1", {"metadata/descriptive/tthc.xml": bomb})

    examination = examine(folder)

    assert ("KHO-SIP-DESCRIPTION", "metadata/descriptive/tthc.xml") in _errors(examination.report)


@pytest.mark.parametrize("make", [_a_bag, lambda folder: _an_eark_package(folder)],
                         ids=["bag", "E-ARK package"])  # fmt: skip
def test_a_package_without_description_is_judged_as_such_but_not_ingested(
    tmp_path, examine, judge, make
):
    folder = make(tmp_path / "uuid-1")
    described = next(folder.rglob("dossier.json"))
    described.unlink()
    if (manifest := folder / "manifest-sha256.txt").exists():
        lines = [line for line in manifest.read_text().splitlines() if "dossier.json" not in line]
        manifest.write_text("\n".join(lines))

    as_package, for_ingest = judge(folder), judge(folder, as_package=False)

    notes = [f for f in as_package if f.rule == "KHO-SIP-NO-DESCRIPTION"]
    assert [f.severity for f in notes] == [Severity.INFO]
    assert ("KHO-SIP-NO-DESCRIPTION", "") in _errors(for_ingest)
    assert ("KHO-SIP-NO-DESCRIPTION", "") in _errors(examine(folder).report)


def test_missing_extra_and_altered_files_are_each_named(tmp_path, examine):
    documents = [
        {"file": "01-don-de-nghi.pdf", "title": "a", "sha256": "0" * 64},
        {"file": "02-giay-phep.pdf", "title": "b", "size": 1},
        {"file": "03.pdf", "title": "c"},
    ]
    folder = a_submission(tmp_path / "a", documents=documents)
    (folder / "04.pdf").write_bytes(a_pdf())

    examination = examine(folder)

    assert examination.sip is None
    assert _errors(examination.report) == {
        ("KHO-FILE-DIGEST", "01-don-de-nghi.pdf"),
        ("KHO-FILE-SIZE", "02-giay-phep.pdf"),
        ("KHO-FILE-MISSING", "03.pdf"),
        ("KHO-FILE-EXTRA", "04.pdf"),
    }


def test_system_files_and_repeated_content_do_not_refuse_a_submission(tmp_path, examine):
    folder = a_submission(tmp_path / "a", files={"a.pdf": b"x", "b.pdf": b"x", "c.pdf": b""})
    (folder / ".DS_Store").write_bytes(b"x")

    examination = examine(folder)

    assert examination.sip is not None
    assert {f.rule for f in examination.report} == {
        "KHO-FILE-SAME", "KHO-FILE-EMPTY", "KHO-FILE-LITTER",
    }  # fmt: skip


def test_files_in_subfolders_keep_their_paths(tmp_path, examine):
    folder = a_submission(tmp_path / "a", files={"Đơn/1.pdf": b"x", "Kết quả/1.pdf": b"y"})

    assert sorted(examine(folder).sip.files) == ["Kết quả/1.pdf", "Đơn/1.pdf"]


def test_faults_of_structure_and_description_come_in_one_report(tmp_path, examine):
    folder = _a_bag(tmp_path / "a", tthc__status="done")
    (folder / "data/01-don-de-nghi.pdf").write_bytes(b"altered")

    errors = _errors(examine(folder).report)

    assert errors == {
        ("BAGIT-3", "data/01-don-de-nghi.pdf"),
        ("KHO-JSON-VALUE", "data/dossier.json#/tthc/status"),
    }


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("a.zip", b"", "KHO-ZIP-NOT-ZIP"),
        ("a.pdf", a_pdf(), "KHO-ZIP-NOT-ZIP"),
        ("a.zip", b"PK\x03\x04" + b"x" * 100, "KHO-ZIP-TRUNCATED"),
    ],
)
def test_a_file_that_is_no_submission_is_named_so(tmp_path, examine, name, content, rule):
    (tmp_path / name).write_bytes(content)

    assert {found for found, _ in _errors(examine(tmp_path / name).report)} == {rule}


def test_a_folder_that_is_no_submission_is_named_so(tmp_path, examine):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/scan.pdf").write_bytes(a_pdf())

    assert _errors(examine(tmp_path / "a").report) == {("KHO-SIP-KIND", "")}


def test_an_empty_folder_is_no_submission(tmp_path, examine):
    (tmp_path / "a").mkdir()

    assert _errors(examine(tmp_path / "a").report) == {("KHO-SIP-KIND", "")}


def test_a_hostile_zip_leaves_nothing_behind(tmp_path, examine):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("dossier.json", json.dumps(a_description()))
        archive.writestr("../out.txt", "x")

    assert _errors(examine(tmp_path / "a.zip").report) == {("KHO-NAME-PARENT", "../out.txt")}
    assert not (tmp_path / "out.txt").exists()


def test_a_link_in_a_folder_is_refused_before_anything_is_read(tmp_path, examine):
    folder = a_submission(tmp_path / "a")
    (folder / "01-don-de-nghi.pdf").unlink()
    (folder / "01-don-de-nghi.pdf").symlink_to("/etc/passwd")

    assert _errors(examine(folder).report) == {("KHO-NAME-LINK", "01-don-de-nghi.pdf")}


def test_a_description_that_is_too_large_is_not_parsed(tmp_path, examine):
    folder = a_submission(tmp_path / "a")

    examination = examine(folder, max_description_bytes=100)

    assert _errors(examination.report) == {("KHO-JSON-SIZE", "dossier.json")}


def test_a_folder_of_submissions_gives_one_reference_each(tmp_path):
    a_submission(tmp_path / "2026/b")
    _zipped(a_submission(tmp_path / "2026/a"))
    _a_bag(tmp_path / "2026/c")
    shutil.rmtree(tmp_path / "2026/a")
    (tmp_path / "2026/notes.txt").write_text("x")
    (tmp_path / "2026/.hidden").mkdir()
    (tmp_path / "2026/empty").mkdir()
    (tmp_path / "2026/link").symlink_to(tmp_path)

    refs = discover(tmp_path)

    assert [(ref.label, ref.kind) for ref in refs] == [
        ("2026/a.zip", "zip"),
        ("2026/b", "folder"),
        ("2026/c", "bagit"),
        ("2026/empty", "unknown"),
        ("2026/link", "unknown"),
    ]


def test_nothing_at_the_path_is_an_error_of_the_caller(tmp_path):
    with pytest.raises(UsageError, match="nothing at"):
        discover(tmp_path / "absent")


def test_dossier_json_itself_stands_for_its_folder(tmp_path, examine):
    folder = a_submission(tmp_path / "a")

    assert examine(folder / "dossier.json").sip is not None


def test_findings_on_several_submissions_carry_their_names(tmp_path, judge):
    a_submission(tmp_path / "all/a", tthc__status="done")
    a_submission(tmp_path / "all/b")
    (tmp_path / "all/b/02-giay-phep.pdf").unlink()

    report = judge(tmp_path / "all")

    assert _errors(report) == {
        ("KHO-JSON-VALUE", "a: dossier.json#/tthc/status"),
        ("KHO-FILE-MISSING", "b: 02-giay-phep.pdf"),
    }


def test_a_sip_does_not_hold_its_files_in_memory(tmp_path, examine):
    import tracemalloc

    folder = a_submission(tmp_path / "a", files={"big.pdf": b""})
    with Path(folder / "big.pdf").open("wb") as sparse:
        sparse.truncate(200 << 20)
    tracemalloc.start()

    examination = examine(folder)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert examination.sip is not None
    assert peak < 20 << 20


def test_the_parts_of_an_archive_are_not_taken_for_submissions_beside_it(tmp_path):
    (tmp_path / "kho.toml").write_text("")
    (tmp_path / "catalogue.db").write_bytes(b"SQLite format 3")
    for part in ("store", "index", "keys", "scratch"):
        (tmp_path / part).mkdir()
    a_submission(tmp_path / "first")
    a_submission(tmp_path / "store-of-scans")

    refs = discover(tmp_path)

    assert [ref.label.split("/")[-1] for ref in refs] == ["first", "store-of-scans"]
