"""Changes of trust proposed on the page: certificates that come and go, days of digests."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from playwright.sync_api import expect

from archive.people import staff, stays
from archive.people.stays import Stage
from archive.signatures import testpki, trust
from archive.signatures.trust import TrustStore
from archive.trusting import changes, office, proposals
from archive.trusting.algorithm_ends import AlgorithmEnd
from archive.trusting.changes import Change, Terms
from archive.trusting.proposing import LARGEST
from archive.viewers import OPERATOR, Grant, PersonRole, Scope
from tests.archives import a_home, opened
from tests.web import world as worlds
from tests.web.browsing import Surf, assert_accessible
from tests.web.client import Client
from tests.web.world import World

ADDITION = "/trust/proposals/addition"


def a_root(name: str = "Gốc Của Trang (TEST)") -> testpki.Ca:
    now = datetime.now(UTC)
    return testpki.new_root(name, not_before=now, not_after=now + timedelta(days=900))


def pem(root: testpki.Ca) -> bytes:
    certificate = x509.load_der_x509_certificate(root.key.certificate)
    return certificate.public_bytes(serialization.Encoding.PEM)


def with_key(root: testpki.Ca, folder: Path) -> bytes:
    testpki.save(folder, "root", root.key)
    return pem(root) + (folder / "keys" / "root.pem").read_bytes()


def waiting(world: World) -> dict[str, proposals.Proposal]:
    return {one.id: one for one in proposals.pending(world.archive)}


def sent(client: Any, account: str, content: bytes, **fields: str) -> httpx.Response:
    visitor = client(account)
    told = {"why": "QĐ 12", "scope": "signatures", **fields, "csrf": visitor.form_token("/trust")}
    answer: httpx.Response = visitor.post(
        ADDITION, data=told, files={"file": ("a.pem", content)},
        headers={"Origin": str(visitor.base_url)},
    )  # fmt: skip
    return answer


@pytest.mark.parametrize("script", [True, False], ids=["with scripts", "without"])
def test_a_root_is_proposed_by_one_and_confirmed_by_another(
    surf: Surf, world: World, tmp_path: Path, script: bool, shot: Any
):
    root = a_root()
    file = tmp_path / "root.pem"
    file.write_bytes(pem(root))
    page = surf("administrator", "/trust", script=script)
    form = page.locator("#propose")
    form.locator("summary").click()
    form.locator("[name=file]").set_input_files(file)
    form.get_by_label("chữ ký", exact=True).check()
    form.locator("[name=label]").fill("Gốc mới của trang")
    form.locator("[name=why]").fill("CA mới theo QĐ 12")
    form.get_by_role("button", name="Đề nghị").click()
    expect(page.get_by_role("status")).to_contain_text("người khác phải xác nhận")
    (made,) = [p for p in waiting(world).values() if p.reason == "CA mới theo QĐ 12"]
    shot(page, "trust-proposed")
    if script:
        assert_accessible(page)

    other = surf("approver", "/trust", script=script)
    card = other.locator(f"#proposal-{made.id}")
    expect(card).to_contain_text(office.facts(root.key.certificate).fingerprint)
    card.get_by_role("button", name="Xác nhận thay đổi").click()

    expect(other.get_by_role("status")).to_contain_text("đã được thực hiện")
    store = TrustStore.load(world.archive.settings.path("trust.folder"))
    assert root.key.certificate in {anchor.certificate for anchor in store.anchors}
    proposed = [e for e in world.journal("trust change proposed") if e["subject"] == made.id]
    assert [e["agent"] for e in proposed] == ["administrator"]


def test_a_removal_is_proposed_by_the_whole_fingerprint(client: Any, world: World):
    sha256 = world.archive.trust.anchors[0].sha256
    path = "/trust/proposals/removal"

    answers = [
        client("approver").submit(path, on="/trust", sha256=sha256[:n], why="thu hồi").status_code
        for n in (0, 8, 64)
    ]

    assert answers == [404, 404, 303]
    (made,) = [p for p in waiting(world).values() if p.reason == "thu hồi"]
    (change,) = made.changes
    assert isinstance(change, Change)
    assert (change.kind, change.sha256) == (changes.Kind.REMOVE_ROOT, sha256)
    assert sha256 in {anchor.sha256 for anchor in world.archive.trust.anchors}
    proposals.withdraw(world.archive, made.id, account="test", reason="hết")


def test_a_day_of_a_digest_is_proposed_and_a_past_one_only_where_it_is_said(
    surf: Surf, client: Any, world: World
):
    page = surf("administrator", "/trust", language="en")
    page.locator("#digests summary").click()
    form = page.locator("#digests form")
    form.locator("[name=digest]").fill("SHA-384")
    form.locator("[name=end]").fill("2020-01-01")
    form.locator("[name=why]").fill("broken")
    form.get_by_role("button", name="Propose").click()
    expect(page.get_by_role("alert")).to_contain_text("past")
    expect(page.locator("#digests [name=end]")).to_have_value("2020-01-01")
    page.locator("#digests [name=end]").fill("2039-01-01")
    page.locator("#digests form").get_by_role("button", name="Propose").click()

    expect(page.get_by_role("status")).to_contain_text("another person has to confirm")
    (made,) = [p for p in waiting(world).values() if p.reason == "broken"]
    assert made.changes == (AlgorithmEnd("sha384", date(2039, 1, 1), None),)
    proposals.withdraw(world.archive, made.id, account="test", reason="hết")


def test_hostile_files_are_refused_with_the_reason_and_nothing_is_proposed(
    client: Any, world: World, tmp_path: Path
):
    root, before = a_root(), set(waiting(world))
    bomb = b"<!DOCTYPE a [<!ENTITY b 'x'>]><a>&b;</a>"
    wanted = {
        "khóa riêng": with_key(root, tmp_path),
        "not a certificate": b"",
        "không": b"\x30\x84\xff\xff\xff\xff" + b"\x00" * 40,
        "chứng thư": b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "danh sách": bomb,
        "1000": pem(root) * 1001,
    }

    answers = {told: sent(client, "administrator", content) for told, content in wanted.items()}
    large = sent(client, "administrator", b"\x00" * (LARGEST + 1))

    assert {told: answer.status_code for told, answer in answers.items()} == dict.fromkeys(
        wanted, 422
    )
    assert "Trong tệp có khóa riêng" in answers["khóa riêng"].text
    assert "BEGIN" not in answers["khóa riêng"].text
    assert large.status_code in (413, 422)
    assert set(waiting(world)) == before


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"scope": ""}, "gốc"),
        ({"since": "2030-01-01", "until": "2029-01-01"}, "tin cậy"),
        ({"why": "  "}, "lý do"),
        ({"since": "hôm qua"}, ""),
        ({"label": "x" * 201}, "tên"),
    ],
    ids=["no scope", "dates the wrong way round", "no reason", "no day", "a long name"],
)
def test_a_form_that_is_not_whole_is_shown_again(
    client: Any, world: World, fields: dict[str, str], told: str
):
    before = set(waiting(world))

    answer = sent(client, "administrator", pem(a_root()), **fields)

    assert answer.status_code in (400, 422)
    assert told in answer.text.lower()
    assert set(waiting(world)) == before


def test_who_may_not_decide_cannot_propose_either(client: Any, world: World):
    before = set(waiting(world))

    answers = [sent(client, account, pem(a_root())) for account in ("auditor",)]

    assert [answer.status_code for answer in answers] == [403]
    assert 'id="propose"' not in client("auditor").get("/trust").text
    assert set(waiting(world)) == before


def test_a_running_server_trusts_what_another_process_confirmed(tmp_path: Path):
    home = a_home(tmp_path)
    archive = opened(home, clock=lambda: datetime.now(UTC))
    grant = Grant(PersonRole.AUDITOR, Scope())
    person, _ = staff.add(archive, "mai.le", "Lê Thị Mai", (grant,), by=OPERATOR)
    with archive.catalogue.begin() as connection:
        session = stays.begin(connection, person, Stage.FULL, at=datetime.now(UTC))

    with worlds.served(home) as told:
        cookies = {"kho-session": session}
        with Client(base_url=told["address"], cookies=cookies, timeout=120) as auditor:
            before = auditor.get("/trust").text
            terms = Terms(frozenset({trust.Scope.SIGNATURES}), "Gốc vừa được xác nhận")
            wanted = changes.additions(a_root().key.certificate, terms)
            made = proposals.propose(archive, wanted, by="Ông A", account="a", reason="QĐ 9")
            proposals.confirm(archive, made.id, by="Bà B", account="b")
            after = auditor.get("/trust").text

    archive.close()
    assert ["Gốc vừa được xác nhận" in text for text in (before, after)] == [False, True]
