"""Trust by two people on the page: one proposes, another confirms or refuses, never the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from playwright.sync_api import expect

from archive.signatures import testpki
from archive.signatures.trust import Scope
from archive.trusting import algorithm_ends, changes, office, proposals
from archive.trusting.changes import Change, Terms
from archive.trusting.proposals import Proposal
from archive.viewers import Grant, PersonRole, Viewer
from archive.viewers import Scope as Reach
from tests.web.browsing import Surf
from tests.web.test_at_once import at_once, posted
from tests.web.world import World


@pytest.fixture
def proposed(world: World) -> Iterator[Proposal]:
    now = datetime.now(UTC)
    root = testpki.new_root("Gốc Mới (TEST)", not_before=now, not_after=now + timedelta(days=900))
    terms = Terms(frozenset({Scope.SIGNATURES}), "Gốc mới", test=True)
    wanted = changes.additions(root.key.certificate, terms, as_root=True)
    name = world.people["administrator"].name
    made = proposals.propose(
        world.archive, wanted, by=name, account="administrator", reason="CA mới theo QĐ 7"
    )
    yield made
    if made.id in {one.id for one in proposals.pending(world.archive)}:
        proposals.withdraw(world.archive, made.id, account="test", reason="hết")


def trusted(world: World) -> set[str]:
    from archive.signatures.trust import TrustStore

    folder = world.archive.settings.path("trust.folder")
    return {anchor.sha256 for anchor in TrustStore.load(folder).anchors}


@pytest.mark.parametrize("script", [True, False], ids=["with scripts", "without"])
def test_a_second_person_reads_the_fingerprint_and_confirms(
    surf: Surf, world: World, proposed: Proposal, script: bool, shot
):
    (change,) = proposed.changes
    assert isinstance(change, Change)
    page = surf("approver", "/", script=script)
    page.get_by_role("link", name="CA mới theo QĐ 7").click()
    card = page.locator(f"#proposal-{proposed.id}")
    shot(page, "trust")

    expect(card).to_contain_text(office.facts(change.certificate).fingerprint)
    card.get_by_role("button", name="Xác nhận thay đổi").click()

    expect(page.get_by_role("status")).to_contain_text("đã được thực hiện")
    assert change.sha256 in trusted(world)
    (entry,) = [e for e in world.journal("trust change") if e["subject"] == proposed.id]
    assert entry["agent"] == "approver"


def test_a_refusal_needs_its_reason_and_is_on_record(
    surf: Surf, world: World, client, proposed: Proposal
):
    path = f"/trust/{proposed.id}/refuse"
    assert client("approver").submit(path, on="/trust", reason=" ").status_code == 400
    page = surf("approver", "/trust", language="en")
    card = page.locator(f"#proposal-{proposed.id}")
    card.locator("summary").click()
    card.locator("[name=reason]").fill("dấu vân tay không khớp")
    card.get_by_role("button", name="Refuse").click()

    expect(page.get_by_role("status")).to_contain_text("nothing was changed")
    assert proposed.changes[0].sha256 not in trusted(world)
    (entry,) = [e for e in world.journal("trust change withdrawn") if e["subject"] == proposed.id]
    assert entry["reason"] == "dấu vân tay không khớp"


def test_who_proposed_cannot_confirm_and_who_only_looks_cannot_decide(
    client, world: World, proposed: Proposal
):
    path, fields = f"/trust/{proposed.id}/confirm", {"digest": proposed.digest}

    for account in ("administrator", "auditor"):
        answer = client(account).submit(path, on="/trust", **fields)
        assert answer.status_code == 403
        assert "/confirm" not in client(account).get("/trust").text
    limited = Viewer("a", grants=(Grant(PersonRole.APPROVER, Reach(agencies=("H26.18",))),))
    assert not office.may_confirm(limited, proposed)
    assert proposed.changes[0].sha256 not in trusted(world)


def test_of_two_answers_at_once_one_counts(client, world: World, proposed: Proposal):
    one, other = client("approver"), client("administrator")
    confirm = posted(one, f"/trust/{proposed.id}/confirm", "/trust", digest=proposed.digest)
    refuse = posted(other, f"/trust/{proposed.id}/refuse", "/trust", reason="rút")

    answers = at_once(confirm, refuse)

    assert sorted(answer.status_code for answer in answers) == [303, 409]
    confirmed = answers[0].status_code == 303
    assert (proposed.changes[0].sha256 in trusted(world)) == confirmed
    kinds = ("trust change", "trust change withdrawn")
    ends = [e for kind in kinds for e in world.journal(kind) if e["subject"] == proposed.id]
    assert len(ends) == 1


def test_a_day_of_a_digest_is_shown_and_can_be_refused(surf: Surf, world: World, client):
    end = date(2040, 1, 1)
    wanted = algorithm_ends.ends(world.archive, {"sha512": end})
    made = proposals.propose(
        world.archive, wanted, by="Ông A", account="a", reason="khuyến nghị mới"
    )

    page = surf("approver", "/trust")
    card = page.locator(f"#proposal-{made.id}")
    expect(card).to_contain_text("sha512")
    expect(card).to_contain_text("01/01/2040")
    refused = client("approver").submit(f"/trust/{made.id}/refuse", on="/trust", reason="chưa cần")

    assert refused.status_code == 303
    assert made.id not in {one.id for one in proposals.pending(world.archive)}
