"""XML signatures, from what a reader of XML hands over (see `XmlReader`).

Source: W3C XML Signature 1.1, RFC 9231 (algorithms), ETSI EN 319 132-1 (XAdES).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from archive.signatures.ades import SUSPICIOUS, Stamp, Subject, partly, unprocessed
from archive.signatures.algorithms import (
    NEVER,
    OPEN_END,
    AlgorithmPolicy,
    Scheme,
    UnknownAlgorithm,
    new_hash,
    verifies,
)
from archive.signatures.cades import PLAIN, Names
from archive.signatures.certificates import Cert, readable
from archive.signatures.cms_judge import readable_tokens
from archive.signatures.integrity import Integrity
from archive.signatures.judge import Judgement, Signature, failed, indeterminate

Outside = Callable[[str], bytes | None]
"""Gives the bytes of a file that a signature refers to; None if it is not at hand."""
MAX_CANDIDATES = 16

_MORE_2001 = "http://www.w3.org/2001/04/xmldsig-more#"
_MORE_2007 = "http://www.w3.org/2007/05/xmldsig-more#"
_MORE_2021 = "http://www.w3.org/2021/04/xmldsig-more#"
_RSA = ("sha224", "sha256", "sha384", "sha512")
_SALTS = {"sha1": 20, "sha224": 28, "sha256": 32, "sha384": 48, "sha512": 64}
_SCHEMES = {
    "http://www.w3.org/2000/09/xmldsig#rsa-sha1": Scheme("RSA", "sha1"),
    **{f"{_MORE_2001}rsa-{one}": Scheme("RSA", one) for one in _RSA},
    **{f"{_MORE_2001}ecdsa-{one}": Scheme("PLAIN-ECDSA", one) for one in ("sha1", *_RSA)},
    **{
        f"{_MORE_2007}{one}-rsa-MGF1": Scheme("RSASSA-PSS", one, salt)
        for one, salt in _SALTS.items()
    },
    **{
        f"{_MORE_2021}ecdsa-sha3-{bits}": Scheme("PLAIN-ECDSA", f"sha3_{bits}")
        for bits in (224, 256, 384, 512)
    },
    f"{_MORE_2021}eddsa-ed25519": Scheme("Ed25519", None),
    f"{_MORE_2021}eddsa-ed448": Scheme("Ed448", None),
}


class XmlReference(Protocol):
    """One reference of an XML signature, resolved."""

    @property
    def uri(self) -> str | None:
        """What it points to."""

    @property
    def digest_algorithm(self) -> str:
        """As hashlib names it; "" if it is not known."""

    @property
    def stated(self) -> bytes:
        """The digest in the signature."""

    @property
    def found(self) -> bytes | None:
        """The digest of what is there; None if it could not be computed."""

    @property
    def reason(self) -> str:
        """Why it could not be computed."""

    @property
    def outside(self) -> bool:
        """Whether it points to another file."""


class XmlTimestamp(Protocol):
    """One timestamp of an XML signature."""

    @property
    def kind(self) -> str:
        """`signature`, `archive` or `content`."""

    @property
    def token(self) -> bytes:
        """DER."""

    @property
    def imprints(self) -> Mapping[str, bytes]:
        """What its imprint must be, by digest algorithm; empty if that is not known."""

    @property
    def covered(self) -> frozenset[str]:
        """SHA-256 of the kept objects that it covers."""


class XmlSignature(Protocol):
    """One XML signature, read; see `archive.packages.dsig.reader` for its parts."""

    @property
    def name(self) -> str: ...  # noqa: D102  as there
    @property
    def signed_info(self) -> bytes: ...  # noqa: D102
    @property
    def method(self) -> str: ...  # noqa: D102
    @property
    def value(self) -> bytes: ...  # noqa: D102
    @property
    def certificates(self) -> tuple[bytes, ...]: ...  # noqa: D102
    @property
    def references(self) -> Sequence[XmlReference]: ...  # noqa: D102
    @property
    def signing_time(self) -> datetime | None: ...  # noqa: D102
    @property
    def signing_certificate(self) -> tuple[str, bytes] | None: ...  # noqa: D102
    @property
    def properties_hold(self) -> bool | None: ...  # noqa: D102
    @property
    def properties_digest(self) -> str: ...  # noqa: D102
    @property
    def policy(self) -> bool: ...  # noqa: D102
    @property
    def described(self) -> bool: ...  # noqa: D102
    @property
    def kept_certificates(self) -> tuple[bytes, ...]: ...  # noqa: D102
    @property
    def crls(self) -> tuple[bytes, ...]: ...  # noqa: D102
    @property
    def ocsps(self) -> tuple[bytes, ...]: ...  # noqa: D102
    @property
    def stamps(self) -> Sequence[XmlTimestamp]: ...  # noqa: D102
    @property
    def uncovered(self) -> str | None: ...  # noqa: D102
    @property
    def fault(self) -> str | None: ...  # noqa: D102


class XmlManifest(Protocol):
    """An ASiCManifest, read."""

    @property
    def signature(self) -> str | None:
        """Name of the file with the signature or timestamp."""

    @property
    def entries(self) -> Sequence[tuple[str, str, bytes]]:
        """Name, digest algorithm ("" if not known) and digest of each file."""


class XmlReader(Protocol):
    """Reads XML for the check: `archive.packages.dsig.reader` is one.

    It is given to the `Checker` as a module, because it is imported in the child process.
    All raise ValueError for what is not XML or not safe to read.
    """

    def signatures(self, content: bytes, outside: Outside) -> Sequence[XmlSignature]:
        """Return the signatures of a document in their order."""

    def container_manifest(self, content: bytes) -> XmlManifest:
        """Return what an ASiCManifest says."""

    def listed_files(self, content: bytes) -> list[str]:
        """Return the names in META-INF/manifest.xml."""


def read_xml(
    found: Sequence[XmlSignature], policy: AlgorithmPolicy, names: Names = PLAIN
) -> list[Subject]:
    """Return XML signatures as subjects; the policy tells which of their digests ends first."""
    return [
        _subject(one, policy, names, f"{names.member}#{one.name}" if names.member else one.name)
        for one in found
    ]


def _subject(one: XmlSignature, policy: AlgorithmPolicy, names: Names, field: str) -> Subject:
    """Return one signature as a subject."""
    certificates = readable([*one.certificates, *one.kept_certificates])
    own = readable(list(one.certificates[:MAX_CANDIDATES])) or certificates[:MAX_CANDIDATES]
    signer = _signer(one, own)
    form = names.prefix + _form(one, signer)
    if one.fault is not None:
        return unprocessed(field, form, failed("FORMAT_FAILURE", one.fault))
    scheme = _SCHEMES.get(one.method)
    subject = Subject(
        name=field,
        form=form,
        signature=Signature(
            signer,
            _named(one, signer),
            scheme,
            _weakest(one, policy),
            _integrity(one, scheme, signer),
        ),
        claimed_at=one.signing_time,
        digest_algorithm=_digest_name(one, scheme),
        signature_algorithm=_scheme_name(one, scheme),
        covers_all=one.uncovered is None,
        stamps=_stamps(one),
        certificates=certificates,
        crls=list(one.crls),
        ocsps=list(one.ocsps),
        fault=_fault(one),
        value=one.value,
    )
    if one.uncovered is not None:
        subject.change = SUSPICIOUS
        subject.doubt = partly(f"the element {one.uncovered} is not covered")
    return subject


def _signer(one: XmlSignature, candidates: Sequence[Cert]) -> Cert | None:
    """Return the signer's certificate: the named one, else the one whose key verifies."""
    for certificate in candidates:
        if _named(one, certificate):
            return certificate
    scheme = _SCHEMES.get(one.method)
    for certificate in candidates:
        if scheme is not None and _verifies(one, scheme, certificate):
            return certificate
    return candidates[0] if candidates else None


