"""What goes into a package comes out of its head, and nothing has to be read twice."""

from __future__ import annotations

import subprocess
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.errors import FixityMismatch, IntegrityError, Rejected
from archive.events import Event, EventType
from archive.findings import Severity
from archive.model import (
    Applicant,
    DigitalFile,
    Document,
    Dossier,
    DossierId,
    Indication,
    ObjectName,
    PackagePath,
    Result,
    Role,
    Status,
)
from archive.packages import aip, ead, tthc, xml
from archive.packages.aip import companions, layout
from tests.builders import a_dossier, a_file, the_files
from tests.packages import AT, SEAL, Shelf, a_verdict, an_event, on_disk, the_contents


def test_everything_about_a_dossier_comes_back_from_the_head_alone(tmp_path: Path) -> None:
    contents = the_contents(tmp_path)

    head = Shelf().keep(contents)

    assert head.dossier == contents.dossier
    assert head.events == contents.events
    assert head.verdicts == contents.verdicts
    assert head.retention == contents.retention
    assert head.submission_digest == contents.submission_digest
    assert (head.created_at, head.agent, head.version) == (AT, "kho 0.1.0", 1)


def test_file_formats_come_back_too(tmp_path: Path) -> None:
    files = the_files()
    known = replace(
        a_dossier().documents[0].file, puid="fmt/477", format_name="Acrobat PDF/A - Portable"
    )
    documents = (replace(a_dossier().documents[0], file=known), a_dossier().documents[1])
    contents = the_contents(tmp_path, dossier=a_dossier(documents=documents))

    head = Shelf().keep(contents)

    assert head.dossier.documents[0].file == known
    assert files.keys() == {document.file.path for document in head.dossier.documents}


printable = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cn", "Co"]), min_size=1, max_size=60
)
text = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=60).filter(
    lambda value: "\ufffe" not in value and "\uffff" not in value
)
days = st.dates(date(1990, 1, 1), date(2090, 12, 31))
codes = st.sampled_from(["keyword", "description", "maintenance", "autograph", "numberOfPage"])


@st.composite
def dossiers(draw: st.DrawFn) -> Dossier:
    files = draw(
        st.lists(printable.filter(lambda n: n not in (".", "..")), max_size=4, unique=True)
    )
    documents = tuple(
        Document(
            ordinal=ordinal,
            title=draw(printable),
            role=draw(st.sampled_from(Role)),
            file=replace(a_file(), path=PackagePath(name.replace("/", "-").replace("\\", "-"))),
            type_code=draw(st.none() | printable),
            number=draw(st.none() | printable),
            notation=draw(st.none() | printable),
            issued_on=draw(st.none() | days),
            organ=draw(st.none() | printable),
            fields=draw(st.dictionaries(codes, text, max_size=3)),
        )
        for ordinal, name in enumerate(files, 1)
    )
    return Dossier(
        id=DossierId(str(draw(st.uuids()))),
        code=draw(printable),
        title=draw(printable),
        agency=draw(printable),
        procedure=draw(printable),
        applicant=Applicant(draw(printable), draw(st.none() | printable), "organization"),
        received_on=draw(days),
        status=draw(st.sampled_from(Status)),
        documents=documents,
        fonds=draw(printable),
        code_old=draw(st.none() | printable),
        file_code=draw(st.none() | printable),
        agency_name=draw(st.none() | printable),
        procedure_name=draw(st.none() | printable),
        due_on=draw(st.none() | days),
        closed_on=draw(st.none() | days),
        result=draw(
            st.none() | st.builds(Result, printable, st.none() | printable, st.none() | days)
        ),
        important=draw(st.booleans()),
        retention_code=draw(st.none() | printable),
        events=draw(st.dictionaries(st.sampled_from(["sale", "death"]), days, max_size=2)),
        access=draw(st.sampled_from(["01", "02", "03"])),
        language="01",
        fields=draw(st.dictionaries(codes, text, max_size=3)),
    )


@given(dossier=dossiers())
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_dossier_loses_anything(dossier: Dossier, tmp_path: Path) -> None:
    content = the_files()["01-don-de-nghi.pdf"]
    (tmp_path / "one.pdf").write_bytes(content)
    files = {document.file.path: tmp_path / "one.pdf" for document in dossier.documents}
    distinct = len(files) == len(dossier.documents)
    contents = the_contents(tmp_path, dossier=dossier, files=files, verdicts=(), texts={})

    if distinct:
        head = Shelf().keep(contents)

        assert head.dossier == dossier


