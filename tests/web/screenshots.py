"""The pictures in the README, made from the demonstration.

.venv/bin/python -m tests.web.screenshots
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.archives import ROOT, command, environment
from tests.web.browsing import ARGUMENTS

INTO = ROOT / "docs"


def main() -> None:
    """Fill a demonstration, look at it, and keep what is seen."""
    INTO.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            command("demo", "--folder", Path(folder) / "demo", "--serve", "--port", "0", "--json"),
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment(KHO_LANG="vi"),
        )  # fmt: skip
        assert process.stdout is not None
        told = ""
        while not _whole(told):
            told += process.stdout.readline()
        try:
            _look(json.loads(told))
        finally:
            os.kill(process.pid, signal.SIGTERM)
            process.wait(timeout=30)


def _whole(text: str) -> bool:
    try:
        return bool(json.loads(text))
    except ValueError:
        return False


def _look(told: dict) -> None:
    passwords = {each["account"]: each["password"] for each in told["people"]}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=list(ARGUMENTS)
        )
        page = browser.new_page(viewport={"width": 1280, "height": 860}, base_url=told["address"])
        page.goto("/sign-in")
        page.fill("[name=account]", "canbo")
        page.fill("[name=password]", passwords["canbo"])
        page.keyboard.press("Enter")
        page.wait_for_url("/")
        page.goto("/search?q=giay+phep+xay+dung")
        _keep(page, "search")
        page.locator(".hit a").first.click()
        page.goto(page.url.partition("?")[0] + "?doc=2")
        page.locator("canvas[data-drawn]").first.wait_for()
        _keep(page, "dossier")
        page.emulate_media(color_scheme="dark")
        page.set_viewport_size({"width": 390, "height": 860})
        _keep(page, "dossier-telephone-dark")
        browser.close()


def _keep(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.screenshot(path=INTO / f"{name}.png")


if __name__ == "__main__":
    main()
