"""CMS signatures in files of their own: detached (`.p7s`) and with content inside (`.p7m`).

Source: RFC 5652, ETSI EN 319 122-1 (CAdES), EN 319 122-2 (extended forms).
"""

from __future__ import annotations

import binascii
from collections.abc import Callable
from dataclasses import dataclass

from asn1crypto import pem

from archive.signatures import cades_stamps, cms_known, cms_reader
from archive.signatures.ades import Stamp, Subject, unprocessed
from archive.signatures.algorithms import UnknownAlgorithm, new_hash
from archive.signatures.ber import as_read
from archive.signatures.certificates import Cert, readable
from archive.signatures.cms_judge import readable_tokens, signature_of
from archive.signatures.cms_reader import NotCms, SignedCms
from archive.signatures.integrity import Integrity
from archive.signatures.judge import Judgement, failed, indeterminate
from archive.signatures.tokens import Token

ContentDigest = Callable[[str], bytes]
_NO_CONTENT = indeterminate(
    "SIGNED_DATA_NOT_FOUND",
    "the signature is detached and the file that it is over is not here",
    "give the signed file, or put it beside the signature",
)


@dataclass(frozen=True, slots=True)
class Names:
    """How verdicts name the signatures of one file."""

    prefix: str = ""
    """Of the format: `ASiC-S-` ..., or nothing."""
    member: str = ""
    """Name of the file in a container that holds the signatures."""

    def of(self, place: int, count: int) -> str:
        """Return the field of the signature at a place from one up."""
        if not self.member:
            return str(place)
        return self.member if count == 1 else f"{self.member}#{place}"


PLAIN = Names()


def read_cms(
    encoded: bytes, content_digest: ContentDigest | None, names: Names = PLAIN
) -> list[Subject]:
    """Return the signatures of a CMS file in their order.

    Args:
        encoded: the file: DER, BER or PEM.
        content_digest: gives the digest of the file that is signed, where there is one.
        names: how the verdicts name them.
    """
    try:
        body = unarmoured(encoded)
        _nothing_after(body)
        signers = SignedCms.each(body)
    except (NotCms, ValueError) as error:
        form = f"{names.prefix}CMS"
        return [unprocessed(names.of(1, 1), form, failed("FORMAT_FAILURE", str(error)))]
    return [
        _subject(one, content_digest, names, names.of(place, len(signers)))
        for place, one in enumerate(signers, 1)
    ]


def unarmoured(encoded: bytes) -> bytes:
    """Return DER or BER from what may be PEM.

    Raises:
        NotCms: the PEM form cannot be read.
    """
    if not pem.detect(encoded[:4096]):
        return encoded
    try:
        inner: bytes = pem.unarmor(encoded)[2]
    except (ValueError, TypeError, binascii.Error) as error:
        raise NotCms("the PEM form cannot be read") from error
    return inner


def _nothing_after(body: bytes) -> None:
    """Refuse bytes after the CMS: another reader may take them for the document.

    The length of the outermost element is compared, before indefinite lengths change it.
    """
    end = _end_of_first(body)
    if end is not None and body[end:].strip(b"\0\r\n"):
        raise NotCms("something follows after the CMS structure")


def _end_of_first(body: bytes) -> int | None:
    """Return where an element of definite length ends; None if its length is indefinite."""
    if len(body) < 2 or body[1] == 0x80:
        return None
    if body[1] < 0x80:
        return 2 + body[1]
    size = body[1] & 0x7F
    return 2 + size + int.from_bytes(body[2 : 2 + size], "big")


def _subject(
    signed: SignedCms, content_digest: ContentDigest | None, names: Names, field: str
) -> Subject:
    """Return one signer as a subject."""
    signer = signed.signer_certificate(_further(signed))
    inside = signed.content
    digest = content_digest if inside is None else _digest_of(inside)
    integrity = _integrity(signed, digest, signer)
    digest_name, scheme_name = signed.algorithm_names()
    crls, ocsps = _revocation(signed)
    return Subject(
        name=field,
        form=names.prefix + _form(signed, signer),
        signature=signature_of(signed, signer, integrity),
        claimed_at=signed.signing_time,
        digest_algorithm=digest_name,
        signature_algorithm=scheme_name,
        covers_all=True if digest is not None else None,
        stamps=_stamps(signed, digest),
        certificates=[*signed.certificates, *_further(signed)],
        crls=crls,
        ocsps=ocsps,
        fault=_fault(signed, content_digest, digest),
        value=signed.signature,
    )


