"""Retention schedules as somebody: what is in force, what a draft would change, adoption by two."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from archive.assembly import Archive, refused_schedule
from archive.catalogue import schedules
from archive.catalogue.checkpoints import Job
from archive.catalogue.schedules import Adoption, Proposal
from archive.disposal import adoption, outlook
from archive.disposal.adoption import AdoptionRequest
from archive.errors import Changed, NotHeld, NotNow, NotPermitted, Rejected
from archive.jobs.background import Background, Progress
from archive.recomputing import recompute
from archive.retention import Schedules, schedules_of
from archive.viewers import Right, Viewer
from retention_rules.lint import lint
from retention_rules.problems import Problem, ScheduleRejected
from retention_rules.schedule import Schedule, builtin_text, loads

SIMULATION, ADOPTION = "schedule-simulation", "schedule-recomputation"
EXAMPLES = 50
MAX_CHARACTERS = 1_000_000


@dataclass(frozen=True, slots=True)
class Known:
    """The schedules of the archive."""

    by: Schedules
    proposals: tuple[Proposal, ...]

    @property
    def configured(self) -> Schedule:
        """That of the settings, for agencies that adopted none."""
        return self.by.configured

    @property
    def adoptions(self) -> tuple[Adoption, ...]:
        """The newest first."""
        return tuple(reversed(self.by.adoptions))

    @property
    def versions(self) -> tuple[str, ...]:
        """Every version that can be shown, that of the settings first."""
        found = (self.configured.version, *(each.version for each in self.adoptions))
        return tuple(dict.fromkeys(found))


def known(archive: Archive) -> Known:
    """Return what was adopted and what waits for its second person."""
    with archive.catalogue.connect() as connection:
        return Known(schedules_of(archive, connection), schedules.proposed(connection))


def version(archive: Archive, name: str) -> Schedule:
    """Return a schedule by its version: adopted, proposed, or that of the settings.

    Raises:
        NotHeld: the archive has none of this version.
    """
    found = known(archive)
    for proposal in found.proposals:
        if proposal.version == name:
            return loads(proposal.content, f"{name}.toml")
    return found.by.of_version(name)


def source(archive: Archive, name: str) -> bytes:
    """Return the text of a schedule as it was written, by its version.

    Raises:
        NotHeld: the archive has none of this version.
    """
    found = known(archive)
    contents = {
        **{each.version: each.content for each in found.adoptions},
        **{each.version: each.content for each in found.proposals},
    }
    if name in contents:
        return contents[name].encode()
    found.by.of_version(name)
    named = archive.settings.text("retention.schedule")
    local = archive.settings.home / named
    return local.read_bytes() if local.is_file() else builtin_text(named)


@dataclass(frozen=True, slots=True)
class Draft:
    """A schedule that somebody wants to try."""

    name: str
    content: str
    schedule: Schedule
    problems: tuple[Problem, ...]


def read(name: str, content: bytes) -> Draft:
    """Read an uploaded schedule.

    Raises:
        Rejected: it cannot be read; the message names what is wrong.
    """
    try:
        text = content.decode("utf-8-sig")
        if len(text) > MAX_CHARACTERS:
            raise Rejected("a schedule has at most a million characters", where=name)
        schedule = loads(text, name or "draft.toml")
    except UnicodeDecodeError as error:
        message = f"the schedule is not UTF-8 at byte {error.start}"
        raise Rejected(message, where=name, hint="save it as UTF-8") from error
    except ScheduleRejected as error:
        raise refused_schedule(name, error.problems) from error
    return Draft(name, text, schedule, tuple(lint(schedule)))


def simulate(archive: Archive, background: Background, viewer: Viewer, draft: Draft) -> Job:
    """Begin to try a draft on the holdings that a viewer may see; nothing is applied."""
    _require(viewer, Right.RETENTION)
    as_of = archive.today()

    def work(progress: Progress) -> dict[str, Any]:
        found = outlook.simulate(archive, draft.schedule, as_of=as_of, keep=EXAMPLES, viewer=viewer)
        return {
            "as_of": as_of.isoformat(),
            **{name: getattr(found, name) for name in COUNTED},
            "actions": dict(found.action_changes),
            "examples": [
                {
                    "code": each.item.ref,
                    "shift": each.shift,
                    "before": _decided(each.before.rule_code, each.before.due_on),
                    "after": _decided(each.after.rule_code, each.after.due_on),
                    "actions": each.actions,
                }
                for each in found.examples
            ],
        }

    told = {"name": draft.name, "content": draft.content, "by": viewer.account}
    return background.begin(
        SIMULATION, f"{viewer.account} {draft.schedule.version}", (), work, parameters=told
    )


COUNTED = ("dossiers", "changed", "earlier", "later", "newly_due", "newly_due_bytes",
           "no_longer_due", "no_longer_due_bytes")  # fmt: skip


def _decided(rule: str | None, due_on: date | None) -> dict[str, str | None]:
    return {"rule": rule, "due_on": due_on.isoformat() if due_on else None}


def propose(
    archive: Archive, viewer: Viewer, draft: Draft, *, agency: str, on: date | None, decision: str
) -> Proposal:
    """Propose a draft for adoption: the first person's act. Errors as `adoption.propose`."""
    _require(viewer, Right.RETENTION)
    request = AdoptionRequest(draft.content, draft.name, person(viewer), agency, on, decision)
    return adoption.propose(archive, request, account=viewer.account)


