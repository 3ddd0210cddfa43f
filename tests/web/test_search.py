"""Search: what is suggested, saved, shared and taken away as a list."""

from __future__ import annotations

import csv
import io

from openpyxl import load_workbook
from playwright.sync_api import expect

from tests.web.browsing import Surf
from tests.web.world import HOSTILE, IDENTITY, NAMES, OFFICIAL, OTHER, PLAIN, SECRET, World


def test_nothing_found_offers_what_would_find_something(surf: Surf, world: World, shot):
    page = surf("official", "/search?q=huong+zzzz")
    shot(page, "search-nothing")

    page.get_by_role("link", name="huong", exact=True).click()

    expect(page.locator(".hit").first).to_contain_text(NAMES[PLAIN])


def test_suggestions_count_what_the_asker_may_see(client):
    everybody = client("official").get("/search?q=khoi+zzzz").text
    limited = client(OFFICIAL).get("/search?q=khoi+zzzz").text

    assert ">khoi</a>" in everybody
    assert ">khoi</a>" not in limited


def test_a_search_is_saved_and_shared_and_finds_for_each_what_they_may_see(
    surf: Surf, world: World
):
    page = surf("official", "/search?q=nguyen")
    page.get_by_text("Lưu tìm kiếm này").first.click()
    page.get_by_label("Tên").fill("Họ Nguyễn")
    page.get_by_label("dùng chung với mọi người").check()
    page.get_by_role("button", name="Lưu tìm kiếm này").click()

    other = surf(OFFICIAL, "/search")
    other.get_by_role("link", name="Họ Nguyễn").click()

    expect(other.locator(".hit").first).to_be_visible()
    assert NAMES[OTHER] not in other.inner_text("main")
    assert other.get_by_role("button", name="Xóa tìm kiếm đã lưu: Họ Nguyễn").count() == 0
    page.get_by_role("button", name="Xóa tìm kiếm đã lưu: Họ Nguyễn").click()
    expect(page.get_by_role("link", name="Họ Nguyễn")).to_have_count(0)


def test_a_search_for_an_identity_number_is_on_record_without_it_and_cannot_be_shared(
    client, world: World
):
    official = client("official")

    found = official.get(f"/search?q={IDENTITY[PLAIN]}")
    shared = official.submit(
        "/search/saved",
        on="/search",
        address=f"/search?q={IDENTITY[PLAIN]}",
        name="x",
        shared="yes",
    )

    assert NAMES[PLAIN] in found.text
    assert shared.status_code == 400
    told = world.journal("search by identity number", "official")[-1]
    assert told["hits"] >= 1
    assert IDENTITY[PLAIN] not in str(told)


def test_a_list_is_taken_away_masked_harmless_and_on_record(client, world: World):
    official = client(OFFICIAL)

    sheet = official.get("/search/list.csv?q=nguyen")
    book = official.get("/search/list.xlsx?q=nguyen")

    rows = list(csv.DictReader(io.StringIO(sheet.content.decode("utf-8-sig"))))
    cells = load_workbook(io.BytesIO(book.content))["Kho"]
    codes = {row["code"] for row in rows}
    assert codes >= {PLAIN, HOSTILE}
    assert not codes & {OTHER, SECRET}
    assert not [value for row in rows for value in row.values() if IDENTITY[PLAIN] in value]
    assert [c.value for c in next(iter(cells.iter_rows(max_row=1)))] == list(rows[0])
    assert cells.max_row == len(rows) + 1
    told = [d["rows"] for d in world.journal("dissemination", OFFICIAL) if "rows" in d]
    assert told[-2:] == [len(rows)] * 2
    assert client("retention_officer").get("/search/list.csv").status_code == 403
