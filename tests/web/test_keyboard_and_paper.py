"""Keyboard, focus, the skip link, paper, a telephone."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.web.browsing import NARROW, Surf
from tests.web.world import NAMES, PLAIN, SIGNED, World

FOCUSED = "document.activeElement"


def outlined(page: Page) -> bool:
    """Whether one sees where the keyboard is."""
    found: bool = page.evaluate(
        f"""() => {{ const s = getComputedStyle({FOCUSED});
                     return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2 }}"""
    )
    return found


def test_the_skip_link_is_first_and_leads_to_the_content(surf: Surf):
    page = surf("official", "/search?q=nguyen")

    page.keyboard.press("Tab")
    skip = page.locator(".skip")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    assert outlined(page)
    page.keyboard.press("Enter")

    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate(f"document.querySelector('main').contains({FOCUSED})")


def test_results_are_gone_through_with_j_and_k_and_opened_with_enter(surf: Surf):
    page = surf("official", "/search?q=nguyen")
    hits = page.locator("a[data-item]")

    for key, place in (("j", 0), ("j", 1), ("k", 0), ("k", 0)):
        page.keyboard.press(key)
        expect(hits.nth(place)).to_be_focused()
        assert outlined(page)
    opened = (hits.nth(0).get_attribute("href") or "").rpartition("/")[2]
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(opened))  # the dossier, or the question what for

    page.goto("/search")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("jk/")
    expect(page.get_by_role("searchbox")).to_have_value("jk/")


@pytest.mark.parametrize(
    ("account", "path"),
    [("official", "/"), ("auditor", "/journal"), ("retention_officer", "/holds"),
     ("archivist", "/reception"), ("administrator", "/administration")],
)  # fmt: skip
def test_everything_is_reached_with_the_tabulator_and_seen(account: str, path: str, surf: Surf):
    page = surf(account, path)
    count = page.evaluate(
        """() => [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')]
                 .filter(e => e.checkVisibility() && !e.disabled).length"""
    )

    unseen, reached = [], 0
    for _ in range(min(count, 60)):
        page.keyboard.press("Tab")
        reached += page.evaluate(f"{FOCUSED} !== document.body")
        if not outlined(page):
            unseen.append(page.evaluate(f"{FOCUSED}.outerHTML.slice(0, 120)"))

    assert unseen == []
    assert reached == min(count, 60)


def test_a_dossier_on_paper_is_what_was_read_and_nothing_else(
    surf: Surf, world: World, tmp_path: Path
):
    page = surf("official", f"/dossiers/{world.ids[SIGNED]}?doc=1&tab=text")
    page.pdf(path=tmp_path / "dossier.pdf", format="A4")

    told = subprocess.run(
        ("pdftotext", "-layout", tmp_path / "dossier.pdf", "-"), capture_output=True, check=True
    ).stdout.decode()

    for words in (NAMES[SIGNED], SIGNED, "Chữ ký hợp lệ", "Thời hạn lưu trữ", "Don cua"):
        assert words in " ".join(told.split())
    for words in ("Tải bản gốc", "English", "Đăng xuất", "Trợ giúp về trang này", "Bản sao\n"):
        assert words not in told


def test_a_telephone_has_everything_within_reach(surf: Surf, world: World):
    page = surf("official")
    page.set_viewport_size(NARROW)

    page.get_by_role("searchbox").fill("nguyen thi huong")
    page.get_by_role("button", name="Tìm").click()
    page.locator(".hit a").first.click()

    expect(page.locator("h1")).to_contain_text(NAMES[PLAIN])
    box = page.locator("#viewer canvas").first.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= NARROW["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