aware = st.datetimes(
    datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.sampled_from([UTC, AT.tzinfo])
)


@given(
    st.lists(
        st.builds(
            Event,
            st.sampled_from(EventType),
            aware,
            st.sampled_from(["success", "failure", "warning"]),
            printable,
            text,
            st.dictionaries(
                printable, st.integers() | text | st.lists(text, max_size=2), max_size=3
            ),
        ),
        max_size=5,
    )
)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_events_come_back_in_order_to_the_microsecond(tmp_path: Path, events: list[Event]) -> None:
    head = Shelf().keep(the_contents(tmp_path, events=tuple(events)))

    assert head.events == tuple(events)


def test_times_are_written_with_milliseconds_and_the_offset_of_vietnam(tmp_path: Path) -> None:
    utc = datetime(2026, 11, 24, 3, 30, 0, 123000, tzinfo=UTC)

    head = Shelf().keep(the_contents(tmp_path, created_at=utc))

    assert b'CREATEDATE="2026-11-24T10:30:00.123+07:00"' in head.mets


def test_a_verdict_that_could_not_be_reached_comes_back_as_it_was(tmp_path: Path) -> None:
    verdict = a_verdict(
        indication=Indication.INDETERMINATE,
        sub_indication="REVOKED_NO_POE",
        intact=None,
        covers_whole_file=None,
        signed_by=None,
        signed_at_claimed=datetime(
            2020, 2, 29, 1, 2, 3, 456789, tzinfo=timezone(-timedelta(hours=3))
        ),
        proven_at=None,
        reasons=("no proof of existence", "before revocation"),
        to_do="ask the certification authority",
    )

    head = Shelf().keep(the_contents(tmp_path, verdicts=(verdict,)))

    assert head.verdicts == (verdict,)


def test_a_head_is_read_with_one_request(tmp_path: Path) -> None:
    shelf = Shelf()
    head = shelf.keep(the_contents(tmp_path))
    shelf.asked.clear()

    shelf.head(head.place)

    assert len(shelf.asked) == 1


def test_reading_a_head_does_not_touch_originals_or_texts(tmp_path: Path) -> None:
    shelf = Shelf()
    files = {name: content * 3000 for name, content in the_files().items()}
    documents = tuple(
        replace(document, file=a_file(document.file.path, files[document.file.path]))
        for document in a_dossier().documents
    )
    contents = the_contents(
        tmp_path, dossier=a_dossier(documents=documents), files=on_disk(tmp_path / "large", files)
    )
    head = shelf.keep(contents)
    shelf.asked.clear()

    shelf.head(head.place)

    end_of_originals = max(
        entry.offset for path, entry in head.entries.items() if path.startswith(layout.DATA)
    )
    assert all(offset > end_of_originals for offset, _ in shelf.asked)


def test_an_original_is_a_byte_range_of_the_object(tmp_path: Path) -> None:
    shelf = Shelf()
    head = shelf.keep(the_contents(tmp_path))

    file = head.original(PackagePath("02-giay-phep.pdf"))
    entry = head.entries[file.path]

    stored = shelf.objects[head.place]
    assert stored[entry.offset : entry.offset + entry.size] == the_files()["02-giay-phep.pdf"]


def test_texts_for_the_index_come_back_without_reading_the_originals(tmp_path: Path) -> None:
    shelf = Shelf()
    head = shelf.keep(the_contents(tmp_path))

    texts = aip.read_texts(head, shelf.opener(head.place)[0])

    assert texts == {"01-don-de-nghi.pdf": "Đơn đề nghị cấp giấy phép"}


def test_a_text_layer_with_half_a_character_does_not_stop_a_dossier(tmp_path: Path) -> None:
    shelf = Shelf()
    broken = {PackagePath("01-don-de-nghi.pdf"): "xin \ud800 chào"}

    head = shelf.keep(the_contents(tmp_path, texts=broken))

    texts = aip.read_texts(head, shelf.opener(head.place)[0])
    assert texts[PackagePath("01-don-de-nghi.pdf")] == "xin ? chào"


