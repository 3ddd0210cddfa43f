"""Home: every role finds there what waits for it, as links, and how the archive stands."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from archive import disposal
from archive.model import DossierId
from archive.signatures.trust import Scope
from archive.trusting import changes, proposals
from archive.trusting.changes import Terms
from tests.web.browsing import Surf, assert_accessible
from tests.web.world import PLAIN, World

CARDS = {
    "official": {"recent", "ending"},
    "archivist": {"recent", "reception", "signatures", "ending", "integrity"},
    "auditor": {"recent", "signatures", "integrity"},
    "retention_officer": {"recent", "lists", "due"},
    "approver": {"recent", "approve", "trust", "due"},
    "administrator": {"administration", "trust", "integrity"},
}


@pytest.mark.parametrize("account", sorted(CARDS))
@pytest.mark.parametrize("language", ["vi", "en"])
def test_each_role_has_its_cards_and_the_state_of_the_archive(
    surf: Surf, world: World, account: str, language: str
):
    page = surf(account, script=False, language=language)

    there = page.locator("section.card").evaluate_all(
        "found => found.map(each => each.getAttribute('aria-labelledby'))"
    )
    assert set(there) == {f"h-{name}" for name in CARDS[account]}
    expect(page.locator(".state")).to_have_count(1)
    assert page.locator(".state").inner_text().strip()[0].isdigit()
    assert "home." not in page.locator("main").inner_text()


def test_whom_to_ask_and_what_needs_a_second_person_is_there(surf: Surf, world: World):
    archive = world.archive
    today = archive.today()
    request = disposal.HoldRequest(
        "Thanh tra", "thử", "QĐ 1", dossier_id=DossierId(world.ids[PLAIN]), review_on=today
    )
    hold = disposal.place_hold(archive, request, agent="thử")
    content = (world.home / "test-pki/certificates/root.pem").read_bytes()
    change = changes.additions(
        content, Terms(frozenset({Scope.SIGNATURES}), "Gốc mới (TEST)"), as_root=True
    )
    proposed = proposals.propose(archive, change, by="Ông A", account="a", reason="CA mới")
    try:
        officer = surf("retention_officer")
        expect(officer.locator("a[href='/holds'] b")).not_to_have_text("0")
        for account in ("approver", "administrator"):
            page = surf(account)
            expect(page.locator(f"a[href='/trust#proposal-{proposed.id}']")).to_have_text("CA mới")
            assert_accessible(page)
    finally:
        proposals.withdraw(archive, proposed.id, account="a", reason="xong")
        disposal.lift_hold(archive, hold.id, agent="thử", reason="xong")
