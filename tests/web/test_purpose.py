"""What restricted dossiers are opened for: asked, said once, and on record; passports too."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, expect

from archive.viewers import Right
from tests.web import world as worlds
from tests.web.browsing import Surf, assert_accessible, assert_fits
from tests.web.systems import a_system, a_token
from tests.web.world import IDENTITY, OFFICIAL, PLAIN, SECRET, World

WHAT = "Công văn 12/TTr-2026"


@pytest.fixture
def nothing_said(world: World):
    """Forget what other tests said."""
    from archive.catalogue import stated_purposes

    with world.archive.catalogue.begin() as connection:
        stated_purposes.forget(connection, datetime.now(UTC) + timedelta(days=1))


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_secret_dossier_opens_once_somebody_said_what_for(
    surf: Surf, world: World, shot, nothing_said, language: str
):
    page = surf("official", f"/dossiers/{SECRET}?tab=text", language=language)

    expect(page.get_by_role("heading", level=1)).to_have_text(
        {"vi": "Xem để làm gì?", "en": "What do you need it for?"}[language]
    )
    assert "Bí Mật" not in page.locator("main").inner_text()
    assert_fits(page)
    shot(page, f"purpose-{language}")
    page.fill("[name=purpose]", f"{WHAT}, số 001099000005")
    page.get_by_role(
        "button", name={"vi": "Ghi và tiếp tục", "en": "Record and go on"}[language]
    ).click()

    expect(page.locator(".paper")).to_contain_text("Don cua")
    expect(page.get_by_text(WHAT).first).to_be_visible()
    assert_accessible(page)
    seen = world.journal("view", "official")[-1]
    assert (seen["subject"], seen["purpose"]) == (world.ids[SECRET], f"{WHAT}, số 001•••••••••")


def test_without_javascript_a_download_asks_begins_and_leads_back(
    surf: Surf, world: World, nothing_said
):
    page = surf("official", "/search", script=False)
    page.goto(f"/dossiers/{world.ids[SECRET]}/files/1")
    assert_accessible_without_script(page)
    page.fill("[name=purpose]", WHAT)
    with page.expect_download() as download:
        page.get_by_role("button", name="Ghi và tiếp tục").click()

    assert download.value.suggested_filename == "01-don.pdf"
    taken = world.journal("dissemination", "official")[-1]
    assert (taken["what"], taken["purpose"]) == ("01-don.pdf", WHAT)
    page.get_by_role("link", name=SECRET).click()
    expect(page.get_by_text(f"Mục đích đã ghi: {WHAT}")).to_be_visible()


def assert_accessible_without_script(page) -> None:
    assert page.get_by_label("Mục đích").count() == 1


def test_a_purpose_has_to_say_something(client, world: World, nothing_said):
    official = client("official")
    back = "/purpose?about=" + world.ids[SECRET]
    for wrong in ("", "   ", "x" * 501, "a\x07b"):
        answer = official.submit("/purpose", on=back, about=world.ids[SECRET], purpose=wrong)
        assert answer.status_code == 422

    assert official.get(f"/dossiers/{world.ids[SECRET]}").status_code == 303


def test_asking_tells_nobody_of_dossiers_that_they_may_not_see(client, world: World):
    official = client(OFFICIAL)
    there = official.get(f"/purpose?about={world.ids[SECRET]}")
    nowhere = official.get("/purpose?about=00000000-0000-5000-8000-000000000000")
    said = official.submit("/purpose", on="/search", about=world.ids[SECRET], purpose=WHAT)

    assert (there.status_code, nowhere.status_code, said.status_code) == (404, 404, 404)


def test_nobody_is_led_elsewhere_afterwards(client, world: World):
    official = client("official")
    for away in ("https://example.org/", "//example.org", "javascript:alert(1)"):
        answer = official.submit(
            "/purpose", on="/search", about=world.ids[PLAIN], purpose=WHAT, next=away
        )
        assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_a_system_says_what_for_with_each_call(world: World):
    secret = a_token(world.archive, Right.SEE, Right.DOWNLOAD)
    parts = ("", "/files/1", "/package", "/passport")
    with a_system(world.base, secret) as system:
        bare = [system.get(f"/dossiers/{SECRET}{part}") for part in parts]
        told = [system.get(f"/dossiers/{SECRET}{part}", params={"purpose": WHAT}) for part in parts]
        plain = system.get(f"/dossiers/{PLAIN}")

    assert {(a.status_code, a.json()["code"]) for a in bare} == {(403, "KHO-PURPOSE")}
    assert "purpose=" in bare[0].json()["hint"]
    assert [a.status_code for a in (*told, plain)] == [200] * 5
    taken = [each for each in world.journal("dissemination") if each.get("purpose") == WHAT]
    assert [each["what"] for each in taken][-3:] == ["01-don.pdf", "package v1", "passport v1"]


def test_looking_people_up_by_number_asks_where_the_settings_say_so(
    browser: Browser, world: World, nothing_said
):
    acts = "view,download,identity-search"
    with worlds.served(world.home, KHO_PURPOSE_ACTS=acts) as told:
        surfing = Surf(browser, told["address"], world.session)
        page = surfing("official", f"/search?q={IDENTITY[PLAIN]}")
        page.fill("[name=purpose]", WHAT)
        page.get_by_role("button", name="Ghi và tiếp tục").click()

        expect(page.locator(".hit").first).to_be_visible()
        # The script of the page asks too, and is sent there with the whole page.
        with world.archive.catalogue.begin() as connection:
            from archive.catalogue import stated_purposes

            stated_purposes.forget(connection, datetime.now(UTC) + timedelta(days=1))
        page.get_by_role("searchbox").fill(IDENTITY[SECRET])
        page.get_by_role("searchbox").press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Xem để làm gì?")
        with a_system(told["address"], a_token(world.archive, Right.SEE)) as system:
            bare = system.get("/search", params={"q": IDENTITY[PLAIN]})
            said = system.get("/search", params={"q": IDENTITY[PLAIN], "purpose": WHAT})
        surfing.close()

    assert (bare.status_code, bare.json()["code"], said.status_code) == (403, "KHO-PURPOSE", 200)
    searches = world.journal("search by identity number")
    assert [each["purpose"] for each in searches[-2:]] == [WHAT, WHAT]


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without"])
def test_a_passport_is_taken_from_the_dossiers_page(surf: Surf, world: World, shot, script: bool):
    page = surf("official", f"/dossiers/{world.ids[PLAIN]}?tab=text", script=script)
    page.get_by_text("Hộ chiếu hồ sơ").click()
    if script:
        assert_accessible(page)
        shot(page, "passport")
    page.locator("#passport [name=purpose]").fill("Tòa án yêu cầu")
    with page.expect_download() as download:
        page.get_by_role("button", name="Tải hộ chiếu").click()

    assert download.value.suggested_filename == f"passport-{PLAIN}-v1.zip"
    packed = zipfile.ZipFile(download.value.path())
    assert {"HO-CHIEU.pdf", "verify.py", "passport.json.p7s", "record/METS.xml"} <= {
        *packed.namelist()
    }
    taken = world.journal("dissemination", "official")[-1]
    assert (taken["what"], taken["purpose"]) == ("passport v1", "Tòa án yêu cầu")


def test_a_passport_is_for_who_may_take_the_dossier_away(client, world: World):
    with (
        a_system(world.base, a_token(world.archive, Right.SEE)) as looking,
        a_system(world.base, a_token(world.archive, Right.SEE, Right.DOWNLOAD)) as taking,
    ):
        answers = [s.get(f"/dossiers/{PLAIN}/passport") for s in (looking, taking)]
        missing = taking.get(f"/dossiers/{PLAIN}/passport", params={"version": 9})
    refused = client("approver").submit(
        f"/dossiers/{world.ids[PLAIN]}/passport", on="/", purpose=WHAT
    )
    hidden = client(OFFICIAL).submit(
        f"/dossiers/{world.ids[SECRET]}/passport", on="/", purpose=WHAT
    )

    assert [a.status_code for a in answers] == [403, 200]
    assert zipfile.ZipFile(io.BytesIO(answers[1].content)).testzip() is None
    assert (missing.status_code, refused.status_code, hidden.status_code) == (404, 403, 404)
