"""Grounds: which objects a verdict rests on, by their digests, for the validation report.

The objects themselves are the validation material (`material`), kept under the same digests.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from archive.fixity import sha256_of
from archive.model import Indication
from archive.signatures.certificates import Cert
from archive.signatures.judge import Judgement
from archive.signatures.tokens import Token


@dataclass(frozen=True, slots=True)
class Stamped:
    """One timestamp that a verdict rests on, or that was looked at for it."""

    sha256: str
    """Of the token."""
    kind: str
    """`signature`, `archive`, `content` or `document`."""
    time: datetime
    signer: str | None
    """SHA-256 of the authority's certificate."""
    indication: Indication
    sub_indication: str | None
    chain: tuple[str, ...]
    crls: tuple[str, ...]
    ocsps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grounds:
    """What one verdict rests on."""

    signature_value: bytes = b""
    """Empty if it could not be read."""
    signer: str | None = None
    """SHA-256 of the signer's certificate, None if it is not known."""
    chain: tuple[str, ...] = ()
    """SHA-256 of the certificates of the path, the signer's first, the root last."""
    crls: tuple[str, ...] = ()
    """SHA-256 of the CRLs that were relied on."""
    ocsps: tuple[str, ...] = ()
    """SHA-256 of the OCSP answers that were relied on."""
    timestamps: tuple[Stamped, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the grounds as JSON values."""
        return {
            "signature_value": base64.b64encode(self.signature_value).decode(),
            "signer": self.signer,
            "chain": list(self.chain),
            "crls": list(self.crls),
            "ocsps": list(self.ocsps),
            "timestamps": [
                {
                    "sha256": one.sha256,
                    "kind": one.kind,
                    "time": one.time.isoformat(),
                    "signer": one.signer,
                    "indication": one.indication.value,
                    "sub_indication": one.sub_indication,
                    "chain": list(one.chain),
                    "crls": list(one.crls),
                    "ocsps": list(one.ocsps),
                }
                for one in self.timestamps
            ],
        }

    @classmethod
    def from_json(cls, stated: Mapping[str, Any]) -> Grounds:
        """Return the grounds that `to_json` wrote."""
        return cls(
            base64.b64decode(stated["signature_value"]),
            stated["signer"],
            tuple(stated["chain"]),
            tuple(stated["crls"]),
            tuple(stated["ocsps"]),
            tuple(
                Stamped(
                    one["sha256"],
                    one["kind"],
                    datetime.fromisoformat(one["time"]),
                    one["signer"],
                    Indication(one["indication"]),
                    one["sub_indication"],
                    tuple(one["chain"]),
                    tuple(one["crls"]),
                    tuple(one["ocsps"]),
                )
                for one in stated["timestamps"]
            ),
        )


def grounds(
    value: bytes,
    signer: Cert | None,
    judgement: Judgement | None,
    stamps: Sequence[tuple[str, Token, Judgement | None]],
) -> Grounds:
    """Return the grounds of one verdict; `stamps` are kind, token and what was judged of it."""
    return Grounds(
        value,
        signer.sha256 if signer is not None else None,
        _chain(judgement),
        _answers(judgement, "CRL"),
        _answers(judgement, "OCSP"),
        tuple(_stamped(*one) for one in stamps),
    )


def _stamped(kind: str, token: Token, judgement: Judgement | None) -> Stamped:
    return Stamped(
        sha256_of(token.cms.encoded),
        kind,
        token.gen_time,
        token.signer.sha256 if token.signer is not None else None,
        judgement.indication if judgement is not None else Indication.INDETERMINATE,
        judgement.sub_indication if judgement is not None else "GENERIC",
        _chain(judgement),
        _answers(judgement, "CRL"),
        _answers(judgement, "OCSP"),
    )


def _chain(judgement: Judgement | None) -> tuple[str, ...]:
    if judgement is None or judgement.chain is None:
        return ()
    return tuple(one.sha256 for one in judgement.chain.certificates)


def _answers(judgement: Judgement | None, kind: str) -> tuple[str, ...]:
    found = judgement.answers if judgement is not None else ()
    objects = (sha256 for one in found if one.kind == kind for sha256 in one.objects)
    return tuple(dict.fromkeys(objects))
