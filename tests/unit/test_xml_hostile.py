"""Hostile XML is refused before anything is built from it, and each refusal has its rule."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from archive.errors import Rejected, UnsafeInput
from archive.findings import Severity
from archive.packages import xml

LAUGHS = (
    b'<!DOCTYPE lolz [<!ENTITY a "ha">'
    + b"".join(
        b'<!ENTITY %c "%s">' % (letter, (b"&%c;" % (letter - 1)) * 10) for letter in range(98, 107)
    )
    + b"]><lolz>&j;</lolz>"
)


class _Endless:
    """A document of any size that holds nothing in memory."""

    def __init__(self, start: bytes, filling: bytes) -> None:
        self._start = start
        self._filling = filling

    def read(self, size: int = -1) -> bytes:
        piece, self._start = self._start, b""
        return piece + self._filling * (max(0, size - len(piece)) // len(self._filling) or 1)


@pytest.fixture
def _no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the parser went to the network")

    monkeypatch.setattr(socket, "socket", refuse)


@pytest.mark.parametrize(
    ("document", "rule"),
    [
        (LAUGHS, "XML-DOCTYPE"),
        (b"<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/x.dtd'><a/>", "XML-DOCTYPE"),
        (b"<?xml version='1.0'?><!-- x --><?y z?>\n<!DOCTYPE a><a/>", "XML-DOCTYPE"),
        (b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>", "XML-DOCTYPE"),
        ("\ufeff<!DOCTYPE a []><a/>".encode("utf-16-le"), "XML-DOCTYPE"),
        ("<!DOCTYPE a []><a/>".encode("utf-16-be"), "XML-DOCTYPE"),
        ("\ufeff<!DOCTYPE a []><a/>".encode(), "XML-DOCTYPE"),
        ("<a/>".encode("utf-32"), "XML-ENCODING"),
        (b'<?xml version="1.0" encoding="utf-7"?>+ADwAIQ-DOCTYPE a+AD4APA-a/+AD4-', "XML-ENCODING"),
        (b'<?xml version="1.0" encoding="cp037"?><a/>', "XML-ENCODING"),
        (b"<a>" * 201 + b"</a>" * 201, "XML-DEPTH"),
        (b"<a>" * 100_000, "XML-DEPTH"),
        (b"<r>" + b"<a/>" * 2_001 + b"</r>", "XML-SIZE"),
        (b"<r>" + b"a" * 2_000_000 + b"</r>", "XML-SIZE"),
        (b"<!-- " + b" " * (1 << 20) + b" --><a/>", "XML-SIZE"),
    ],
    ids=[
        "billion laughs",
        "external DTD",
        "document type behind comments",
        "external entity",
        "document type in UTF-16 with mark",
        "document type in UTF-16 without mark",
        "document type behind a mark",
        "UTF-32",
        "UTF-7",
        "EBCDIC",
        "a little too deep",
        "very deep",
        "too many elements",
        "too many bytes",
        "endless prolog",
    ],
)
@pytest.mark.usefixtures("_no_sockets")
def test_unsafe_documents_are_refused_by_rule(document: bytes, rule: str) -> None:
    with pytest.raises(UnsafeInput) as refusal:
        xml.parse(document, max_bytes=2_000_000, max_elements=2_000)

    assert refusal.value.message.startswith(rule + ": ")


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"not XML",
        b"<a>",
        b"<a></b>",
        b"<a/><b/>",
        b"<a x='1' x='2'/>",
        b"<a>&x;</a>",
        b"<a>\0</a>",
    ],
    ids=["empty", "text", "open", "crossed", "two roots", "attribute twice", "entity", "NUL"],
)
def test_malformed_documents_are_rejected(document: bytes) -> None:
    with pytest.raises(Rejected) as rejection:
        xml.parse(document)

    assert rejection.value.message.startswith("XML-SYNTAX: ")


def test_a_document_of_a_gigabyte_stops_at_the_limit() -> None:
    endless = _Endless(b"<r>", b"<a>text</a>")

    with pytest.raises(UnsafeInput) as refusal:
        xml.parse(endless, max_bytes=8 << 20)  # type: ignore[arg-type]

    assert refusal.value.message.startswith("XML-SIZE: ")


def test_lines_are_kept_for_the_findings() -> None:
    tree = xml.parse(b"<a>\n  <b/>\n  <c/>\n</a>")

    lines: list[Any] = [element.sourceline for element in tree.getroot()]
    assert lines == [2, 3]


def test_lines_beyond_sixteen_bits_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "long.xml"
    path.write_bytes(b"<a>" + b"\n" * 70_000 + b"<b>x</b></a>")

    line: Any = xml.parse(path).getroot()[0].sourceline

    assert line == 70_001


def test_elements_stream_in_order_and_are_freed() -> None:
    document = b"<r>" + b"".join(b"<a><b>%d</b></a>" % n for n in range(50_000)) + b"</r>"

    texts = [int(element[0].text or "") for element in xml.elements(document, "a")]

    assert texts == list(range(50_000))


def test_streams_refuse_what_trees_refuse() -> None:
    with pytest.raises(UnsafeInput):
        list(xml.elements(LAUGHS, "lolz"))


def test_a_refusal_becomes_a_finding_with_its_rule() -> None:
    with pytest.raises(UnsafeInput) as refusal:
        xml.parse(LAUGHS)

    finding = xml.as_finding(refusal.value, "metadata/x.xml")

    assert (finding.rule, finding.severity) == ("XML-DOCTYPE", Severity.ERROR)
    assert finding.path == "metadata/x.xml"
    assert not finding.message.startswith("XML-")


@pytest.mark.parametrize(
    "namespace",
    [
        "http://www.loc.gov/METS/",
        "http://www.w3.org/1999/xlink",
        "http://www.loc.gov/premis/v3",
        "urn:isbn:1-931666-22-9",
        "http://ead3.archivists.org/schema/",
        "https://DILCIS.eu/XML/METS/CSIPExtensionMETS",
        "https://DILCIS.eu/XML/METS/SIPExtensionMETS",
    ],
)
@pytest.mark.usefixtures("_no_sockets")
def test_each_schema_of_the_catalogue_compiles_without_the_network(namespace: str) -> None:
    xml.schema.cache_clear()

    assert xml.has_schema(namespace)
    assert xml.schema(namespace) is xml.schema(namespace)


def test_breaches_of_a_schema_name_their_line() -> None:
    tree = xml.parse(b'<mets xmlns="http://www.loc.gov/METS/">\n<wrong/></mets>')

    breaches = xml.violations(tree, "http://www.loc.gov/METS/")

    assert [breach.line for breach in breaches] == [2]
    assert "wrong" in breaches[0].message