def _named(one: XmlSignature, certificate: Cert | None) -> bool | None:
    """Return whether the signed properties name a certificate; None if they name none."""
    if one.signing_certificate is None or certificate is None:
        return None
    algorithm, digest = one.signing_certificate
    try:
        return bool(algorithm) and new_hash(algorithm, certificate.der).digest() == digest
    except ValueError:
        return False


def _verifies(one: XmlSignature, scheme: Scheme, certificate: Cert) -> bool | None:
    """Return whether the signature value verifies; None if that cannot be told."""
    if certificate.key is None:
        return None
    try:
        return verifies(certificate.key, scheme, one.value, one.signed_info)
    except UnknownAlgorithm:
        return None


def _integrity(one: XmlSignature, scheme: Scheme | None, signer: Cert | None) -> Integrity:
    """Return whether what is referred to is unchanged, and the signature verifies."""
    states = [None if r.found is None else r.found == r.stated for r in one.references]
    digest: bool | None = True
    if False in states:
        digest = False
    elif None in states:
        digest = None
    if signer is None:
        return Integrity(digest, None, "the signer's certificate is not in the signature")
    if scheme is None:
        return Integrity(digest, None, "the signature algorithm is not known here")
    holds = _verifies(one, scheme, signer)
    return Integrity(digest, holds, "the signature could not be verified with the signer's key")