def test_the_same_contents_give_the_same_object(tmp_path: Path) -> None:
    contents = the_contents(tmp_path)

    first, second = aip.build(contents).sealed(SEAL), aip.build(contents).sealed(SEAL)

    assert (first.sha256, first.place) == (second.sha256, second.place)


def test_each_seal_gives_the_package_a_place_of_its_own(tmp_path: Path) -> None:
    built = aip.build(the_contents(tmp_path))

    first, second = built.sealed(b"one"), built.sealed(b"two")

    assert first.place != second.place
    assert aip.read_place(first.place) == (built.dossier_id, 1, first.seal_digest[:16])


def test_the_place_says_nothing_about_the_person(tmp_path: Path) -> None:
    place = aip.build(the_contents(tmp_path)).sealed(SEAL).place

    assert place.isascii()
    assert "001099000001" not in place
    assert a_dossier().code not in place


@pytest.mark.parametrize(
    "place",
    ["", "aip/00/00/x/v00001-0123456789abcdef.zip", "journal/000001.ndjson", "aip/../../etc"],
    ids=["empty", "no dossier", "journal", "upwards"],
)
def test_other_objects_are_not_taken_for_packages(place: str) -> None:
    assert aip.read_place(ObjectName(place)) is None


def test_vietnamese_file_names_are_kept_letter_for_letter(tmp_path: Path) -> None:
    name = PackagePath("Giấy tờ/Đơn đề nghị số 1 & 2 (bản sao) 100%.pdf")
    document = replace(a_dossier().documents[0], file=a_file(name))
    contents = the_contents(
        tmp_path,
        dossier=a_dossier(documents=(document,)),
        files=on_disk(tmp_path, {name: the_files()["01-don-de-nghi.pdf"]}),
        verdicts=(),
    )
    shelf = Shelf()

    head = shelf.keep(contents)

    assert head.original(name).sha256 == document.file.sha256
    with zipfile.ZipFile(shelf.path(head, tmp_path)) as archive:
        assert any(
            entry.endswith(f"/representations/rep1/data/{name}") for entry in archive.namelist()
        )


def test_a_character_that_xml_cannot_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match=r"U\+0001"):
        aip.build(the_contents(tmp_path, dossier=a_dossier(title="Hồ sơ \x01")))


def test_a_file_that_changed_its_size_since_it_was_described_is_refused(tmp_path: Path) -> None:
    contents = the_contents(tmp_path)
    (tmp_path / "02-giay-phep.pdf").write_bytes(b"%PDF-")

    with pytest.raises(FixityMismatch):
        aip.build(contents)


def test_contents_that_do_not_fit_together_are_a_bug(tmp_path: Path) -> None:
    contents = the_contents(tmp_path)

    with pytest.raises(ValueError, match="without a document"):
        aip.build(replace(contents, dossier=a_dossier(documents=a_dossier().documents[:1])))
    with pytest.raises(ValueError, match="neither new nor held"):
        aip.build(replace(contents, files={}))
    with pytest.raises(ValueError, match="uses itself"):
        aip.build(replace(contents, extra={PackagePath("preservation/PREMIS.xml"): b""}))


def test_the_package_obeys_its_schemas_and_names_every_file(tmp_path: Path) -> None:
    shelf = Shelf()
    head = shelf.keep(the_contents(tmp_path))

    assert aip.validate(shelf.path(head, tmp_path)) == []
    assert aip.validate_stored(*shelf.opener(head.place)) == []


def test_ead_has_the_eighteen_fields_of_the_circular(tmp_path: Path) -> None:
    dossier = a_dossier()

    fields = ead.read(ead.write(ead.dossier_fields(dossier, archive_code="LTLS")))
    tags = [child.tag for child in xml.parse(ead.write(ead.dossier_fields(dossier))).getroot()]

    assert tags == list(ead.DOSSIER_FIELDS)
    assert len(tags) == 18
    assert fields == {
        "arcFileCode": "LTLS.H26.18.2026.160",
        "title": dossier.title,
        "maintenance": "05",
        "mode": "02",
        "language": "01",
        "startDate": "05/01/2026",
        "endDate": "15/01/2026",
        "keyword": "giấy phép xây dựng",
        "totalDoc": "2",
    }


