"""Judges of validation reports: classes made from ETSI's schema, and the schema itself.

The schema file of TS 119 102-2 is in no package that this project may use, and none of its
copies states terms under which it could be kept here. pyHanko ships classes that xsdata
generated from it (namespace v1.2.1): they know every element and attribute, its type, its
order and nearly all that is required; what they leave open is named below. A report is read
strictly, checked for what is missing or empty, written again by the schema's order, and has to
be the same tree.

Whoever has the schema names its file in `KHO_ETSI_SCHEMA` (what it imports lies beside it):
every report that a test makes is then judged by libxml2 against the file itself, too.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any
from xml.etree import ElementTree

from lxml import etree
from pyhanko.generated.etsi.ts_11910202 import ValidationReport
from xsdata.formats.dataclass.parsers import XmlParser
from xsdata.formats.dataclass.parsers.config import ParserConfig
from xsdata.formats.dataclass.serializers import XmlSerializer

from archive.model import Verdict
from archive.reports import etsi
from archive.signatures.grounds import Grounds

_STRICT = ParserConfig(
    fail_on_unknown_properties=True,
    fail_on_unknown_attributes=True,
    fail_on_converter_warnings=True,
)
_OPEN = {
    "SignaturePolicyIdentifierType": ("signature_policy_id", "signature_policy_implied"),
    "TypedDataType": ("value",),
    "VOReferenceType": ("voreference",),
    "ValidationObjectRepresentationType": ("direct", "base64", "digest_alg_and_value", "uri"),
}
"""Of these one has to be there by the schema, which the classes do not say."""
_NCNAME = re.compile(r"[A-Za-z_][\w.-]*")
_POLICY = etsi.Policy("urn:kho:signature-policy:1", "00" * 32)


def approve(verdicts: Sequence[Verdict], grounds: Sequence[Grounds], at: datetime) -> None:
    """Fail unless the report on these verdicts is valid by the schema."""
    if verdicts:
        subject = etsi.Subject(tuple(verdicts), tuple(grounds), at, "kho test")
        assert objections(etsi.write(subject, _POLICY)) == []


def objections(report: bytes) -> list[str]:
    """Return what the schema has against a report; nothing if it is valid."""
    try:
        parsed = XmlParser(config=_STRICT).from_bytes(report, ValidationReport)
    except Exception as error:  # noqa: BLE001  whatever the reader objects to
        return [f"{type(error).__name__}: {error}"]
    again = XmlSerializer().render(parsed).encode()
    found = [*_missing(parsed, "ValidationReport"), *_idle(report), *_dangling(report)]
    found += _by_the_file(report)
    if _tree(ElementTree.fromstring(report)) != _tree(ElementTree.fromstring(again)):
        found.append("the elements are not in the order of the schema")
    return found


def _by_the_file(report: bytes) -> list[str]:
    """Return what libxml2 has against a report by the schema file, where one is named."""
    path = os.environ.get("KHO_ETSI_SCHEMA")
    if path is None:
        return []
    try:
        _schema(path).assertValid(etree.fromstring(report, etree.XMLParser(no_network=True)))
    except etree.DocumentInvalid as error:
        return [str(error)]
    return []


@functools.cache
def _schema(path: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(path, etree.XMLParser(no_network=True)))


def _missing(value: Any, path: str) -> Iterator[str]:
    """Yield required elements and attributes that are not there."""
    wanted = _OPEN.get(type(value).__name__)
    if wanted and not any(getattr(value, name) for name in wanted):
        yield f"{path} has none of {', '.join(wanted)}"
    for one in fields(value):
        held, about = getattr(value, one.name), one.metadata
        place = f"{path}/{about.get('name', one.name)}"
        if about.get("required") and held is None:
            yield f"{place} is missing"
        # A choice inside a sequence: DigestAlgAndValue stands for the representation.
        if about.get("min_occurs", 0) and not held and "sequence" not in about:
            yield f"{place} is missing"
        for inner in held if isinstance(held, tuple) else (held,):
            if is_dataclass(inner):
                yield from _missing(inner, place)


def _idle(report: bytes) -> Iterator[str]:
    """Yield elements without a value, and words where only elements may be."""
    for one in ElementTree.fromstring(report).iter():
        text, name = (one.text or "").strip(), one.tag.rpartition("}")[2]
        if text and (len(one) or "VOReference" in one.attrib):
            yield f"{name} has words in it"
        if not one.text and not len(one) and not one.attrib:
            yield f"{name} is empty"


def _dangling(report: bytes) -> Iterator[str]:
    """Yield references that lead nowhere and identifiers given twice (xs:ID, xs:IDREFS)."""
    elements = list(ElementTree.fromstring(report).iter())
    names = [one.get("id") for one in elements if one.get("id")]
    if len(names) != len(set(names)):
        yield "an identifier is given twice"
    yield from (f"{name} is no identifier" for name in names if not _NCNAME.fullmatch(name or ""))
    for one in elements:
        for name in (one.get("VOReference") or "").split():
            if name not in names:
                yield f"{name} is referred to and not there"


def _tree(element: Any) -> tuple[Any, ...]:
    text = (element.text or "").strip()
    inside = tuple(map(_tree, element))
    return (element.tag, tuple(sorted(element.attrib.items())), text, inside)
