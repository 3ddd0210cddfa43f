"""Copies in a real browser: issued, checked by their QR code, revoked, and what nobody learns."""

from __future__ import annotations

import io
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect

from archive import access, dissemination
from archive.dissemination import CopyKind, Request
from tests.web.browsing import Surf, assert_accessible
from tests.web.world import CHECK, HOSTILE, OFFICIAL, OTHER, PLAIN, SCRIPT, SIGNED, World

WHO, WHY = "Phạm Thị Tuyết Mai", "làm hộ chiếu ở nước ngoài"


def ask(page: Page, who: str = WHO, why: str = WHY) -> None:
    page.get_by_label("Người yêu cầu", exact=True).fill(who)
    page.get_by_label("Mục đích sử dụng").fill(why)
    page.get_by_role("button", name="Xem trước").click()


def qr_of(pdf: Path) -> str:
    picture = pdf.with_suffix("")
    command = ["pdftoppm", "-r", "150", "-f", "1", "-l", "1", "-singlefile", "-png"]
    subprocess.run([*command, pdf, picture], check=True, timeout=60)
    content = picture.with_suffix(".png").read_bytes()
    (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(content)))
    return found.text


def issued(world: World, kind: CopyKind = CopyKind.CERTIFIED, code: str = PLAIN) -> Any:
    holding = access.find(world.archive, code)
    request = Request(kind, WHO, WHY, ("1",))
    return dissemination.issue(world.archive, holding, request, agent="test")[0]


def test_a_certified_copy_is_handed_out_checked_by_its_qr_revoked_and_said_to_be(
    surf: Surf, world: World, tmp_path: Path, shot
):
    page = surf("official", f"/dossiers/{world.ids[SIGNED]}?doc=2")
    page.get_by_role("link", name="Cấp bản sao").click()
    shot(page, "copy-new")
    ask(page)
    expect(page.get_by_role("img")).to_be_visible()
    assert page.get_by_role("img").evaluate("e => e.naturalWidth") > 400
    assert_accessible(page)
    shot(page, "copy-preview")
    page.get_by_role("button", name="Ký số và vào sổ").click()
    expect(page.get_by_text("Còn giá trị")).to_be_visible()
    shot(page, "copy")
    address = page.url
    with page.expect_download() as download:
        page.get_by_role("link", name="Tải tệp").click()
    download.value.save_as(tmp_path / "copy.pdf")

    code = qr_of(tmp_path / "copy.pdf")
    assert code.startswith(f"{CHECK}/")
    public = surf(None, code.removeprefix("https://kho.example"))
    expect(public.get_by_text("Do kho này cấp, còn giá trị")).to_be_visible()
    expect(public.locator("main")).to_contain_text(SIGNED)
    told = public.locator("main").inner_text()
    assert [word for word in (WHO, WHY, "ket-qua", "Trần Văn Đức") if word in told] == []
    shot(public, "check-valid")
    public.get_by_label("Hoặc chọn tệp đã nhận").set_input_files(tmp_path / "copy.pdf")
    public.get_by_role("button", name="Kiểm tra tệp").click()
    expect(public.get_by_text("Đúng là tệp đã cấp, không thay đổi")).to_be_visible()
    changed = bytearray((tmp_path / "copy.pdf").read_bytes())
    changed[-20] ^= 1
    (tmp_path / "changed.pdf").write_bytes(changed)
    public.get_by_label("Hoặc chọn tệp đã nhận").set_input_files(tmp_path / "changed.pdf")
    public.get_by_role("button", name="Kiểm tra tệp").click()
    expect(public.get_by_text("Không phải tệp do kho này cấp")).to_be_visible()

    page.goto(address)
    page.get_by_text("Thu hồi bản sao").first.click()
    page.get_by_label("Lý do thu hồi").fill("cấp nhầm người")
    page.get_by_role("button", name="Thu hồi bản sao").click()
    expect(page.get_by_text("Đã thu hồi").first).to_be_visible()
    public.goto(code.removeprefix("https://kho.example"))
    expect(public.get_by_text("Đã bị thu hồi")).to_be_visible()
    assert "cấp nhầm" not in public.locator("main").inner_text()
    shot(public, "check-revoked")
    assert world.journal("copy issued", "official")
    assert world.journal("copy revoked", "official")


def test_without_javascript_a_package_is_handed_out(surf: Surf, world: World, tmp_path: Path):
    page = surf("official", f"/dossiers/{world.ids[PLAIN]}/copies/new?doc=1", script=False)
    page.get_by_label("Gói tin có giấy chứng nhận").check()
    ask(page)
    page.get_by_role("button", name="Ký số và vào sổ").click()

    with page.expect_download() as download:
        page.get_by_role("link", name="Tải tệp").click()

    assert download.value.suggested_filename.endswith(".zip")
    with Path(download.value.path()).open("rb") as stream:
        standing = dissemination.check_file(world.archive, stream)
    assert standing.unchanged


