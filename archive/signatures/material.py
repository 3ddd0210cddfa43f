"""Validation material: what a verdict rests on, kept under the digest of each object.

Names are `certificates/‹sha256›.cer`, `crls/‹sha256›.crl`, `ocsps/‹sha256›.ors` and
`timestamps/‹sha256›.tst`, so that the material of many files can lie in one folder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from archive.signatures.certificates import Cert
from archive.signatures.judge import Judgement
from archive.signatures.pdf_items import Item
from archive.signatures.revocation import Revocations
from archive.signatures.tokens import Token


def collect(items: Iterable[Item], revocations: Revocations) -> dict[str, bytes]:
    """Return the objects that the judgements of one PDF relied on."""
    tokens: list[Token] = []
    signers: list[Cert] = []
    judged: list[Judgement] = []
    for item in items:
        tokens += [*item.signature_tokens, *item.content_tokens]
        tokens += [item.token] if item.token is not None else []
        signers += [item.signer] if item.signer is not None else []
        judged += [one for one in (item.judgement, *item.token_judgements) if one is not None]
    return kept_material(signers, tokens, judged, revocations)


def kept_material(
    signers: Iterable[Cert],
    tokens: Iterable[Token],
    judged: Iterable[Judgement],
    revocations: Revocations,
) -> dict[str, bytes]:
    """Return the objects that judgements relied on, by name."""
    kept: dict[str, bytes] = {}
    for token in tokens:
        _keep(kept, "timestamps", "tst", token.cms.encoded)
        if token.signer is not None:
            _keep(kept, "certificates", "cer", token.signer.der)
    for signer in signers:
        _keep(kept, "certificates", "cer", signer.der)
    for judgement in judged:
        _add_judgement(kept, judgement, revocations)
    return kept


def _add_judgement(kept: dict[str, bytes], judgement: Judgement, revocations: Revocations) -> None:
    """Add a judgement's path and the revocation answers that it used."""
    if judgement.chain is not None:
        for certificate in judgement.chain.certificates:
            _keep(kept, "certificates", "cer", certificate.der)
    for sha256 in (one for answer in judgement.answers for one in answer.objects):
        kind, encoded = revocations.raw[sha256]
        _keep(
            kept, "crls" if kind == "crl" else "ocsps", "crl" if kind == "crl" else "ors", encoded
        )


def _keep(kept: dict[str, bytes], folder: str, extension: str, encoded: bytes) -> None:
    """Put an object under its name."""
    kept[f"{folder}/{hashlib.sha256(encoded).hexdigest()}.{extension}"] = encoded
