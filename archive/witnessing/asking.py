"""Asking: our newest checkpoint goes to every witness, its cosignature comes back."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from archive import checkpointing, log_proofs
from archive.assembly import Archive
from archive.errors import NotHeld
from archive.evidence import logstore
from archive.evidence.checkpoint import tree_size
from archive.evidence.notes import Note, NoteSignature
from archive.evidence.witness import PATH, SIZE_TYPE, AddCheckpoint
from archive.segments import flush
from archive.witnessing import Party, witnesses

_MAX_ANSWER_BYTES = 1 << 16


class Outcome(StrEnum):
    """How a witness answered."""

    COSIGNED = "cosigned"
    REFUSED = "refused"
    """It has seen another history of our log, or does not follow it: look at once."""
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of asking one witness."""

    name: str
    url: str
    outcome: Outcome
    size: int
    """Of the checkpoint that it was asked about."""
    at: datetime | None = None
    """When it says that it cosigned."""
    detail: str = ""


class _Status(Exception):
    def __init__(self, status: int, kind: str, body: bytes) -> None:
        super().__init__(status)
        self.status, self.kind, self.body = status, kind, body


def ask(archive: Archive) -> list[Answer]:
    """Bring the log up to date and ask every witness to cosign it.

    Who has cosigned this checkpoint already is not asked again.

    Raises:
        NotHeld: there is no checkpoint to show.
        JournalBroken: the log in the store is damaged; nobody is asked.
        Unavailable: the store did not answer.
    """
    flush(archive)
    size = checkpointing.newest(archive)
    if not size:
        raise NotHeld("the journal has no checkpoint yet", where=logstore.PREFIX)
    checkpointing.checkpoint_at(archive, size)
    return [_ask(archive, one, size) for one in witnesses(archive)]


def _ask(archive: Archive, party: Party, size: int) -> Answer:
    note = checkpointing.read_note(archive, size, cosigned=True)
    known = note.signed_by(party.key)
    if known is not None:
        return _answer(party, Outcome.COSIGNED, size, at=known.at)
    own = checkpointing.read_note(archive, size)
    try:
        body = _sent(archive, party, own, size, _seen(archive, party))
        signature = _ours(body, party)
        signed = party.key.signed(own.text, signature.signature)
        if signed is None:
            raise ValueError("its cosignature does not verify")
    except _Status as error:
        refused = error.status in (403, 404, 409, 422)
        outcome = Outcome.REFUSED if refused else Outcome.UNAVAILABLE
        return _answer(party, outcome, size, detail=_told(error))
    except (OSError, http.client.HTTPException, ValueError) as error:
        detail = str(error) or type(error).__name__
        return _answer(party, Outcome.UNAVAILABLE, size, detail=detail)
    logstore.keep_cosignature(archive.store, size, signature)
    return _answer(party, Outcome.COSIGNED, size, at=signed.at)


def _answer(
    party: Party, outcome: Outcome, size: int, *, at: datetime | None = None, detail: str = ""
) -> Answer:
    return Answer(party.key.name, party.url, outcome, size, at, detail)


def _seen(archive: Archive, party: Party) -> int:
    """Return the largest checkpoint that a witness has cosigned, as far as we know."""
    sizes = logstore.cosigned_sizes(archive.store, key_id=party.key.id)
    return max(sizes, default=0)


def _sent(archive: Archive, party: Party, note: Note, size: int, old: int) -> bytes:
    """Return the answer; a witness that has seen another size is asked once more from there."""
    try:
        return _post(party.url + PATH, _request(archive, note, size, old))
    except _Status as error:
        if error.status != 409 or error.kind != SIZE_TYPE:
            raise
        seen = tree_size(error.body.decode("ascii").removesuffix("\n"))
        if seen > size or seen == old:
            raise
        return _post(party.url + PATH, _request(archive, note, size, seen))


def _request(archive: Archive, note: Note, size: int, old: int) -> bytes:
    proof = log_proofs.prove_consistency(archive, old, size).path if old else ()
    return AddCheckpoint(old, proof, note).encode()


def _post(url: str, body: bytes) -> bytes:
    request = urllib.request.Request(url, body, {"Content-Type": "text/plain"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:  # noqa: S310
            content: bytes = answer.read(_MAX_ANSWER_BYTES)
    except urllib.error.HTTPError as error:
        with error:
            kind = error.headers.get_content_type()
            raise _Status(error.code, kind, error.read(_MAX_ANSWER_BYTES)) from error
    return content


def _ours(body: bytes, party: Party) -> NoteSignature:
    """Return the witness's own line out of its answer; raises ValueError."""
    lines = map(NoteSignature.of_line, body.decode("utf-8").splitlines())
    own = [one for one in lines if (one.name, one.key_id) == (party.key.name, party.key.id)]
    if not own:
        raise ValueError("its answer has no cosignature of its key")
    return own[0]


def _told(error: _Status) -> str:
    text = error.body.decode("utf-8", "replace").strip()[:200]
    if error.kind == SIZE_TYPE:
        return f"it has seen {text} entries, more than our log has: was the log rolled back?"
    return f"HTTP status {error.status}: {text}"
