"""Help: each page's own, the problem codes, the accessibility statement."""

from __future__ import annotations

from playwright.sync_api import expect

from archive.errors import ArchiveError
from tests.web.browsing import Surf


def test_each_page_leads_to_its_own_help(surf: Surf, shot):
    page = surf("official", "/search?q=huong")

    page.get_by_role("link", name="Trợ giúp về trang này").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Tra cứu")
    shot(page, "help")


def test_every_topic_is_there_in_both_languages(client):
    from web.pages.guidance import TOPICS

    for language in ("vi", "en"):
        for topic in TOPICS:
            answer = client(None).get(f"/help/{topic}?lang={language}")
            assert answer.status_code == 200
            assert "help.topic_" not in answer.text


def test_every_problem_code_is_explained_and_an_error_leads_to_it(surf: Surf, shot):
    page = surf("official", "/dossiers/khong-co")

    page.get_by_role("link", name="KHO-NOT-HELD").click()

    told = page.locator("tbody tr code").all_inner_texts()
    assert set(told) == {error.code for error in every(ArchiveError)}
    assert "remedy." not in page.inner_text("main")
    shot(page, "problems")


def every(root: type[ArchiveError]) -> list[type[ArchiveError]]:
    own = [root] if root.__module__ == "archive.errors" else []
    return own + [error for child in root.__subclasses__() for error in every(child)]
