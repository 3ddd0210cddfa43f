"""The pages that everybody begins with, in a real browser."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.web.browsing import Surf, assert_accessible
from tests.web.world import HOSTILE, NAMES, OFFICIAL, OTHER, PLAIN, SECRET, SIGNED, World


def test_home_has_what_the_role_needs(surf: Surf, world: World):
    for account in ("official", "auditor", "retention_officer", "administrator"):
        page = surf(account)
        expect(page.get_by_role("heading", level=1)).to_contain_text(account)
        assert page.get_by_role("searchbox").count() == (account != "administrator")


def test_a_dossier_is_found_without_accents_and_opened_with_the_keyboard(
    surf: Surf, world: World, shot
):
    page = surf("official")

    page.keyboard.press("/")
    page.keyboard.type("nguyen thi huong")
    page.keyboard.press("Enter")
    expect(page.locator(".hit h2")).to_have_count(1)
    expect(page.locator(".hit")).to_contain_text(NAMES[PLAIN])
    expect(page.locator(".hit")).not_to_contain_text("001099000001")
    shot(page, "search")
    page.locator("body").click(position={"x": 5, "y": 400})
    page.keyboard.press("j")
    page.keyboard.press("Enter")

    expect(page.locator("dd").filter(has_text="001099000001")).to_be_visible()
    assert page.url.endswith(world.ids[PLAIN])


def test_a_search_narrows_by_its_facets_and_goes_on_without_loading_the_page(
    surf: Surf, world: World
):
    page = surf("official", "/search?q=nguyen")

    page.get_by_role("link", name="H26.40").first.click()
    expect(page.locator(".hit")).to_have_count(1)
    page.get_by_role("searchbox").fill("khong co gi ca zzz")
    page.get_by_role("searchbox").press("Enter")

    expect(page.get_by_text("Không tìm thấy hồ sơ nào.")).to_be_visible()
    assert "zzz" in page.url
    assert_accessible(page)


def test_a_dossier_shows_its_paper_its_signature_and_why_it_is_kept(surf: Surf, world: World, shot):
    page = surf("official", f"/dossiers/{world.ids[SIGNED]}?doc=2")

    expect(page.locator("canvas[data-drawn]")).to_have_count(1)
    expect(page.locator("#signatures")).to_contain_text("Cán bộ (TEST)")
    expect(page.locator("#signatures")).to_contain_text("Chữ ký hợp lệ")
    expect(page.locator("#retention")).to_contain_text("Thời hạn lưu trữ")
    expect(page.locator(".timeline li").last).to_contain_text("Xem hồ sơ")
    shot(page, "dossier")
    page.goto(f"/dossiers/{world.ids[SIGNED]}?doc=1&tab=text")
    expect(page.locator(".paper")).to_contain_text("Don cua")


def test_without_javascript_search_and_dossier_work(surf: Surf, world: World):
    page = surf("official", script=False)

    page.locator("[name=q]").fill("tran van duc")
    page.get_by_role("button", name="Tìm").click()
    page.locator(".hit a").click()
    page.get_by_role("link", name="Trình duyệt không chạy JavaScript").click()

    page.wait_for_load_state("networkidle")
    assert page.locator("img.sheet").first.evaluate("e => e.naturalWidth") > 500


def test_script_in_text_fields_stays_text(surf: Surf, world: World):
    for path in (
        f"/dossiers/{world.ids[HOSTILE]}",
        "/search?q=<script>alert(1)</script>",
        "/search",
    ):
        page = surf("official", path)
        page.on("dialog", lambda dialog: surf.errors.append(dialog.message))

        assert page.locator("main script, main img[src=x]").count() == 0
    assert "<script>alert(" in surf("official", f"/dossiers/{world.ids[HOSTILE]}").inner_text(
        "main"
    )


def test_what_may_not_be_seen_is_not_there(surf: Surf, client, world: World):
    page = surf(OFFICIAL, "/search?q=nguyen")
    shown = page.locator("main").inner_text()
    official = client(OFFICIAL)

    assert NAMES[PLAIN] in shown
    assert not [text for text in (NAMES[OTHER], NAMES[SECRET], "H26.40") if text in shown]
    for code in (OTHER, SECRET):
        for path in ("", "/files/1", "/files/1/view", "/files/1/pages/1.jpg", "/thumbnail.jpg"):
            there = official.get(f"/dossiers/{world.ids[code]}{path}")
            nowhere = official.get(f"/dossiers/00000000-0000-5000-8000-000000000000{path}")
            assert (there.status_code, nowhere.status_code) == (404, 404)
            assert _told(there.text) == _told(nowhere.text)


def _told(page: str) -> str:
    import re

    return re.sub(r"[0-9a-f-]{32,}", "", page)


def test_the_original_comes_bit_for_bit_and_it_is_on_record(client, world: World):
    import hashlib

    official = client("official")

    answer = official.get(f"/dossiers/{world.ids[PLAIN]}/files/1")

    with world.archive.catalogue.connect() as connection:
        from archive.catalogue import dossiers

        recorded = dossiers.get(connection, world.ids[PLAIN]).dossier.documents[0].file.sha256
    assert hashlib.sha256(answer.content).hexdigest() == recorded
    assert answer.headers["content-disposition"].startswith("attachment")
    taken = world.journal("dissemination", "official")
    assert taken[-1]["subject"] == world.ids[PLAIN]
    assert taken[-1]["what"] == "01-don.pdf"


def test_package_and_evidence_are_handed_out_as_they_are_stored(client, world: World):
    import hashlib

    from archive.catalogue import dossiers
    from archive.proving import prove_pending

    prove_pending(world.archive)
    with world.archive.catalogue.connect() as connection:
        version = dossiers.get(connection, world.ids[SIGNED]).versions[-1]
    auditor = client("auditor")

    package = auditor.get(f"/dossiers/{world.ids[SIGNED]}/package")
    record = auditor.get(f"/dossiers/{world.ids[SIGNED]}/evidence")

    assert hashlib.sha256(package.content).hexdigest() == version.sha256
    assert (record.status_code, record.content[:1]) == (200, b"\x30")
    taken = [each["what"] for each in world.journal("dissemination", "auditor")]
    assert taken[-2:] == ["package v1", "evidence v1"]
