"""Later versions store only what is new, refer to the rest, and can be made whole again."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from archive.errors import FixityMismatch, IntegrityError, NotHeld, UsageError
from archive.findings import Severity
from archive.model import Applicant, Document, ObjectName, PackagePath, Role, Version
from archive.packages import aip
from archive.packages.aip import layout
from tests.builders import a_dossier, a_file, a_pdf, the_files
from tests.packages import AT, Shelf, a_verdict, an_event, on_disk, the_contents

PLAN = PackagePath("03-ban-ve.pdf")


def a_version(head: aip.AipHead) -> Version:
    return Version(head.version, head.place, "cd" * 32, 1234, head.seal_digest, AT)


def a_correction(head: aip.AipHead) -> aip.AipContents:
    """Return a second version in which only the applicant's name is another."""
    dossier = replace(head.dossier, applicant=Applicant("Nguyễn Văn Thử Hai", "001099000001"))
    return aip.AipContents(
        dossier=dossier,
        files={},
        version=head.version + 1,
        created_at=AT,
        agent="kho 0.1.0",
        submission_digest=head.submission_digest,
        previous=head.kept(),
        versions=(*head.versions, a_version(head)),
        events=(*head.events, an_event(9)),
        verdicts=head.verdicts,
        retention=head.retention,
    )


def an_addition(head: aip.AipHead, folder: Path) -> aip.AipContents:
    """Return a next version that has one document more."""
    content = a_pdf("Ban ve")
    document = Document(
        len(head.dossier.documents) + 1, "Bản vẽ", Role.OTHER, a_file(PLAN, content)
    )
    dossier = replace(head.dossier, documents=(*head.dossier.documents, document))
    return replace(
        a_correction(head),
        dossier=dossier,
        files=on_disk(folder, {PLAN: content}),
        texts={PLAN: "Bản vẽ mặt bằng"},
    )


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def first(shelf: Shelf, tmp_path: Path) -> aip.AipHead:
    return shelf.keep(the_contents(tmp_path))


def test_a_correction_stores_no_original_again(shelf: Shelf, first: aip.AipHead) -> None:
    second = shelf.keep(a_correction(first))

    assert not any(path.startswith(layout.DATA) for path in second.entries)
    assert not any(path.startswith(layout.TEXTS) for path in second.entries)
    assert second.dossier.applicant.name == "Nguyễn Văn Thử Hai"
    assert second.dossier.documents == first.dossier.documents


def test_each_file_of_a_later_version_says_which_object_holds_it(
    shelf: Shelf, first: aip.AipHead, tmp_path: Path
) -> None:
    second = shelf.keep(a_correction(first))
    third = shelf.keep(an_addition(second, tmp_path))

    held_in = {
        document.file.path: (
            third.original(document.file.path).version,
            third.original(document.file.path).place,
        )
        for document in third.dossier.documents
    }
    assert held_in == {
        "01-don-de-nghi.pdf": (1, first.place),
        "02-giay-phep.pdf": (1, first.place),
        PLAN: (3, None),
    }


def test_validation_material_stays_within_reach(shelf: Shelf, first: aip.AipHead) -> None:
    second = shelf.keep(a_correction(first))

    path = PackagePath("metadata/preservation/validation/root.crl")
    material = second.file(path)

    contents = aip.Contents(second, shelf.opener(second.place)[0], shelf.opener)
    assert material.place == first.place
    assert contents.read(material) == b"a CRL"


def test_the_same_material_is_not_stored_twice(shelf: Shelf, first: aip.AipHead) -> None:
    path = PackagePath("preservation/validation/root.crl")

    same = shelf.keep(replace(a_correction(first), extra={path: b"a CRL"}))
    other = shelf.keep(replace(a_correction(first), extra={path: b"a newer CRL"}), seal=b"other")

    assert PackagePath(f"metadata/{path}") not in same.entries
    assert PackagePath(f"metadata/{path}") in other.entries


def test_a_later_version_knows_the_objects_of_the_earlier_ones(
    shelf: Shelf, first: aip.AipHead
) -> None:
    second = shelf.keep(a_correction(first))
    third = shelf.keep(a_correction(second))

    assert [version.place for version in third.versions] == [first.place, second.place]
    assert third.versions == (a_version(first), a_version(second))


