"""Batches: opened, taken in submission by submission, closed with the minutes of hand-over."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from archive import jobs
from archive.assembly import VIETNAM, Archive
from archive.catalogue import journal, reception, state
from archive.catalogue.engine import Connection
from archive.catalogue.reception import Batch, Item, ItemState
from archive.errors import ArchiveError, NotHeld, NotNow, Unavailable, UsageError
from archive.events import Event, EventType
from archive.fixity import sha256_of
from archive.ingest import Intake, take_in
from archive.ingest.batch import Texts, finish, receipt_json
from archive.model import ObjectName
from archive.packages import sip
from archive.packages.sip import SubmissionRef
from archive.reception import overlay, papers
from archive.reception.uploads import folder, inbox
from archive.segments import try_to_flush

_LONGEST = 200
_MAX_FINDINGS = 200


Permit = Callable[[Connection, Intake], None]
"""Is asked in the transaction that registers a dossier, and raises if it must not be."""


def anything(connection: Connection, intake: Intake) -> None:
    """Permit every dossier."""


def open_batch(archive: Archive, producer: str, *, source: str, agent: str) -> Batch:
    """Open a batch for what a producer hands over.

    Raises:
        UsageError: the producer is not named, or with characters that cannot be printed.
        Changed: another batch was opened meanwhile; try again.
    """
    producer = words(producer, "producer")
    at = archive.clock()
    with archive.catalogue.begin() as connection:
        batch_id = reception.next_id(connection, f"{at.astimezone(VIETNAM):%Y%m%d}")
        opened = Batch(batch_id, producer, source, at, agent)
        reception.open_batch(connection, opened)
    inbox(archive, opened.id)
    return opened


def words(text: str, what: str) -> str:
    """Return a line that a person wrote, as it is printed.

    Raises:
        UsageError: it is empty, too long, or cannot be printed.
    """
    told = " ".join(text.split())
    if not told or len(told) > _LONGEST or not told.isprintable():
        raise UsageError(
            f"{what}: 1 to {_LONGEST} printable characters", where=what, hint=f'--{what} "…"'
        )
    return told


def batch(archive: Archive, batch_id: str) -> Batch:
    """Return a batch; raises NotHeld."""
    with archive.catalogue.connect() as connection:
        return reception.get(connection, batch_id)


def batches(
    archive: Archive, *, by: str | None = None, before: str | None = None, limit: int = 50
) -> tuple[Batch, ...]:
    """Return batches, the latest first; see `archive.catalogue.reception.listed`."""
    with archive.catalogue.connect() as connection:
        return reception.listed(connection, by=by, before=before, limit=limit)


def items(archive: Archive, batch_id: str, state: ItemState | None = None) -> tuple[Item, ...]:
    """Return the submissions of a batch; raises NotHeld."""
    with archive.catalogue.connect() as connection:
        reception.get(connection, batch_id)
        return reception.items(connection, batch_id, state)


def item(archive: Archive, name: str) -> Item:
    """Return a submission of the queue by its name; raises NotHeld."""
    with archive.catalogue.connect() as connection:
        return reception.item(connection, name)


def take_in_all(
    archive: Archive,
    batch_id: str,
    *,
    agent: str,
    only: Iterable[int] | None = None,
    permit: Permit = anything,
) -> tuple[Item, ...]:
    """Take in what waits in a batch, each whole or not at all; return all its submissions.

    Running it again is safe: what is held is not taken in again, what was not reached is.

    Args:
        archive: where to.
        batch_id: an open batch.
        agent: who asks for it.
        only: ordinals; everything that waits if None.
        permit: may refuse a dossier by raising.

    Raises:
        Unavailable: a service did not answer; what was not reached waits.
    """
    refs = refs_of(archive, batch_id)
    with archive.catalogue.begin() as connection:
        at = archive.clock()
        reception.add_items(connection, batch_id, refs, at=at, by=agent)
        waiting = reception.items(connection, batch_id, ItemState.WAITING)
    wanted = set(only) if only is not None else {each.ordinal for each in waiting}

    @jobs.contained
    def act(each: Item) -> Intake:
        with overlay.laid(archive, each, ref_of(refs, each)) as ref:
            return take_in(
                archive,
                ref,
                also=lambda c, intake: _settle(archive, c, each, intake, agent, permit),
            )

    texts, stopped = Texts(), None
    todo = [each for each in waiting if each.ordinal in wanted]
    for done in jobs.run(todo, act, workers=archive.workers):
        texts.keep(done.result)
        if isinstance(done.error, Unavailable):
            stopped = done.error
        elif done.error is not None:
            _refused(archive, done.item, ref_of(refs, done.item), done.error, agent)
        elif done.result is not None:
            try:
                _known_before(archive, done.item, done.result, agent, permit)
            except ArchiveError as error:
                _refused(archive, done.item, ref_of(refs, done.item), error, agent)
    finish(archive, texts)
    if stopped is not None:
        raise stopped
    return items(archive, batch_id)


def retry(
    archive: Archive, batch_id: str, *, agent: str, permit: Permit = anything
) -> tuple[Item, ...]:
    """Try again everything of a batch that is neither held nor returned; errors as above."""
    at = archive.clock()
    with archive.catalogue.begin() as connection:
        reception.get(connection, batch_id)
        for each in reception.items(connection, batch_id, ItemState.TO_FIX):
            again = replace(each, state=ItemState.WAITING, changed_at=at, changed_by=agent)
            reception.change(connection, again, expected=(ItemState.TO_FIX,))
    return take_in_all(archive, batch_id, agent=agent, permit=permit)


def refs_of(archive: Archive, batch_id: str) -> Mapping[str, SubmissionRef]:
    """Return the submissions in a batch's inbox by their labels."""
    place = inbox(archive, batch_id)
    if not any(place.iterdir()):
        return {}
    found = sip.discover(place, archive.limits)
    # A single submission in the inbox is the inbox to `discover`; it has the batch's name.
    return {batch_id if ref.path == place else ref.label: ref for ref in found}


