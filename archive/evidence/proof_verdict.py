"""What a proof of a journal entry is worth, as an outcome of EN 319 102-1 with its reasons."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from archive.evidence import agreement, entry_proof, given, log, records
from archive.evidence.checkpoint import Checkpoint
from archive.evidence.enclosing import judge_alone
from archive.evidence.entry_proof import MAX_PROOF_BYTES, Cosigned, EntryProof
from archive.evidence.notes import NoteKey
from archive.evidence.verify import verify as verify_record
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
    judged = _open(proof, keys, trust, at)
    if judged and proof.evidence is not None:
        judged = _carried(proof, proof.evidence, keys, trust, at, judged)
    judged += _weak(trust, at)
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


def _open(
    proof: EntryProof, keys: Sequence[NoteKey], trust: TrustStore, at: datetime
) -> list[Judgement]:
    """Return what stands against key and timestamp at a time."""
    every = (_key(proof, keys, trust, at), _timestamp(proof, trust, at))
    return [one for one in every if not one.passed]


def _carried(
    proof: EntryProof,
    evidence: bytes,
    keys: Sequence[NoteKey],
    trust: TrustStore,
    at: datetime,
    open_now: list[Judgement],
) -> list[Judgement]:
    """Return what stands against a proof that an evidence record carries past its end.

    What the record proves to have existed at a time, with its own certificates and
    revocation answers inside, is judged as of that time (EN 319 102-1, 5.6.2).
    """
    names = ("checkpoint", "timestamp", "log key", "seal over the log's key")
    contents = (
        proof.checkpoint.encode(),
        proof.timestamp or b"",
        proof.key_statement,
        proof.log_key_seal or b"",
    )
    try:
        algorithms = agreement.algorithms_of(records.read(evidence))
    except ValueError:
        algorithms = []
    objects = [
        given.of_stream(name, io.BytesIO(content), algorithms)
        for name, content in zip(names, contents, strict=True)
    ]
    found = verify_record(evidence, objects, trust, at=at)
    if found.proven_at is not None:
        return _open(proof, keys, trust, found.proven_at)
    reasons = tuple(f"evidence record: {one}" for one in found.reasons)
    return [*open_now, Judgement(found.indication, found.sub_indication, reasons)]


def _weak(trust: TrustStore, at: datetime) -> list[Judgement]:
    """Return that the log's own trees do not count any more, if their digest does not."""
    end = trust.policy.digest_good_until(log.ALGORITHM)
    if at < end:
        return []
    return [
        indeterminate(
            "CRYPTO_CONSTRAINTS_FAILURE_NO_POE",
            f"the log's trees use {log.ALGORITHM}, which did not count any more on {at.date()}",
        )
    ]


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
    verdict = seal.verify(proof.key_statement, proof.log_key_seal, trust, at=at)
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
