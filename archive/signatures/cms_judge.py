"""Judging parsed CMS objects: what signatures and timestamps have in common."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from archive.signatures.algorithms import Scheme, UnknownAlgorithm
from archive.signatures.certificates import Cert
from archive.signatures.cms_reader import NotCms, SignedCms
from archive.signatures.integrity import Integrity
from archive.signatures.judge import Judgement, Knowledge, Signature, failed, indeterminate, judge
from archive.signatures.tokens import Token
from archive.signatures.trust import Scope


def signature_of(
    cms: SignedCms, signer: Cert | None, integrity: Integrity, content_digest: str | None = None
) -> Signature:
    """Return what `judge` needs of a parsed signature.

    Args:
        cms: the signature.
        signer: its signer's certificate.
        integrity: see `Signature`.
        content_digest: the digest over the content, if it is not the signature's own.
    """
    try:
        scheme: Scheme | None = cms.scheme
        digest: str | None = cms.digest_algorithm
    except UnknownAlgorithm:
        scheme, digest = None, None
    named = None if signer is None else cms.names_certificate(signer)
    return Signature(signer, named, scheme, content_digest or digest, integrity)


def judge_token(
    token: Token, content: bytes | None, known: Knowledge, *, proven: datetime | None = None
) -> Judgement:
    """Judge a timestamp (EN 319 102-1, 5.4).

    Args:
        token: the timestamp.
        content: what it is said to be over; None if its imprint was already compared.
        known: as for signatures.
        proven: the earliest proven time of the token itself.
    """
    if content is not None and not token.covers(content):
        return failed("HASH_FAILURE", "the timestamp is over something else")
    integrity = Integrity(token.intact, token.intact, "the timestamp could not be verified")
    signature = signature_of(token.cms, token.signer, integrity, token.digest_algorithm)
    proven = proven or known.at
    outcome = judge(signature, known, Scope.TIMESTAMPS, proven=proven)
    signer = token.signer
    if outcome.passed and signer is not None and not signer.valid_at(token.gen_time):
        return failed(
            "NOT_YET_VALID", "the timestamp's time lies outside its certificate's validity"
        )
    if outcome.passed and token.gen_time > known.at:
        return indeterminate("TIMESTAMP_ORDER_FAILURE", "the timestamp's time lies in the future")
    return outcome


def readable_tokens(encoded: Sequence[bytes]) -> list[Token]:
    """Return those of several timestamps that can be read."""
    found = []
    for one in encoded:
        try:
            found.append(Token.load(one))
        except NotCms:
            continue
    return found
