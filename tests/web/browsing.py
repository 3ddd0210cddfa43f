"""A real Chromium, and what every page must be: accessible, offline, without page errors."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

from archive.people.stays import Stage

ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
AXE = Path(__file__).parent / "axe" / "axe.min.js"
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
WIDE, NARROW = ViewportSize(width=1280, height=900), ViewportSize(width=320, height=700)

Opening = Callable[..., Page]


@cache
def axe_source() -> str:
    return AXE.read_text(encoding="utf-8")


class Surf:
    """Opens pages as people of the world, and sees to it that nothing leaves loopback."""

    def __init__(self, browser: Browser, base: str, session: Callable[..., str]) -> None:
        self.browser, self._base, self._session = browser, base, session
        self._contexts: list[BrowserContext] = []
        self._pages: dict[tuple[str | None, Stage], Page] = {}
        self.foreign: list[str] = []
        self.errors: list[str] = []

    def __call__(
        self, account: str | None, path: str = "/", *, script: bool = True, language: str = "vi",
        stage: Stage = Stage.FULL,
    ) -> Page:  # fmt: skip
        """Return a page at `path` as somebody; None: nobody."""
        context = self.browser.new_context(
            viewport=WIDE,
            java_script_enabled=script,
            base_url=self._base,
        )
        self._contexts.append(context)
        cookies = {"kho-lang": language}
        if account is not None:
            cookies["kho-session"] = self._session(account, stage)
        context.add_cookies(
            [{"name": name, "value": value, "url": self._base} for name, value in cookies.items()]
        )
        page = context.new_page()
        page.on("request", lambda request: self._note(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on(
            "console",
            lambda m: self.errors.append(m.text) if "Content Security" in m.text else None,
        )
        page.goto(path)
        return page

    def again(self, account: str | None, stage: Stage, path: str) -> Page:
        """Return the same page at each asking, of somebody who has come as far as `stage`."""
        if (account, stage) not in self._pages:
            page = self._pages[account, stage] = self(account, path, stage=stage)
            page.on("dialog", lambda dialog: self.errors.append(dialog.message))
        else:
            self._pages[account, stage].goto(path)
        return self._pages[account, stage]

    def _note(self, url: str) -> None:
        if not url.startswith(("http://127.0.0.1:", "data:", "blob:")):
            self.foreign.append(url)

    def close(self) -> None:
        """Close what was opened; nothing may have asked another host, or failed in a script."""
        for context in self._contexts:
            context.close()
        self._contexts.clear()
        assert self.foreign == []
        assert self.errors == []


def assert_accessible(page: Page) -> None:
    """Assert that axe finds nothing, in both themes, wide and at 320 px, and nothing overflows.

    All of axe's rules are asked in the light theme, those about colors in the dark one too:
    nothing else differs between the two.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe_source())
    for theme, sizes in (("light", (WIDE, NARROW)), ("dark", (NARROW, WIDE))):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        for size in sizes:
            if page.viewport_size != size:  # each change is drawn
                page.set_viewport_size(size)
            only = {"type": "rule", "values": COLORS} if theme == "dark" else list(TAGS)
            _assert_clean(page, only, f"{page.url} {theme} {size['width']}")


def assert_fits(page: Page) -> None:
    """Assert that nothing overflows or is too small, wide and at 320 px.

    What another language may change of a page that `test_every_page` shows to axe.
    """
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)
        _assert_fits(page, f"{page.url} {size['width']}")
    page.set_viewport_size(WIDE)


COLORS = ["color-contrast", "link-in-text-block"]
"""Axe's rules about colors."""


def _assert_clean(page: Page, only: object, where: str) -> None:
    result = page.evaluate(
        "only => axe.run(document, {runOnly: only, resultTypes: ['violations']})", only
    )
    found = [
        f"{v['id']}: {v['help']} {[n['html'][:120] for n in v['nodes'][:3]]}"
        for v in result["violations"]
    ]
    assert found == [], f"{where}: " + "; ".join(found)
    _assert_fits(page, where)


def _assert_fits(page: Page, where: str) -> None:
    across = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert across[0] <= across[1], f"{where} overflows: {across}"
    small = page.evaluate(
        """() => [...document.querySelectorAll('button, input:not([type=hidden]), select, summary, .button')]
          .filter(e => e.checkVisibility()).map(e => [e.outerHTML.slice(0, 80), e.getBoundingClientRect()])
          .filter(([, r]) => r.width && (r.width < 24 || r.height < 24)).map(([html]) => html)"""
    )
    assert small == [], f"{where}: smaller than 24 px"
