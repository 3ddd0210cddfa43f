"""Browsers without JavaScript: every act to its end, on the archive's own clock."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from archive import dissemination, reception
from archive.catalogue import disposals, dossiers
from archive.catalogue.disposals import Kind
from archive.retention_office.execution import export_folder
from tests.web.browsing import Surf, assert_accessible
from tests.web.filled import Filled, acknowledged, approve, propose, review
from tests.web.office import AGENCY, HANDED_OVER
from tests.web.producers import LATE, PRODUCER, a_zip
from tests.web.world import PLAIN, SIGNED


def plain(look: Surf, account: str, path: str) -> Page:
    return look(account, path, script=False, language="en")


def until(page: Page, words: str) -> None:
    """Load a page anew until work behind it has come to its end, as a person would."""
    for _ in range(240):
        if words in page.locator("#progress").inner_text():
            return
        page.wait_for_timeout(250)
        page.reload()
    raise AssertionError(page.locator("main").inner_text())


def test_a_hold_is_kept_on_after_asking_and_then_lifted(look: Surf, place: Filled):
    page = plain(look, "retention_officer", "/holds")
    hold = page.locator(f"#hold-{place.made['hold']}")
    expect(hold.locator(".badge")).to_have_text("ask again")

    hold.locator("summary", has_text="Asked, it stays").click()
    hold.locator("[name=next_on]").fill("2099-12-31")
    hold.locator("form[action$=keep] [name=reason]").fill("vụ án chưa kết thúc")
    hold.get_by_role("button", name="Asked, it stays").click()
    expect(hold.locator(".badge")).to_have_text("in force")
    expect(hold).to_contain_text("31/12/2099")
    hold.locator("summary", has_text="Lift").click()
    hold.locator("form[action$=lift] [name=reason]").fill("bản án có hiệu lực")
    hold.get_by_role("button", name="Lift").click()

    expect(hold.locator(".badge")).to_have_text("lifted")
    expect(hold).to_contain_text("bản án có hiệu lực")
    assert hold.locator("form").count() == 0
    for kind in ("hold reviewed", "hold lifted"):
        assert place.journal(kind, "retention_officer")


def test_holds_are_compared_with_the_stores(look: Surf, place: Filled):
    page = plain(look, "retention_officer", "/holds")

    page.get_by_role("button", name="Compare with the stores").click()
    until(page, "finished")

    expect(page.locator("#progress")).to_contain_text("Register and every copy agree.")


def test_a_dossier_is_taken_off_a_list_and_the_list_ends_without_execution(
    look: Surf, place: Filled
):
    ids, codes = zip(*(place.desk.due(number) for number in (841, 842)), strict=True)
    name = propose(place, Kind.DESTROY)
    page = plain(look, "retention_officer", f"/disposal/{name}")

    item = page.locator("#dossiers li", has_text=codes[0])
    item.locator("summary").click()
    item.locator("[name=reason]").fill("còn khiếu nại")
    item.get_by_role("button", name="Take off the list").click()
    expect(item.locator(".badge")).to_have_text("excluded")
    expect(item).to_contain_text("còn khiếu nại")
    page.locator("summary", has_text="End without execution").click()
    page.locator("form[action$=reject] [name=reason]").fill("lập lại danh mục")
    page.get_by_role("button", name="End without execution").click()

    expect(page.locator("h1 .badge")).to_have_text("rejected")
    expect(page.locator(".timeline")).to_contain_text("lập lại danh mục")
    assert page.locator("main form").count() == 0
    page.goto(f"/disposal/new?agency={AGENCY}&note=again")
    for code in codes:
        expect(page.locator("main").get_by_role("link", name=code)).to_be_visible()
    assert [held(place, each) for each in ids] == [True, True]


def held(place: Filled, dossier_id: str) -> bool:
    with place.archive.catalogue.connect() as connection:
        return bool(dossiers.held(connection, dossier_id))


def test_a_list_is_carried_out_late_and_the_page_says_how_late(look: Surf, place: Filled):
    dossier, code = place.desk.due(851)
    name = propose(place, Kind.DESTROY)
    review(place, name)
    approve(place, name)
    expect(plain(look, "retention_officer", f"/disposal/{name}").locator("main")).to_contain_text(
        "15 days left for execution"
    )
    place.clock.advance(days=16)
    page = plain(look, "retention_officer", f"/disposal/{name}")
    expect(page.locator(".alert").first).to_contain_text("1 days late")
    assert_accessible(plain_with_scripts(look, f"/disposal/{name}"))

    page.fill("[name=digits]", page.locator(".digest b").inner_text())
    page.get_by_role("button", name="Destroy").click()
    until(page, "finished")

    expect(page.locator("h1 .badge")).to_have_text("executed")
    expect(page.locator("#progress")).to_contain_text(code)
    assert not held(place, dossier)


def plain_with_scripts(look: Surf, path: str) -> Page:
    return look("retention_officer", path, language="en")


def test_what_was_handed_over_is_purged_three_months_later(
    look: Surf, place: Filled, tmp_path: Path, shot
):
    dossier, code = place.desk.due(861, tthc__procedureCode=HANDED_OVER)
    name = propose(place, Kind.TRANSFER)
    page = plain(look, "retention_officer", f"/transfer/{name}")
    page.get_by_role("button", name="Export the packages").click()
    until(page, "finished")
    page.reload()
    receipt = tmp_path / "receipt.csv"
    receipt.write_text(acknowledged(export_folder(place.archive, name)), encoding="utf-8")
    page.set_input_files("[name=table]", receipt)
    page.get_by_role("button", name="Record the receipt").click()
    expect(page.locator("h1 .badge")).to_have_text("acknowledged")
    expect(page.locator("main")).to_contain_text("What was acknowledged may be purged from")

    place.clock.advance(days=93)
    page = plain(look, "retention_officer", f"/transfer/{name}")
    expect(page.locator("p.done").first).to_contain_text("may be purged from")
    page.fill("[name=digits]", page.locator(".digest b").inner_text())
    page.get_by_role("button", name="Purge what was handed over").click()
    until(page, "finished")

    expect(page.locator("h1 .badge")).to_have_text("executed")
    expect(page.locator("#progress")).to_contain_text("gone, looked again")
    assert not held(place, dossier)
    with place.archive.catalogue.connect() as connection:
        acts = [act.act for act in disposals.get(connection, name).acts]
    assert acts == ["proposed", "exported", "received", "ordered", "destroyed"]
    done = plain_with_scripts(look, f"/transfer/{name}")
    assert_accessible(done)
    shot(done, "transfer-purged")
    assert code in done.inner_text("#dossiers")


def test_a_schedule_is_tried_and_put_in_force_by_two_and_never_by_one(look: Surf, place: Filled):
    draft = place.desk.folder / "khac.toml"
    text = place.desk.schedule.read_text(encoding="utf-8")
    draft.write_text(text.replace("thử nghiệm", "năm sau"), encoding="utf-8")
    page = plain(look, "retention_officer", "/schedules")
    page.set_input_files("[name=draft]", draft)
    page.get_by_role("button", name="Try a draft").click()
    until(page, "finished")
    version = page.locator("h1").inner_text().split()[-1]
    page.get_by_role("button", name="Propose for adoption").click()

    with place.client("retention_officer") as officer:
        refused = officer.submit("/schedules/confirm", on="/schedules", version=version)
    approver = plain(look, "approver", "/schedules")
    proposal = approver.locator("#proposals .row", has_text=version)
    proposal.get_by_role("button", name="Confirm").click()
    until(approver, "finished")

    assert refused.status_code == 403
    assert place.journal("retention schedule adopted", "approver")[-1]["version"] == version


def test_what_is_wrong_is_fixed_beside_its_page_and_taken_in(
    look: Surf, place: Filled, tmp_path: Path
):
    bad, code = a_zip(tmp_path, **LATE)
    page = plain(look, "archivist", "/reception")
    page.get_by_label("Producer").fill(PRODUCER)
    page.get_by_role("button", name="Open a batch").click()
    page.locator("input[type=file]").first.set_input_files(bad)
    page.get_by_role("button", name="Upload and take in").click()
    page.get_by_role("link", name="Fix here").click()
    page.locator("[name='place:tthc.closedOn']").fill("2026-01-20")
    page.locator("form[action$=fix] [name=reason]").fill("theo sổ tiếp nhận")
    page.locator("form[action$=fix] button").click()

    expect(page.locator(".list .badge.good")).to_have_count(1)
    expect(page.locator(".list")).to_contain_text(code)
    page.get_by_role("button", name="Close the batch and make the minutes").click()
    with page.expect_download() as got:
        page.get_by_role("link", name="Minutes of hand-over (PDF)").click()
    assert Path(got.value.path()).read_bytes().startswith(b"%PDF-")
    assert reception.batch(place.archive, page.url.rpartition("/")[2]).closed_at is not None


def test_a_certified_copy_is_asked_for_looked_at_and_handed_out(look: Surf, place: Filled):
    page = plain(look, "official", f"/dossiers/{place.ids[PLAIN]}/copies/new?doc=1")
    page.get_by_label("Who asks for it", exact=True).or_(page.locator("[name=requester]")).fill(
        "Mai"
    )
    page.locator("[name=purpose]").fill("hộ chiếu")
    page.locator("main button.main").click()
    assert page.get_by_role("img").evaluate("e => e.naturalWidth") > 400
    page.locator("button[value=issue]").click()

    with page.expect_download() as got:
        page.locator("a[href$='/file']").click()
    with Path(got.value.path()).open("rb") as stream:
        assert dissemination.check_file(place.archive, stream).unchanged


def test_a_person_is_added_and_given_a_role_and_stopped(look: Surf, place: Filled):
    page = plain(look, "administrator", "/administration")
    page.get_by_label("Account").fill("khong.js")
    page.get_by_label("Full name").fill("Không Kịch Bản")
    page.locator("[name=role-0]").select_option("official")
    page.locator("main button.main").click()
    expect(page.locator("#link")).to_contain_text("/begin/")
    page.get_by_role("link", name="khong.js").click()
    page.locator("[name=role-0]").select_option("auditor")
    page.get_by_role("button", name="Save roles").click()
    page.get_by_role("button", name="Disable account").click()

    expect(page.get_by_role("button", name="Enable account")).to_be_visible()
    changed = [each["change"] for each in place.journal("person change", "administrator")]
    assert changed[-3:] == ["added", "roles", "disabled"]


def test_the_journal_is_filtered_and_an_entry_proven(look: Surf, place: Filled):
    page = plain(look, "auditor", "/journal")
    page.fill("[name=subject]", SIGNED)
    page.get_by_role("button", name="Filter").click()
    page.locator("th a").last.click()
    expect(page.get_by_text("This entry is in the Merkle log")).to_be_visible()

    with page.expect_download() as got:
        page.get_by_role("link", name="JSON").click()

    assert Path(got.value.path()).read_bytes().startswith(b"{")
