"""Signing in: passwords, codes, links, lock-out, forms from elsewhere."""

from __future__ import annotations

import re

import pyotp
from playwright.sync_api import expect

from archive.people import staff
from archive.viewers import OPERATOR, Grant, PersonRole, Scope
from tests.web import world as worlds
from tests.web.browsing import Surf, assert_accessible
from tests.web.world import PASSWORD, World


def test_an_official_signs_in_comes_to_where_they_wanted_and_signs_out(surf: Surf, world: World):
    page = surf(None, "/search?q=huong")

    page.fill("[name=account]", "Official ")
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Đăng nhập").click()
    expect(page).to_have_url(f"{world.base}/search?q=huong")
    page.get_by_text("Người official").click()
    page.get_by_role("button", name="Đăng xuất").click()
    page.goto("/search")

    expect(page).to_have_url(re.compile("/sign-in"))


def test_the_first_start_makes_the_administrator_by_a_link_that_works_once(surf: Surf, tmp_path):
    from tests.archives import a_home

    with worlds.served(a_home(tmp_path)) as told:
        page = surf(None, "/sign-in")
        page.goto(told["first_administrator"])
        page.fill("[name=name]", "Quản Trị")
        page.fill("[name=account]", "quantri")
        page.fill("[name=password]", PASSWORD)
        page.fill("[name=again]", PASSWORD)
        page.get_by_role("button", name="Đặt mật khẩu").click()
        assert_accessible(page)
        secret = page.input_value("[name=secret]")
        page.fill("[name=code]", pyotp.TOTP(secret).now())
        page.get_by_role("button", name="Thiết lập").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Quản Trị")
        again = page.goto(told["first_administrator"])
        assert again is not None
        assert again.status == 403


def test_five_wrong_passwords_lock_the_account_and_that_is_on_record(client, world: World):
    grant = Grant(PersonRole.OFFICIAL, Scope())
    person, link = staff.add(world.archive, "hay.quen", "Hay Quên", (grant,), by=OPERATOR)
    staff.use_link(world.archive, link, PASSWORD)
    visitor = client(None)

    for _ in range(5):
        wrong = visitor.submit("/sign-in", account="hay.quen", password="Sai-Mật-Khẩu-1")
        assert wrong.status_code == 403
    right = visitor.submit("/sign-in", account="hay.quen", password=PASSWORD)

    assert right.status_code == 403
    assert world.journal("account lock")[-1]["subject"] == person.id


def test_a_session_that_was_there_before_signing_in_is_worth_nothing(client, world: World):
    visitor = client(None)
    visitor.cookies.set("kho-session", "chosen-by-somebody-else", domain="127.0.0.1")

    answer = visitor.submit("/sign-in", account="official", password=PASSWORD)

    given = answer.headers.get_list("set-cookie")
    assert any("kho-session=" in each and "chosen-by" not in each for each in given)
    assert all("HttpOnly" in each for each in given if "kho-session" in each)
    other = client(None)
    other.cookies.set("kho-session", "chosen-by-somebody-else")
    assert other.get("/").status_code == 303


def test_forms_from_elsewhere_are_refused(client, world: World):
    official = client("official")
    token = official.form_token("/account/password")
    form = {"csrf": token, "next": "/", "theme": "dark"}

    foreign = official.post("/preferences", data=form, headers={"Origin": "https://evil.example"})
    cross = official.post("/preferences", data=form, headers={"Sec-Fetch-Site": "cross-site"})
    without = official.post("/preferences", data={"theme": "dark"}, headers={"Origin": world.base})
    ours = official.post("/preferences", data=form, headers={"Origin": world.base})

    assert [each.status_code for each in (foreign, cross, without, ours)] == [403, 403, 403, 303]


def test_nobody_is_sent_to_another_site_after_signing_in(client):
    for target in (
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/\tx",
        "javascript:1",
    ):
        answer = client(None).submit("/sign-in", account="official", password=PASSWORD, next=target)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
