"""Several processes on PostgreSQL; one only on SQLite; never the network without TLS."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import httpx
import pytest

from archive import settings as configuration
from archive.catalogue import journal
from archive.errors import UsageError
from archive.events import EventType
from archive.people import staff, stays
from archive.people.stays import Stage
from archive.viewers import OPERATOR, Grant, PersonRole, Scope
from tests.archives import a_home, ingested, opened
from tests.builders import a_submission
from tests.web import world as worlds
from tests.web.client import Client
from tests.web.world import PASSWORD
from web import serving


def test_two_workers_share_sessions_on_postgresql(tmp_path, postgres_url):
    home = a_home(tmp_path, catalogue__url=postgres_url)
    archive = opened(home, clock=lambda: datetime.now(UTC))
    grant = Grant(PersonRole.OFFICIAL, Scope())
    _, link = staff.add(archive, "mai.le", "Lê Thị Mai", (grant,), by=OPERATOR)
    staff.use_link(archive, link, PASSWORD)
    archive.close()

    with worlds.served(home, "--workers", "2") as told:
        with Client(base_url=told["address"], timeout=240) as official:
            official.submit("/sign-in", account="mai.le", password=PASSWORD)
            session = dict(official.cookies)
        answers = []
        for _ in range(12):  # each on a connection of its own, so both workers answer
            with Client(base_url=told["address"], cookies=session, timeout=240) as official:
                answers.append(official.get("/search").status_code)

    assert answers == [200] * 12


def test_looks_through_two_workers_are_all_on_record(tmp_path, postgres_url):
    home = a_home(tmp_path, catalogue__url=postgres_url)
    archive = opened(home, clock=lambda: datetime.now(UTC))
    [receipt] = ingested(archive, a_submission(tmp_path / "one"))
    person, _ = staff.add(
        archive, "mai.le", "Lê Thị Mai", (Grant(PersonRole.ARCHIVIST, Scope()),), by=OPERATOR
    )
    with archive.catalogue.begin() as connection:
        secret = stays.begin(connection, person, Stage.FULL, at=datetime.now(UTC))

    with worlds.served(home, "--workers", "2") as told:

        def answer(path: str) -> httpx.Response:
            session = {"kho-session": secret}
            with Client(base_url=told["address"], cookies=session, timeout=240) as client:
                return client.get(path)

        with ThreadPoolExecutor(16) as people:
            looks = [f"/dossiers/{receipt.dossier_id}"] * 24
            assert {each.status_code for each in people.map(answer, looks)} == {200}
            searches = list(people.map(answer, [f"/search?q={receipt.code}"] * 12))

    assert all(f"/dossiers/{receipt.dossier_id}" in each.text for each in searches)
    with archive.catalogue.connect() as connection:
        seen = journal.entries(connection, subject=receipt.dossier_id, type=EventType.VIEW)
        assert len(list(seen)) == 24
        journal.verify(connection)
    archive.close()


def test_what_cannot_end_well_is_refused_at_once(tmp_path):
    home = a_home(tmp_path)
    plain = configuration.load(home, {})
    behind = configuration.load(home, {"KHO_WEB_URL": "https://luutru.example"})

    with pytest.raises(UsageError, match="PostgreSQL"):
        serving.check(plain, host="127.0.0.1", workers=2)
    with pytest.raises(UsageError, match="clear"):
        serving.check(plain, host="0.0.0.0", workers=1)
    serving.check(behind, host="0.0.0.0", workers=1)
