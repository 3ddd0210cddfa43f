"""An archive in which every page has something to show, served in this process.

The clock is the tests': `clock.advance(days=20)` for the pages and for the archive alike.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import uvicorn

from archive import dissemination, reception, saved_searches
from archive.assembly import Archive
from archive.catalogue import disposals
from archive.catalogue.disposals import Kind
from archive.disposal import HoldRequest, adoption, place_hold, procedure, proposing, transfer
from archive.disposal.adoption import AdoptionRequest
from archive.dissemination import CopyKind
from archive.indexing import index_pending
from archive.model import DossierId
from archive.people import staff, tokens
from archive.people.stays import Stage
from archive.proving import prove_pending
from archive.reception import uploads
from archive.recomputing import recompute
from archive.retention_office import lists
from archive.retention_office.execution import export_folder
from archive.segments import try_to_flush
from archive.signatures import testpki
from archive.viewers import LEVELS, OPERATOR, Grant, PersonRole, Right, Scope
from tests.archives import SteppingClock, a_home, ingested, opened
from tests.web import world as worlds
from tests.web.client import Client
from tests.web.office import AGENCY, HANDED_OVER, SCHEDULE, Desk, a_desk
from tests.web.producers import LATE, PRODUCER, a_zip
from tests.web.world import CHECK, HOSTILE, PLAIN, SIGNED, World
from web.app import create

NOTE = "hết thời hạn lưu trữ"
SEEN = (PLAIN, SIGNED, HOSTILE)
"""Dossiers beside those of the retention office."""


@dataclass(frozen=True)
class Filled(World):
    """What is in it, by name: see `_fill`."""

    clock: SteppingClock
    desk: Desk
    made: dict[str, str]

    def client(self, account: str | None, stage: Stage = Stage.FULL) -> Client:
        """Return a browser without a screen; close it."""
        cookies = {"kho-session": self.session(account, stage)} if account else {}
        return Client(base_url=self.base, cookies=cookies, timeout=60)


@contextmanager
def filled(folder: Path, **settings: Any) -> Iterator[Filled]:
    """Make the archive in a folder, serve it, and fill it."""
    home = a_home(folder, copies__check_url=CHECK, web__drop_folder="drop", **settings)
    clock = SteppingClock()
    archive = opened(home, clock=clock)
    for code in SEEN:
        worlds.submission(folder / "submitted" / code, code, archive)
    ids = {each.code: each.dossier_id for each in ingested(archive, folder / "submitted")}
    desk = a_desk(archive, folder / "desk")
    with served_here(archive) as base:
        made: dict[str, str] = {}
        place = Filled(home, base, archive, worlds.people(archive), dict(ids), clock, desk, made)
        _fill(place)
        yield place
    archive.close()


@contextmanager
def served_here(archive: Archive) -> Iterator[str]:
    """Serve an archive on a thread of this process, by its clock; yields the address."""
    app = create(archive.settings, archive.clock)
    running = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, access_log=False,
                             server_header=False)  # fmt: skip
    listening = running.bind_socket()
    server = uvicorn.Server(running)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=30)
    listening.close()
    assert not thread.is_alive()


def _fill(place: Filled) -> None:
    _schedules(place)
    _lists(place)
    _holds(place)
    _reception(place)
    _copies(place)
    _people(place)
    index_pending(place.archive)
    prove_pending(place.archive)
    assert try_to_flush(place.archive) is None
    _jobs(place)


def _schedules(place: Filled) -> None:
    """One is in force, one waits for its second person."""
    place.made["adopted version"] = propose_schedule(place, "Bảng thời hạn thử nghiệm")
    version = place.made["adopted version"]
    adoption.confirm(place.archive, version, by="Người approver", account="approver")
    place.made["proposed version"] = propose_schedule(place, "Bảng thời hạn sửa đổi")


def propose_schedule(place: Filled, title: str) -> str:
    """Propose the schedule under another title; return its version."""
    text = SCHEDULE.replace("Bảng thời hạn thử nghiệm", title)
    request = AdoptionRequest(text, "bang.toml", "Người retention_officer", decision="01/QĐ-TN")
    return adoption.propose(place.archive, request, account="retention_officer").version


def _lists(place: Filled) -> None:
    """Lists for destruction as far as each step, one for transfer that was received, one new."""
    for number, step in enumerate(("proposed", "reviewed", "approved"), 801):
        place.desk.due(number)
        place.made[step] = propose(place, Kind.DESTROY)
        if step != "proposed":
            review(place, place.made[step])
        if step == "approved":
            approve(place, place.made[step])
    for number, step in ((811, "received"), (812, "to hand over")):
        place.desk.due(number, tthc__procedureCode=HANDED_OVER)
        place.made[step] = propose(place, Kind.TRANSFER)
    hand_over(place, place.made["received"])
    for step, name in (("approved", "paper"), ("received", "transfer paper")):
        place.made[name] = paper_of(place, place.made[step])
    place.made["due"] = place.desk.due(821)[0]
    place.desk.due(822, tthc__procedureCode=HANDED_OVER)
    recompute(place.archive)


def propose(place: Filled, kind: Kind) -> str:
    """Propose what is due; return the list's id."""
    request = proposing.Request(kind, AGENCY, NOTE)
    key = signer(place, "Nguyễn Văn Lưu")
    return proposing.propose(place.archive, request, key, agent="retention_officer").disposal.id


