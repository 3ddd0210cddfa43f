"""What a proof of a journal entry is worth, as an outcome of EN 319 102-1 with its reasons."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from archive.evidence import entry_proof
from archive.evidence.checkpoint import Checkpoint
from archive.evidence.enclosing import judge_alone
from archive.evidence.entry_proof import MAX_PROOF_BYTES, Cosigned, EntryProof
from archive.evidence.notes import NoteKey
from archive.model import Indication
from archive.signatures import seal
from archive.signatures.judge import Judgement, failed, indeterminate
from archive.signatures.tokens import Token
from archive.signatures.trust import TrustStore


@dataclass(frozen=True, slots=True)
class ProofVerdict:
    """What a proof shows."""

    indication: Indication
    sub_indication: str | None
    intact: bool | None
    """Whether entry, path, root and the log's signature agree; None if it cannot be read."""
    reasons: tuple[str, ...]
    entry: dict[str, Any] | None = None
    """The event, with its details where the proof opens them; only if intact."""
    origin: str | None = None
    tree_size: int | None = None
    proven_at: datetime | None = None
    """The timestamp's time, if all passed: the event was in the log by then."""
    cosigned: tuple[Cosigned, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the verdict as JSON values."""
        return {
            "indication": self.indication.value,
            "sub_indication": self.sub_indication,
            "intact": self.intact,
            "reasons": list(self.reasons),
            "entry": self.entry,
            "origin": self.origin,
            "tree_size": self.tree_size,
            "proven_at": self.proven_at.isoformat() if self.proven_at else None,
            "cosigned": [{"name": c.name, "at": c.at.isoformat()} for c in self.cosigned],
        }


def read(content: bytes) -> EntryProof:
    """Read a proof in either form: Kho's JSON, or C2SP tlog-proof.

    Raises:
        ValueError: it is neither, or too large.
    """
    if len(content) > MAX_PROOF_BYTES:
        raise ValueError("the proof is too large")
    text = content.decode("utf-8")
    try:
        if text.startswith(entry_proof.TLOG_PROOF):
            return EntryProof.of_tlog_proof(text)
        return EntryProof.of_json(json.loads(text))
    except RecursionError as error:
        raise ValueError("the proof is nested too deeply") from error


def verify(
    content: bytes,
    trust: TrustStore,
    *,
    at: datetime,
    keys: Sequence[NoteKey] = (),
    witnesses: Sequence[NoteKey] = (),
) -> ProofVerdict:
    """Verify a proof; whatever `content` is, the answer is a verdict.

    Args:
        content: the document.
        trust: for the timestamp, and for the seal over the log's key.
        at: the time of verification.
        keys: log keys that are trusted without a seal.
        witnesses: keys whose cosignatures count.
    """
    try:
        proof = read(content)
    except ValueError as error:
        return _unread(str(error))
    found = entry_proof.verify(proof, proof.log_key, witnesses)
    if found.faults:
        return ProofVerdict(Indication.FAILED, "HASH_FAILURE", False, found.faults)
    head = Checkpoint.of_text(proof.checkpoint.text)
    key, stamp = _key(proof, keys, trust, at), _timestamp(proof, trust, at)
    judged = [one for one in (key, stamp) if not one.passed]
    judged.sort(key=lambda one: one.indication is not Indication.FAILED)
    token = Token.load(proof.timestamp) if proof.timestamp and not judged else None
    return ProofVerdict(
        judged[0].indication if judged else Indication.PASSED,
        judged[0].sub_indication if judged else None,
        True,
        tuple(reason for one in judged for reason in one.reasons),
        _entry(proof),
        head.origin,
        head.size,
        token.gen_time if token else None,
        found.cosigned,
    )


def _unread(reason: str) -> ProofVerdict:
    return ProofVerdict(Indication.FAILED, "FORMAT_FAILURE", None, (reason,))


def _entry(proof: EntryProof) -> dict[str, Any]:
    entry: dict[str, Any] = json.loads(proof.leaf)
    opened = proof.details is not None and proof.salt is not None
    return {**entry, "details": json.loads(proof.details) if opened and proof.details else None}


def _key(proof: EntryProof, keys: Sequence[NoteKey], trust: TrustStore, at: datetime) -> Judgement:
    """Judge whether the key is the log's: named as such, or under a seal that is trusted."""
    if proof.log_key in keys:
        return Judgement(Indication.PASSED, None, ())
    if proof.log_key_seal is None:
        return indeterminate(
            "NO_CERTIFICATE_CHAIN_FOUND", "nobody says whose key has signed the checkpoint"
        )
    content = f"{proof.log_key.vkey}\n".encode()
    verdict = seal.verify(content, proof.log_key_seal, trust, at=at)
    reasons = tuple(f"seal over the log's key: {one}" for one in verdict.reasons)
    return Judgement(verdict.indication, verdict.sub_indication, reasons)


def _timestamp(proof: EntryProof, trust: TrustStore, at: datetime) -> Judgement:
    if proof.timestamp is None:
        return indeterminate("NO_POE", "the checkpoint has no timestamp")
    try:
        token = Token.load(proof.timestamp)
    except ValueError as error:
        return failed("FORMAT_FAILURE", f"timestamp: {error}")
    if not token.covers(proof.checkpoint.encode()):
        return failed("HASH_FAILURE", "the timestamp is not over the checkpoint")
    outcome, _ = judge_alone(token, trust, at=at)
    return outcome
