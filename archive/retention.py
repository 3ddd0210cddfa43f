"""Retention of what is held: from dossiers to facts, and from facts to decisions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from archive import covering
from archive.assembly import Archive
from archive.catalogue import bases, dossiers, holds, notes, schedules
from archive.catalogue.bases import Basis, Paper
from archive.catalogue.dossiers import Due, Fixed, Holding
from archive.catalogue.engine import Connection
from archive.catalogue.holds import Hold
from archive.catalogue.notes import Note, NoteKind
from archive.catalogue.schedules import Adoption
from archive.errors import Inconclusive, NotHeld
from archive.model import Dossier, DossierId
from retention_rules.decide import Decision, Standing, decide
from retention_rules.facts import DocumentFacts, Facts, FixedPeriod, Link
from retention_rules.rule import Approval
from retention_rules.schedule import Schedule, loads

PERMANENT = "permanent"


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known of a dossier's retention beside its own description."""

    fixed: Fixed | None = None
    links: tuple[Link, ...] = ()
    chosen_rule: str | None = None
    chosen_by: str = ""
    rows: tuple[str, ...] = ()
    """What people declared, `CODE` or `CODE#ordinal`."""
    blocks: tuple[str, ...] = ()
    """What they blocked, in the same form."""
    blocked_by: str = ""
    events: tuple[tuple[str, date], ...] = ()
    complaint_open: bool = False


def facts_of(dossier: Dossier, known: Circumstances | None = None) -> Facts:
    """Return what the retention rules ask about a dossier."""
    return facts_from(bases.of_dossier(dossier), known or Circumstances())


_NOTHING = Circumstances()


def facts_from(basis: Basis, known: Circumstances = _NOTHING) -> Facts:
    """Return what the retention rules ask about a dossier, from its basis."""
    events = dict(basis.events)
    if basis.expires_on is not None:
        events.setdefault("result-expired", basis.expires_on)
    fixed = None
    if known.fixed is not None:
        was = known.fixed
        fixed = FixedPeriod(was.rule_code, was.schedule_version, was.protected_until)
    return Facts(
        procedure=basis.procedure,
        agency=basis.agency,
        status=basis.status,
        important=basis.important,
        received_on=basis.received_on,
        closed_on=basis.closed_on,
        issued_on=basis.issued_on,
        events=events | dict(known.events),
        rows=_of(known.rows),
        fonds=basis.fonds,
        blocks=_of(known.blocks),
        blocked_by=known.blocked_by,
        documents=tuple(_document_facts(paper, known) for paper in basis.papers),
        links=known.links,
        fixed=fixed,
        complaint_open=known.complaint_open,
        chosen_rule=known.chosen_rule,
        chosen_by=known.chosen_by,
        proposed_rule=basis.retention_code,
    )


def _document_facts(paper: Paper, known: Circumstances) -> DocumentFacts:
    ref = str(paper.ordinal)
    return DocumentFacts(
        ref=ref,
        type_code=paper.type_code,
        rows=_of(known.rows, ref),
        blocks=_of(known.blocks, ref),
        issued_on=paper.issued_on,
    )


def _of(values: tuple[str, ...], document: str = "") -> tuple[str, ...]:
    """Return the codes that were noted of one document, of the dossier as such if ""."""
    if not values:
        return ()
    parted = (value.partition("#") for value in values)
    return tuple(code for code, _, ordinal in parted if ordinal == document)


@dataclass(frozen=True, slots=True)
class Schedules:
    """The schedules of an archive at one moment: those adopted, and that of the settings."""

    adoptions: tuple[Adoption, ...]
    configured: Schedule

    def of(self, agency: str, on: date) -> Schedule:
        """Return the schedule in force for an agency: adopted, or else that of the settings."""
        adoption = schedules.effective(self.adoptions, agency, on)
        return self.configured if adoption is None else adopted_schedule(adoption)

    def adoption(self, agency: str, on: date) -> Adoption | None:
        """Return the adoption on which an agency's schedule rests; None if on none."""
        return schedules.effective(self.adoptions, agency, on)

    def adopted(self) -> Iterator[Schedule]:
        """Yield every schedule that was adopted, former ones too."""
        yield from map(adopted_schedule, self.adoptions)

    def of_version(self, version: str) -> Schedule:
        """Return the schedule of a version that a stored decision names.

        Raises:
            NotHeld: the archive has no such version.
        """
        for adoption in self.adoptions:
            if adoption.version == version:
                return adopted_schedule(adoption)
        if self.configured.version != version:
            raise NotHeld(
                f"the archive has no schedule {version}",
                where=version,
                hint="name its file: kho retention replay … --schedule FILE",
            )
        return self.configured