def _fault(one: XmlSignature) -> Judgement | None:
    """Return the outcome for references that could not be followed."""
    missing = [r for r in one.references if r.found is None]
    if not missing:
        return None
    reasons = tuple(dict.fromkeys(r.reason for r in missing))
    outcome = indeterminate("SIGNED_DATA_NOT_FOUND", "; ".join(reasons[:4]))
    if any(r.outside for r in missing):
        return indeterminate(
            "SIGNED_DATA_NOT_FOUND", "; ".join(reasons[:4]), "put the signed files beside it"
        )
    return outcome


def _form(one: XmlSignature, signer: Cert | None) -> str:
    """Return `XAdES-B` for the baseline form, else the name of the form it has."""
    if one.properties_hold is None:
        return "XMLDSIG"
    inside = signer is not None and signer.der in one.certificates
    # EN 319 132-1, 6.3: time, certificate by digest and whole, media types of what is signed.
    if one.signing_time and one.signing_certificate and inside and one.described:
        return "XAdES-B"
    return "XAdES-E-EPES" if one.policy else "XAdES-E-BES"


def _weakest(one: XmlSignature, policy: AlgorithmPolicy) -> str | None:
    """Return the digest algorithm of the references that ends first."""
    used = {r.digest_algorithm for r in one.references} | {one.properties_digest}
    ends = {name: policy.digests.get(name, NEVER) for name in used if name}
    weakest = min(ends, key=lambda name: ends[name], default=None)
    return weakest if weakest is not None and ends[weakest] != OPEN_END else None


def _digest_name(one: XmlSignature, scheme: Scheme | None) -> str | None:
    """Return the digest algorithm as reports name it."""
    first = next((r.digest_algorithm for r in one.references if r.digest_algorithm), None)
    name = first or (scheme.digest if scheme is not None else None)
    return None if name is None else name.upper().replace("_", "-")


def _scheme_name(one: XmlSignature, scheme: Scheme | None) -> str:
    """Return the signature algorithm as reports name it; XML has ECDSA in one form only."""
    if scheme is None:
        return one.method[:200]
    return scheme.name.removeprefix("PLAIN-")


def _stamps(one: XmlSignature) -> list[Stamp]:
    """Return the timestamps that can be read."""
    found = []
    for stamp in one.stamps:
        for token in readable_tokens([stamp.token]):
            known = stamp.imprints.get(token.digest_algorithm)
            holds = None if known is None else known == token.imprint
            found.append(Stamp(stamp.kind, token, holds, stamp.covered))
    return found
