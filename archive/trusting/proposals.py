"""Proposals: one person asks for a change of trust, another one makes it.

A proposal lies as a file in the archive's home until it is confirmed or withdrawn, and its
digest is in the journal, so that what is confirmed is what was asked for. The trust
folder changes at the confirmation only, and the change goes to the store as well.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from archive.assembly import Archive
from archive.catalogue import journal, state
from archive.catalogue.engine import Connection
from archive.errors import IntegrityError, NotHeld, NotNow, NotPermitted, UsageError
from archive.events import Event, EventType
from archive.fixity import sha256_of
from archive.names import person, same_person
from archive.segments import try_to_flush
from archive.trusting.algorithm_ends import AlgorithmEnd
from archive.trusting.algorithm_ends import Kind as EndKind
from archive.trusting.changes import Change

FOLDER = "trust-proposals"
STATE = "state/trust/"
AnyChange = Change | AlgorithmEnd


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change of trust that waits for its second person."""

    id: str
    """16 hex digits of its digest."""
    changes: tuple[AnyChange, ...]
    proposed_by: str
    account: str
    proposed_at: datetime
    reason: str

    def content(self) -> bytes:
        """Return the proposal as it is kept; the same proposal gives the same bytes."""
        value = {
            "changes": [change.to_json() for change in self.changes],
            "proposed_by": self.proposed_by,
            "account": self.account,
            "proposed_at": self.proposed_at.isoformat(),
            "reason": self.reason,
        }
        return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).encode()

    @property
    def digest(self) -> str:
        """SHA-256 of the content."""
        return sha256_of(self.content())


def propose(
    archive: Archive, changes: Sequence[AnyChange], *, by: str, account: str, reason: str
) -> Proposal:
    """Put a change to a second person; nothing is trusted yet.

    Args:
        archive: where.
        changes: at least one.
        by: the first person, by name or position.
        account: the account through which it is asked.
        reason: why.

    Raises:
        UsageError: nothing would change, or nobody is named.
    """
    if not changes:
        raise UsageError("nothing would change")
    proposal = Proposal("", tuple(changes), person(by), account, archive.clock(), reason)
    proposal = replace(proposal, id=proposal.digest[:16])
    folder = _folder(archive)
    folder.mkdir(mode=0o700, exist_ok=True)
    draft = folder / f".{proposal.id}.new"
    draft.write_bytes(proposal.content())
    with archive.catalogue.begin() as connection:
        kind = EventType.TRUST_PROPOSED
        event = _event(kind, proposal, account, proposal.proposed_at, {"reason": reason})
        journal.append(connection, event)
    # On record first: a file without its event is no proposal.
    draft.replace(_place(archive, proposal.id))
    try_to_flush(archive)
    return proposal


def confirm(archive: Archive, proposal_id: str, *, by: str, account: str) -> Proposal:
    """Make a proposed change: the second person's act. Running it again finishes it.

    Raises:
        NotHeld: nothing is proposed under this id.
        NotPermitted: it is the same person, or a digest's day may not be changed so any more.
        NotNow: somebody withdrew it meanwhile.
        IntegrityError: the proposal is not what was journalled.
    """
    proposal, second = find(archive, proposal_id), person(by)
    if same_person(proposal.proposed_by, second):
        raise NotPermitted(
            "who proposed a change of trust cannot confirm it",
            where=proposal.id,
            hint=f"another person has to: kho trust confirm {proposal.id} --by …",
        )
    if not _is_confirmed(archive, proposal):
        for change in proposal.changes:
            if isinstance(change, AlgorithmEnd):
                change.admit(archive)
    _record_change(archive, proposal, second, account)
    # On record first: nothing is ever trusted that the journal does not know of.
    for change in proposal.changes:
        change.apply(archive.settings.path("trust.folder"))
    _place(archive, proposal.id).unlink(missing_ok=True)
    try_to_flush(archive)
    return proposal


def _is_confirmed(archive: Archive, proposal: Proposal) -> bool:
    """Whether a crash came between the record of a change and the change."""
    with archive.catalogue.connect() as connection:
        return _on_record(connection, EventType.TRUST_CHANGED, proposal.id)


def _on_record(connection: Connection, kind: EventType, proposal_id: str) -> bool:
    entries = journal.entries(connection, subject=proposal_id, type=kind)
    return next(iter(entries), None) is not None


