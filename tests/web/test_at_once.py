"""Two people do the same at once: one is served, the other is told what to do; nothing twice."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import Any

import httpx
import pytest

from archive import access, disposal, reception
from archive.catalogue import reception as queue
from archive.catalogue import schedules
from archive.disposal import adoption
from archive.disposal.adoption import AdoptionRequest
from archive.disposal.holding import HoldRequest
from archive.errors import CatalogueLocked, Changed, ListNotReady, NotNow
from archive.model import DossierId
from archive.people import staff
from archive.reception import handover, uploads
from archive.viewers import OPERATOR, Grant, PersonRole, Scope
from tests.web import world as worlds
from tests.web.office import SCHEDULE
from tests.web.systems import a_system, a_token
from tests.web.test_api import ONE, a_zip, settled
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
    data = {**visitor.hidden(on, path, fields), **fields}
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


def test_a_schedule_is_confirmed_by_one_of_two_and_the_other_is_told(client, world: World):
    version = a_proposed_schedule(world, "một")
    path, on = "/schedules/confirm", "/schedules"
    forms = [posted(client("approver"), path, on, version=version) for _ in range(2)]

    assert_one_was_served(at_once(*forms))
    assert [e["version"] for e in world.journal("retention schedule adopted")].count(version) == 1


def test_a_schedule_that_was_proposed_anew_is_not_confirmed_unseen(client, world: World):
    version = a_proposed_schedule(world, "hai")
    confirm = posted(client("approver"), "/schedules/confirm", "/schedules", version=version)
    assert a_proposed_schedule(world, "hai") == version

    answer = confirm()

    assert answer.status_code == 409
    assert "KHO-CHANGED" in answer.text
    with world.archive.catalogue.begin() as connection:
        assert schedules.take(connection, version).version == version


def a_proposed_schedule(world: World, name: str) -> str:
    text = SCHEDULE.replace("thử nghiệm", f"lúc {name}")
    request = AdoptionRequest(text, "bang.toml", "Thời Hạn", agency="H26.77")
    return adoption.propose(world.archive, request, account="retention_officer").version


def test_of_two_administrators_the_second_is_told_what_the_first_changed(client, world: World):
    somebody = worlds.a_person(world.archive, "hai.nguoi", Grant(PersonRole.OFFICIAL, Scope()))
    page = f"/administration/people/{somebody.id}"
    with client("administrator") as other:
        late = posted(other, f"{page}/roles", page, **{"role-0": "archivist"})
        gone = posted(other, f"{page}/disable", page, disabled="yes")
        first = client("administrator").submit(f"{page}/roles", on=page, **{"role-0": "auditor"})
        answers = [late(), gone()]

    assert first.status_code == 303
    assert [answer.status_code for answer in answers] == [409, 409]
    for answer in answers:
        assert "KHO-CHANGED" in answer.text
        assert "Thay đổi bởi administrator" in answer.text
        assert "công chức → kiểm tra viên" in answer.text
    now = staff.person(world.archive, somebody.id, OPERATOR)
    assert [grant.role for grant in now.grants] == [PersonRole.AUDITOR]
    assert now.disabled_at is None


def test_of_two_administrators_at_once_one_is_served(client, world: World):
    somebody = worlds.a_person(world.archive, "cung.luc", Grant(PersonRole.OFFICIAL, Scope()))
    page = f"/administration/people/{somebody.id}"
    forms = [
        posted(client("administrator"), f"{page}/roles", page, **{"role-0": role})
        for role in ("auditor", "archivist")
    ]

    answers = at_once(*forms)

    assert sorted(answer.status_code for answer in answers) == [303, 409]


def test_a_piece_that_comes_twice_at_once_is_kept_once(client, world: World):
    batch = handover.open_batch(world.archive, "Sở Xây dựng", source="upload", agent="archivist")
    content = bytes(range(256)) * 64
    upload = reception.begin(world.archive, batch.id, "a.zip", len(content))
    visitors = [client("archivist") for _ in range(2)]
    address = f"/reception/{batch.id}/uploads/{upload.id}?at=0"
    headers = [
        {"Origin": str(v.base_url), "X-CSRF-Token": v.form_token(f"/reception/{batch.id}")}
        for v in visitors
    ]

    answers = at_once(
        *(
            partial(
                visitor.put,
                address,
                content=content,
                headers={**told, "Accept": "application/json"},
            )
            for visitor, told in zip(visitors, headers, strict=True)
        )
    )

    assert answers[0].status_code == 200 or answers[1].status_code == 200
    assert {answer.status_code for answer in answers} <= {200, 404, 409}
    (kept,) = uploads.inbox(world.archive, batch.id).iterdir()
    assert kept.read_bytes() == content


def test_a_key_that_arrives_twice_at_once_hands_over_once(world: World, tmp_path: Path):
    token, code = a_token(world.archive), "H26.18-260106-0777"
    files = {"file": ("ho-so.zip", a_zip(tmp_path, code, documents=ONE), "application/zip")}
    headers = {"Idempotency-Key": "hai-lan-cung-luc"}
    with a_system(world.base, token) as one, a_system(world.base, token) as other:
        answers = at_once(
            *(
                partial(each.post, "/submissions", files=files, headers=headers)
                for each in (one, other)
            )
        )
        served = [answer for answer in answers if answer.status_code in (200, 202)]
        told = settled(one, served[0].headers["location"])
        again = other.post("/submissions", files=files, headers=headers)

    assert {answer.status_code for answer in answers} <= {200, 202, 409}
    assert again.json()["id"] == told["id"]
    taken = [e for e in world.journal("ingestion") if e.get("code") == code]
    assert len(taken) <= 1
    assert access.find(world.archive, code).dossier.code == code


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