def schedules_of(archive: Archive, connection: Connection | None = None) -> Schedules:
    """Read which schedules were adopted."""
    if connection is not None:
        return Schedules(schedules.every(connection), archive.schedule)
    with archive.catalogue.connect() as fresh:
        return Schedules(schedules.every(fresh), archive.schedule)


@lru_cache(maxsize=64)
def adopted_schedule(adoption: Adoption) -> Schedule:
    """Return an adopted schedule with the approvals of those who adopted it.

    Raises:
        Inconclusive: its base is no longer what it was when it was adopted.
    """
    schedule = loads(adoption.content, f"{adoption.version}.toml")
    if schedule.version != adoption.version:
        raise Inconclusive(
            f"schedule {adoption.version} now reads as {schedule.version}: its base was changed",
            where=adoption.version,
            hint="use the Kho with which it was adopted, or adopt it anew",
        )
    on = adoption.adopted_at.date()
    approvals = tuple(Approval(by, on, adoption.decision) for by in adoption.adopted_by.split("; "))
    agency = adoption.agency or schedule.agency
    return replace(schedule, agency=agency, approvals=approvals)


def decide_now(
    archive: Archive,
    dossier: Dossier,
    *,
    as_of: date | None = None,
    under: tuple[str, ...] = (),
    known: Circumstances | None = None,
    by: Schedules | None = None,
) -> Decision:
    """Decide what may be done with a dossier.

    Args:
        archive: whose conflict mode applies.
        dossier: which.
        as_of: on which day; today if None.
        under: the holds that stand on it.
        known: what else is known of it.
        by: the schedules; those of the archive if None.
    """
    on = as_of or archive.today()
    by = by or schedules_of(archive)
    return decide(
        facts_of(dossier, known),
        by.of(dossier.agency, on),
        as_of=on,
        holds=under,
        mode=archive.settings.text("retention.conflict"),
    )


def due_of(dossier: Dossier, decision: Decision) -> Due:
    """Return when the dossier is due, in the form in which the catalogue keeps it."""
    return Due(
        dossier.id,
        decision.final_action.value,
        decision.due_on,
        decision.rule_code,
        decision.schedule_version,
    )


FIXED_STANDINGS = frozenset(
    {Standing.PROTECTED, Standing.DUE, Standing.PERMANENT, Standing.FIXED, Standing.LINKED}
)


def fixed_by(dossier: Dossier, decision: Decision, by: Schedules) -> Fixed | None:
    """Return the period that a decision fixes for good; None if it fixes nothing.

    Only a schedule that was adopted fixes periods, and only by confirmed rows.
    """
    on = decision.grounds.as_of
    if (
        decision.rule_code is None
        or not decision.confirmed
        or decision.standing not in FIXED_STANDINGS
        or by.adoption(dossier.agency, on) is None
    ):
        return None
    return Fixed(decision.rule_code, decision.schedule_version, decision.protected_until)


def fixed_facts(fixed: Fixed | None) -> dict[str, str]:
    """Return a fixed period as a package keeps it; nothing if there is none."""
    if fixed is None:
        return {}
    until = fixed.protected_until.isoformat() if fixed.protected_until else PERMANENT
    return {
        "fixed_rule": fixed.rule_code,
        "fixed_schedule": fixed.schedule_version,
        "fixed_until": until,
    }


def fixed_of(kept: Mapping[str, str]) -> Fixed | None:
    """Return the fixed period of a package, as `fixed_facts` wrote it."""
    if "fixed_until" not in kept:
        return None
    until = kept["fixed_until"]
    last = None if until == PERMANENT else date.fromisoformat(until)
    return Fixed(kept["fixed_rule"], kept["fixed_schedule"], last)


