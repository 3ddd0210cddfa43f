"""Administration: people and their roles, settings with their origin, the archive's health."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from archive import checkup
from archive.errors import AlreadyHeld, ArchiveError, Changed, NotPermitted, UsageError
from archive.findings import Report
from archive.people import staff
from archive.settings import SETTINGS, masked
from archive.viewers import LEVELS, RIGHTS, Grant, PersonRole, Right, Scope
from web.problems import status_on_page
from web.rendering import page, see_other
from web.visits import Visit, needs, own_origin

router = APIRouter(include_in_schema=False)
ROWS: Final = 6
"""Most roles of one person that the form takes."""


@router.get("/administration", response_class=HTMLResponse)
def people(visit: Visit = Depends(needs(Right.ADMINISTER))) -> Response:
    """List people and systems, with the form for a new one."""
    return _people(visit)


def _people(visit: Visit, *, error: str = "", link: str = "", status: int = 200) -> Response:
    return page(
        visit, "administration.html", status=status, people=staff.everybody(visit.archive, visit.viewer),
        error=error, link=link, roles=list(PersonRole), levels=LEVELS, rights=RIGHTS,
        account=visit.field("account"), name=visit.field("name"),
    )  # fmt: skip


@router.post("/administration/people", response_class=HTMLResponse)
def add(visit: Visit = Depends(needs(Right.ADMINISTER))) -> Response:
    """Add somebody and show the one-time link for the first password, this once."""
    try:
        _, secret = staff.add(
            visit.archive, visit.field("account"), visit.field("name"), list(grants(visit)),
            by=visit.viewer, kind="system" if visit.field("kind") == "system" else "person",
        )  # fmt: skip
    except (UsageError, AlreadyHeld) as error:
        return _people(visit, error=error.message, status=422)
    return _people(visit, link=_address(visit, secret) if secret else "", status=201)


def _address(visit: Visit, secret: str) -> str:
    return f"{own_origin(visit.request)}/begin/{secret}"


def grants(visit: Visit) -> Iterable[Grant]:
    """Yield the roles that a form has; a row without a role is none."""
    for row in range(ROWS):
        role = visit.field(f"role-{row}")
        if role not in set(PersonRole):
            continue
        fonds, agencies = _codes(visit, f"fonds-{row}"), _codes(visit, f"agencies-{row}")
        levels = tuple(each for each in LEVELS if each in visit.fields(f"levels-{row}"))
        yield Grant(PersonRole(role), Scope(fonds, agencies, levels))


def _codes(visit: Visit, name: str) -> tuple[str, ...] | None:
    """Return the codes in a field, None for an empty one, which means all."""
    return tuple(dict.fromkeys(visit.field(name).replace(",", " ").split())) or None


@router.get("/administration/people/{person_id}", response_class=HTMLResponse)
def person(person_id: str, visit: Visit = Depends(needs(Right.ADMINISTER))) -> Response:
    """Show one account and what can be done with it."""
    return _person(visit, person_id)


def _person(
    visit: Visit, person_id: str, *, error: ArchiveError | None = None, link: str = ""
) -> Response:
    conflict = isinstance(error, Changed)
    latest = staff.last_change(visit.archive, person_id, visit.viewer) if conflict else None
    found = staff.person(visit.archive, person_id, visit.viewer)
    return page(
        visit, "administration_person.html", status=status_on_page(error), person=found, error=error,
        link=link, latest=latest, details=json.loads(latest.details) if latest else {},
        rows=[*found.grants, None][:ROWS], roles=list(PersonRole), levels=LEVELS,
        own=found.account == visit.viewer.account,
    )  # fmt: skip


@router.post("/administration/people/{person_id}/roles", response_class=HTMLResponse)
def set_roles(person_id: str, visit: Visit = Depends(needs(Right.ADMINISTER))) -> Response:
    """Replace somebody's roles."""
    try:
        staff.set_grants(
            visit.archive, person_id, grants(visit), by=visit.viewer, seen=visit.field("seen")
        )
    except (UsageError, NotPermitted, Changed) as error:
        return _person(visit, person_id, error=error)
    return see_other(f"/administration/people/{person_id}")


@router.post("/administration/people/{person_id}/disable", response_class=HTMLResponse)
def disable(person_id: str, visit: Visit = Depends(needs(Right.ADMINISTER))) -> Response:
    """Disable an account, or enable it again."""
    try:
        disabled = visit.field("disabled") == "yes"
        staff.set_disabled(
            visit.archive, person_id, disabled, by=visit.viewer, seen=visit.field("seen")
        )
    except (NotPermitted, Changed) as error:
        return _person(visit, person_id, error=error)
    return see_other(f"/administration/people/{person_id}")


@router.post("/administration/people/{person_id}/link", response_class=HTMLResponse)
def renew_link(person_id: str, visit: Visit = Depends(needs(Right.ADMINISTER))) -> Response:
    """End the password and show a one-time link for a new one, this once."""
    try:
        secret = staff.renew_link(
            visit.archive, person_id, by=visit.viewer,
            second_factor=visit.field("second_factor") == "yes", seen=visit.field("seen"),
        )  # fmt: skip
    except (NotPermitted, Changed) as error:
        return _person(visit, person_id, error=error)
    return _person(visit, person_id, link=_address(visit, secret))


@router.get("/administration/settings", response_class=HTMLResponse)
def settings(visit: Visit = Depends(needs(Right.ADMINISTER))) -> Response:
    """Show every setting, its value and where it comes from."""
    loaded, rows = visit.archive.settings, []
    for setting in SETTINGS:
        value = loaded.values[setting.key]
        text = ", ".join(value) if isinstance(value, tuple) else str(value)
        shown = masked(text) if setting.secret else text
        rows.append((setting, shown, loaded.origins[setting.key]))
    return page(visit, "administration_settings.html", rows=rows)


@router.get("/administration/health", response_class=HTMLResponse)
def health(visit: Visit = Depends(needs(Right.ADMINISTER))) -> Response:
    """Look at every part of the archive, as `kho doctor` does."""
    report = Report.of(checkup.checkup(visit.archive))
    return page(visit, "administration_health.html", report=report)
