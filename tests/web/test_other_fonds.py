"""People and systems of another fonds: the same roles, every route, and nothing leaks."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from archive import settings as configuration
from archive.viewers import LEVELS, OPERATOR, Grant, PersonRole, Scope
from tests.web import sights
from tests.web import world as worlds
from tests.web.filled import Filled
from tests.web.office import AGENCY
from tests.web.systems import RIGHTS, a_system, a_token
from tests.web.test_matrix import NOWHERE, walked
from tests.web.world import HOSTILE, IDENTITY, NAMES, PLAIN, SIGNED
from web.app import create

ELSEWHERE = Scope(fonds=("H99",), levels=LEVELS)
PUBLIC = ("/xac-thuc", "/ban-doc", "/help", "/sign-in", "/begin", "/healthz", "/readyz")
"""Open to who has a code or a link, or about nobody's dossiers."""
NOT_OF_FONDS = ("/administration", "/schedules", "/account", "/alive")
"""People, settings and schedules have no fonds."""


def secrets_of(place: Filled) -> list[str]:
    """Return what nobody of another fonds may read anywhere."""
    two = (PLAIN, SIGNED)
    names = [text[code] for text in (NAMES, IDENTITY) for code in two]
    # The code of `PLAIN` is also the example that the search box gives to everybody.
    return [SIGNED, HOSTILE, *names, f"{AGENCY}-150301", "Cấp phép lần"]


@pytest.fixture(scope="module")
def strangers(place: Filled) -> dict[str, str]:
    """Accounts of every role that see the fonds H99 alone, by role."""
    found = {}
    for role in PersonRole:
        account = f"xa.{role.value.replace('_', '.')}"
        person = worlds.a_person(place.archive, account, Grant(role, ELSEWHERE))
        place.people[account] = person
        found[role.value] = account
    return found


def asked(place: Filled) -> Iterator[tuple[str, sights.Sight]]:
    looks = {**sights.pages(place), **sights.files(place)}
    for path, sight in sights.every(looks):
        if sight.account is not None and not path.startswith((*PUBLIC, *NOT_OF_FONDS)):
            yield path, sight


def test_nobody_reads_of_another_fonds_on_any_route(place: Filled, strangers: dict[str, str]):
    told, secrets = [], secrets_of(place)
    for account in strangers.values():
        with place.client(account) as client:
            for path, sight in asked(place):
                answer = client.get(sight.address)
                leaked = [each for each in secrets if each in answer.text]
                if leaked or answer.status_code >= 500:
                    told.append((account, path, sight.address, answer.status_code, leaked))
    assert told == []


def test_files_and_pages_of_one_dossier_answer_as_if_there_were_none(
    place: Filled, strangers: dict[str, str]
):
    wrong = []
    for path, sight in asked(place):
        if "{name}" not in path or sight.status != 200:
            continue
        with place.client(strangers[sight.account or ""]) as client:
            there = client.get(sight.address)
            parts = sight.address.split("/")
            nowhere = client.get("/".join([*parts[:2], NOWHERE, *parts[3:]]))
        if (there.status_code, nowhere.status_code) != (404, 404):
            wrong.append((path, there.status_code, nowhere.status_code))
    assert wrong == []


def test_facets_counts_suggestions_and_lists_know_nothing_of_another_fonds(
    place: Filled, strangers: dict[str, str]
):
    told = secrets_of(place)
    for account in (strangers["official"], strangers["retention_officer"]):
        with place.client(account) as client:
            for address in ("/search", "/search?q=nguyen", "/search?q=huong+zzzz", "/due", "/",
                            "/search?agency=H26.18", "/search/list.csv?q=*", "/signatures/export.csv",
                            f"/search?q={SIGNED}", f"/search?q={IDENTITY[PLAIN]}"):  # fmt: skip
                shown = client.get(address).text.replace(address.rpartition("=")[2], "")
                assert [each for each in told if each in shown] == [], address
                assert 'class="hit"' not in shown
                assert ">huong</a>" not in shown


def test_a_system_of_another_fonds_finds_nothing_on_any_route_of_the_interface(place: Filled):
    application = create(configuration.load(place.home, {}))
    found = [r for r in walked(application.routes) if r.path.startswith("/api/v1/")]
    assert len(found) > 15
    secret, wrong = a_token(place.archive, *RIGHTS, scope=ELSEWHERE), []
    with a_system(place.base, secret) as system, a_system(place.base, None) as nobody:
        for route in found:
            address = route.path.removeprefix("/api/v1").format_map(
                dict.fromkeys(route.param_convertors, "1") | {"name": place.ids[PLAIN]}
            )
            for method in sorted(route.methods or ()):
                answer, refused = _ask(system, method, address), _ask(nobody, method, address)
                leaked = [each for each in secrets_of(place) if each in answer.text]
                hidden = "{name}" not in route.path or answer.status_code in (404, 422)
                open_to_all = route.path.endswith("/openapi.json")
                if leaked or not hidden or (refused.status_code != 401 and not open_to_all):
                    wrong.append((method, route.path, answer.status_code, refused.status_code))
    assert wrong == []


def _ask(client: httpx.Client, method: str, address: str) -> httpx.Response:
    body = {"owner": "x", "reason": "x"} if method == "POST" else None
    return client.request(method, address.lstrip("/"), json=body)


def test_the_operator_sees_what_the_strangers_do_not(place: Filled):
    """The addresses do show those secrets to who may see them."""
    shown = ""
    for _, sight in asked(place):
        with place.client(sight.account, sight.stage) as client:
            shown += client.get(sight.address).text

    assert [each for each in secrets_of(place) if each not in shown] == []
    assert OPERATOR.everywhere
