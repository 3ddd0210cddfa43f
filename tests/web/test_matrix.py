"""Every route, every role, dossiers of every fonds and level: a matrix made from the routes.

What a route is for is read from its dependencies; a route without any has to be named here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute

from archive import settings as configuration
from archive.viewers import Right
from tests.web.world import CODES, OFFICIAL, OTHER, SECRET, World
from web.app import create
from web.visits import signed_in

EVERYBODY = {
    "/sign-in", "/sign-in/code", "/sign-out", "/alive", "/begin/{secret}", "/preferences",
    "/account/password", "/account/second-factor", "/sign-in/openid", "/sign-in/openid/done", "/healthz", "/readyz",
    "/xac-thuc", "/xac-thuc/{code}", "/ban-doc/{code}", "/ban-doc/{code}/{ordinal}/{number}.png",
    "/help", "/help/problems", "/help/{topic}",
}  # fmt: skip
"""Routes without a right: of the door, of the process, the check of copies, reading copies."""
NOWHERE = "00000000-0000-5000-8000-000000000000"
FILLED = {"file": "1", "number": "1"}
DOSSIER = "name"
"""The parameter of routes that are about a dossier."""
FINE = {200, 204, 303, 400, 404, 409, 422}
"""What a route may answer to who may ask it; the parameters are often of nothing."""


def routes(world: World) -> list[APIRoute]:
    """Return the application's routes for people, by path."""
    found = walked(create(configuration.load(world.home, {})).routes)
    kept = [route for route in found if not route.path.startswith(("/api/", "/metrics"))]
    return sorted(kept, key=lambda route: route.path)


def walked(held: list) -> Iterator[APIRoute]:
    for route in held:
        if isinstance(route, APIRoute):
            yield route
        elif (inner := getattr(route, "original_router", None)) is not None:
            yield from walked(inner.routes)


def rights_of(route: APIRoute) -> tuple[Right, ...] | None:
    """Return the rights of which a route needs one; () for any signed-in person; None: none."""
    waiting: list[Any] = [route.dependant]
    found: tuple[Right, ...] | None = None
    while waiting:
        dependant = waiting.pop()
        if (needed := getattr(dependant.call, "rights", None)) is not None:
            return tuple(needed)
        if dependant.call is signed_in:
            found = ()
        waiting += dependant.dependencies
    return found


def test_every_route_says_who_it_is_for(world: World):
    found = routes(world)

    assert len(found) > 20
    assert {route.path for route in found} > EVERYBODY - {"/alive"}
    assert {route.path for route in found if rights_of(route) is None} <= EVERYBODY


def addresses(route: APIRoute, world: World) -> dict[str, str]:
    """Return a route's addresses, by the dossier that each is about."""
    about = {code: world.ids[code] for code in CODES} | {"nothing": NOWHERE}
    if f"{{{DOSSIER}}}" not in route.path:
        about = {"": ""}
    given = {name: FILLED.get(name, NOWHERE) for name in route.param_convertors}
    return {code: route.path.format(**{**given, DOSSIER: held}) for code, held in about.items()}


@pytest.mark.parametrize(
    "account",
    [None, OFFICIAL, "official", "archivist", "auditor", "retention_officer", "approver",
     "administrator"],
)  # fmt: skip
def test_nobody_gets_further_than_their_roles(account, client, world: World):
    visitor = client(account)
    viewer = world.people[account].viewer if account else None
    token = visitor.form_token("/sign-in" if viewer is None else "/")
    wrong = []
    for route in routes(world):
        rights = rights_of(route)
        if rights is None:
            continue
        for code, address in addresses(route, world).items():
            may = viewer is not None and (not rights or any(map(viewer.may, rights)))
            for method in sorted((route.methods or set()) & {"GET", "POST"}):
                if method == "POST" and may:
                    answer = visitor.post(address, data={}, headers={"Origin": world.base})
                    expected = {403}  # no token
                elif method == "POST":
                    answer = visitor.post(
                        address, data={"csrf": token}, headers={"Origin": world.base}
                    )
                    expected = {401 if viewer is None else 403}
                else:
                    answer = visitor.get(address)
                    hidden = account == OFFICIAL and code in (OTHER, SECRET, "nothing")
                    expected = {404} if hidden else FINE
                    if not may:
                        expected = {303} if viewer is None else {403}
                if answer.status_code not in expected:
                    wrong.append((method, address, code, answer.status_code))
    assert wrong == []
