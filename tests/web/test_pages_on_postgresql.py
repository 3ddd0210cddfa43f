"""The pages on PostgreSQL: everything is looked at and done once, so that every query has run."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from archive.catalogue.disposals import Kind
from tests.postgres import Server
from tests.web import sights
from tests.web.filled import Filled, approve, filled, propose, review, until
from tests.web.world import PASSWORD, PLAIN


@pytest.fixture(scope="module")
def place(postgres_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    url = postgres_server.url(postgres_server.new_database())
    with filled(tmp_path_factory.mktemp("filled"), catalogue__url=url) as made:
        yield made


def test_every_page_and_every_file_comes_from_postgresql(place: Filled):
    assert place.archive.settings.catalogue_url().startswith("postgresql")
    for path, sight in sights.every({**sights.pages(place), **sights.files(place)}):
        with place.client(sight.account, sight.stage) as client:
            answer = client.get(sight.address)
        assert (path, answer.status_code) == (path, sight.status)


def test_people_tokens_and_searches_are_kept_in_postgresql(place: Filled):
    people, tokens = "/administration/people", "/administration/tokens"
    person = f"{people}/{place.made['newcomer']}"
    with place.client("administrator") as admin:
        done = [
            admin.submit(people, on="/administration", account="them", name="Thêm"),
            admin.submit(f"{person}/roles", on=person, **{"role-0": "auditor"}),
            admin.submit(f"{person}/disable", on=person, disabled="yes"),
            admin.submit(f"{person}/link", on=person),
            admin.submit(tokens, account="motcua", name="pg", rights="see", days="3"),
        ]
        revoke = re.findall(
            r'action="(/administration/tokens/[^"]+/revoke)"', admin.get(tokens).text
        )
        done.append(admin.submit(revoke[0], on=tokens))
    with place.client("official") as official:
        done += [
            official.submit("/purpose", on=f"/purpose?about={place.ids[PLAIN]}",
                            about=place.ids[PLAIN], purpose="tra cứu", next="/search"),
            official.submit("/search/saved", on="/search", name="pg", address="/search?q=x"),
        ]  # fmt: skip
        forget = re.findall(r'action="(/search/saved/[^"]+/forget)"', official.get("/search").text)
        done.append(official.submit(forget[0], on="/search"))
    with place.client(None) as visitor:
        done.append(visitor.submit("/sign-in", account="approver", password=PASSWORD))
        done.append(visitor.submit("/sign-out", on="/help"))

    assert [each.status_code for each in done] == [
        201, 303, 303, 200, 201, 303, 303, 303, 303, 303, 303,
    ]  # fmt: skip


def test_holds_copies_and_batches_are_kept_in_postgresql(place: Filled):
    hold = f"/holds/{place.made['hold']}"
    with place.client("retention_officer") as officer:
        done = [
            officer.submit("/holds", owner="Tòa", reason="kiện", legal_reference="TB 1",
                           procedure="9.999999"),
            officer.submit(f"{hold}/keep", on="/holds", next_on="2099-01-31", reason="còn"),
            officer.submit(f"{hold}/lift", on="/holds", reason="xong"),
            officer.submit("/holds/reconcile", on="/holds"),
        ]  # fmt: skip
        until(lambda: "badge good" in officer.get("/holds").text.partition('id="progress"')[2])
    copies, copy = f"/dossiers/{place.ids[PLAIN]}/copies", place.made["reading copy"]
    with place.client("official") as official:
        asked = {"kind": "dip", "document": "1", "requester": "Mai", "purpose": "hộ chiếu"}
        done += [
            official.submit(copies, on=f"{copies}/new", **asked, amount="1", step="issue"),
            official.submit(f"/copies/{copy}/revoke", on=f"/copies/{copy}", reason="nhầm"),
        ]
    batch = f"/reception/{place.made['batch']}"
    with place.client("archivist") as archivist:
        done += [
            archivist.submit("/reception", producer="UBND"),
            archivist.submit(f"{batch}/1/fix", on=f"{batch}/1", reason="sổ",
                             **{"place:tthc.closedOn": "2026-01-20"}),
            archivist.submit(f"{batch}/close", on=batch),
        ]  # fmt: skip

    assert [each.status_code for each in done] == [303] * 9


def test_a_list_goes_to_its_end_in_postgresql(place: Filled):
    first, second = f"/disposal/{place.made['approved']}", f"/disposal/{place.made['reviewed']}"
    place.desk.due(871)
    name = propose(place, Kind.DESTROY)
    review(place, name)
    approve(place, name)
    with place.client("retention_officer") as officer:
        code = re.findall(r'name="code" value="([^"]+)"', officer.get(second).text)[0]
        done = [
            officer.submit(f"{second}/exclude", on=second, code=code, reason="còn khiếu nại"),
            officer.submit(f"{first}/reject", on=first, reason="lập lại"),
        ]
        page = officer.get(f"/disposal/{name}").text
        digits = re.findall(r"<b>([0-9a-f]{8})</b>", page)[0]
        done.append(
            officer.submit(f"/disposal/{name}/execute", on=f"/disposal/{name}", digits=digits)
        )
        until(lambda: place.journal("destruction")[-1]["act"] == "destroyed")

    assert [each.status_code for each in done] == [303] * 3
    assert [each["act"] for each in place.journal("destruction") if each["subject"] == name] == [
        "proposed", "reviewed", "approved", "ordered", "destroyed",
    ]  # fmt: skip
