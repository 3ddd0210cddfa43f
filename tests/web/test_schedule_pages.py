"""Drafts and adoptions of schedules where nothing changes: the pages say what would be there."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.disposals import SCHEDULE
from tests.web.browsing import Surf, assert_accessible
from tests.web.world import World

NOWHERE = "H26.97"
"""An agency of which the archive holds nothing."""


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without"])
def test_a_draft_for_an_agency_without_dossiers_says_what_would_be_there(
    surf: Surf, world: World, tmp_path: Path, shot, script: bool
):
    draft = tmp_path / "moi.toml"
    text = SCHEDULE.replace("H26.18", NOWHERE)
    draft.write_text(text, encoding="utf-8")
    page = surf("retention_officer", "/schedules", script=script)
    expect(page.locator("#proposals")).to_contain_text("một người phê duyệt khác xác nhận")
    page.set_input_files("[name=draft]", draft)
    page.get_by_role("button", name="Thử một bảng").click()
    if not script:
        page.wait_for_timeout(1000)
        while "đã xong" not in page.locator("#progress").inner_text():
            page.reload()

    expect(page.locator("#progress .empty")).to_contain_text("chưa có gì để thử", timeout=60_000)
    if script:
        assert_accessible(page)
        shot(page, "schedule-draft-empty")
        return
    page.get_by_role("button", name="Đề nghị ban hành").click()
    approver = surf("approver", "/schedules", script=False)
    row = approver.locator("#proposals .row", has_text=NOWHERE)
    row.get_by_role("button").click()
    while "đã xong" not in approver.locator("#progress").inner_text():
        approver.reload()
    expect(approver.locator("#progress .empty")).to_contain_text("Không ngày đến hạn nào thay đổi")
    scripted = surf("retention_officer", approver.url.removeprefix(world.base), language="en")
    expect(scripted.locator("#progress .empty")).to_contain_text("No due date changed")
    assert_accessible(scripted)
    shot(scripted, "schedule-adopted-empty")
    scripted.locator("main").get_by_role("link", name="Due", exact=True).click()
    expect(scripted).to_have_url(f"{world.base}/due")
