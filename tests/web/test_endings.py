"""Seals, timestamps and evidence records that end: columns on the dashboard, and their lists."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from archive.assembly import VIETNAM
from archive.proving import prove_pending
from tests.web import world as worlds
from tests.web.browsing import Surf, assert_accessible, assert_fits
from tests.web.world import World


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without"])
def test_what_ends_within_two_years_is_a_column_that_leads_to_its_list(
    browser: Browser, world: World, tmp_path: Path, shot, script: bool
):
    prove_pending(world.archive)
    ends = world.archive.clock() + timedelta(days=300)
    month = f"{ends.astimezone(VIETNAM):%Y-%m}"
    # Somebody has learned that SHA-256 will be broken: everything that rests on it ends then.
    trust = tmp_path / "trust"
    shutil.copytree(world.archive.settings.path("trust.folder"), trust)
    (trust / "algorithms.json").write_text(
        json.dumps({"form": 1, "digests": {"sha256": f"{ends:%Y-%m-%d}"}})
    )
    with worlds.served(world.home, KHO_TRUST_FOLDER=str(trust)) as told:
        surfing = Surf(browser, told["address"], world.session)
        page = surfing("auditor", "/signatures", script=script)
        own = page.locator("#own")
        expect(own.locator("svg a")).to_have_count(1)
        if script:
            assert_accessible(page)
            shot(page, "signatures-endings")
        own.locator("summary").click()
        own.get_by_role("link", name=f"{month[5:]}/{month[:4]}", exact=True).last.click()

        expect(page).to_have_url(f"{told['address']}/signatures/endings?ends={month}")
        for section in ("h-seals", "h-evidence"):
            rows = page.locator(f"[aria-labelledby={section}] tbody tr")
            expect(rows).to_have_count(1 if section == "h-seals" else rows.count())
            expect(rows.first).to_contain_text("Kho TSA (TEST")
        if script:
            assert_accessible(page)
            shot(page, "endings")
        surfing.close()


def test_where_nothing_ends_the_first_end_is_told(surf: Surf, world: World):
    page = surf("auditor", "/signatures", language="en")

    expect(page.locator("#own .done")).to_contain_text("Nothing ends within 24 months. The first:")
    page.get_by_role("link", name="All seals and evidence").click()
    expect(page.locator("[aria-labelledby=h-seals] tbody tr")).not_to_have_count(0)
    assert_fits(page)


def test_who_audits_one_fonds_sees_no_seals_of_the_others(surf: Surf, client, world: World):
    from archive.people import staff
    from archive.viewers import OPERATOR, Grant, PersonRole, Scope

    grant = Grant(PersonRole.AUDITOR, Scope(fonds=("H26.18",)))
    person, link = staff.add(world.archive, "kiem-toan-phong", "Kiểm toán", (grant,), by=OPERATOR)
    staff.use_link(world.archive, link, worlds.PASSWORD)
    world.people.setdefault("kiem-toan-phong", staff.person(world.archive, person.id, OPERATOR))
    limited = client("kiem-toan-phong")

    assert 'id="own"' not in limited.get("/signatures").text
    assert limited.get("/signatures/endings").status_code == 403