def test_ead_of_a_document_has_the_nineteen_fields_of_the_circular() -> None:
    dossier = a_dossier()

    fields = ead.document_fields(dossier, dossier.documents[1])

    assert tuple(fields) == ead.DOCUMENT_FIELDS
    assert len(fields) == 19
    assert (fields["codeNumber"], fields["issuedDate"]) == ("12", "15/01/2026")


def test_the_extension_says_what_dossier_json_says() -> None:
    description = {
        "profile": "tt05-2025-1",
        "dossier": {"title": "Hồ sơ\nhai dòng", "keyword": " a "},
        "tthc": {
            "dossierCode": "H26.18-260105-0001",
            "procedureCode": "1.001193",
            "agencyCode": "H26.18",
            "applicant": {"name": "Nguyễn & <Văn>"},
            "receivedOn": "2026-01-05",
            "status": "returned",
            "important": True,
            "result": {"number": '"12"'},
        },
        "documents": [
            {"file": "a.pdf", "role": "result", "title": "A", "fields": {"subject": "x\r\ny"}},
        ],
    }

    content = tthc.write(description)

    assert tthc.read(content) == description
    assert xml.violations(xml.parse(content), tthc.NAMESPACE) == []


def test_the_note_in_the_package_is_true_of_sha256sum(tmp_path: Path) -> None:
    shelf = Shelf()
    package = shelf.path(shelf.keep(the_contents(tmp_path)), tmp_path)

    subprocess.run(["unzip", "-q", package, "-d", tmp_path / "out"], check=True)
    root = next((tmp_path / "out").iterdir())
    judged = subprocess.run(
        ["sha256sum", "-c", "--quiet", "documentation/SHA256SUMS.txt"],
        cwd=root, capture_output=True, text=True,
    )  # fmt: skip

    assert judged.returncode == 0, judged.stdout + judged.stderr
    listed = (root / "documentation/SHA256SUMS.txt").read_text().splitlines()
    there = [path for path in root.rglob("*") if path.is_file()]
    assert len(listed) == len(there) - 3  # METS.xml, its seal, and the list


def test_the_note_in_the_package_is_true_of_openssl(tmp_path: Path) -> None:
    built = aip.build(the_contents(tmp_path))
    (tmp_path / "METS.xml").write_bytes(built.mets)
    run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=TEST "
        "-keyout key.pem -out TRUSTED-ROOT.pem", tmp_path)  # fmt: skip
    run("openssl cms -sign -binary -cades -md sha256 -in METS.xml -signer TRUSTED-ROOT.pem "
        "-inkey key.pem -outform DER -out METS.xml.p7s", tmp_path)  # fmt: skip
    package = tmp_path / "PACKAGE.zip"
    with built.sealed((tmp_path / "METS.xml.p7s").read_bytes()).open() as stream:
        package.write_bytes(stream.read())
    note = companions.readme().decode().partition("ARCHIVAL PACKAGE")[2].replace("\\\n", " ")

    run("unzip -q PACKAGE.zip", tmp_path)
    (root,) = tmp_path.glob("urn_uuid_*")
    (root / "TRUSTED-ROOT.pem").write_bytes((tmp_path / "TRUSTED-ROOT.pem").read_bytes())
    commands = [line.partition(":  ")[2] for line in note.splitlines() if "openssl cms" in line]

    assert len(commands) == 1
    run(commands[0], root)
    (root / "METS.xml").write_bytes(built.mets + b" ")
    with pytest.raises(subprocess.CalledProcessError):
        run(commands[0], root)


def run(command: str, folder: Path) -> None:
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)


def test_the_standards_schemas_go_in_where_they_are_wanted(tmp_path: Path) -> None:
    shelf = Shelf()

    lean = shelf.keep(the_contents(tmp_path))
    full = shelf.keep(the_contents(tmp_path, all_schemas=True), seal=b"other")

    assert PackagePath("schemas/METS.xsd") not in lean.entries
    assert PackagePath("schemas/METS.xsd") in full.entries
    assert aip.validate_stored(*shelf.opener(full.place)) == []


def damaged(shelf: Shelf, head: aip.AipHead, path: str) -> None:
    """Flip a bit in a stored file."""
    content = bytearray(shelf.objects[head.place])
    content[head.entries[PackagePath(path)].offset] ^= 1
    shelf.objects[head.place] = bytes(content)


