"""PREMIS 3: valid against its schema, and read back as it was written."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from archive.errors import IntegrityError
from archive.events import EventType
from archive.model import DigitalFile, PackagePath
from archive.packages import premis, xml
from tests.builders import a_dossier
from tests.packages import a_verdict, an_event

DOSSIER = a_dossier()
EVENTS = (
    an_event(1),
    an_event(1),
    an_event(2, subject="", details={}),
    an_event(3, subject="schedule vn-2026-1", agent="lưu trữ viên <1>", outcome="warning"),
)


def an_object(**changes) -> premis.FileObject:
    file = DigitalFile(
        PackagePath("Đơn 1.pdf"), 12, "ab" * 32, puid="fmt/477", format_name="Acrobat PDF/A"
    )
    one = premis.FileObject("kho:1/v00001/representations/rep1/data/Đơn 1.pdf", file)
    return replace(one, **changes)


def violations(content: bytes) -> list[xml.Violation]:
    return xml.violations(xml.parse(content), premis.NAMESPACE)


def test_events_come_back_equal_and_in_order() -> None:
    content = premis.write_package(DOSSIER.id, DOSSIER.code, EVENTS)

    assert premis.read_events(content) == EVENTS
    assert violations(content) == []


def test_every_event_type_can_be_written_and_read() -> None:
    events = tuple(an_event(number, type=kind) for number, kind in enumerate(EventType))

    assert premis.read_events(premis.write_package(DOSSIER.id, "x", events)) == events


def test_an_event_has_the_same_identifier_in_every_package() -> None:
    alone = premis.write_package(DOSSIER.id, DOSSIER.code, EVENTS[3:])
    among = premis.write_package(DOSSIER.id, DOSSIER.code, EVENTS)

    assert identifiers(alone)[0] == identifiers(among)[3]


def test_equal_events_have_identifiers_of_their_own() -> None:
    found = identifiers(premis.write_package(DOSSIER.id, DOSSIER.code, EVENTS))

    assert len(set(found)) == len(EVENTS)


def identifiers(content: bytes) -> list[str]:
    tag = f"{{{premis.NAMESPACE}}}eventIdentifierValue"
    return [element.text or "" for element in xml.parse(content).getroot().iter(tag)]


def test_times_bear_milliseconds_and_the_offset_of_vietnam() -> None:
    event = an_event(at=datetime(2026, 1, 1, tzinfo=UTC))

    content = premis.write_package(DOSSIER.id, DOSSIER.code, (event,))

    assert b"<eventDateTime>2026-01-01T07:00:00.000+07:00<" in content


def test_each_agent_is_described_once() -> None:
    content = premis.write_package(DOSSIER.id, DOSSIER.code, EVENTS)

    assert content.count(b"<agentName>") == 2


@pytest.mark.parametrize(
    ("puid", "name"),
    [("fmt/477", "Acrobat PDF/A"), ("fmt/477", None), (None, "Acrobat PDF/A"), (None, None)],
    ids=["identified", "by key only", "by name only", "not identified"],
)
def test_fixity_and_format_of_a_file_come_back(puid: str | None, name: str | None) -> None:
    file = replace(an_object().file, puid=puid, format_name=name)
    one = an_object(file=file)

    content = premis.write_representation(DOSSIER.id, [one])

    assert premis.read_files(content) == {file.path: one}
    assert violations(content) == []


def test_a_signature_is_described_with_signer_method_rules_and_key() -> None:
    verdicts = (a_verdict(), a_verdict(signed_by=None, issuer=None, signature_algorithm=None))

    content = premis.write_representation(DOSSIER.id, [an_object(verdicts=verdicts)])

    assert violations(content) == []
    assert content.count(b"<signatureInformation>") == 2
    assert "<signer>Trần Thị Thử</signer>".encode() in content
    assert b"<signatureMethod>not known</signatureMethod>" in content
    assert b"indication: passed" in content


def test_a_representation_without_files_is_valid() -> None:
    assert violations(premis.write_representation(DOSSIER.id, [])) == []


@pytest.mark.parametrize(
    "content",
    [
        b'<premis xmlns="http://www.loc.gov/premis/v3"><event/></premis>',
        b'<premis xmlns="http://www.loc.gov/premis/v3"><event><eventType>x</eventType></event></premis>',
    ],
    ids=["empty event", "unknown type"],
)
def test_what_the_archive_did_not_write_is_refused(content: bytes) -> None:
    with pytest.raises(IntegrityError):
        premis.read_events(content)