def _record_change(archive: Archive, proposal: Proposal, second: str, account: str) -> None:
    """Put a change on record once: a crash may have come between the record and the change."""
    at = archive.clock()
    document = _document(proposal, second, account, at)
    name = f"{STATE}{at:%Y%m%dT%H%M%S%fZ}-{proposal.id}.json"
    more = {"document": sha256_of(document)}
    with archive.catalogue.begin() as connection:
        if _on_record(connection, EventType.TRUST_WITHDRAWN, proposal.id):
            raise _settled(proposal.id)
        if _on_record(connection, EventType.TRUST_CHANGED, proposal.id):
            return
        state.add(connection, name, document)
        event = _event(EventType.TRUST_CHANGED, proposal, account, at, more)
        journal.append(connection, event)


def withdraw(archive: Archive, proposal_id: str, *, account: str, reason: str) -> Proposal:
    """Take a proposal away without making the change.

    Raises:
        NotNow: somebody confirmed it meanwhile. Other errors as `find`.
    """
    proposal = find(archive, proposal_id)
    event = _event(
        EventType.TRUST_WITHDRAWN, proposal, account, archive.clock(), {"reason": reason}
    )
    with archive.catalogue.begin() as connection:
        if _on_record(connection, EventType.TRUST_CHANGED, proposal.id):
            raise _settled(proposal.id)
        if not _on_record(connection, EventType.TRUST_WITHDRAWN, proposal.id):
            journal.append(connection, event)
    _place(archive, proposal.id).unlink(missing_ok=True)
    try_to_flush(archive)
    return proposal


def _settled(proposal_id: str) -> NotNow:
    return NotNow("the change of trust was confirmed or withdrawn before", where=proposal_id)


def pending(archive: Archive) -> list[Proposal]:
    """Return the proposals that wait, the oldest first."""
    found = []
    for path in _folder(archive).glob("[0-9a-f]*.json"):
        with suppress(FileNotFoundError):  # settled since the folder was listed
            found.append(_read(path))
    return sorted(found, key=lambda one: (one.proposed_at, one.id))


def find(archive: Archive, proposal_id: str) -> Proposal:
    """Return the one proposal whose id begins so, checked against the journal.

    Raises:
        NotHeld: there is none, or there are several.
        NotNow: it was confirmed or withdrawn.
        IntegrityError: it was changed after it was proposed.
    """
    found = [one for one in pending(archive) if proposal_id and one.id.startswith(proposal_id)]
    if len(found) != 1:
        with archive.catalogue.connect() as connection:
            if not found and _on_record(connection, EventType.TRUST_PROPOSED, proposal_id):
                raise _settled(proposal_id)
        message = f"{len(found)} proposals are called {proposal_id}"
        raise NotHeld(message, where=proposal_id, hint="kho trust status")
    proposal = found[0]
    with archive.catalogue.connect() as connection:
        entries = journal.entries(connection, subject=proposal.id, type=EventType.TRUST_PROPOSED)
        known = [json.loads(entry.details)["digest"] for entry in entries]
    if proposal.digest not in known:
        raise IntegrityError("the proposal is not what was proposed", where=proposal.id)
    return proposal


def _event(
    kind: EventType, proposal: Proposal, account: str, at: datetime, more: Mapping[str, str]
) -> Event:
    """Return the journal's entry: fingerprints and digests; names are in the document."""
    changes = [[change.kind.value, change.sha256] for change in proposal.changes]
    details = {"digest": proposal.digest, "changes": changes, **more}
    return Event(kind, at, "success", account, proposal.id, details)


def _document(proposal: Proposal, second: str, account: str, at: datetime) -> bytes:
    """Return what the store keeps of a change that was made."""
    value = json.loads(proposal.content())
    value |= {"confirmed_by": second, "confirming_account": account, "at": at.isoformat()}
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).encode()


def _read(path: Path) -> Proposal:
    try:
        value = json.loads(path.read_bytes())
        return Proposal(
            path.stem,
            tuple(map(_change, value["changes"])),
            value["proposed_by"],
            value["account"],
            datetime.fromisoformat(value["proposed_at"]),
            value["reason"],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise IntegrityError("a proposal cannot be read", where=str(path)) from error


def _change(stated: Mapping[str, Any]) -> AnyChange:
    own = stated["kind"] in {*EndKind}
    return AlgorithmEnd.from_json(stated) if own else Change.from_json(stated)


def _folder(archive: Archive) -> Path:
    return archive.settings.home / FOLDER


def _place(archive: Archive, proposal_id: str) -> Path:
    return _folder(archive) / f"{proposal_id}.json"
