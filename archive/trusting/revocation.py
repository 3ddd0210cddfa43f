"""Revocation data: CRLs and OCSP answers from files, and from services that are named.

They need no second person: each is signed by a CA that is known already, and is refused
if it is not. Older ones stay, as evidence of their time.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from asn1crypto import ocsp

from archive.assembly import Archive
from archive.catalogue import journal
from archive.errors import ArchiveError, Rejected
from archive.events import Event, EventType
from archive.fixity import sha256_of
from archive.segments import try_to_flush
from archive.signatures import der, fetching, trust
from archive.signatures.certificates import Cert, readable
from archive.signatures.crl_reader import crl_holds, read_crl
from archive.signatures.ocsp_reader import ocsp_answers
from archive.signatures.status import Answer
from archive.signatures.trust import TrustStore

_PEM_CRL = b"-----BEGIN X509 CRL-----"
_PEM_CRL_END = b"-----END X509 CRL-----"


@dataclass(frozen=True, slots=True)
class Added:
    """One CRL or OCSP answer that was added or was there already."""

    kind: str
    """`crl` or `ocsp`."""
    sha256: str
    issuer: str
    """Common name of the CA or the responder."""
    this_update: datetime
    next_update: datetime | None
    new: bool


def add(archive: Archive, content: bytes, *, agent: str, source: str = "file") -> Added:
    """Add a CRL or OCSP answer, DER or PEM, after checking who signed it.

    Raises:
        Rejected: it is neither, or no known CA signed it.
    """
    encoded = _der(content)
    kind = trust.revocation_kind(encoded)
    store = archive.trust
    read = _crl if kind == "crl" else _ocsp
    signer, issued, due = read(encoded, readable_of(store))
    known = encoded in (store.crls if kind == "crl" else store.ocsps)
    added = Added(kind, sha256_of(encoded), signer.common_name or "?", issued, due, not known)
    if known:
        return added
    trust.add_revocation(archive.settings.path("trust.folder"), encoded)
    details = {"kind": kind, "sha256": added.sha256, "source": source}
    event = Event(EventType.REVOCATION_ADDED, archive.clock(), "success", agent, "", details)
    with archive.catalogue.begin() as connection:
        journal.append(connection, event)
    return added


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of one address."""

    url: str
    added: Added | None
    error: ArchiveError | None


def update(archive: Archive, *, agent: str) -> Iterator[Fetched]:
    """Fetch the CRLs and OCSP answers of the services that the settings name.

    A service that does not answer is an outcome and does not stop the others.
    """
    settings = archive.settings
    timeout = float(settings.number("trust.timeout_seconds"))
    for url in settings.list("trust.crl_urls"):
        fetch = partial(fetching.get_crl, url, timeout_seconds=timeout)
        yield _fetched(archive, url, agent, fetch)
    for url in settings.list("trust.ocsp_urls"):
        for leaf, issuer in _own(archive):
            ask = partial(fetching.ask_ocsp, url, leaf, issuer, timeout_seconds=timeout)
            yield _fetched(archive, url, agent, ask)
    try_to_flush(archive)


def is_offline(archive: Archive) -> bool:
    """Whether no service is named, so that nothing is ever fetched."""
    settings = archive.settings
    return not (settings.list("trust.crl_urls") or settings.list("trust.ocsp_urls"))


def readable_of(store: TrustStore) -> list[Cert]:
    """Return every certificate that a trust store knows."""
    return readable([*(anchor.certificate for anchor in store.anchors), *store.certificates])


def _fetched(archive: Archive, url: str, agent: str, fetch: Callable[[], bytes]) -> Fetched:
    try:
        return Fetched(url, add(archive, fetch(), agent=agent, source=url), None)
    except ArchiveError as error:
        return Fetched(url, None, error)


def _own(archive: Archive) -> Iterator[tuple[bytes, bytes]]:
    """Yield the seal's certificate and TSAs' certificates with their issuers."""
    known = readable_of(archive.trust)
    key = archive.sealer.key
    leaves = readable([key.certificate])
    for leaf in (*leaves, *(one for one in known if "time_stamping" in one.extended_key_usage)):
        issuer = next((one for one in known if leaf.is_issued_by(one) and one is not leaf), None)
        if issuer is not None:
            yield leaf.der, issuer.der


def _crl(encoded: bytes, known: list[Cert]) -> tuple[Cert, datetime, datetime | None]:
    try:
        found = read_crl(encoded, sha256_of(encoded))
    except (ValueError, TypeError, KeyError) as error:
        raise Rejected(f"the CRL cannot be read: {error}") from error
    if found is None:
        raise Rejected("CRLs of attribute certificates are not used", hint="add the CRL of the CA")
    name = found.parsed.issuer.public_bytes()
    for one in known:
        if one.subject_der == name and crl_holds(found, one):
            return one, found.issued, found.due
    raise _unknown_signer()


def _ocsp(encoded: bytes, known: list[Cert]) -> tuple[Cert, datetime, datetime | None]:
    response = ocsp.OCSPResponse.load(encoded)
    if response["response_status"].native != "successful":
        raise Rejected(f"the OCSP service answered {response['response_status'].native}")
    for answer in _answers(encoded, response, known):
        return answer.signer, answer.this_update, answer.next_update
    raise _unknown_signer()


def _answers(encoded: bytes, response: ocsp.OCSPResponse, known: list[Cert]) -> Iterator[Answer]:
    """Yield what an answer says, by whichever known CA it is signed or authorized.

    The certificate asked about need not be known: its serial number is in the answer.
    """
    basic = response.basic_ocsp_response
    for single in basic["tbs_response_data"]["responses"]:
        serial = single["cert_id"]["serial_number"]
        for issuer in known:
            # An answer is about an issuer and a serial number; a stand-in has both.
            stand_in = replace(
                issuer,
                issuer=issuer.subject,
                issuer_der=issuer.subject_der,
                serial=serial.native,
                serial_der=der.tlv(der.INTEGER, serial.contents),
            )
            yield from ocsp_answers(sha256_of(encoded), response, stand_in, issuer)


def _unknown_signer() -> Rejected:
    return Rejected(
        "no CA that is known here signed it",
        hint="add the CA's certificate first: kho trust add CA.cer",
    )


def _der(content: bytes) -> bytes:
    if _PEM_CRL in content:
        body = content.split(_PEM_CRL, 1)[1].split(_PEM_CRL_END, 1)[0]
        try:
            return base64.b64decode(b"".join(body.split()), validate=True)
        except ValueError as error:
            raise Rejected(f"the CRL is not PEM: {error}") from error
    return content


def is_revocation(content: bytes) -> bool:
    """Whether a file is a CRL or an OCSP answer."""
    try:
        trust.revocation_kind(_der(content))
    except Rejected:
        return False
    return True