def confirm(
    archive: Archive, background: Background, viewer: Viewer, version_name: str, *, seen: str
) -> Job:
    """Put a proposed schedule in force: the second person's act; then dues are computed anew.

    Args:
        archive: where.
        background: where dues are computed.
        viewer: the second person.
        version_name: of the schedule.
        seen: `seen_of` the proposal that was looked at.

    Raises:
        NotHeld: nothing was proposed under this version.
        NotNow: somebody confirmed it before.
        Changed: it was proposed anew, for another day or with another decision.
        NotPermitted: no right, or the same person.
    """
    _require(viewer, Right.APPROVE)
    proposed = proposal(archive, version_name)
    if seen != seen_of(proposed):
        raise Changed("the schedule was proposed anew meanwhile", where=version_name)
    if not may_confirm(viewer, proposed):
        raise NotPermitted("who proposed a schedule cannot confirm it", where=version_name)
    adoption.confirm(archive, version_name, by=person(viewer), account=viewer.account)

    def work(progress: Progress) -> dict[str, Any]:
        return {"changed": recompute(archive)}

    return background.begin(ADOPTION, version_name, (), work)


def proposal(archive: Archive, version_name: str) -> Proposal:
    """Return what is proposed under a version; raises NotNow if it was confirmed, NotHeld."""
    found = known(archive)
    for each in found.proposals:
        if each.version == version_name:
            return each
    if version_name in {each.version for each in found.adoptions}:
        raise NotNow("the schedule was confirmed before", where=version_name)
    raise NotHeld("nothing is proposed under this version", where=version_name)


def seen_of(proposed: Proposal) -> str:
    """Return what is different if somebody proposes the same version anew: when it was proposed."""
    return proposed.proposed_at.isoformat()


def may_confirm(viewer: Viewer, proposed: Proposal) -> bool:
    """Whether a viewer can be the second person."""
    return (
        viewer.may(Right.APPROVE)
        and viewer.account != proposed.account
        and not adoption.same_name(person(viewer), proposed.proposed_by)
    )


def person(viewer: Viewer) -> str:
    """Return who acts as an adoption names them."""
    return (viewer.name or viewer.account).replace(adoption.SEPARATOR, ",")


def _require(viewer: Viewer, right: Right) -> None:
    if not viewer.may(right):
        raise NotPermitted("your roles do not include this")
