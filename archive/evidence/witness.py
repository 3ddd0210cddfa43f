"""The witness protocol: what is sent, and when a checkpoint may be cosigned. Pure.

Source: C2SP tlog-witness.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from archive.evidence import log
from archive.evidence.checkpoint import Checkpoint, tree_size
from archive.evidence.notes import MAX_NOTE_BYTES, Note, NoteKey, decoded

PATH = "/add-checkpoint"
SIZE_TYPE = "text/x.tlog.size"
TEXT_TYPE = "text/plain; charset=utf-8"
MAX_REQUEST_BYTES = MAX_NOTE_BYTES + 4096
_MOST_PROOF_LINES = 63


class CheckpointRefused(Exception):
    """A checkpoint is not cosigned; `status` is the protocol's answer."""

    def __init__(self, status: int, reason: str, *, size: int | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.size = size
        """What the witness has seen, where the answer tells it."""

    @property
    def forked(self) -> bool:
        """Whether the log has signed two histories: its signature holds, its proof does not."""
        return self.status == 422 or (self.status == 409 and self.size is None)

    @property
    def body(self) -> bytes:
        """The answer's body."""
        text = self.reason if self.size is None else str(self.size)
        return f"{text}\n".encode()

    @property
    def content_type(self) -> str:
        """The answer's media type."""
        return TEXT_TYPE if self.size is None else SIZE_TYPE


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """A request to cosign a checkpoint."""

    old: int
    """Size of the checkpoint that the witness cosigned last; 0 for none."""
    proof: tuple[bytes, ...]
    """That the new tree continues the old one."""
    note: Note

    def encode(self) -> bytes:
        """Return the request's body."""
        lines = [f"old {self.old}", *(base64.b64encode(one).decode() for one in self.proof), ""]
        return "".join(f"{line}\n" for line in lines).encode() + self.note.encode()

    @classmethod
    def decode(cls, body: bytes) -> AddCheckpoint:
        """Read a request's body; nothing is verified.

        Raises:
            ValueError: it is none, or too large.
        """
        if len(body) > MAX_REQUEST_BYTES:
            raise ValueError("the request is too large")
        head, blank, note = body.partition(b"\n\n")
        old, *proof = head.decode("ascii").split("\n")
        if not blank or not old.startswith("old ") or len(proof) > _MOST_PROOF_LINES:
            raise ValueError("the request is not `old N`, a proof, a blank line, a checkpoint")
        path = tuple(decoded(line) for line in proof)
        return cls(tree_size(old.removeprefix("old ")), path, Note.decode(note))

    def examine(self, keys: Sequence[NoteKey], last: Checkpoint | None) -> Checkpoint:
        """Return the checkpoint if a witness may cosign it.

        Args:
            keys: of all logs that the witness follows.
            last: what it has cosigned last of this log.

        Raises:
            CheckpointRefused: it may not, in the protocol's order of reasons.
        """
        head = self.head()
        own = [key for key in keys if key.name == head.origin]
        if not own:
            raise CheckpointRefused(404, "this log is not followed here")
        if not any(self.note.signed_by(key) for key in own):
            raise CheckpointRefused(403, "no signature of a key that is known for this log")
        if self.old > head.size:
            raise CheckpointRefused(400, "the old size is above the checkpoint's")
        seen = last or Checkpoint(head.origin, 0, log.EMPTY_ROOT)
        if self.old != seen.size:
            raise CheckpointRefused(409, "another size was seen last", size=seen.size)
        if head.size == seen.size and head.root != seen.root:
            raise CheckpointRefused(409, "another root was seen at this size")
        if not self._continues(seen, head):
            raise CheckpointRefused(422, "the proof does not show that the log was continued")
        return head

    def head(self) -> Checkpoint:
        """Return the checkpoint; raises CheckpointRefused if the note is none."""
        try:
            return Checkpoint.of_text(self.note.text)
        except ValueError as error:
            raise CheckpointRefused(400, str(error)) from error

    def _continues(self, seen: Checkpoint, head: Checkpoint) -> bool:
        if seen.size == 0:
            # From nothing, everything follows; the proof is empty.
            return not self.proof
        return log.verify_consistency(seen.size, head.size, seen.root, head.root, self.proof)
