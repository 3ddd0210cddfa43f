"""The kinds of value that attributes take: names, dates, numbers, terms of a vocabulary."""

from __future__ import annotations

import functools
import re
from datetime import UTC, datetime, timedelta
from importlib.resources import files

from archive.packages import xml

_DATE_TIME = re.compile(r"-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_NAME = re.compile(r"[^\W\d][\w.\-·]*")
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9][\w!#$&^.+-]*/[A-Za-z0-9][\w!#$&^.+-]*(\s*;.*)?", re.ASCII)
_CLOCKS_APART = timedelta(days=1)
"""Times without a zone may be up to 14 hours off; clocks differ."""

METADATA_TYPES = frozenset(
    [
        "MARC",
        "MODS",
        "EAD",
        "DC",
        "NISOIMG",
        "LC-AV",
        "VRA",
        "TEIHDR",
        "DDI",
        "FGDC",
        "LOM",
        "PREMIS",
        "PREMIS:OBJECT",
        "PREMIS:AGENT",
        "PREMIS:RIGHTS",
        "PREMIS:EVENT",
        "TEXTMD",
        "METSRIGHTS",
        "EAC-CPF",
        "LIDO",
        "OTHER",
    ]
) | {"ISO 19115:2003 NAP"}
"""METS 1.12, simple type `MDTYPE`."""
CHECKSUM_TYPES = frozenset(
    [
        "Adler-32",
        "CRC32",
        "HAVAL",
        "MD5",
        "MNP",
        "SHA-1",
        "SHA-256",
        "SHA-384",
        "SHA-512",
        "TIGER",
        "WHIRLPOOL",
    ]
)
"""METS 1.12, attribute group `FILECORE`."""


def is_name(value: str) -> bool:
    """Return whether a value is an NCName, as `xs:ID` demands."""
    return _NAME.fullmatch(value) is not None


def is_number(value: str) -> bool:
    """Return whether a value is a whole number of bytes."""
    return value.isascii() and value.isdigit() and len(value) < 20


def date_time(value: str) -> datetime | None:
    """Return the `xs:dateTime` that a value is, as UTC if it has no zone; None if it is none."""
    if not _DATE_TIME.fullmatch(value):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def is_future(moment: datetime, at: datetime) -> bool:
    """Return whether a moment lies after `at` beyond what clocks and zones explain."""
    try:
        return moment > at + _CLOCKS_APART
    except OverflowError:
        return False


def is_media_type(value: str) -> bool:
    """Return whether a value has the form `type/subtype`."""
    return _MEDIA_TYPE.fullmatch(value) is not None


def is_registered_media_type(value: str) -> bool:
    """Return whether the media type is in IANA's register (local copy)."""
    return value.partition(";")[0].strip().casefold() in _media_types()


@functools.cache
def vocabulary(name: str) -> frozenset[str]:
    """Return the terms of a vocabulary: the file `schemas/eark/<name>.xml`."""
    content = (files("schemas") / "eark" / f"{name}.xml").read_bytes()
    terms = xml.parse(content).getroot().iter("{https://DILCIS.eu/XML/Vocabularies/IP}Term")
    return frozenset(" ".join((term.text or "").split()) for term in terms)


@functools.cache
def content_categories() -> frozenset[str]:
    """Return the terms of `mets/@TYPE`, each also with a plain hyphen for its dash.

    "OTHER" is how CSIP2's own text writes the vocabulary's term "Other".
    """
    terms = vocabulary("CSIPVocabularyContentCategory")
    return terms | {term.replace("–", "-") for term in terms} | {"OTHER"}


@functools.cache
def content_information_types() -> frozenset[str]:
    """Return the terms of `@csip:CONTENTINFORMATIONTYPE`, from the vocabulary and the schema.

    The two differ by a letter in the name of the archival information specification.
    """
    return vocabulary("CSIPVocabularyContentInformationType") | {"citcarchival_v1_0"}


@functools.cache
def record_statuses() -> frozenset[str]:
    """Return the terms of `metsHdr/@RECORDSTATUS`; the vocabulary misspells REPLACEMENT."""
    return vocabulary("SIPVocabularyRecordStatus") | {"REPLACEMENT"}


@functools.cache
def _media_types() -> frozenset[str]:
    lines = (files("schemas") / "eark" / "media-types.txt").read_text("utf-8").splitlines()
    return frozenset(line.strip().casefold() for line in lines)
