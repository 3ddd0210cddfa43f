"""Two people do the same at once: one is served, the other is told what to do; nothing twice."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import httpx
import pytest

from archive import disposal
from archive.catalogue import reception as queue
from archive.disposal.holding import HoldRequest
from archive.errors import CatalogueLocked, Changed, ListNotReady, NotNow
from archive.model import DossierId
from archive.reception import handover
from tests.web.test_copies import issued
from tests.web.world import PLAIN, World
from web.problems import problem_of, status_of


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Do acts in threads that begin together; return what they gave, in order."""
    start = Barrier(len(acts))

    def begun(act: Callable[[], Any]) -> Any:
        start.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(begun, acts))


def posted(visitor, path: str, on: str, **fields: str) -> Callable[[], httpx.Response]:
    """Return the sending of a form that its person has before their eyes."""
    data = {"csrf": visitor.form_token(on), **fields}
    return lambda: visitor.post(path, data=data, headers={"Origin": str(visitor.base_url)})


def assert_one_was_served(answers: list[httpx.Response]) -> None:
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    (refused,) = (answer for answer in answers if answer.status_code == 409)
    assert "quay lại, xem lại" in refused.text
    assert "KHO-NOT-NOW" in refused.text


def test_a_hold_is_lifted_by_one_of_two(client, world: World):
    request = HoldRequest("Thanh tra", "khiếu nại", "QĐ 15", DossierId(world.ids[PLAIN]))
    hold = disposal.place_hold(world.archive, request, agent="test")
    path, people = f"/holds/{hold.id}/lift", ("retention_officer", "retention_officer")
    forms = [posted(client(each), path, "/holds", reason="đã xong") for each in people]

    assert_one_was_served(at_once(*forms))
    assert [each["subject"] for each in world.journal("hold lifted")].count(hold.id) <= 1


def test_a_copy_is_revoked_by_one_of_two(client, world: World):
    copy = issued(world)
    path = f"/copies/{copy.year}/{copy.number}"
    people = ("official", "archivist")
    forms = [posted(client(each), f"{path}/revoke", path, reason="trả sớm") for each in people]

    assert_one_was_served(at_once(*forms))


def test_a_batch_that_is_closed_takes_nothing_more(client, world: World):
    batch = handover.open_batch(world.archive, "Sở Xây dựng", source="upload", agent="archivist")
    second = client("archivist")
    close = posted(second, f"/reception/{batch.id}/close", f"/reception/{batch.id}")
    with world.archive.catalogue.begin() as connection:
        queue.close(connection, batch.id, "", at=world.archive.clock())

    answer = close()

    assert answer.status_code == 409
    assert "lô đã đóng" in answer.text


@pytest.mark.parametrize("kind", [Changed, NotNow, ListNotReady])
def test_what_somebody_else_changed_is_a_conflict_and_no_failure(kind):
    problem = problem_of(kind("the list was changed meanwhile", where="H-2026-001"))

    assert status_of(kind("")) == problem["status"] == 409
    assert problem["code"] == kind.code


def test_a_busy_catalogue_is_no_conflict():
    assert status_of(CatalogueLocked("")) == 503
