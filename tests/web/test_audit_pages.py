"""Pages of auditors and archivists: signatures, integrity, the journal, jobs."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from xml.etree import ElementTree

from playwright.sync_api import expect

from archive.segments import try_to_flush
from tests.web.browsing import Surf, assert_fits
from tests.web.world import OTHER, SIGNED, World


def test_every_bar_of_the_dashboard_leads_to_its_list_and_on_to_the_report(
    surf: Surf, world: World, shot
):
    page = surf("auditor", "/signatures", language="en")
    assert_fits(page)
    shot(page, "signatures")

    page.locator("section", has_text="Outcome").get_by_role("link").first.click()
    expect(page.get_by_role("link", name=SIGNED)).to_be_visible()
    assert_fits(page)
    shot(page, "signature-list")
    page.get_by_role("link", name=SIGNED).click()

    expect(page.locator(".sentence")).to_contain_text("Cán bộ (TEST)")
    shot(page, "signature-sentence")
    page.get_by_role("link", name="The checks").click()
    assert page.locator(".mark.held").count() == 8
    assert_fits(page)
    shot(page, "signature-checks")
    page.get_by_role("link", name="ETSI XML").click()
    expect(page.locator(".bytes")).to_contain_text("http://uri.etsi.org/19102/")
    with page.expect_download() as got:
        page.get_by_role("link", name="XML", exact=True).click()
    report = ElementTree.fromstring(got.value.path().read_bytes())
    assert report.tag == "{http://uri.etsi.org/19102/v1.2.1#}ValidationReport"


def test_the_figures_are_taken_away_in_four_forms_and_that_is_on_record(client, world: World):
    auditor = client("auditor")

    found = {
        form: auditor.get(f"/signatures/export.{form}").content
        for form in ("pdf", "csv", "xml", "xlsx")
    }

    rows = list(csv.DictReader(io.StringIO(found["csv"].decode("utf-8-sig"))))
    signed = [row for row in rows if row["code"] == SIGNED]
    assert {row["indication"] for row in signed} == {"passed"}
    assert len(ElementTree.fromstring(found["xml"])) == len(rows)
    sheet = zipfile.ZipFile(io.BytesIO(found["xlsx"])).read("xl/worksheets/sheet1.xml")
    assert sheet.count(b"<row ") == len(rows) + 1
    assert b"<f>" not in sheet
    assert found["pdf"].startswith(b"%PDF-")
    assert [e["what"] for e in world.journal("dissemination", "auditor")][-4:] == [
        f"signatures.{form}" for form in found
    ]
    assert client("official").get("/signatures/export.csv").status_code == 403


def test_every_copy_is_read_again_from_the_page_and_the_coverage_shows(surf: Surf, shot):
    page = surf("archivist", "/integrity", language="en")
    page.get_by_role("button", name="Check now").click()

    expect(page.locator("#progress")).to_contain_text("packages intact", timeout=60_000)
    expect(page.locator("table.bars")).to_contain_text("100 %")
    expect(page.get_by_text("The last checks found nothing wrong.")).to_be_visible()
    assert_fits(page)
    shot(page, "integrity")
    page.goto("/jobs")
    expect(page.get_by_role("link", name="Fixity check").first).to_be_visible()
    assert_fits(page)
    shot(page, "jobs")
    page.get_by_role("link", name="Fixity check").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Fixity check")
    assert_fits(page)


def test_the_journal_is_filtered_and_an_entry_is_proven_and_looking_is_on_record(
    surf: Surf, world: World, shot
):
    assert try_to_flush(world.archive) is None
    page = surf("auditor", "/journal", language="en")
    page.fill("[name=subject]", SIGNED)
    page.get_by_role("button", name="Filter").click()
    assert_fits(page)
    shot(page, "journal")

    page.locator("th a").last.click()
    expect(page.get_by_text("This entry is in the Merkle log")).to_be_visible()
    assert_fits(page)
    shot(page, "journal-entry")
    with page.expect_download() as got:
        page.get_by_role("link", name="JSON").click()

    assert json.loads(got.value.path().read_bytes())
    seen = world.journal("journal view", "auditor")
    assert world.ids[SIGNED] in [each["subject"] for each in seen]
    assert "entry" in seen[-1]


def test_pages_are_shut_to_roles_without_the_right(client):
    shut = {
        "official": ("/signatures", "/due", "/disposal", "/holds", "/schedules", "/integrity",
                     "/journal", "/jobs", "/transfer"),
        "auditor": ("/disposal", "/holds", "/jobs", "/due"),
        "approver": ("/holds", "/due", "/disposal/new", "/journal"),
        "retention_officer": ("/journal", "/integrity", "/signatures", "/jobs"),
    }  # fmt: skip
    for account, paths in shut.items():
        opened = client(account)
        assert {path: opened.get(path).status_code for path in paths} == dict.fromkeys(paths, 403)


def test_an_auditor_of_one_agency_sees_figures_and_reports_of_that_alone(client, world: World):
    from archive.people import staff
    from archive.viewers import OPERATOR, Grant, PersonRole, Scope
    from tests.web.world import PASSWORD

    grant = Grant(PersonRole.AUDITOR, Scope(agencies=("H26.40",)))
    person, link = staff.add(world.archive, "kiemtoan", "Kiểm Toán", (grant,), by=OPERATOR)
    staff.use_link(world.archive, link, PASSWORD)
    world.people["kiemtoan"] = staff.person(world.archive, person.id, OPERATOR)
    auditor = client("kiemtoan")

    assert SIGNED not in auditor.get("/signatures/list").text
    assert auditor.get(f"/signatures/{world.ids[SIGNED]}/1").status_code == 404
    assert world.ids[SIGNED] not in auditor.get("/journal").text
    entries = auditor.get(f"/journal?subject={OTHER}").text
    assert world.ids[OTHER] in entries