def _fault(
    signed: SignedCms, given: ContentDigest | None, digest: ContentDigest | None
) -> Judgement | None:
    """Return the outcome that stands before trust is asked."""
    kinds = [one.native for one in signed.signed.get(cms_reader.CONTENT_TYPE, [])]
    dotted = [one.dotted for one in signed.signed.get(cms_reader.CONTENT_TYPE, [])]
    # RFC 5652, 11.1: one value, the type of the content.
    if signed.signed and (len(kinds) != 1 or dotted[0] != signed.content_type):
        return failed("FORMAT_FAILURE", "the signed content type is not that of the content")
    if digest is None:
        return _NO_CONTENT
    inside = signed.content
    if given is not None and inside is not None and not _same(given, inside):
        return failed(
            "HASH_FAILURE", "the file beside is not the one that the signature has inside"
        )
    return None


def _same(given: ContentDigest, inside: bytes) -> bool:
    """Return whether the file beside is the content inside."""
    return given("sha256") == new_hash("sha256", inside).digest()


def _digest_of(content: bytes) -> ContentDigest:
    return lambda name: new_hash(name, content).digest()


def _integrity(signed: SignedCms, digest: ContentDigest | None, signer: Cert | None) -> Integrity:
    """Return whether digest and signature hold; without content only the latter is known."""
    if digest is not None:
        return signed.integrity(digest, signer)
    if not signed.signed:
        return Integrity(None, None, "the signed file is not here")
    known = signed.integrity(lambda _: b"", signer)
    return Integrity(None, known.signature, "the signed file is not here")


def _further(signed: SignedCms) -> list[Cert]:
    """Return the certificates of the attribute certificate-values."""
    values = signed.unsigned.get(cades_stamps.CERTIFICATE_VALUES, [])
    try:
        return readable([one for v in values for one in cades_stamps.kept_certificates(v)])
    except (ValueError, TypeError):
        return []


def _revocation(signed: SignedCms) -> tuple[list[bytes], list[bytes]]:
    """Return the CRLs and OCSP answers that a signature keeps."""
    crls, ocsps = signed.revocation_objects()
    for value in signed.unsigned.get(cades_stamps.REVOCATION_VALUES, []):
        try:
            more = cades_stamps.kept_revocation(cades_stamps.REVOCATION_VALUES, value)
        except (ValueError, TypeError, KeyError):
            continue
        crls += more[0]
        ocsps += more[1]
    return crls, ocsps


def _form(signed: SignedCms, signer: Cert | None) -> str:
    """Return `CAdES-B` for the baseline form, else the name of the form it has."""
    kinds = {cms_known.SIGNING_CERTIFICATE, cms_known.SIGNING_CERTIFICATE_V2}
    if not kinds & signed.signed.keys():
        return "CMS"
    inside = signer is not None and any(c.sha256 == signer.sha256 for c in signed.certificates)
    # EN 319 122-1, 6.3: the signing time and the signer's certificate are there.
    if inside and cms_reader.SIGNING_TIME in signed.signed:
        return "CAdES-B"
    policy = cms_reader.SIGNATURE_POLICY in signed.signed
    return "CAdES-E-EPES" if policy else "CAdES-E-BES"


def _stamps(signed: SignedCms, digest: ContentDigest | None) -> list[Stamp]:
    """Return the timestamps of a signature."""
    found = [
        Stamp("signature", one, one.covers(signed.signature))
        for one in readable_tokens(signed.timestamp_tokens())
    ]
    archived = [as_read(v) for v in signed.unsigned.get(cades_stamps.ARCHIVE_TIMESTAMP_V3, [])]
    for one in readable_tokens(archived):
        found.append(cades_stamps.archive_stamp(signed, one, digest))
    contents = [as_read(v) for v in signed.signed.get(cms_reader.CONTENT_TIMESTAMP, [])]
    for one in readable_tokens(contents):
        found.append(Stamp("content", one, _over_content(one, digest)))
    return found


def _over_content(token: Token, digest: ContentDigest | None) -> bool | None:
    """Return whether a content timestamp is over the content."""
    if digest is None:
        return None
    try:
        return token.imprint == digest(token.digest_algorithm)
    except UnknownAlgorithm:
        return None