def test_a_document_that_was_replaced_is_stored_anew(
    shelf: Shelf, first: aip.AipHead, tmp_path: Path
) -> None:
    name = PackagePath("01-don-de-nghi.pdf")
    content = a_pdf("Don de nghi sua doi")
    changed = replace(first.dossier.documents[0], file=a_file(name, content))
    dossier = replace(first.dossier, documents=(changed, first.dossier.documents[1]))

    second = shelf.keep(
        replace(a_correction(first), dossier=dossier, files=on_disk(tmp_path, {name: content}))
    )

    assert second.original(name).place is None
    assert second.original(name).sha256 == changed.file.sha256


def test_a_document_that_was_taken_out_is_not_referred_to(shelf: Shelf, first: aip.AipHead) -> None:
    dossier = replace(first.dossier, documents=first.dossier.documents[1:])
    dossier = replace(dossier, documents=(replace(dossier.documents[0], ordinal=1),))

    second = shelf.keep(replace(a_correction(first), dossier=dossier))

    with pytest.raises(NotHeld):
        second.original(PackagePath("01-don-de-nghi.pdf"))
    assert not any(file.path.startswith(layout.TEXTS) for file in second.files)


def test_an_earlier_file_with_another_digest_is_a_bug(first: aip.AipHead) -> None:
    altered = replace(first.dossier.documents[0], file=a_file(content=b"something else"))
    dossier = replace(first.dossier, documents=(altered, first.dossier.documents[1]))

    with pytest.raises(ValueError, match="neither new nor held"):
        aip.build(replace(a_correction(first), dossier=dossier))


def test_texts_of_all_versions_come_back_for_the_index(
    shelf: Shelf, first: aip.AipHead, tmp_path: Path
) -> None:
    second = shelf.keep(an_addition(first, tmp_path))
    read = shelf.opener(second.place)[0]

    assert aip.read_texts(second, read) == {PLAN: "Bản vẽ mặt bằng"}
    assert aip.read_texts(second, read, shelf.opener) == {
        "01-don-de-nghi.pdf": "Đơn đề nghị cấp giấy phép",
        PLAN: "Bản vẽ mặt bằng",
    }


def test_a_later_version_is_valid_and_says_what_it_could_not_check(
    shelf: Shelf, first: aip.AipHead
) -> None:
    second = shelf.keep(a_correction(first))

    alone = aip.validate_stored(*shelf.opener(second.place))
    together = aip.validate_stored(*shelf.opener(second.place), earlier=shelf.opener)

    assert {finding.rule for finding in alone} == {"KHO-AIP-EARLIER"}
    assert {finding.severity for finding in alone} == {Severity.INFO}
    assert together == []


def test_damage_in_an_earlier_object_is_found_from_the_later_one(
    shelf: Shelf, first: aip.AipHead
) -> None:
    second = shelf.keep(a_correction(first))
    path = layout.data_path(PackagePath("02-giay-phep.pdf"))
    content = bytearray(shelf.objects[first.place])
    content[first.entries[path].offset] ^= 1
    shelf.objects[first.place] = bytes(content)

    findings = aip.validate_stored(*shelf.opener(second.place), earlier=shelf.opener)

    assert ("KHO-AIP-DIGEST", path) in {(finding.rule, finding.path) for finding in findings}


def test_diff_names_what_changed_and_nothing_else(shelf: Shelf, first: aip.AipHead) -> None:
    second = shelf.keep(a_correction(first))

    changes = aip.diff(first, second)

    assert [(change.what, change.where.split("2026")[0]) for change in changes] == [
        ("changed", "/tthc/applicant/name"),
        ("added", "/events/"),
    ]
    assert (changes[0].before, changes[0].after) == ("Nguyễn Văn Thử", "Nguyễn Văn Thử Hai")


def test_diff_names_documents_by_their_file(
    shelf: Shelf, first: aip.AipHead, tmp_path: Path
) -> None:
    second = shelf.keep(an_addition(first, tmp_path))

    added = {change.where for change in aip.diff(first, second) if change.what == "added"}
    removed = {change.where for change in aip.diff(second, first) if change.what == "removed"}

    assert f"/documents/{PLAN}/title" in added
    assert f"/files/{layout.DATA}{PLAN}" in added
    assert added == removed


