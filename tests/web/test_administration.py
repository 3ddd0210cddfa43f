"""Administration: people come, get roles, lose them; the administrator sees no dossier."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.web.browsing import Surf, assert_accessible, assert_fits
from tests.web.world import NAMES, OTHER, PASSWORD, PLAIN, World


def test_a_new_official_comes_by_a_link_and_sees_one_agency(surf: Surf, world: World, shot):
    page = surf("administrator", "/administration")
    shot(page, "administration")
    page.get_by_label("Tài khoản").fill("moi.den")
    page.get_by_label("Họ và tên").fill("Người Mới Đến")
    page.locator("[name=role-0]").select_option("official")
    page.locator("[name=agencies-0]").fill("H26.40")
    page.get_by_role("button", name="Thêm").click()
    link = page.locator("#link").inner_text()

    newcomer = surf(None, link.removeprefix(world.base))
    newcomer.get_by_label("Mật khẩu mới", exact=True).fill(PASSWORD)
    newcomer.get_by_label("Nhập lại mật khẩu mới").fill(PASSWORD)
    newcomer.get_by_role("button", name="Đặt mật khẩu").click()
    newcomer.goto("/search?q=nguyen")

    expect(newcomer.locator(".hit")).to_have_count(1)
    expect(newcomer.locator(".hit")).to_contain_text(NAMES[OTHER])
    added = world.journal("person change", "administrator")
    assert added[-1] | {"subject": ""} == {
        "agent": "administrator", "subject": "", "account": "moi.den", "change": "added",
        "kind": "person", "roles": ["official"],
    }  # fmt: skip


def test_roles_change_at_once_and_a_disabled_person_is_out_at_once(
    client, surf: Surf, world: World
):
    from archive.people import staff
    from archive.viewers import OPERATOR, Grant, PersonRole, Scope

    grant = Grant(PersonRole.OFFICIAL, Scope(agencies=("H26.18",)))
    person, link = staff.add(world.archive, "doi.vai", "Đổi Vai", (grant,), by=OPERATOR)
    staff.use_link(world.archive, link, PASSWORD)
    world.people["doi.vai"] = staff.person(world.archive, person.id, OPERATOR)
    official, path = client("doi.vai"), f"/dossiers/{world.ids[PLAIN]}"
    page = surf("administrator", f"/administration/people/{person.id}")
    shown = [official.get(path).status_code]

    page.locator("[name=agencies-0]").fill("H26.40")
    page.get_by_role("button", name="Lưu vai trò").click()
    shown.append(official.get(path).status_code)
    page.get_by_role("button", name="Ngừng tài khoản").click()
    expect(page.get_by_role("button", name="Cho dùng lại")).to_be_visible()
    shown.append(official.get(path).status_code)

    assert shown == [200, 404, 303]


def test_nobody_changes_their_own_roles_and_the_last_administrator_stays(client, world: World):
    administrator = client("administrator")
    own = f"/administration/people/{world.people['administrator'].id}"

    for act, fields in (("roles", {"role-0": "archivist"}), ("disable", {"disabled": "yes"})):
        answer = administrator.submit(f"{own}/{act}", on="/administration", **fields)
        assert answer.status_code == 422
    assert administrator.get("/administration").status_code == 200


def test_settings_are_shown_with_their_origin_and_the_parts_with_their_health(surf: Surf, shot):
    page = surf("administrator", "/administration/settings")
    expect(page.get_by_role("cell", name="archive.agency", exact=True)).to_be_visible()
    page = surf("administrator", "/administration/health", language="en")
    expect(page.get_by_role("table")).to_contain_text("catalogue")
    assert_fits(page)
    shot(page, "administration-health")
    expect(page.get_by_role("table")).to_contain_text("dossiers held")

    page = surf("administrator", "/administration/health")
    expect(page.get_by_role("table")).to_contain_text("đang giữ")
    expect(page.get_by_role("table")).not_to_contain_text("dossiers held")


def test_a_system_gets_a_token_that_is_shown_once_and_ends_at_once(surf: Surf, world: World, shot):
    import httpx

    from archive.people import staff
    from archive.viewers import OPERATOR, Grant, PersonRole, Scope

    grant = Grant(PersonRole.OFFICIAL, Scope())
    staff.add(world.archive, "motcua.thu", "Một cửa", (grant,), by=OPERATOR, kind="system")
    page = surf("administrator", "/administration/tokens")
    page.get_by_label("hệ thống").select_option("motcua.thu")
    page.get_by_label("Dùng để").fill("tra cứu")
    page.get_by_label("xem hồ sơ").check()
    page.get_by_role("button", name="Cấp mã truy cập").click()
    token = {"Authorization": f"Bearer {page.locator('#token').inner_text()}"}
    assert_accessible(page)
    shot(page, "administration-tokens")

    asked = [httpx.get(f"{world.base}/api/v1/search?q=nguyen", headers=token).status_code]
    page.goto("/administration/tokens")
    assert page.locator("#token").count() == 0
    page.get_by_role("button", name="Thu hồi: tra cứu").click()
    expect(page.get_by_role("row", name="tra cứu")).to_contain_text("đã thu hồi")
    asked.append(httpx.get(f"{world.base}/api/v1/search?q=nguyen", headers=token).status_code)

    assert asked == [200, 401]
