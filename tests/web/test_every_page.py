"""Every page that there is: it opens, axe finds nothing on it, every file comes.

The list is made from the application's routes: a new one has to be put into `sights`.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from fastapi.responses import HTMLResponse
from playwright.sync_api import Browser, Page, expect

from tests.web import sights
from tests.web.browsing import Surf, assert_accessible
from tests.web.filled import Filled
from tests.web.test_matrix import routes
from web.sign_in.door import BY_ACCOUNT


def test_every_route_that_is_asked_for_by_get_is_among_the_sights(place: Filled):
    found = [route for route in routes(place) if "GET" in (route.methods or ())]
    shown = {route.path for route in found if route.response_class is HTMLResponse}

    assert shown == set(sights.pages(place))
    assert {route.path for route in found} - shown == set(sights.files(place))


@pytest.mark.parametrize("part", sights.PARTS)
def test_axe_finds_nothing_on_any_page(part: str, place: Filled, look: Surf, shot: Any):
    for _, sight in sights.every(sights.PARTS[part](place)):
        page = look.again(sight.account, sight.stage, sight.address)
        if page.locator("#viewer").count():
            expect(page.locator("canvas[data-drawn]").first).to_be_visible()
        assert_accessible(page)
        shot(page, f"every-{quote(sight.address[1:100], safe='')}-{sight.account}")


def test_every_page_and_every_file_comes(place: Filled):
    looks = {**sights.pages(place), **sights.files(place)}
    for path, sight in sights.every(looks):
        with place.client(sight.account, sight.stage) as client:
            answer = client.get(sight.address)
        assert (path, answer.status_code) == (path, sight.status)


def test_axe_finds_nothing_on_refusals(
    place: Filled, browser: Browser, shot: Any, monkeypatch: pytest.MonkeyPatch
):
    stopped = BY_ACCOUNT.clock()
    monkeypatch.setattr(BY_ACCOUNT, "clock", lambda: stopped)
    surf, shown = Surf(browser, place.base, place.session), {}
    page = surf("retention_officer", f"/transfer/{place.made['to hand over']}/receipt.csv")
    shown["blocked"] = _told(page)
    page.goto("/holds")
    page.locator("#place [name=reason]").evaluate(
        "e => { e.form.noValidate = true; e.removeAttribute('maxlength'); e.value = 'x'.repeat(1100000) }"
    )
    page.locator("#place button").click()
    shown["too large"] = _told(page)
    shot(page, "refused-too-large")
    with place.client("approver") as client:
        for _ in range(10):
            client.submit("/account/password", old="x", password="y", again="y")
    page = surf("approver", "/account/password")
    for name in ("old", "password", "again"):
        page.fill(f"[name={name}]", "Sai-Mật-Khẩu-1")
    page.locator("main button").click()
    shown["too many"] = _told(page)
    shot(page, "refused-too-many")

    assert shown == {
        "blocked": "KHO-BLOCKED",
        "too large": "KHO-USAGE",
        "too many": "KHO-UNAVAILABLE",
    }
    surf.close()


def _told(page: Page) -> str:
    assert_accessible(page)
    return page.locator("dd a code").inner_text()
