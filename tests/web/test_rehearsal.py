"""The recovery rehearsal on the integrity page: begun there, shown there, and asked for again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from archive import rehearsal
from tests.web import world as worlds
from tests.web.browsing import Surf, assert_accessible
from tests.web.world import World


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without"])
def test_a_recovery_is_rehearsed_from_the_page_and_its_result_stays_there(
    surf: Surf, world: World, shot, script: bool
):
    page = surf("archivist", "/integrity", script=script)
    page.get_by_role("button", name="Diễn tập ngay").click()
    if script:
        expect(page.locator("#progress")).to_contain_text("xong", timeout=120_000)
    else:
        expect(page).to_have_url(f"{world.base}/integrity#progress")
        while "xong" not in page.locator("#progress").inner_text():
            page.reload()

    expect(page.locator("#recovery")).to_contain_text("mọi câu trả lời giống hệt")
    expect(page.locator("#recovery")).to_contain_text("archivist")
    assert page.locator("#recovery .alert").count() == 0
    if script:
        assert_accessible(page)
        shot(page, "integrity-rehearsed")
    told = world.journal("recovery rehearsal", "archivist")[-1]
    assert (told["same"], told["differences"], told["unreadable"]) == (True, {}, 0)


def test_a_rehearsal_that_is_too_long_ago_is_asked_for_again(browser, world: World, shot):
    last = rehearsal.last(world.archive) or rehearsal.rehearse(world.archive, agent="a")
    assert last.at + timedelta(days=1) > world.archive.clock()
    with worlds.served(world.home, KHO_RECOVERY_REHEARSE_DAYS="0") as told:
        surfing = Surf(browser, told["address"], world.session)
        page = surfing("auditor", "/integrity", language="en")

        expect(page.locator("#recovery .alert")).to_contain_text("more than 0 days ago")
        assert_accessible(page)
        shot(page, "integrity-overdue")
        surfing.close()
