"""Proofs out of the journal's log as documents that are verified without an archive.

An entry's proof says that this event stands at this place of the log under a checkpoint
that the log has signed, an authority has timestamped and witnesses have cosigned.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from archive.catalogue.chain import canonical, commitment_to
from archive.evidence import log
from archive.evidence.checkpoint import Checkpoint, tree_size
from archive.evidence.notes import Note, NoteKey, NoteSignature, decoded

FORM = 1
TLOG_PROOF = "c2sp.org/tlog-proof@v1"
MAX_PROOF_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class EntryProof:
    """What shows that one event is in the journal's log."""

    leaf: str
    """The entry's canonical JSON, without its details; the log has its SHA-256."""
    details: str | None
    """The event's details, canonical JSON; with `salt` they open the leaf's commitment."""
    salt: str | None
    index: int
    """Place in the log, from 0."""
    path: tuple[bytes, ...]
    """Inclusion proof, from the leaf upwards (RFC 9162, 2.1.3)."""
    checkpoint: Note
    """As the log signed it: the bytes that the timestamp is over."""
    cosignatures: tuple[NoteSignature, ...]
    log_key: NoteKey
    log_key_seal: bytes | None
    """The archive's seal over `vkey` and a line feed: detached CAdES, DER."""
    timestamp: bytes | None
    """RFC 3161 token over the checkpoint, DER."""
    evidence: bytes | None = None
    """RFC 4998 record over the checkpoint, its timestamp, the key and its seal, DER."""

    @property
    def key_statement(self) -> bytes:
        """What the archive's seal is over."""
        return f"{self.log_key.vkey}\n".encode()

    @property
    def digest(self) -> bytes:
        """The log's entry: SHA-256 of the leaf."""
        return hashlib.sha256(self.leaf.encode()).digest()

    def to_json(self) -> dict[str, Any]:
        """Return the document; `of_json` reads it."""
        head = Checkpoint.of_text(self.checkpoint.text)
        return {
            "form": FORM,
            "leaf": self.leaf,
            "details": self.details,
            "salt": self.salt,
            "index": self.index,
            "tree_size": head.size,
            "leaf_hash": log.leaf_hash(self.digest).hex(),
            "root": head.root.hex(),
            "proof": [one.hex() for one in self.path],
            "checkpoint": self.checkpoint.encode().decode(),
            "cosignatures": [one.line() for one in self.cosignatures],
            "log_key": self.log_key.vkey,
            "log_key_seal": _base64(self.log_key_seal),
            "timestamp": _base64(self.timestamp),
            "evidence": _base64(self.evidence),
        }

    @classmethod
    def of_json(cls, stated: Any) -> EntryProof:
        """Read a document; nothing in it is verified.

        Raises:
            ValueError: it is no such document.
        """
        try:
            if stated["form"] != FORM:
                raise ValueError(f"the proof is of form {stated['form']!r:.20}, not {FORM}")
            index = stated["index"]
            if type(index) is not int:
                raise ValueError("the index is not a number")
            return cls(
                _text(stated["leaf"]),
                _text(stated["details"], optional=True),
                _text(stated["salt"], optional=True),
                index,
                tuple(bytes.fromhex(one) for one in _list(stated["proof"])),
                Note.decode(_text(stated["checkpoint"]).encode()),
                tuple(_signature(one) for one in _list(stated["cosignatures"])),
                NoteKey.of_vkey(_text(stated["log_key"])),
                _bytes(stated["log_key_seal"]),
                _bytes(stated["timestamp"]),
                _bytes(stated.get("evidence")),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("the document is not a proof of a journal entry") from error

    def to_tlog_proof(self) -> str:
        """Return the proof as C2SP tlog-proof has it; what it has no place for is extra."""
        extra = {key: self.to_json()[key] for key in _EXTRA}
        encoded = base64.b64encode(canonical(extra).encode()).decode()
        note = self.checkpoint.with_signatures(self.cosignatures).encode().decode()
        lines = [TLOG_PROOF, f"extra {encoded}", f"index {self.index}"]
        lines += [base64.b64encode(one).decode() for one in self.path]
        return "\n".join(lines) + "\n\n" + note

    @classmethod
    def of_tlog_proof(cls, text: str) -> EntryProof:
        """Read what `to_tlog_proof` wrote; raises ValueError."""
        head, blank, rest = text.partition("\n\n")
        lines = head.split("\n")
        if len(lines) < 3:
            raise ValueError("not a C2SP tlog-proof with Kho's extra data")
        form, extra, index, *path = lines
        if form != TLOG_PROOF or not blank or not extra.startswith("extra "):
            raise ValueError("not a C2SP tlog-proof with Kho's extra data")
        if not index.startswith("index "):
            raise ValueError("the proof has no index")
        stated = json.loads(decoded(extra.removeprefix("extra ")))
        note = Note.decode(rest.encode())
        if not isinstance(stated, dict) or not note.signatures:
            raise ValueError("the document is not a proof of a journal entry")
        key = NoteKey.of_vkey(_text(stated.get("log_key", "")))
        own = [one for one in note.signatures if (one.name, one.key_id) == (key.name, key.id)]
        more = [one for one in note.signatures if one not in own]
        stated |= {
            "form": FORM,
            "index": tree_size(index.removeprefix("index ")),
            "proof": [decoded(one).hex() for one in path],
            "checkpoint": Note(note.text, tuple(own)).encode().decode(),
            "cosignatures": [one.line() for one in more],
        }
        return cls.of_json(stated)


_EXTRA = ("leaf", "details", "salt", "log_key", "log_key_seal", "timestamp", "evidence")


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A witness whose cosignature holds."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class EntryVerdict:
    """What an entry's proof is worth by itself; its timestamp and the key's seal are judged apart."""

    faults: tuple[str, ...]
    """What does not agree; empty if all does."""
    cosigned: tuple[Cosigned, ...]
    """Of the witnesses that were named."""


def verify(proof: EntryProof, log_key: NoteKey, witnesses: Sequence[NoteKey] = ()) -> EntryVerdict:
    """Verify an entry's proof: leaf, details, path, root, and the log's signature.

    Args:
        proof: hostile ones are welcome.
        log_key: the key that is trusted to be the log's, not the one in the document.
        witnesses: keys that are trusted to be witnesses'.
    """
    faults = [*_leaf_faults(proof)]
    note = proof.checkpoint.with_signatures(proof.cosignatures)
    try:
        head = Checkpoint.of_text(note.text)
    except ValueError as error:
        return EntryVerdict((*faults, str(error)), ())
    if head.origin != log_key.name or not note.signed_by(log_key):
        faults.append("the checkpoint is not signed by the log")
    leaf = log.leaf_hash(proof.digest)
    if not log.verify_inclusion(proof.index, head.size, leaf, proof.path, head.root):
        faults.append("the entry is not under the checkpoint's root")
    signed = [note.signed_by(key) for key in witnesses]
    found = [Cosigned(one.key.name, one.at) for one in signed if one and one.at]
    return EntryVerdict(tuple(faults), tuple(found))


def _leaf_faults(proof: EntryProof) -> list[str]:
    """Return what is wrong between leaf, place and details."""
    try:
        stated = json.loads(proof.leaf)
        if canonical(stated) != proof.leaf or stated["seq"] != proof.index + 1:
            return ["the leaf is not the entry at this place"]
        if proof.details is None or proof.salt is None:
            return []
        if commitment_to(proof.salt, proof.details) != stated["commitment"]:
            return ["the details are not those of the entry"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ["the leaf cannot be read"]
    return []


def _base64(content: bytes | None) -> str | None:
    return None if content is None else base64.b64encode(content).decode()


def _bytes(text: Any) -> bytes | None:
    return None if text is None else decoded(_text(text))


def _text(value: Any, *, optional: bool = False) -> Any:
    if isinstance(value, str) or (optional and value is None):
        return value
    raise ValueError("the document has something else where a text belongs")


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list) or len(value) > 2 * 64:
        raise ValueError("the document has something else where a list belongs")
    return value


def _signature(line: Any) -> NoteSignature:
    return NoteSignature.of_line(_text(line).removesuffix("\n"))