def ref_of(refs: Mapping[str, SubmissionRef], each: Item) -> SubmissionRef:
    """Return one of them; raises NotHeld if its files are gone."""
    try:
        return refs[each.label]
    except KeyError:
        raise NotHeld("the submission is no longer in the inbox", where=each.name) from None


def _settle(
    archive: Archive,
    connection: Connection,
    each: Item,
    intake: Intake,
    agent: str,
    permit: Permit,
) -> None:
    permit(connection, intake)
    receipt = intake.receipt
    held = replace(
        each,
        state=ItemState.HELD,
        changed_at=archive.clock(),
        changed_by=agent,
        code=receipt.code,
        findings=_told(intake.report.to_json()["findings"]),
        receipt=receipt_json(receipt),
    )
    reception.change(connection, held, expected=(ItemState.WAITING,))


def _known_before(
    archive: Archive,
    each: Item,
    intake: Intake,
    agent: str,
    permit: Permit,
) -> None:
    """Settle a submission that was held already, for which nothing was registered now."""
    with archive.catalogue.begin() as connection:
        if reception.item(connection, each.name).state is ItemState.WAITING:
            _settle(archive, connection, each, intake, agent, permit)


def _refused(
    archive: Archive, each: Item, ref: SubmissionRef, error: ArchiveError, agent: str
) -> None:
    found = error.errors() or [
        {"rule": error.code, "severity": "error", "path": error.where, "message": error.message}
    ]
    code, title = overlay.named(archive, each, ref)
    told = replace(
        each,
        state=ItemState.TO_FIX,
        changed_at=archive.clock(),
        changed_by=agent,
        code=code,
        title=title,
        findings=_told(found),
    )
    with archive.catalogue.begin() as connection:
        reception.change(connection, told, expected=(ItemState.WAITING,))


def _told(found: Any) -> tuple[Mapping[str, str], ...]:
    return tuple(dict(each) for each in list(found)[:_MAX_FINDINGS])


def give_back(archive: Archive, name: str, *, agent: str, reason: str) -> Item:
    """Return a submission to its producer with a reason; makes the return note.

    Raises:
        NotHeld: there is no such submission.
        UsageError: no reason is given, or it is held or returned already.
        Unavailable: key or timestamp service did not answer; nothing was done.
    """
    reason, at = words(reason, "reason"), archive.clock()
    each = item(archive, name)
    returned = replace(
        each, state=ItemState.RETURNED, changed_at=at, changed_by=agent, reason=reason
    )
    note = papers.return_note(archive, batch(archive, each.batch_id), returned)
    returned = replace(returned, note=note.name)
    with archive.catalogue.begin() as connection:
        reception.change(connection, returned, expected=(ItemState.WAITING, ItemState.TO_FIX))
        state.add(connection, note.name, note.content)
        rules = sorted({finding["rule"] for finding in each.findings})
        details = {"submission": each.name, "rules": rules, "note": sha256_of(note.content)}
        kind = EventType.SUBMISSION_RETURNED
        journal.append(connection, Event(kind, at, "success", agent, each.batch_id, details))
    try_to_flush(archive)
    return returned


def close(archive: Archive, batch_id: str, *, agent: str) -> Batch:
    """Close a batch: the minutes of hand-over, sealed, with a row for each dossier.

    The inbox is removed afterwards: what is held is in the store, the rest was returned.

    Raises:
        NotNow: something still waits or is to be fixed, there is nothing, or it is closed.
        Unavailable: key or timestamp service did not answer; nothing was done.
    """
    if batch(archive, batch_id).closed_at is not None:
        raise NotNow("the batch is closed already", where=batch_id)
    there = items(archive, batch_id)
    open_ones = [e.name for e in there if e.state in (ItemState.WAITING, ItemState.TO_FIX)]
    if open_ones or not there:
        raise NotNow(
            f"{len(open_ones)} submission(s) are neither held nor returned",
            where=batch_id,
            hint=", ".join(open_ones[:5]) or "the batch is empty",
        )
    at = archive.clock()
    minutes = papers.minutes(archive, batch(archive, batch_id), there)
    with archive.catalogue.begin() as connection:
        reception.close(connection, batch_id, minutes.name, at=at)
        state.add(connection, minutes.name, minutes.content)
        counts = {s.value: sum(e.state is s for e in there) for s in ItemState}
        details = {**counts, "minutes": sha256_of(minutes.content)}
        kind = EventType.RECEPTION_CLOSED
        journal.append(connection, Event(kind, at, "success", agent, batch_id, details))
    try_to_flush(archive)
    shutil.rmtree(folder(archive, batch_id), ignore_errors=True)
    return batch(archive, batch_id)


def paper(archive: Archive, name: str | None) -> bytes:
    """Return minutes or a return note, from the store or, if it still waits, the catalogue.

    Raises:
        NotHeld: there is none yet.
    """
    if name is None:
        raise NotHeld("there is no such paper yet", hint="kho queue close BATCH")
    with archive.catalogue.connect() as connection:
        waiting = state.waiting(connection, name)
    return waiting if waiting is not None else archive.store.read(ObjectName(name))
