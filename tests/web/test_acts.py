"""Acts of retention in a real browser: a schedule by two people, holds, a batch to its end."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import sleep

import pytest
from playwright.sync_api import Page, expect

from archive.catalogue import dossiers
from archive.fixity import sha256_of
from archive.indexing import index_pending
from tests.web.browsing import Surf, assert_accessible, assert_fits
from tests.web.office import AGENCY, HANDED_OVER, Desk, a_desk
from tests.web.world import World

NUMBERS = (701, 702, 703)


@dataclass(frozen=True)
class Office:
    """Dossiers whose period is over, and what two people sign with."""

    desk: Desk
    ids: tuple[str, ...]
    codes: tuple[str, ...]
    permanent: str
    """One that is to be handed over."""


@pytest.fixture(scope="module")
def office(world: World, tmp_path_factory: pytest.TempPathFactory) -> Office:
    desk = a_desk(world.archive, tmp_path_factory.mktemp("office"))
    ids, codes = zip(*map(desk.due, NUMBERS), strict=True)
    permanent, _ = desk.due(704, tthc__procedureCode=HANDED_OVER)
    index_pending(world.archive)
    return Office(desk, ids, codes, permanent)


def test_a_schedule_is_tried_proposed_and_confirmed_by_another_person(
    surf: Surf, world: World, office: Office, shot
):
    page = surf("retention_officer", "/schedules", language="en")
    assert_fits(page)
    shot(page, "schedules")
    page.reload()

    page.set_input_files("[name=draft]", office.desk.schedule)
    page.get_by_role("button", name="Try a draft").click()
    expect(page.get_by_text("of 4 dossiers would change")).to_be_visible(timeout=20_000)
    shot(page, "schedule-draft")
    page.reload()
    page.get_by_role("button", name="Propose for adoption").click()
    expect(page.locator("#proposals")).to_contain_text("thu-nghiem-1+")
    assert page.get_by_role("button", name="Confirm").count() == 0
    approver = surf("approver", "/", language="en")
    approver.get_by_role("link", name="thu-nghiem-1+").click()
    approver.get_by_role("button", name="Confirm").click()
    expect(approver.get_by_text("changed.")).to_be_visible(timeout=20_000)

    assert world.journal("retention schedule adopted", "approver")[-1]["subject"] == AGENCY
    page.goto("/due?action=destroy")
    for code in office.codes:
        expect(page.get_by_role("link", name=code)).to_be_visible()
    assert_fits(page)
    shot(page, "due")
    page.get_by_role("link", name=office.codes[0]).click()
    expect(page.locator("main")).to_contain_text("T-05")
    assert_fits(page)
    shot(page, "why")


def test_a_batch_goes_through_destruction_by_two_people_and_a_hold_saves_its_dossier(
    surf: Surf, world: World, office: Office, client, shot
):
    page = surf("retention_officer", "/disposal/new", language="en")
    page.fill("[name=agency]", AGENCY)
    page.fill("[name=note]", "The period of these records is over.")
    page.get_by_role("button", name="See the list").click()
    assert_fits(page)
    shot(page, "disposal-new")
    page.reload()
    with page.expect_download() as got:
        page.get_by_role("link", name="Get the list").click()
    page.set_input_files(
        "[name=signature]", office.desk.signed(Path(got.value.path()).read_bytes(), "archivist")
    )
    page.get_by_role("button", name="Propose the list").click()
    expect(page.locator("#dossiers")).to_contain_text(office.codes[0])
    name = page.url.rsplit("/", 1)[-1]

    for paper in ("council", "minutes"):
        page.set_input_files(f"[name={paper}]", office.desk.paper(paper))
    page.get_by_role("button", name="Record the review").click()
    expect(page.locator(".steps .now")).to_have_text("reviewed by the council")
    assert page.get_by_role("button", name="Approve the list").count() == 0
    assert client("retention_officer").submit(f"/disposal/{name}/approve").status_code == 403

    approver = surf("approver", "/", language="en")
    assert_fits(approver)
    shot(approver, "home-approver")
    approver.get_by_role("link", name=name).click()
    expect(approver).to_have_url(f"{world.base}/disposal/{name}")
    assert_fits(approver)
    shot(approver, "disposal-approve")
    approver.reload()
    with approver.expect_download() as listed:
        approver.locator("li").get_by_role("link", name="Get the list").click()
    approver.set_input_files(
        "[name=signature]", office.desk.signed(Path(listed.value.path()).read_bytes(), "chair")
    )
    approver.set_input_files("[name=decision]", office.desk.paper("decision"))
    approver.fill("[name=number]", "15/QĐ-TEST")
    approver.get_by_role("button", name="Approve the list").click()
    expect(approver.get_by_text("days left for execution")).to_be_visible()
    home = surf("retention_officer", "/", language="en")
    expect(home.get_by_text("days left to execute")).to_be_visible()
    assert_fits(home)
    shot(home, "home-retention")

    _hold(surf, office, shot)
    page.goto(f"/disposal/{name}")
    expect(page.get_by_text("1 dossiers no longer qualify")).to_be_visible()
    _execute(page, name)
    shot(page, "disposal-done")
    assert_accessible(page)

    with world.archive.catalogue.connect() as connection:
        held = [bool(dossiers.held(connection, each)) for each in office.ids]
    assert held == [False, True, False]
    assert client("retention_officer").get(f"/dossiers/{office.ids[0]}").status_code == 404
    acts = [each["act"] for each in world.journal("destruction") if each["subject"] == name]
    assert acts == ["proposed", "reviewed", "approved", "ordered", "destroyed"]
    with page.expect_download() as certificate:
        page.get_by_role("link", name="Minutes and certificate (PDF)").click()
    assert Path(certificate.value.path()).read_bytes().startswith(b"%PDF-")


def _hold(surf: Surf, office: Office, shot) -> None:
    page = surf("retention_officer", f"/holds?dossier={office.codes[1]}", language="en")
    page.fill("[name=owner]", "Tòa án nhân dân quận")
    page.fill("#place [name=reason]", "Đang giải quyết vụ án hành chính")
    page.fill("[name=legal_reference]", "Thông báo thụ lý 12/TB-TA")
    page.get_by_role("button", name="Place a hold").click()
    expect(page.get_by_text("Tòa án nhân dân quận").first).to_be_visible()
    assert_fits(page)
    shot(page, "holds")


def _execute(page: Page, name: str) -> None:
    digits = page.locator(".digest b").inner_text()
    page.fill("[name=digits]", "00000000")
    page.get_by_role("button", name="Destroy").click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text(name)
    page.goto(f"/disposal/{name}")
    page.fill("[name=digits]", digits)
    page.get_by_role("button", name="Destroy").click()
    expect(page.locator("h1 .badge")).to_have_text("executed", timeout=60_000)
    expect(page.locator("#progress")).to_contain_text("gone, looked again")
    expect(page.locator("#progress")).to_contain_text("folder://")
    expect(page.locator("#progress")).to_contain_text("3 of 3 items")
    expect(page.locator("#progress")).to_contain_text("No longer qualified, and kept")


def test_a_transfer_is_exported_acknowledged_and_not_purged_before_its_time(
    client, world: World, office: Office
):
    officer = client("retention_officer")
    note = {"agency": AGENCY, "note": "Nộp vào lưu trữ lịch sử"}
    content = officer.get("/transfer/new/list.json", params=note).content
    expected = sha256_of(content)
    answer = _upload(
        officer, "/transfer/new", "/transfer/new", {**note, "expected": expected},
        signature=office.desk.signed(content, "archivist"),
    )  # fmt: skip
    where = answer.headers["location"]

    assert officer.submit(f"{where}/export", on=where).status_code == 303
    _until(lambda: "transfer.json" in officer.get(where).text)
    form = officer.get(f"{where}/receipt.csv").text.splitlines()
    told = json.loads(officer.get(f"{where}/transfer.json").content)["packages"]
    rows = [form[0], *(f"{p['dossier']},{p['package']},{p['sha256']},yes," for p in told)]
    receipt = office.desk.folder / "receipt.csv"
    receipt.write_text("\n".join(rows) + "\n", encoding="utf-8")
    answer = _upload(officer, where, f"{where}/receipt", {}, table=receipt)

    assert answer.status_code == 303
    shown = officer.get(where).text
    assert f'action="{where}/purge"' in shown
    officer.submit(f"{where}/purge", on=where, digits=expected[:8])
    _until(lambda: "KHO-BLOCKED" in officer.get(where).text)
    with world.archive.catalogue.connect() as connection:
        assert dossiers.held(connection, office.permanent)


def _upload(officer, page: str, path: str, fields: dict[str, str], **files: Path):
    return officer.post(
        path, data={"csrf": officer.form_token(page), **fields},
        files={name: (file.name, file.read_bytes()) for name, file in files.items()},
        headers={"Origin": str(officer.base_url)},
    )  # fmt: skip


def _until(done: Callable[[], bool]) -> None:
    for _ in range(240):
        if done():
            return
        sleep(0.25)
    raise AssertionError("it did not come to an end")
