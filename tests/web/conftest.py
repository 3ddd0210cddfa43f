"""Fixtures of the pages' tests: one world, one server and one Chromium for all of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.web import world as worlds
from tests.web.browsing import ARGUMENTS, Surf
from tests.web.world import World

expect.set_options(timeout=30_000)  # the machine may be under load
SHOTS = "KHO_TEST_SCREENSHOTS"
"""Names a folder for pictures of the pages; without it none are kept."""


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("web")
    archive, people, ids = worlds.build(folder)
    with worlds.served(archive.settings.home) as told:
        yield World(archive.settings.home, told["address"], archive, people, ids)
    archive.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=list(ARGUMENTS)
        )
        yield launched
        launched.close()


@pytest.fixture
def surf(browser: Browser, world: World) -> Iterator[Surf]:
    """Open pages: `surf("official", "/search")`; checks at the end that all stayed here."""
    surfing = Surf(browser, world.base, world.session)
    yield surfing
    surfing.close()


class Client(httpx.Client):
    """A browser without a screen: keeps cookies, sends forms with their token."""

    def form_token(self, path: str) -> str:
        """Return the token in the forms of a page."""
        text = self.get(path).text
        return text.partition('name="csrf" value="')[2].partition('"')[0]

    def submit(
        self, path: str, *, on: str | None = None, **fields: str | list[str]
    ) -> httpx.Response:
        """Send a form that is on the page `on` (by default at the same address)."""
        token = self.form_token(on or path)
        return self.post(
            path, data={"csrf": token, **fields}, headers={"Origin": str(self.base_url)}
        )


@pytest.fixture
def client(world: World):
    """Return what opens a client as somebody: `client("official")`, `client(None)`."""
    opened: list[Client] = []

    def open_as(account: str | None) -> Client:
        cookies = {"kho-session": world.session(account)} if account else {}
        made = Client(base_url=world.base, cookies=cookies, timeout=30)
        opened.append(made)
        return made

    yield open_as
    for each in opened:
        each.close()


@pytest.fixture
def shot():
    """Keep a picture of a page for the eye, where `KHO_TEST_SCREENSHOTS` names a folder."""

    def keep(page: Page, name: str) -> None:
        if folder := os.environ.get(SHOTS):
            Path(folder).mkdir(parents=True, exist_ok=True)
            for theme, width in (("light", 1280), ("dark", 1280), ("light", 320)):
                page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
                page.set_viewport_size({"width": width, "height": 900})
                page.screenshot(path=Path(folder) / f"{name}-{theme}-{width}.png", full_page=True)

    return keep