def test_a_form_that_is_sent_twice_issues_one_copy(client, world: World):
    official, path = client("official"), f"/dossiers/{world.ids[PLAIN]}/copies"
    asked = {"kind": "reading", "document": "1", "requester": WHO, "purpose": WHY, "amount": "1"}
    asked |= {"step": "issue", "once": "pQ7w-sent-twice-sent-twice"}

    answers = [official.submit(path, on=f"{path}/new", **asked) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].headers["location"] == answers[1].headers["location"]


def test_what_is_missing_is_said_on_the_form_and_nothing_is_lost(surf: Surf, client, world: World):
    page = surf("official", f"/dossiers/{world.ids[PLAIN]}/copies/new")
    ask(page)

    expect(page.get_by_role("alert")).to_contain_text("Hãy chọn ít nhất một tài liệu")
    expect(page.get_by_label("Người yêu cầu", exact=True)).to_have_value(WHO)
    assert_accessible(page)


def test_a_reading_copy_is_read_with_its_code_alone_and_not_downloaded(
    surf: Surf, world: World, shot
):
    copy = issued(world, CopyKind.READING)

    page = surf(None, f"/ban-doc/{copy.code}")

    page.wait_for_load_state("networkidle")
    assert page.locator("img.sheet").first.evaluate("e => e.naturalWidth") > 500
    assert page.locator("main a[download], main a[href$='.pdf']").count() == 0
    shot(page, "reading")
    assert world.journal("view", f"reader of {copy.label}")
    dissemination.revoke(world.archive, copy.label, agent="test", reason="trả sớm")
    answer = page.goto(f"/ban-doc/{copy.code}")
    assert answer is not None
    assert answer.status == 403


def test_the_register_shows_only_copies_of_what_one_may_see(surf: Surf, client, world: World, shot):
    other, mine = issued(world, code=OTHER), issued(world)
    page = surf(OFFICIAL, "/copies")

    expect(page.get_by_role("link", name=mine.label)).to_be_visible()
    assert other.label not in page.locator("main").inner_text()
    shot(page, "copies")
    limited = client(OFFICIAL)
    nowhere = limited.get("/copies/2020/1").status_code
    for path in ("", "/file"):
        assert limited.get(f"/copies/{other.year}/{other.number}{path}").status_code == nowhere
    answer = limited.submit(
        f"/copies/{other.year}/{other.number}/revoke", on="/search", reason="không được"
    )
    assert answer.status_code == nowhere == 404
    assert client("auditor").get("/copies").status_code == 403
    assert client(None).get(f"/copies/{mine.year}/{mine.number}").status_code in (303, 401)


def test_script_in_requester_purpose_and_reason_stays_text(surf: Surf, client, world: World):
    page = surf("official", f"/dossiers/{world.ids[HOSTILE]}/copies/new?doc=1")
    page.on("dialog", lambda dialog: surf.errors.append(dialog.message))
    ask(page, who=f"Mai {SCRIPT}", why=SCRIPT)
    page.get_by_role("button", name="Ký số và vào sổ").click()
    expect(page.locator("main")).to_contain_text("<script>alert(")
    page.get_by_text("Thu hồi bản sao").first.click()
    page.get_by_label("Lý do thu hồi").fill(SCRIPT)
    page.get_by_role("button", name="Thu hồi bản sao").click()

    for path in ("/copies", f"/xac-thuc?code={SCRIPT}", f"/xac-thuc/{SCRIPT}"):
        page.goto(path)
        assert page.locator("main script, main img[src=x]").count() == 0


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        ("0000-0000-0001", 400, "Có một ký tự"),
        ("abc", 400, "mười hai chữ và số"),
        ("../../etc/passwd", 400, "mười hai chữ và số"),
    ],
)
def test_a_wrong_code_is_told_apart_from_an_unknown_one(client, code: str, status: int, words: str):
    answer = client(None).get("/xac-thuc", params={"code": code})

    assert (answer.status_code, words in answer.text) == (status, True)


def test_the_public_check_is_rate_limited_and_takes_no_large_file_from_strangers(
    client, world: World
):
    stranger = client(None)
    token = stranger.form_token("/xac-thuc")
    address = stranger.base_url
    with socket.create_connection((address.host, address.port or 80), timeout=30) as wire:
        head = f"POST /xac-thuc HTTP/1.1\r\nHost: x\r\nContent-Length: {70 << 20}\r\n\r\n"
        wire.sendall(head.encode())
        assert wire.recv(100).startswith(b"HTTP/1.1 413")
    answers: list[Any] = []
    while not answers or (answers[-1].status_code == 200 and len(answers) < 100):
        answers.append(
            stranger.post(
                "/xac-thuc",
                data={"csrf": token},
                files={"file": ("a.pdf", b"%PDF-")},
                headers={"Origin": world.base},
            )
        )

    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) >= 1
