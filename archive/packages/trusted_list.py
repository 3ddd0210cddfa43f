"""Trusted lists (ETSI TS 119 612): which services a supervisory body vouches for.

Only the facts are read. The list's own XAdES signature is not checked here; whoever takes
certificates from a list compares its digest with the one that its publisher names.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from lxml import etree

from archive.errors import Rejected
from archive.fixity import sha256_of
from archive.packages import xml

NAMESPACE = "http://uri.etsi.org/02231/v2#"
MAX_BYTES = 64 << 20
_T = f"{{{NAMESPACE}}}"
_TYPES = "http://uri.etsi.org/TrstSvc/Svctype/"
_STATUS = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/"
_GRANTED = frozenset({"granted", "recognisedatnationallevel"})
"""TS 119 612, 5.5.4: the statuses of a service that is approved."""
_EARLIER = frozenset({"undersupervision", "accredited", "supervisionincessation"})
"""Statuses of before 2016-07-01 under which a service was approved as well."""


@dataclass(frozen=True, slots=True)
class Service:
    """One trust service."""

    provider: str
    name: str
    type: str
    """The end of its type's URI: `CA/QC`, `TSA/QTST` ..."""
    status: str
    """The end of its status' URI: `granted`, `withdrawn` ..."""
    since: datetime
    """When its present approval or refusal began, earlier statuses of the same sense included."""
    certificates: tuple[bytes, ...]
    """DER."""

    @property
    def granted(self) -> bool:
        """Whether it is approved now."""
        return self.status in _GRANTED

    @property
    def for_timestamps(self) -> bool:
        """Whether it gives timestamps."""
        return self.type.startswith("TSA")

    @property
    def for_signatures(self) -> bool:
        """Whether it issues certificates for signatures or seals."""
        return self.type in ("CA/QC", "CA/PKC", "NationalRootCA-QC")


@dataclass(frozen=True, slots=True)
class TrustedList:
    """One trusted list."""

    operator: str
    territory: str
    number: str
    """Sequence number."""
    issued: datetime
    next_update: datetime | None
    sha256: str
    """Of the whole file, 64 hex digits."""
    services: tuple[Service, ...]


def read(source: bytes | Path) -> TrustedList:
    """Read a trusted list.

    Raises:
        UnsafeInput: it breaks a limit or has a document type declaration.
        Rejected: it is not a trusted list.
    """
    content = source if isinstance(source, bytes) else source.read_bytes()
    root = xml.parse(content, max_bytes=MAX_BYTES).getroot()
    if root.tag != f"{_T}TrustServiceStatusList":
        raise Rejected("not a trusted list of ETSI TS 119 612", hint=f"its root is {root.tag}")
    try:
        scheme = _one(root, "SchemeInformation")
        due = scheme.find(f"{_T}NextUpdate/{_T}dateTime")
        return TrustedList(
            operator=_named(_one(scheme, "SchemeOperatorName")),
            territory=_text(scheme.find(f"{_T}SchemeTerritory")),
            number=_text(scheme.find(f"{_T}TSLSequenceNumber")),
            issued=_time(_text(_one(scheme, "ListIssueDateTime"))),
            next_update=_time(_text(due)) if due is not None else None,
            sha256=sha256_of(content),
            services=tuple(_services(root)),
        )
    except (ValueError, binascii.Error) as error:
        raise Rejected(f"the trusted list cannot be read: {error}") from error


def _services(root: etree._Element) -> Iterator[Service]:
    for provider in root.iter(f"{_T}TrustServiceProvider"):
        name = _named(_one(_one(provider, "TSPInformation"), "TSPName"))
        for service in provider.iter(f"{_T}TSPService"):
            yield _service(service, name)


def _service(service: etree._Element, provider: str) -> Service:
    facts = _one(service, "ServiceInformation")
    status = _status(facts)
    return Service(
        provider=provider,
        name=_named(_one(facts, "ServiceName")),
        type=_text(_one(facts, "ServiceTypeIdentifier")).removeprefix(_TYPES),
        status=status,
        since=_since(service, facts, status),
        certificates=tuple(_certificates(facts)),
    )


def _since(service: etree._Element, facts: etree._Element, status: str) -> datetime:
    """Return when an unbroken approval began; history is newest first (5.6)."""
    begin = _time(_text(_one(facts, "StatusStartingTime")))
    if status not in _GRANTED:
        return begin
    for earlier in service.iter(f"{_T}ServiceHistoryInstance"):
        if _status(earlier) not in _GRANTED | _EARLIER:
            break
        begin = min(begin, _time(_text(_one(earlier, "StatusStartingTime"))))
    return begin


def _certificates(facts: etree._Element) -> Iterator[bytes]:
    identity = _one(facts, "ServiceDigitalIdentity")
    for one in identity.iter(f"{_T}X509Certificate"):
        yield base64.b64decode("".join(_text(one).split()), validate=True)


def _status(facts: etree._Element) -> str:
    return _text(_one(facts, "ServiceStatus")).removeprefix(_STATUS).rpartition("/")[2]


def _one(parent: etree._Element, name: str) -> etree._Element:
    found = parent.find(_T + name)
    if found is None:
        raise ValueError(f"{name} is missing")
    return found


def _named(parent: etree._Element) -> str:
    """Return a name in English or Vietnamese where it is given, else the first."""
    names = parent.findall(f"{_T}Name")
    lang = "{http://www.w3.org/XML/1998/namespace}lang"
    for wanted in ("vi", "en"):
        for name in names:
            if name.get(lang) == wanted:
                return _text(name)
    return _text(names[0]) if names else ""


def _text(element: etree._Element | None) -> str:
    return (element.text or "").strip() if element is not None else ""


def _time(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return at