def circumstances(
    archive: Archive,
    connection: Connection,
    holding: Holding,
    *,
    as_of: date,
    by: Schedules,
    noted: Iterable[Note] | None = None,
) -> Circumstances:
    """Return what is on record of a dossier's retention: fixed period, choice, links, cases."""
    own = holding.dossier.id
    if noted is None:
        noted = notes.standing_for(connection, own)
    return known_of(archive, connection, own, holding.fixed, noted, as_of=as_of, by=by)


def known_of(
    archive: Archive,
    connection: Connection,
    own: DossierId,
    fixed: Fixed | None,
    noted: Iterable[Note],
    *,
    as_of: date,
    by: Schedules,
) -> Circumstances:
    """Return what a fixed period and notes make known of a dossier."""
    known = Circumstances(fixed=fixed)
    for note in noted:
        if note.kind is NoteKind.LINK:
            other = note.dossier_id if note.value == own else DossierId(note.value)
            link = _link(archive, connection, other, as_of=as_of, by=by)
            known = replace(known, links=(*known.links, *link))
        elif note.kind is NoteKind.CHOICE:
            known = replace(known, chosen_rule=note.value, chosen_by=_recorded(note))
        else:
            known = _with(known, note)
    return known


def _with(known: Circumstances, note: Note) -> Circumstances:
    match note.kind:
        case NoteKind.DECLARED:
            return replace(known, rows=(*known.rows, note.value))
        case NoteKind.BLOCKED:
            by = "; ".join(filter(None, (known.blocked_by, _recorded(note))))
            return replace(known, blocks=(*known.blocks, note.value), blocked_by=by)
        case NoteKind.EVENT:
            name, _, day = note.value.partition("=")
            return replace(known, events=(*known.events, (name, date.fromisoformat(day))))
        case _:
            return replace(known, complaint_open=True)


def _recorded(note: Note) -> str:
    return f"{note.noted_by}: {note.reason}"


def _link(
    archive: Archive, connection: Connection, other: DossierId, *, as_of: date, by: Schedules
) -> tuple[Link, ...]:
    """Return how long a linked dossier is protected; nothing if it is no longer held."""
    try:
        holding = dossiers.get(connection, other)
    except NotHeld:
        return ()
    known = Circumstances(fixed=holding.fixed)
    decision = decide_now(archive, holding.dossier, as_of=as_of, known=known, by=by)
    return (Link(holding.dossier.code, decision.protected_until),)


def decide_held(
    archive: Archive,
    connection: Connection,
    holding: Holding,
    *,
    as_of: date | None = None,
    by: Schedules | None = None,
) -> Decision:
    """Decide for a dossier that is held, with everything that is on record of it."""
    on = as_of or archive.today()
    by = by or schedules_of(archive, connection)
    standing = covering.standing_on(connection, holding)
    labels = tuple(map(hold_label, standing))
    known = circumstances(archive, connection, holding, as_of=on, by=by)
    return decide_now(archive, holding.dossier, as_of=on, under=labels, known=known, by=by)


def decide_many(
    archive: Archive,
    connection: Connection,
    holdings: Sequence[Holding],
    *,
    as_of: date,
    by: Schedules,
) -> Iterator[Decision]:
    """Decide for at most 500 dossiers that are held, in their order; as `decide_held` each."""
    placed = holds.active(connection)
    noted = notes.standing_on(connection, [holding.dossier.id for holding in holdings])
    for holding in holdings:
        own = noted.get(holding.dossier.id, ())
        labels = tuple(map(hold_label, covering.standing(placed, holding)))
        known = circumstances(archive, connection, holding, as_of=as_of, by=by, noted=own)
        yield decide_now(archive, holding.dossier, as_of=as_of, under=labels, known=known, by=by)


def hold_label(hold: Hold) -> str:
    """Return how a decision names a hold."""
    return f"{hold.id[:8]} ({hold.owner})"


def explained(archive: Archive, holding: Holding, *, as_of: date | None = None) -> Decision:
    """Decide for a dossier that is held, with the holds that stand on it."""
    with archive.catalogue.connect() as connection:
        return decide_held(archive, connection, holding, as_of=as_of)
