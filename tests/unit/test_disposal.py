"""Destruction from the list to the certificate: who may, what goes, what stays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import update

from archive import disposal as holding_acts
from archive import dissemination
from archive.catalogue import disposals, journal, tables
from archive.catalogue.disposals import ItemState, ListStatus
from archive.catalogue.notes import NoteKind
from archive.disposal import execution, lists, outlook, procedure, remarks
from archive.disposal.procedure import Decided
from archive.errors import (
    AlreadyHeld,
    ArchiveError,
    Changed,
    DisposalForbidden,
    IntegrityError,
    ListNotReady,
    NotHeld,
    NotPermitted,
    Rejected,
    UsageError,
)
from archive.model import DossierId
from archive.preservation.rebuild import rebuild
from archive.preservation.sweep import sweep
from archive.signatures import persons
from archive.storage.opening import create_store, open_store
from tests import disposals as story_of
from tests.builders import a_pdf
from tests.disposals import (
    CHAIR,
    PROPOSER,
    Copy,
    Story,
    a_signed_pdf,
    a_story,
    approve,
    approved,
    propose,
    readable,
    review,
)
from tests.tokens import PIN, a_token


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    made = a_story(tmp_path)
    yield made
    made.close()


@pytest.fixture
def two_copies(tmp_path: Path) -> Iterator[Story]:
    def stores(home: Path) -> list[Copy]:
        urls = [f"folder://{home / 'archive' / 'store'}", f"folder://{home / 'second'}"]
        for url in urls:
            create_store(url)
        return [Copy(open_store(url)) for url in urls]

    made = a_story(tmp_path, stores=stores)
    yield made
    made.close()


def execute(story: Story, disposal_id: str, **more) -> execution.Execution:
    return execution.execute(story.archive, disposal_id, agent="lưu trữ viên", **more)


def the_list(story: Story, disposal_id: str) -> disposals.Disposal:
    with story.archive.catalogue.connect() as connection:
        return disposals.get(connection, disposal_id)


def hold(story: Story, dossier_id: str) -> str:
    request = holding_acts.HoldRequest("Thanh tra", "khiếu nại", "QĐ 15", DossierId(dossier_id))
    return holding_acts.place_hold(story.archive, request, agent="test").id


def test_what_is_due_goes_from_every_copy_and_its_record_stays(two_copies):
    story = two_copies
    due, kept = story.take_in("2015-03-10"), story.take_in("2025-03-10")
    story.finish()
    disposal_id = approved(story)

    done = execute(story, disposal_id)

    assert done.ordered == ("H26.18-150228-0001",)
    assert done.pending == ()
    assert readable(story, due) == []
    assert readable(story, kept)
    assert done.index is not None
    assert done.index.traces >= 2
    after = the_list(story, disposal_id)
    assert after.status is ListStatus.EXECUTED
    assert [item.state for item in after.items] == [ItemState.DESTROYED]
    assert after.items[0].entry["versions"][0]["sha256"]
    assert [act.act for act in after.acts] == [
        "proposed", "reviewed", "approved", "ordered", "destroyed",
    ]  # fmt: skip
    assert "Nguyễn Văn Thử" not in json.dumps(after.items[0].entry, ensure_ascii=False)
    with pytest.raises(NotHeld):
        story.held(due)


def test_copies_that_were_handed_out_go_with_their_dossier_and_the_register_stays(two_copies):
    story = two_copies
    due = story.take_in()
    story.finish()
    asked = dissemination.Request(dissemination.CopyKind.CERTIFIED, "Lê Thị Na", "nộp tòa", ("1",))
    (copy,) = dissemination.issue(story.archive, story.held(due), asked, agent="test")
    disposal_id = approved(story)

    execute(story, disposal_id)

    assert [list(each.names("copies/")) for each in story.archive.copies] == [[], []]
    assert dissemination.register(story.archive) == (copy,)
    assert dissemination.check_code(story.archive, copy.code).outcome.value == "valid"


def test_the_journal_tells_of_every_act_without_names(story):
    story.take_in()
    disposal_id = approved(story)
    execute(story, disposal_id)

    with story.archive.catalogue.connect() as connection:
        found = tuple(journal.entries(connection, subject=disposal_id))
        journal.verify(connection)

    told = [json.loads(entry.details) for entry in found]
    assert [each["act"] for each in told] == [
        "proposed", "reviewed", "approved", "ordered", "destroyed",
    ]  # fmt: skip
    assert all(PROPOSER not in entry.details and CHAIR not in entry.details for entry in found)


def test_a_rebuild_keeps_destroyed_what_was_destroyed(two_copies):
    story = two_copies
    due = story.take_in()
    story.finish()
    leftovers = {
        place: story.archive.store.read(place) for place in story.archive.store.names("aip/")
    }
    disposal_id = approved(story)
    execute(story, disposal_id)
    for name, content in leftovers.items():
        story_of_put(story, name, content)

    rebuild(story.archive)

    with pytest.raises(NotHeld):
        story.held(due)
    assert the_list(story, disposal_id).status is ListStatus.EXECUTED
    again = execute(story, disposal_id)
    assert again.pending == ()
    assert readable(story, due) == []


def story_of_put(story: Story, name: str, content: bytes) -> None:
    from archive.segments import put

    put(story.archive, name, content)


def test_the_sweep_does_not_take_what_a_disposal_has_to_remove(two_copies):
    story = two_copies
    due = story.take_in()
    story.copy(1).offline = True
    disposal_id = approved_online(story)
    execute(story, disposal_id)
    story.copy(1).offline = False

    swept = sweep(story.archive, age=timedelta(0))

    assert swept.leftovers == ()
    assert readable(story, due) == [
        f"{story.archive.copies[1].url}: {place}"
        for place in the_list(story, disposal_id).items[0].places
    ]


def approved_online(story: Story) -> str:
    story.copy(1).offline = False
    disposal_id = approved(story)
    story.copy(1).offline = True
    return disposal_id


def test_a_copy_out_of_reach_keeps_it_pending_until_the_same_command_finishes_it(two_copies):
    story = two_copies
    due = story.take_in()
    story.finish()
    disposal_id = approved_online(story)

    first = execute(story, disposal_id)
    between = the_list(story, disposal_id)
    story.copy(1).offline = False
    second = execute(story, disposal_id)

    assert [code for code, _ in first.pending] == ["H26.18-150228-0001"]
    assert between.status is ListStatus.EXECUTING
    assert between.items[0].state is ItemState.ORDERED
    assert between.acts[-1].details["pending"][0]["copy"] == story.archive.copies[1].url
    assert second.pending == ()
    assert the_list(story, disposal_id).items[0].state is ItemState.DESTROYED
    assert readable(story, due) == []


def test_a_locked_copy_keeps_the_whole_dossier_and_says_so(two_copies):
    story = two_copies
    due = story.take_in()
    story.finish()
    (place,) = (version.place for version in story.held(due).versions)
    story.archive.copies[1].retain(place, story.clock.at + timedelta(days=400))
    disposal_id = approved(story)

    done = execute(story, disposal_id)

    assert done.ordered == ()
    assert "object lock until" in done.postponed[0][1]
    assert story.held(due)
    assert len(readable(story, due)) == 4
    assert the_list(story, disposal_id).items[0].state is ItemState.LISTED


def test_a_lock_set_after_the_commit_point_leaves_it_pending(two_copies):
    story = two_copies
    due = story.take_in()
    disposal_id = approved_online(story)
    execute(story, disposal_id)
    story.copy(1).offline = False
    (place,) = the_list(story, disposal_id).items[0].places
    story.archive.copies[1].set_legal_hold(place, True)

    refused = execute(story, disposal_id)
    story.archive.copies[1].set_legal_hold(place, False)
    done = execute(story, disposal_id)

    assert {why.split(": ", 1)[1] for _, why in refused.pending} == {
        "a legal hold stands on the stored object"
    }
    assert done.pending == ()
    assert readable(story, due) == []


def test_a_hold_placed_between_proposal_and_execution_wins(story):
    held, free = story.take_in("2015-03-10"), story.take_in("2015-04-10")
    disposal_id = approved(story)
    hold(story, held)

    done = execute(story, disposal_id)

    assert [code for code, _ in done.dropped] == ["H26.18-150228-0001"]
    assert "giữ lại" in done.dropped[0][1]
    assert story.held(held)
    assert readable(story, free) == []


def test_a_hold_comes_too_late_once_the_commit_point_is_passed(story):
    due = story.take_in()
    disposal_id = approved(story)
    execute(story, disposal_id)

    with pytest.raises(NotHeld):
        hold(story, due)


def test_a_hold_cannot_be_lifted_twice(story):
    placed = hold(story, story.take_in())
    holding_acts.lift_hold(story.archive, placed, agent="test", reason="xong")

    with pytest.raises(UsageError):
        holding_acts.lift_hold(story.archive, placed, agent="test", reason="xong")


def test_the_holds_of_register_and_copies_are_compared_and_set_right(two_copies):
    story = two_copies
    dossier = story.take_in()
    hold(story, dossier)
    (place,) = (version.place for version in story.held(dossier).versions)
    story.archive.copies[1].set_legal_hold(place, False)

    found = holding_acts.reconcile(story.archive)

    assert [(each.copy, each.held, each.found) for each in found] == [
        (story.archive.copies[1].url, True, "off")
    ]
    assert tuple(holding_acts.disagreements(story.archive)) == ()


@pytest.mark.parametrize(
    "name",
    [PROPOSER, f"{PROPOSER}, Chủ tịch Hội đồng", f"{PROPOSER} - Giám đốc", "NGUYEN VAN LUU"],
    ids=["same", "as chairman", "as director", "without accents"],
)
def test_who_proposed_cannot_approve_under_any_role(story, name):
    story.take_in()
    disposal_id = propose(story).disposal.id
    review(story, disposal_id)

    with pytest.raises(NotPermitted, match="whatever the role"):
        approve(story, disposal_id, by=name)


@pytest.mark.parametrize("act", ["reject", "review", "propose"])
def test_of_two_people_at_once_one_acts_and_the_other_is_told_to_look_again(story, act):
    story.take_in()
    disposal_id = "" if act == "propose" else propose(story).disposal.id
    start = Barrier(2)

    def one(number: int) -> ArchiveError | None:
        start.wait()
        try:
            if act == "propose":
                propose(story)
            elif act == "review":
                review(story, disposal_id)
            else:
                procedure.reject(story.archive, disposal_id, agent=f"{number}", reason="khác")
        except ArchiveError as error:
            return error
        return None

    with ThreadPoolExecutor(2) as pool:
        told = [error for error in pool.map(one, (1, 2)) if error is not None]

    assert [type(error) for error in told] in ([Changed], [ListNotReady], [DisposalForbidden])
    with story.archive.catalogue.connect() as connection:
        (listed,) = disposals.every(connection, disposals.Kind.DESTROY)
    assert len(listed.acts) == (1 if act == "propose" else 2)


def test_nothing_is_executed_that_is_not_approved(story):
    story.take_in()
    disposal_id = propose(story).disposal.id

    with pytest.raises(NotPermitted):
        execute(story, disposal_id)
    with pytest.raises(NotPermitted):
        approve(story, disposal_id)
    review(story, disposal_id)
    with pytest.raises(NotPermitted):
        execute(story, disposal_id)


def test_an_approval_does_not_count_once_the_list_was_changed(story):
    story.take_in("2015-03-10"), story.take_in("2015-04-10")
    disposal_id = approved(story)
    procedure.exclude(
        story.archive, disposal_id, ["H26.18-150228-0001"], agent="test", reason="còn dùng"
    )

    with pytest.raises(NotPermitted):
        execute(story, disposal_id)
    approve(story, disposal_id)
    done = execute(story, disposal_id)

    assert done.ordered == ("H26.18-150331-0002",)


def test_an_altered_list_is_not_executed(story):
    story.take_in()
    disposal_id = approved(story)
    with story.archive.catalogue.begin() as connection:
        items = tables.disposal_items
        entry = the_list_in(connection, disposal_id).items[0].entry
        connection.execute(update(items).values(entry={**entry, "title": "khác"}))

    with pytest.raises(IntegrityError):
        execute(story, disposal_id)


def the_list_in(connection, disposal_id):
    return disposals.get(connection, disposal_id)


def test_a_rejected_list_frees_its_dossiers(story):
    story.take_in()
    disposal_id = approved(story)

    procedure.reject(story.archive, disposal_id, agent="test", reason="chưa đồng ý")

    with pytest.raises(NotPermitted):
        execute(story, disposal_id)
    assert propose(story).disposal.id != disposal_id


def test_a_dossier_stands_on_one_open_list_only(story):
    story.take_in()
    propose(story)

    with pytest.raises(DisposalForbidden, match="danh mục khác"):
        propose(story, only=tuple(item for item in the_ids(story)))


def the_ids(story: Story) -> list[str]:
    from archive.catalogue import dossiers

    with story.archive.catalogue.connect() as connection:
        return [each.dossier.id for each in dossiers.all(connection)]


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("not due", "chưa được phép"),
        ("unconfirmed row", "chưa được xác nhận"),
        ("complaint", "reopened"),
        ("linked", "linked"),
        ("held", "giữ lại"),
        ("open", "open"),
    ],
)
def test_what_may_not_go_is_not_listed_and_the_reason_is_given(story, case, reason):
    closed = "2025-03-10" if case == "not due" else "2015-03-10"
    changes: dict[str, Any] = (
        {"tthc__procedureCode": "1.005555"} if case == "unconfirmed row" else {}
    )
    if case == "open":
        changes = {"tthc__closedOn": None, "tthc__status": "processing"}
    dossier = story.take_in(closed, **changes)
    if case == "complaint":
        remarks.note(story.archive, dossier, NoteKind.REOPENED, "KN", agent="t", reason="r")
    if case == "linked":
        other = story.take_in("2025-03-10")
        remarks.note(story.archive, dossier, NoteKind.LINK, other, agent="t", reason="r")
    if case == "held":
        hold(story, dossier)

    with pytest.raises(DisposalForbidden, match=reason):
        propose(story, only=(dossier,))


def test_a_schedule_that_nobody_adopted_destroys_nothing(tmp_path):
    story = a_story(tmp_path, adopted=False)
    dossier = story.take_in()

    with pytest.raises(DisposalForbidden):
        propose(story, only=(dossier,))


def test_a_longer_schedule_adopted_after_approval_drops_what_is_no_longer_due(story):
    dossier = story.take_in("2019-03-10")
    disposal_id = approved(story)
    story.clock.forward(days=1)
    story.adopt(
        story_of.SCHEDULE.replace("thu-nghiem-1", "thu-nghiem-2").replace("5 years", "20 years")
    )

    done = execute(story, disposal_id)

    assert "protected" in done.dropped[0][1]
    assert story.held(dossier)


def test_a_corrected_dossier_is_not_the_one_that_was_approved(story):
    from archive.ingest.correction import correct

    dossier = story.take_in()
    disposal_id = approved(story)
    correct(story.archive, story.held(dossier), {"dossier.title": "Tên mới"}, agent="t", reason="r")

    done = execute(story, disposal_id)

    assert "phiên bản khác" in done.dropped[0][1]
    assert story.held(dossier)


def test_a_dry_run_does_everything_up_to_the_commit_point(story):
    dossier = story.take_in()
    disposal_id = approved(story)
    before = the_list(story, disposal_id)

    done = execute(story, disposal_id, dry_run=True)

    assert done.ordered == ("H26.18-150228-0001",)
    assert the_list(story, disposal_id) == before
    assert story.held(dossier)


def test_sixteen_days_after_the_decision_there_is_a_warning(story):
    story.take_in()
    disposal_id = approved(story)
    story.clock.forward(days=16)

    done = execute(story, disposal_id)

    assert "quá 15 ngày" in done.warnings[0]
    assert done.ordered


def test_what_was_destroyed_is_not_taken_in_again(story):
    story.take_in()
    disposal_id = approved(story)
    execute(story, disposal_id)
    story.number = 0

    with pytest.raises(AlreadyHeld, match=disposal_id):
        story.take_in()


def test_the_decisions_of_a_destroyed_list_can_be_made_again(story):
    story.take_in()
    disposal_id = approved(story)
    execute(story, disposal_id)
    (item,) = the_list(story, disposal_id).items

    assert outlook.replay(story.archive, item.entry["decision"]).differences == ()


def test_openssl_verifies_the_approval_over_the_list(story, tmp_path):
    import subprocess

    story.take_in()
    disposal_id = approved(story)
    after = the_list(story, disposal_id)
    (tmp_path / "list.json").write_bytes(lists.content(after))
    signature = bytes.fromhex(after.of_act("approved")[0].details["approval"]["signature"])
    (tmp_path / "approval.p7s").write_bytes(signature)
    root = story.archive.settings.home / "test-pki" / "certificates" / "root.pem"

    told = subprocess.run(
        ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "approval.p7s",
         "-content", "list.json", "-CAfile", str(root), "-purpose", "any", "-out", "/dev/null"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert told.returncode == 0, told.stderr
    digest = lists.digest(after)
    stored = story.archive.store.read(f"state/disposals/{disposal_id}/list-{digest[:32]}.json")
    assert stored == lists.content(after)


def test_a_list_is_approved_with_a_key_in_a_token(story, tmp_path, tmp_path_factory):
    from archive.signatures.key_sources import open_key

    token = a_token(tmp_path_factory.getbasetemp() / "softhsm")
    source = token.put(f"chair-{tmp_path.name}", story.person(CHAIR))
    key = open_key(source, home=tmp_path, password=PIN)
    story.take_in()
    disposal_id = propose(story).disposal.id
    review(story, disposal_id)
    decided = Decided(a_signed_pdf(story, "quyet-dinh"), "15/QĐ-SXD", story.archive.today())

    after = procedure.approve(story.archive, disposal_id, decided, key, agent="lãnh đạo")

    signature = bytes.fromhex(after.of_act("approved")[0].details["approval"]["signature"])
    person = lists.refuse_untrusted(
        story.archive, lists.content(after), signature, at=story.archive.clock()
    )
    assert person == persons.of_certificate(story.person(CHAIR).certificate)
    assert execute(story, disposal_id).ordered


@pytest.mark.parametrize("kind", ["unsigned", "no pdf", "altered", "missing"])
def test_papers_have_to_be_signed_pdfs_that_hold(story, kind):
    story.take_in()
    disposal_id = propose(story).disposal.id
    path = story.papers / f"{kind.replace(' ', '-')}.pdf"
    if kind == "unsigned":
        path.write_bytes(a_pdf("bien ban"))
    elif kind == "no pdf":
        path.write_bytes(b"bien ban")
    elif kind == "altered":
        signed = a_signed_pdf(story, "goc").read_bytes()
        path.write_bytes(signed.replace(b"(goc - 1)", b"(gac - 1)"))

    with pytest.raises(NotHeld if kind == "missing" else Rejected):
        procedure.review(
            story.archive, disposal_id, council=path, minutes=path, appraisal=None, agent="t"
        )
    assert the_list(story, disposal_id).status is ListStatus.PROPOSED


def test_a_decision_from_before_the_list_or_of_tomorrow_is_refused(story):
    story.take_in()
    disposal_id = propose(story).disposal.id
    review(story, disposal_id)
    paper, today = a_signed_pdf(story, "quyet-dinh"), story.archive.today()

    for day in (today - timedelta(days=1), today + timedelta(days=1)):
        with pytest.raises(Rejected):
            procedure.approve(
                story.archive,
                disposal_id,
                Decided(paper, "1/QĐ", day),
                story.person(CHAIR),
                agent="t",
            )


def test_an_agency_that_submits_to_a_historical_archive_needs_an_appraisal(tmp_path):
    story = a_story(tmp_path, adopted=False)
    story.adopt(
        story_of.SCHEDULE.replace(
            'agency = "H26.18"', 'agency = "H26.18"\ntransfer_permanent_after_years = 6', 1
        )
    )
    story.take_in()
    disposal_id = propose(story).disposal.id

    with pytest.raises(Rejected, match="appraisal"):
        review(story, disposal_id)
