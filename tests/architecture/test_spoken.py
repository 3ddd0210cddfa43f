"""Nothing that people read is in English only: each phrase of the sources has its pair."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from lxml import etree

from archive.errors import Rejected
from archive.events import EventType
from archive.packages import json_text, xml
from archive.signatures import sunset
from archive.spoken import FOREIGN, HOLE, not_told, pairs, vietnamese
from cli import words
from retention_rules.problems import ScheduleRejected
from retention_rules.schedule import loads
from tests import phrases

NOT_WELL_FORMED = (
    b" ", b"text", b"<a>", b"<a></b>", b"<a>&x;</a>", b"<a b=1/>", b"<a b='1' b='2'/>",
    b"<a><b></a>", b"<a/><b/>", b"<a>\x01</a>", b"<a>\xff</a>", b"<a", b"<a b='<'/>", b"<1/>",
    b"<a:b/>", b"<a>]]></a>", b"<a><!-- -- --></a>", b"<?xml version='9'?><a/>", b"<a b/>",
    b"<a>&#0;</a>", b"<a>&amp</a>", b"<a>& b</a>", b"\n<?xml version='1.0'?><a/>",
    b"<a xmlns:b=''/>", b"<a><![CDATA[x</a>", b"<a x:b='1'/>", b"<a b='x", b"<a xml:id='1 2'/>",
    b"<a b='1'c='2'/>", b"<a></a", b"<?xml version='1.0' standalone='x'?><a/>", b"<a>\x00</a>",
    b"<!-- <a/>", b"<a xmlns:xml='x'/>", b"<?x <a/>", b"<a xmlns:xmlns='x'/>",
)  # fmt: skip
RARE = NOT_WELL_FORMED[-3:]
"""What libxml2 says of these is quoted."""
NUMBERED = re.compile(r"\{(\d)\}")


def test_every_finding_reason_and_hint_of_the_sources_is_told_in_both_languages():
    known = pairs().keys() | not_told()

    alone = {
        phrase: place
        for place, phrase in (*phrases.of_speaking_modules(), *phrases.of_errors())
        if phrase not in known
    }

    assert alone == {}, "add them to schemas/words/told.toml"


def test_what_is_told_is_still_said_somewhere():
    """Pairs of words alone, and of what libraries say, are in sections of their own."""
    said = {phrase for _, phrase in (*phrases.of_speaking_modules(), *phrases.of_errors())}

    assert not_told() - said == set()


def test_the_link_of_every_reason_is_told_as_well():
    ends = datetime(2046, 11, 23, tzinfo=UTC)

    assert {sunset.worded([reason], ends) for reason in pairs()} - pairs().keys() == set()


def test_no_value_is_lost_or_invented():
    assert [e for e in pairs() if HOLE in e and not keeps_its_values(e, pairs()[e])] == []


def keeps_its_values(english: str, told: str) -> bool:
    numbered = {int(number) for number in NUMBERED.findall(told)}
    if numbered:
        return HOLE not in told and max(numbered) < english.count(HOLE)
    return told.count(HOLE) + told.count(FOREIGN) == english.count(HOLE)


@pytest.mark.parametrize(
    ("english", "told"),
    [
        ("the signature value does not verify", "giá trị chữ ký kiểm tra không đạt"),
        ("OBJID “a” is not the folder's name “b”", "OBJID “a” không phải tên thư mục “b”"),
        (
            "timestamp: the issuer CN=A leads to no root that is trusted here",
            "dấu thời gian: nơi cấp CN=A không dẫn tới chứng thư gốc nào được tin cậy ở đây",
        ),
        (
            "the CMS has 2 signers; the signer's certificate is not known",
            "CMS có 2 người ký; không biết chứng thư của người ký",
        ),
        ("differs from the file: recorded 3, found 8 bytes", "khác với tệp: ghi 3, thấy 8 byte"),
        (
            "the CA Kho (TEST) expires on 2046-11-23T20:56:14+00:00",
            "CA Kho (TEST) hết hạn ngày 24/11/2046 03:56:14",
        ),
        ("31/02/2026: there is no day 31/02/2026", "31/02/2026: không có ngày 31/02/2026"),
        ("a text that nobody knows", "a text that nobody knows"),
        ("{0} %s {x}", "{0} %s {x}"),
        ("x" * 100_000, "x" * 100_000),
    ],
    ids=lambda text: text[:20],
)
def test_phrases_inside_phrases_are_told_and_values_are_kept(english, told):
    assert vietnamese(english) == told


def test_values_with_braces_are_kept():
    name = "{0} {x} %s"

    assert vietnamese(f"USE of {name} is empty") == f"USE of {name} rỗng"


def test_every_event_has_its_name_in_both_languages():
    kinds = [each.value for each in EventType]

    for language in words.LANGUAGES:
        words.choose(language)
        try:
            assert [kind for kind in kinds if words.event(kind) == kind] == []
            names = [words.event(kind) for kind in kinds]
        finally:
            words.choose(None)
        assert len(set(names)) == len(kinds)


@pytest.mark.parametrize("document", NOT_WELL_FORMED)
def test_what_is_wrong_with_an_xml_document_is_told_or_marked_as_a_quotation(document):
    with pytest.raises(Rejected) as rejection:
        xml.parse(document)

    told = vietnamese(rejection.value.message)

    said = rejection.value.message.split(": ", 2)[-1]
    assert told.startswith("XML-SYNTAX: sai cú pháp XML")
    assert "(nguyên văn)" in told or said not in told
    assert "(nguyên văn)" not in told or document in RARE


def test_what_a_schema_refuses_is_told():
    root = etree.Element("{http://www.loc.gov/METS/}mets", {"own": "1", "ID": "1 2"})
    header = etree.SubElement(root, "{http://www.loc.gov/METS/}metsHdr", {"CREATEDATE": "hôm qua"})
    header.text = "chữ"
    etree.SubElement(root, "{http://www.loc.gov/METS/}structmap")

    found = xml.violations(root.getroottree(), "http://www.loc.gov/METS/")

    told = [vietnamese(violation.message) for violation in found]
    assert len(told) > 3
    assert [text for text in told if not text.startswith("Phần tử '")] == []
    assert [text for text in told if "nguyên văn" in text] == []


def test_what_no_pair_is_known_for_is_quoted_as_foreign():
    message = "Element 'a': Something that libxml2 has never said."

    assert vietnamese(message) == (
        "Phần tử 'a': “Something that libxml2 has never said.” (nguyên văn)"
    )


@pytest.mark.parametrize(
    "text",
    ["a = ", "a = 1\na = 2", "[x\n", "= 3", "a = tru", "[a]\n[a]", "x = {a=1", "x = [1", "a = 1 2"],
)
def test_what_is_wrong_with_a_schedule_file_is_told(text):
    with pytest.raises(ScheduleRejected) as rejection:
        loads(text, "s.toml")

    told = [vietnamese(problem.message) for problem in rejection.value.problems]

    assert told[0].startswith("không phải TOML: ")
    assert "nguyên văn" not in told[0]
    assert re.search(r"[A-Za-z]{6,}", told[0].removeprefix("không phải TOML: ")) is None


@pytest.mark.parametrize(
    "text", ["{", "{1}", '{"a"}', '{"a": }', "[1 2]", '["', '["\n"]', '["\\q"]', "1 2", "[1,]"]
)
def test_what_is_wrong_with_a_json_file_is_told(text):
    _, found = json_text.parse(text.encode(), "dossier.json", max_bytes=100)

    told = [vietnamese(finding.message) for finding in found]

    assert told[0].startswith("không phải JSON: dòng ")
    assert "nguyên văn" not in told[0]


def test_english_is_left_as_it_is():
    words.choose("en")
    try:
        assert words.told("the signature value does not verify").startswith("the")
    finally:
        words.choose(None)
