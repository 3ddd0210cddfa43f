"""Signing in with a real OpenID provider on loopback, and its tokens when they are wrong."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager

import httpx
import pytest

from archive.people import staff
from archive.viewers import OPERATOR, Grant, PersonRole, Scope
from tests.archives import ROOT, a_home, environment, opened
from tests.web import world as worlds
from tests.web.world import PASSWORD

CLIENT = "kho"


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """Return the address of an archive with a provider, and what tells the provider who comes."""
    folder = tmp_path_factory.mktemp("openid")
    state = folder / "state"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.web.provider", CLIENT, str(state)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment(),
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        with served(folder, process.stdout.readline().strip()) as base:
            yield base, lambda who, flaw="none": state.write_text(f"{who} {flaw}", encoding="utf-8")
    finally:
        process.stdin.close()
        process.wait(timeout=20)
        process.stdout.close()


@contextmanager
def served(folder, issuer: str):
    home = a_home(folder, web__oidc_issuer=issuer, web__oidc_client=CLIENT)
    archive = opened(home)
    grant = Grant(PersonRole.OFFICIAL, Scope())
    staff.add(archive, "mai.le", "Lê Thị Mai", (grant,), by=OPERATOR)
    _, link = staff.add(archive, "tung.vu", "Vũ Tùng", (grant,), by=OPERATOR)
    staff.use_link(archive, link, PASSWORD)
    archive.close()
    with worlds.served(home, AUTHLIB_INSECURE_TRANSPORT="1") as told:
        yield told["address"]


def came_to(base: str) -> httpx.Response:
    """Follow the sign-in as a browser does and return where it ends."""
    with httpx.Client(follow_redirects=True, timeout=30) as browser:
        return browser.get(f"{base}/sign-in/openid?next=/search")


def test_somebody_with_an_account_comes_in_once_known_elsewhere(told):
    base, comes = told
    comes("mai.le")

    first, second = came_to(base), came_to(base)
    replayed = httpx.get(
        f"{base}/sign-in/openid/done?code=x&state=y", cookies={"kho-openid": "z|n|v|/"}
    )

    assert [(each.status_code, each.url.path) for each in (first, second)] == [(200, "/search")] * 2
    assert "Lê Thị Mai" in second.text
    assert replayed.status_code == 403


@pytest.mark.parametrize("username", ["khong.co", "tung.vu"], ids=["no account", "has a password"])
def test_nobody_gets_an_account_by_being_known_elsewhere(username, told):
    base, comes = told
    comes(username)

    assert came_to(base).status_code == 403


@pytest.mark.parametrize("flaw", ["nonce", "audience", "key", "expired"])
def test_tokens_that_are_not_for_us_not_now_or_not_theirs_are_refused(flaw, told):
    base, comes = told
    comes("mai.le", flaw)

    answer = came_to(base)

    assert answer.status_code == 403
    assert "Lê Thị Mai" not in answer.text