def signer(place: Filled, name: str) -> Any:
    """Return a key of a person under the archive's TEST CA."""
    from datetime import timedelta

    pki, at = testpki.load(place.home / "test-pki"), place.clock()
    end = at + timedelta(days=3650)
    return pki.signer(name, not_before=at - timedelta(days=1), not_after=end)


def review(place: Filled, name: str) -> None:
    """Record the council's papers."""
    procedure.review(
        place.archive, name, council=place.desk.paper("council"),
        minutes=place.desk.paper("minutes"), appraisal=None, agent="retention_officer",
    )  # fmt: skip


def approve(place: Filled, name: str) -> None:
    """Approve a list, with the decision of today."""
    decided = procedure.Decided(place.desk.paper("decision"), "15/QĐ", place.archive.today())
    key = signer(place, "Trần Thị Duyệt")
    procedure.approve(place.archive, name, decided, key, agent="approver")


def hand_over(place: Filled, name: str) -> None:
    """Export a list's packages and record that all of them were received."""
    folder = export_folder(place.archive, name)
    transfer.export(place.archive, name, folder, agent="retention_officer")
    table = place.desk.folder / "receipt.csv"
    table.write_text(acknowledged(folder), encoding="utf-8")
    transfer.receipt(place.archive, name, table, paper=None, agent="retention_officer")


def acknowledged(folder: Path) -> str:
    """Return the receiver's form of an export, with every package accepted."""
    import json

    packages = json.loads((folder / transfer.MANIFEST).read_bytes())["packages"]
    rows = [f"{p['dossier']},{p['package']},{p['sha256']},yes," for p in packages]
    return "\n".join([",".join(transfer.RECEIPT_COLUMNS), *rows]) + "\n"


def paper_of(place: Filled, name: str) -> str:
    """Return the name of the paper that was made when a list was proposed."""
    with place.archive.catalogue.connect() as connection:
        (paper, *_) = lists.papers_of(disposals.get(connection, name).acts[0].details)
    return paper.rsplit("/", 1)[-1]


def _holds(place: Filled) -> None:
    request = HoldRequest("Thanh tra tỉnh", "khiếu nại", "QĐ 15/QĐ-TTr", agency="H26.18")
    place_hold(place.archive, request, agent="retention_officer")
    due = replace(request, owner="Tòa án", agency=None, dossier_id=DossierId(place.ids[PLAIN]),
                  review_on=place.archive.today())  # fmt: skip
    place.made["hold"] = place_hold(place.archive, due, agent="retention_officer").id


def _reception(place: Filled) -> None:
    """A batch with a submission to fix, and one that is closed with its minutes."""
    folder, archive, agent = place.desk.folder, place.archive, "archivist"
    with_faults, _ = a_zip(folder, **LATE)
    returned, _ = a_zip(folder, **LATE)
    for name, given in (("batch", with_faults), ("closed", returned)):
        batch = reception.open_batch(archive, PRODUCER, source="upload", agent=agent)
        uploads.add_path(archive, batch.id, given)
        reception.take_in_all(archive, batch.id, agent=agent)
        place.made[name] = batch.id
    reception.give_back(archive, f"{place.made['closed']}.1", agent=agent, reason="sai ngày")
    reception.close(archive, place.made["closed"], agent=agent)


def _copies(place: Filled) -> None:
    from archive import access

    holding = access.find(place.archive, PLAIN)
    for kind in (CopyKind.CERTIFIED, CopyKind.READING):
        asked = dissemination.Request(kind, "Phạm Thị Mai", "hộ chiếu", ("1",))
        (copy,) = dissemination.issue(place.archive, holding, asked, agent="official")
        place.made[f"{kind.value} copy"] = f"{copy.year}/{copy.number}"
        place.made[f"{kind.value} code"] = copy.code


def _people(place: Filled) -> None:
    archive, grant = place.archive, Grant(PersonRole.ARCHIVIST, Scope(levels=LEVELS))
    person, link = staff.add(archive, "moi", "Người Mới", (grant,), by=OPERATOR)
    place.made.update(newcomer=person.id, link=link)
    staff.add(archive, "motcua", "Một cửa", (grant,), by=OPERATOR, kind="system")
    tokens.make(archive, "motcua", "tra cứu", (Right.SEE,), days=30, by=OPERATOR)
    mine = place.people["official"].id
    saved_searches.save(archive, mine, "Họ Nguyễn", "q=nguyen", shared=True)


def _jobs(place: Filled) -> None:
    """Through the pages: a draft that was tried, copies that were read, an adoption."""
    with place.client("retention_officer") as officer:
        answer = officer.post(
            "/schedules/drafts", data={"csrf": officer.form_token("/schedules")},
            files={"draft": ("bang.toml", place.desk.schedule.read_bytes())},
            headers={"Origin": place.base},
        )  # fmt: skip
        place.made["draft"] = answer.headers["location"]
        place.made["job"] = place.made["draft"].rsplit("/", 1)[-1]
        until(lambda: "badge good" in officer.get(place.made["draft"]).text)
    with place.client("archivist") as archivist:
        archivist.submit("/integrity/check", on="/integrity")
        until(lambda: "badge good" in archivist.get("/integrity").text)
    place.made["put in force"] = propose_schedule(place, "Bảng thời hạn mới")
    with place.client("approver") as approver:
        version = place.made["put in force"]
        answer = approver.submit("/schedules/confirm", on="/schedules", version=version)
        until(lambda: "badge good" in approver.get(answer.headers["location"]).text)


def until(done: Any) -> None:
    """Wait for work behind the pages."""
    for _ in range(600):
        if done():
            return
        time.sleep(0.1)
    raise AssertionError("it did not come to an end")