@pytest.mark.parametrize(
    "path",
    [layout.METS, layout.TTHC, layout.REP_METS, layout.STATE, layout.VERDICTS, layout.SEAL],
)
def test_a_flipped_bit_in_the_head_is_noticed_when_it_is_read(tmp_path: Path, path: str) -> None:
    shelf = Shelf()
    head = shelf.keep(the_contents(tmp_path))
    damaged(shelf, head, path)

    with pytest.raises(IntegrityError):
        shelf.head(head.place)


def test_a_flipped_bit_in_an_original_is_found_and_named(tmp_path: Path) -> None:
    shelf = Shelf()
    head = shelf.keep(the_contents(tmp_path))
    path = layout.data_path(PackagePath("02-giay-phep.pdf"))
    damaged(shelf, head, path)

    findings = aip.validate_stored(*shelf.opener(head.place))

    assert {finding.rule for finding in findings} == {"KHO-AIP-DIGEST", "KHO-AIP-CRC"}
    assert {finding.path for finding in findings} == {path}


def test_every_kind_of_fault_in_an_unpacked_package_is_named(tmp_path: Path) -> None:
    shelf = Shelf()
    package = shelf.path(shelf.keep(the_contents(tmp_path)), tmp_path)
    with zipfile.ZipFile(package) as archive:
        archive.extractall(tmp_path / "out")
    root = next((tmp_path / "out").iterdir())
    (root / "METS.xml.p7s").unlink()
    (root / "metadata/descriptive/EAD.xml").unlink()
    (root / "documentation/README.txt").write_bytes(b"altered")
    (root / "documentation/extra.txt").write_bytes(b"slipped in")
    (root / layout.TTHC).write_text('<tthc xmlns="urn:kho:tthc:1" profile="x"/>')

    findings = aip.validate(tmp_path / "out")

    assert {(finding.rule, finding.path.partition("#")[0]) for finding in findings} == {
        ("KHO-AIP-SEAL", "METS.xml.p7s"),
        ("KHO-AIP-MISSING", "metadata/descriptive/EAD.xml"),
        ("KHO-AIP-SIZE", "documentation/README.txt"),
        ("KHO-AIP-DIGEST", "documentation/README.txt"),
        ("KHO-AIP-UNLISTED", "documentation/extra.txt"),
        ("KHO-AIP-SCHEMA", layout.TTHC),
        ("KHO-AIP-SIZE", layout.TTHC),
        ("KHO-AIP-DIGEST", layout.TTHC),
    }
    assert {finding.severity for finding in findings} == {Severity.ERROR}


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"no package at all" * 100], ids=["0", "2", "text"]
)
def test_what_is_no_package_is_one_finding(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(content)

    findings = aip.validate(tmp_path / "x.zip")

    assert [finding.rule for finding in findings] == ["KHO-AIP-UNREADABLE"]


def test_a_package_of_another_dossier_under_this_name_is_refused(tmp_path: Path) -> None:
    shelf = Shelf()
    head = shelf.keep(the_contents(tmp_path))
    other = shelf.objects[head.place].replace(head.dossier.id[:8].encode(), b"00000000")
    shelf.objects[head.place] = other

    with pytest.raises(IntegrityError):
        shelf.head(head.place)


def test_an_event_in_the_package_bears_no_personal_data(tmp_path: Path) -> None:
    shelf = Shelf()
    head = shelf.keep(the_contents(tmp_path, events=(an_event(),)))
    file = head.file(layout.PREMIS)

    content = aip.read_file(file, shelf.opener(head.place)[0], head.entries)

    assert a_dossier().applicant.name.encode() not in content


def test_a_digital_file_needs_no_media_type(tmp_path: Path) -> None:
    content = the_files()["01-don-de-nghi.pdf"]
    plain = DigitalFile(PackagePath("x"), len(content), a_file().sha256)
    document = replace(a_dossier().documents[0], file=plain)
    contents = the_contents(
        tmp_path,
        dossier=a_dossier(documents=(document,)),
        files=on_disk(tmp_path, {"x": content}),
        verdicts=(),
        texts={},
    )

    assert Shelf().keep(contents).dossier.documents[0].file == plain
