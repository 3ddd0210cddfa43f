"""Adoption: an agency puts a retention schedule in force, by two different people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from archive.assembly import Archive, refused_schedule
from archive.catalogue import journal, schedules, state
from archive.catalogue.schedules import Adoption, Proposal
from archive.errors import NotPermitted, Rejected, UsageError
from archive.events import Event, EventType
from archive.fixity import sha256_of
from archive.segments import SCHEDULES, state_document, try_to_flush
from archive.signatures import persons
from retention_rules.lint import lint
from retention_rules.problems import Gravity, ScheduleRejected
from retention_rules.schedule import Schedule, loads

SEPARATOR = ";"


@dataclass(frozen=True, slots=True)
class AdoptionRequest:
    """What the first person asks for."""

    content: str
    """The schedule's text; its base, if it has one, comes with the program."""
    name: str
    """The file's name, for messages."""
    by: str
    """Who asks: name or position."""
    agency: str = ""
    """The agency; that which the schedule names if empty."""
    in_force_from: date | None = None
    """Today if None."""
    decision: str = ""
    """Number and day of the decision on it."""


def propose(archive: Archive, request: AdoptionRequest, *, account: str) -> Proposal:
    """Record the first person's proposal; nothing is in force yet.

    Raises:
        Rejected: the schedule cannot be read, breaks a rule, or names another agency.
        UsageError: no agency or no person is named.
    """
    schedule = _read(request)
    agency = request.agency or schedule.agency
    if not agency:
        raise UsageError("for which agency?", where=request.name, hint="--agency H26.18")
    if schedule.agency and schedule.agency != agency:
        raise Rejected(f"the schedule is of {schedule.agency}, not of {agency}", where=request.name)
    proposal = Proposal(
        schedule.version,
        agency,
        request.content,
        request.in_force_from or archive.today(),
        request.decision,
        _person(request.by),
        account,
        archive.clock(),
    )
    with archive.catalogue.begin() as connection:
        schedules.propose(connection, proposal)
    return proposal


def confirm(archive: Archive, version: str, *, by: str, account: str) -> Adoption:
    """Put a proposed schedule in force: the second person's act, journalled.

    Due dates are computed by `archive.recomputing.recompute` afterwards; until then lists may
    be old, decisions never are.

    Raises:
        NotHeld: nothing is proposed under this version.
        NotPermitted: it is the same person.
    """
    second, at = _person(by), archive.clock()
    with archive.catalogue.begin() as connection:
        proposal = schedules.take(connection, version)
        if same_name(proposal.proposed_by, second):
            raise NotPermitted(
                "who proposed a schedule cannot confirm it",
                where=proposal.version,
                hint="another person has to: kho rule adopt --confirm VERSION --by …",
            )
        adoption = Adoption(
            proposal.agency,
            proposal.in_force_from,
            proposal.version,
            sha256_of(proposal.content.encode()),
            proposal.content,
            at,
            f"{proposal.proposed_by}{SEPARATOR} {second}",
            proposal.decision,
        )
        schedules.adopt(connection, adoption)
        document = state_document(schedules.to_json(adoption))
        name = f"{SCHEDULES}{adoption.agency}/{at:%Y%m%dT%H%M%S%fZ}-{sha256_of(document)[:16]}.json"
        state.add(connection, name, document)
        details = {
            "version": adoption.version,
            "digest": adoption.digest,
            "in_force_from": adoption.in_force_from.isoformat(),
            "decision": adoption.decision,
            "document": sha256_of(document),
        }
        event = Event(EventType.SCHEDULE_ADOPTED, at, "success", account, adoption.agency, details)
        journal.append(connection, event)
    try_to_flush(archive)
    return adoption


def same_name(one: str, other: str) -> bool:
    """Whether two names are of one person: case, accents, spaces and the role aside."""
    return persons.folded(one) == persons.folded(other)


def _person(by: str) -> str:
    if not by.strip() or SEPARATOR in by:
        raise UsageError("name one person", where=by, hint='--by "Nguyễn Văn A, Trưởng phòng"')
    return " ".join(by.split())


def _read(request: AdoptionRequest) -> Schedule:
    try:
        schedule = loads(request.content, request.name)
    except ScheduleRejected as error:
        raise refused_schedule(request.name, error.problems) from error
    broken = [p for p in lint(schedule) if p.gravity is Gravity.ERROR]
    if broken:
        raise refused_schedule(request.name, broken)
    return schedule
