"""Fixtures of the pages' tests: one world, one server and one Chromium for all of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.web import world as worlds
from tests.web.browsing import ARGUMENTS, Surf
from tests.web.client import Client
from tests.web.filled import Filled, filled
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


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """An archive of the module's own in which every page has something to show."""
    with filled(tmp_path_factory.mktemp("filled")) as made:
        yield made


@pytest.fixture
def look(browser: Browser, place: Filled) -> Iterator[Surf]:
    """Open pages of `place`, as `surf` does those of `world`."""
    surfing = Surf(browser, place.base, place.session)
    yield surfing
    surfing.close()


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