def test_two_verdicts_on_one_signature_differ_by_their_outcome(
    shelf: Shelf, first: aip.AipHead
) -> None:
    doubted = a_verdict(sub_indication="NO_POE")

    second = shelf.keep(replace(a_correction(first), verdicts=(doubted,)))

    where = "/verdicts/02-giay-phep.pdf/Signature1"
    outcomes = {change.where: change.after for change in aip.diff(first, second)}
    assert outcomes[where] == "passed/NO_POE"


@pytest.mark.parametrize("as_zip", [False, True], ids=["folder", "zip"])
def test_an_export_is_whole_and_valid(
    shelf: Shelf, first: aip.AipHead, tmp_path: Path, as_zip: bool
) -> None:
    second = shelf.keep(an_addition(first, tmp_path))
    read = shelf.opener(second.place)[0]

    target = aip.export(second, read, tmp_path / "out", earlier=shelf.opener, as_zip=as_zip)

    assert aip.validate(target) == []
    assert list((tmp_path / "out").iterdir()) == [target]
    expected = {**the_files(), PLAN: a_pdf("Ban ve")}
    assert exported_originals(target) == expected


def exported_originals(target: Path) -> dict[str, bytes]:
    if target.is_dir():
        data = target / layout.DATA
        return {path.name: path.read_bytes() for path in data.iterdir()}
    with zipfile.ZipFile(target) as archive:
        return {
            name.rpartition("/")[2]: archive.read(name)
            for name in archive.namelist()
            if layout.DATA in name
        }


def test_an_export_that_fails_leaves_nothing_behind(
    shelf: Shelf, first: aip.AipHead, tmp_path: Path
) -> None:
    content = bytearray(shelf.objects[first.place])
    path = layout.data_path(PackagePath("02-giay-phep.pdf"))
    content[first.entries[path].offset] ^= 1
    shelf.objects[first.place] = bytes(content)

    with pytest.raises(FixityMismatch):
        aip.export(first, shelf.opener(first.place)[0], tmp_path / "out")

    assert list((tmp_path / "out").iterdir()) == []


def test_an_export_never_overwrites(shelf: Shelf, first: aip.AipHead, tmp_path: Path) -> None:
    read = shelf.opener(first.place)[0]
    aip.export(first, read, tmp_path / "out")

    with pytest.raises(UsageError, match="exists already"):
        aip.export(first, read, tmp_path / "out")


def test_an_export_without_the_earlier_objects_says_what_it_needs(
    shelf: Shelf, first: aip.AipHead, tmp_path: Path
) -> None:
    second = shelf.keep(a_correction(first))

    with pytest.raises(IntegrityError, match="v00001"):
        aip.export(second, shelf.opener(second.place)[0], tmp_path / "out")


@pytest.mark.parametrize(
    "name", ["v00001 ghi chú.pdf", "100%.pdf", "a#b?c.pdf", "kho:x.pdf", "đ/ơ/n.pdf"]
)
def test_references_to_earlier_files_survive_odd_names(
    shelf: Shelf, tmp_path: Path, name: str
) -> None:
    path = PackagePath(name)
    document = replace(a_dossier().documents[0], file=a_file(path))
    one = shelf.keep(
        the_contents(
            tmp_path,
            dossier=a_dossier(documents=(document,)),
            files=on_disk(tmp_path, {path: the_files()["01-don-de-nghi.pdf"]}),
            verdicts=(),
        )
    )

    two = shelf.keep(a_correction(one))

    assert two.original(path).place == one.place
    assert aip.validate_stored(*shelf.opener(two.place), earlier=shelf.opener) == []


def test_an_export_never_writes_outside_its_folder(
    shelf: Shelf, first: aip.AipHead, tmp_path: Path
) -> None:
    astray = replace(first.files[0], path=PackagePath("../../astray/x"))

    with pytest.raises(IntegrityError, match="missing"):
        aip.export(
            replace(first, files=(astray,)), shelf.opener(first.place)[0], tmp_path / "a" / "out"
        )

    assert not (tmp_path / "a" / "astray").exists()
    assert not (tmp_path / "astray").exists()


def test_a_reference_to_no_package_is_refused() -> None:
    with pytest.raises(IntegrityError):
        layout.read_locator("kho:../../etc/passwd")
    with pytest.raises(ValueError, match="not the place"):
        layout.locator(ObjectName("journal/1.ndjson"), PackagePath("a"))
