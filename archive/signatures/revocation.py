"""Revocation: what CRLs and OCSP answers say of a certificate, each checked by its signature.

An answer here is only what an issuer said and when; what it is worth at which time is
decided in `timeline`. Source: RFC 5280, section 6.3; RFC 6960, section 3.2.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime
from threading import get_ident
from typing import Any

from asn1crypto import ocsp as asn1_ocsp
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from archive.signatures import crl_sets
from archive.signatures.algorithms import UnknownAlgorithm
from archive.signatures.certificates import Cert, comparable
from archive.signatures.crl_reader import (
    Crl,
    Entry,
    crl_holds,
    entry_from,
    indirect_entry,
    read_crl,
    slow_entry,
)
from archive.signatures.ocsp_reader import is_about, ocsp_answers
from archive.signatures.paths import Chain
from archive.signatures.status import Answer

MAX_CRL_BYTES = 64 << 20
_MAX_VERIFIED = 4096
_UNREADABLE = (
    ValueError,
    TypeError,
    KeyError,
    UnknownAlgorithm,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
)
"""What reading a damaged CRL raises; its parts are read only when they are asked for."""


Slides = dict[tuple[tuple[str, ...], datetime], Any]
"""What `judge` remembers of chains at moments, as long as the answers stay the same."""


class Revocations:
    """The CRLs and OCSP answers at hand."""

    def __init__(self, crls: Iterable[bytes] = (), ocsps: Iterable[bytes] = ()) -> None:
        self._crls: dict[bytes, dict[str, Crl]] = {}
        self._ocsps: dict[str, asn1_ocsp.OCSPResponse] = {}
        self._verified: dict[tuple[str, str], bool] = {}
        self._answers: dict[tuple[str, str], list[Answer]] = {}
        self._asking: set[tuple[int, str, str]] = set()
        """What each thread is about to find out: another one must not take it for an answer."""
        self.slides: Slides = {}
        self.crl_signers: Callable[[Cert], Iterable[tuple[Cert, Cert]]] = lambda _: ()
        """Gives further certificates with which a CA may sign its CRLs, with their issuers."""
        self.crl_issuers: Callable[[str], Iterable[Chain]] = lambda _: ()
        """Gives paths of certificates of a name that may sign CRLs for others."""
        self.raw: dict[str, tuple[str, bytes]] = {}
        """Digest to kind (`crl`, `ocsp`) and bytes, for keeping what was used."""
        self.add(crls, ocsps)

    def add(self, crls: Iterable[bytes], ocsps: Iterable[bytes]) -> None:
        """Add objects; what cannot be read is left out, since it says nothing."""
        for encoded in crls:
            self._add_crl(encoded)
        for encoded in ocsps:
            self._add_ocsp(encoded)
        self._answers.clear()
        self.slides.clear()

    def layered(self, crls: Iterable[bytes], ocsps: Iterable[bytes]) -> Revocations:
        """Return these and further objects, without parsing the first ones again."""
        both = Revocations()
        both._crls = {issuer: dict(known) for issuer, known in self._crls.items()}
        both._ocsps = dict(self._ocsps)
        both._verified = self._verified
        both.raw = dict(self.raw)
        both.crl_signers = self.crl_signers
        both.crl_issuers = self.crl_issuers
        both.add(crls, ocsps)
        return both

    def answers(self, certificate: Cert, issuer: Cert) -> list[Answer]:
        """Return every authentic answer about a certificate, newest first."""
        key = (certificate.sha256, issuer.sha256)
        found = self._answers.get(key)
        if found is not None:
            return found
        asking = (get_ident(), *key)
        if asking in self._asking:
            return []  # ends the circle when keys of one CA vouch for each other
        self._asking.add(asking)
        try:
            found = self._answers[key] = self._found(certificate, issuer)
        finally:
            self._asking.discard(asking)
        return found

    def _found(self, certificate: Cert, issuer: Cert) -> list[Answer]:
        crls = self._crls.get(certificate.issuer_der, {}).values()
        found = self._from_crls(crls, certificate, issuer)
        if len(found) < len(crls):
            found += self._from_relatives(certificate, issuer)
        if certificate.crl_issuers:
            found += self._from_others(certificate)
        for sha256, response in self._ocsps.items():
            found.extend(ocsp_answers(sha256, response, certificate, issuer))
        found.sort(key=lambda answer: answer.this_update, reverse=True)
        return found

    def _from_relatives(self, certificate: Cert, issuer: Cert) -> list[Answer]:
        """Return what CRLs say that the CA signed with another of its keys."""
        found = []
        for relative, parent in self.crl_signers(issuer):
            if any(answer.revoked_at for answer in self.answers(relative, parent)):
                continue
            crls = self._crls.get(certificate.issuer_der, {}).values()
            for answer in self._from_crls(crls, certificate, relative):
                if relative.valid_at(answer.this_update):
                    found.append(answer)
        return found

    def _from_others(self, certificate: Cert) -> list[Answer]:
        """Return what indirect CRLs of others say that the certificate names (6.3.3 b)."""
        found: list[Answer] = []
        for name in certificate.crl_issuers:
            crls = [
                one
                for group in self._crls.values()
                for one in group.values()
                if one.indirect and comparable(one.parsed.issuer.public_bytes()) == name
            ]
            for path in self.crl_issuers(name) if crls else ():
                states = [self.answers(below, above) for below, above in path.links]
                if all(s and not any(a.revoked_at for a in s) for s in states):
                    found += self._from_crls(crls, certificate, path.leaf)
        return found

    def mentions(self, certificate: Cert, issuer: Cert) -> bool:
        """Return whether there is any answer about a certificate, authentic or not."""
        if certificate.issuer_der in self._crls:
            return True
        return any(
            is_about(one["cert_id"], certificate, issuer)
            for response in self._ocsps.values()
            for one in response.basic_ocsp_response["tbs_response_data"]["responses"]
        )

    def _add_crl(self, encoded: bytes) -> None:
        sha256 = hashlib.sha256(encoded).hexdigest()
        if sha256 in self.raw or len(encoded) > MAX_CRL_BYTES:
            return
        try:
            known = read_crl(encoded, sha256)
            issuer = known.parsed.issuer.public_bytes() if known else b""
        except _UNREADABLE:
            return
        if known is not None:
            self._crls.setdefault(issuer, {})[sha256] = known
            self.raw[sha256] = ("crl", encoded)

    def _add_ocsp(self, encoded: bytes) -> None:
        sha256 = hashlib.sha256(encoded).hexdigest()
        if sha256 in self.raw:
            return
        try:
            response = asn1_ocsp.OCSPResponse.load(encoded)
            if response["response_status"].native != "successful":
                return
            _ = response.basic_ocsp_response["tbs_response_data"]["responses"]
        except (ValueError, TypeError, KeyError, AttributeError):
            return
        self._ocsps[sha256] = response
        self.raw[sha256] = ("ocsp", encoded)

    def _from_crls(self, crls: Iterable[Crl], certificate: Cert, signer: Cert) -> list[Answer]:
        """Return what CRLs say that this signer signed, alone and together."""
        about = [
            one
            for one in crls
            if _is_about(one, certificate, signer) and self._signed_by(one, signer)
        ]
        return [*crl_sets.answers(about, signer, lambda one: self._entry(one, certificate))]

    def _entry(self, known: Crl, certificate: Cert) -> Entry | None:
        """Return a CRL's entry for a certificate."""
        serial = certificate.serial
        if known.indirect:
            return indirect_entry(known, serial, certificate.issuer_der)
        if serial < 0:  # forbidden by RFC 5280, 4.1.2.2, but met; the fast reader refuses it
            return slow_entry(self.raw[known.sha256][1], serial)
        entry = known.parsed.get_revoked_certificate_by_serial_number(serial)
        return None if entry is None else entry_from(entry)

    def _signed_by(self, known: Crl, issuer: Cert) -> bool:
        """Return whether the issuer signed the CRL and may sign CRLs (RFC 5280, 4.2.1.3)."""
        key = (known.sha256, issuer.sha256)
        if len(self._verified) > _MAX_VERIFIED:
            self._verified.clear()
        if key not in self._verified:
            allowed = issuer.key_usage is None or "crl_sign" in issuer.key_usage
            self._verified[key] = allowed and crl_holds(known, issuer)
        return self._verified[key]


def _is_about(known: Crl, certificate: Cert, signer: Cert) -> bool:
    """Return whether a CRL's scope has a certificate (RFC 5280, 6.3.3 b)."""
    if (known.users_only and certificate.is_ca) or (known.cas_only and not certificate.is_ca):
        return False
    if not known.indirect and signer.subject != certificate.issuer:
        return False
    others = certificate.crl_issuers
    if known.indirect and others and signer.subject not in others:
        return False
    return not known.points or bool(known.points & certificate.crl_points)
