"""What a passport carries of the archive's trust: the roots, the CAs and the CRLs that are needed."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from archive.assembly import Archive
from archive.fixity import sha256_of
from archive.signatures.certificates import Cert, readable
from archive.signatures.cms_reader import NotCms, SignedCms
from archive.signatures.crl_reader import read_crl
from archive.signatures.trust import Scope

_ENOUGH = 32
"""Steps upwards after which no further issuer is looked for."""


def files(archive: Archive, proofs: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return `roots.pem`, `certificates.pem` and `crls/`, as far as the proofs lead to them.

    Args:
        archive: whose trust.
        proofs: the passport's files so far; seals, timestamps and what holds them are looked at.
    """
    trust = archive.trust
    known = readable([*(anchor.certificate for anchor in trust.anchors), *trust.certificates])
    needed = _needed(known, [*_inside(proofs), *readable([archive.sealer.key.certificate])])
    scopes = {Scope.SEALS, Scope.TIMESTAMPS}
    roots = {a.sha256 for a in trust.anchors if a.scopes & scopes} & needed.keys()
    found = {
        "roots.pem": _pem(one for one in needed.values() if one.sha256 in roots),
        "certificates.pem": _pem(one for one in needed.values() if one.sha256 not in roots),
    }
    issuers = {one.subject_der for one in needed.values()}
    for encoded in trust.crls:
        crl = read_crl(encoded, sha256_of(encoded))
        if crl is not None and crl.parsed.issuer.public_bytes() in issuers:
            found[f"crls/{sha256_of(encoded)[:32]}.crl"] = encoded
    return found


def _needed(known: list[Cert], leaves: Iterable[Cert]) -> dict[str, Cert]:
    """Return leaves and everything above them, by fingerprint."""
    found = {one.sha256: one for one in leaves}
    for _ in range(_ENOUGH):
        above = {
            issuer.sha256: issuer
            for one in found.values()
            for issuer in known
            if issuer.sha256 not in found and one.is_issued_by(issuer)
        }
        if not above:
            break
        found |= above
    return found


def _inside(proofs: Mapping[str, bytes]) -> Iterator[Cert]:
    """Yield the certificates in the proofs' seals and timestamps."""
    import json

    for name, content in proofs.items():
        if name.endswith((".p7s", ".tst")) and not name.startswith("validation/"):
            yield from _of_cms(content)
        elif name == "journal/entry.json":
            told = json.loads(content)
            for key in ("log_key_seal", "timestamp"):
                if told[key]:
                    yield from _of_cms(base64.b64decode(told[key]))
            if told["evidence"]:
                yield from _of_record(base64.b64decode(told["evidence"]))
        elif name == "evidence/record.er":
            yield from _of_record(content)


def _of_cms(encoded: bytes) -> Iterator[Cert]:
    try:
        cms = SignedCms(encoded)
    except NotCms:
        return
    yield from cms.certificates
    for token in cms.timestamp_tokens():
        yield from _of_cms(token)


def _of_record(encoded: bytes) -> Iterator[Cert]:
    from archive.evidence import records

    for stamp in records.read(encoded).timestamps:
        yield from _of_cms(stamp.timestamp)


def _pem(certificates: Iterable[Cert]) -> bytes:
    return b"".join(
        x509.load_der_x509_certificate(one.der).public_bytes(Encoding.PEM) for one in certificates
    )
