"""Cosigning: the checkpoints of another archive's log, each only if it continues the last.

What was cosigned lies in the store, write-once, and is there before the answer is given:

    witness/‹16 hex›/‹20 digits›       a log's checkpoint of that size with our cosignature
    witness/‹16 hex›/refused/‹16 hex›  a signed checkpoint that contradicts what we had seen

The folder is the SHA-256 of the log's origin.
"""

from __future__ import annotations

from archive.assembly import Archive
from archive.catalogue import journal
from archive.catalogue.engine import Lock, exclusive
from archive.errors import IntegrityError
from archive.events import Event, EventType
from archive.evidence.checkpoint import Checkpoint
from archive.evidence.notes import Note
from archive.evidence.objects import put, put_first, there
from archive.evidence.witness import AddCheckpoint, CheckpointRefused
from archive.fixity import sha256_of
from archive.witnessing import SUBJECT, followed

PREFIX = "witness/"
_ID_DIGITS = 16
_MOST_REFUSED = 100
"""Contradictions that are kept of one log."""


def cosign(archive: Archive, body: bytes) -> bytes:
    """Answer a request with our cosignature's line.

    Raises:
        CheckpointRefused: the checkpoint is not cosigned; the error is the answer.
        Unavailable: the store did not answer; nothing was cosigned.
    """
    try:
        request = AddCheckpoint.decode(body)
    except ValueError as error:
        raise CheckpointRefused(400, str(error)) from error
    # One at a time over all processes: between comparing with the last checkpoint and
    # keeping the new one nobody else may do either (C2SP tlog-witness, add-checkpoint).
    with archive.catalogue.begin() as connection:
        exclusive(connection, Lock.WITNESS)
        try:
            return _cosigned(archive, request)
        except CheckpointRefused as refusal:
            if not refusal.forked or not _keep_refused(archive, request):
                raise
            journal.append(connection, _refusal(archive, request, refusal))
            refused = refusal
    raise refused


def _cosigned(archive: Archive, request: AddCheckpoint) -> bytes:
    origin = request.head().origin
    head = request.examine(followed(archive), last_of(archive, origin))
    signature = archive.witness_signer.sign(request.note.text, at=archive.clock())
    name = f"{folder_of(origin)}{head.size:020d}"
    if not there(archive.store, name):
        try:
            put(archive.store, name, request.note.with_signatures((signature,)).encode())
        except IntegrityError as error:
            raise CheckpointRefused(409, "another root was seen at this size") from error
    return signature.line().encode()


def last_of(archive: Archive, origin: str) -> Checkpoint | None:
    """Return the largest checkpoint of a log that we have cosigned."""
    folder, last = folder_of(origin), None
    for name in archive.store.names(folder):
        if name.removeprefix(folder).isdecimal():
            last = name
    if last is None:
        return None
    try:
        return Checkpoint.of_text(Note.decode(archive.store.read(last)).text)
    except ValueError as error:
        raise IntegrityError(f"{last} is not a checkpoint", where=last) from error


def folder_of(origin: str) -> str:
    """Return where a log's checkpoints lie."""
    return f"{PREFIX}{sha256_of(origin.encode())[:_ID_DIGITS]}/"


def _keep_refused(archive: Archive, request: AddCheckpoint) -> bool:
    """Keep the proof that a log has signed two histories; return whether it is new."""
    folder = f"{folder_of(request.head().origin)}refused/"
    content = request.note.encode()
    name = folder + sha256_of(content)[:_ID_DIGITS]
    known = list(archive.store.names(folder))
    if name in known or len(known) >= _MOST_REFUSED:
        return False
    put_first(archive.store, name, content)
    return True


def _refusal(archive: Archive, request: AddCheckpoint, refusal: CheckpointRefused) -> Event:
    head = request.head()
    details = {
        "origin": head.origin,
        "size": head.size,
        "root": head.root.hex(),
        "status": refusal.status,
    }
    kind, at = EventType.CHECKPOINT_REFUSED, archive.clock()
    return Event(kind, at, "failure", archive.agent, f"{SUBJECT}/refused", details)
