"""The ingest queue in a real browser: upload, fix, ingest, return, minutes; and bad uploads."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from archive import reception
from archive.reception import uploads
from tests.web.browsing import Surf, assert_accessible
from tests.web.producers import LATE, PRODUCER, a_folder, a_zip
from tests.web.world import SCRIPT, World


def opened(surf: Surf, *, script: bool = True) -> Page:
    page = surf("archivist", "/reception", script=script)
    page.get_by_label("Bên giao nộp").fill(PRODUCER)
    page.get_by_role("button", name="Mở đợt mới").click()
    expect(page.get_by_text(PRODUCER)).to_be_visible()
    page.wait_for_load_state()  # the scripts are there
    return page


def upload(page: Page, *paths: Path) -> None:
    page.locator("input[type=file]").first.set_input_files(paths)
    page.get_by_role("button", name="Tải lên và nhận vào kho").click()


def text_of(pdf: Path) -> str:
    command = ["pdftotext", "-layout", str(pdf), "-"]
    told = subprocess.run(command, capture_output=True, check=True, timeout=60)
    return " ".join(told.stdout.decode().split())


def test_what_comes_in_is_held_fixed_beside_its_page_and_receipted(
    surf: Surf, world: World, tmp_path: Path, shot
):
    good, code = a_zip(tmp_path)
    bad, bad_code = a_zip(tmp_path, **LATE)
    page = opened(surf)
    assert_accessible(page)
    upload(page, good, bad)
    expect(page.get_by_role("link", name=f"{code}")).to_be_visible(timeout=30_000)
    expect(page.get_by_role("link", name=f"{bad_code}")).to_be_visible()
    expect(page.locator(".list")).to_contain_text("KHO-DATE-ORDER")

    page.get_by_role("link", name="Sửa tại đây").click()
    field = page.get_by_label("Ngày kết thúc")
    expect(field).to_have_value("2025-12-31")
    expect(page.locator("img.sheet")).to_be_visible()
    expect(page.locator("img.sheet")).to_have_js_property("naturalWidth", 900, timeout=30_000)
    shot(page, "reception-fix")
    field.fill("2026-01-20")
    page.get_by_label("Căn cứ để sửa", exact=True).fill("theo sổ tiếp nhận")
    page.get_by_role("button", name="Lưu và nhận vào kho").click()

    expect(page.locator(".list .badge.good")).to_have_count(2, timeout=30_000)
    shot(page, "reception-batch")
    page.get_by_role("button", name="Đóng đợt và lập biên bản").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Biên bản giao nhận (PDF)").click()
    download.value.save_as(tmp_path / "minutes.pdf")
    told = text_of(tmp_path / "minutes.pdf")
    assert [
        w for w in ("BIÊN BẢN GIAO NHẬN HỒ SƠ", PRODUCER, code, bad_code) if w not in told
    ] == []
    batch = page.url.rpartition("/")[2]
    assert [e["fields"] for e in world.journal("submission corrected", "archivist")][-1] == [
        "tthc.closedOn"
    ]
    assert reception.batch(world.archive, batch).closed_at is not None


def test_without_javascript_a_submission_is_uploaded_and_returned_with_a_note(
    surf: Surf, world: World, tmp_path: Path
):
    bad, code = a_zip(tmp_path, **LATE)
    page = opened(surf, script=False)
    upload(page, bad)
    page.get_by_role("link", name=code).click()
    page.locator("summary", has_text="Trả lại bên giao").click()
    page.get_by_label("Lý do trả lại", exact=True).fill("ngày kết thúc trước ngày tiếp nhận")
    page.get_by_role("button", name="Trả lại bên giao").click()

    expect(page.get_by_text("Đã trả lại")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Phiếu trả (PDF)").click()
    download.value.save_as(tmp_path / "note.pdf")

    told = text_of(tmp_path / "note.pdf")
    words = ("PHIẾU TRẢ HỒ SƠ", PRODUCER, code, "ngày kết thúc trước ngày tiếp nhận")
    assert [word for word in words if word not in told] == []
    assert world.journal("submission returned", "archivist")


def test_a_large_file_that_is_dropped_goes_up_in_pieces(surf: Surf, world: World):
    page = opened(surf)
    batch = page.url.rpartition("/")[2]

    page.evaluate(
        """async () => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(9000000)], "lon.zip"));
          document.getElementById("upload").dispatchEvent(
            new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true}));
        }"""
    )

    # Nine megabytes are three pieces; what they make is no ZIP, and is said to be none.
    expect(page.locator(".list")).to_contain_text("KHO-ZIP-NOT-ZIP", timeout=30_000)
    assert (uploads.inbox(world.archive, batch) / "lon.zip").stat().st_size == 9_000_000


def dropped(page: Page, folder: Path) -> None:
    """Drop a folder of this machine on the page, as the file manager does."""
    zone = page.locator("#upload").bounding_box()
    assert zone is not None
    at = {"x": zone["x"] + 20, "y": zone["y"] + 20}
    data = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}
    session = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "data": data, **at})


def files_of(world: World, page: Page) -> set[str]:
    """Return what lies in the inbox of the batch that a page shows."""
    inbox = uploads.inbox(world.archive, page.url.rpartition("/")[2])
    return {each.relative_to(inbox).as_posix() for each in inbox.rglob("*") if each.is_file()}


@pytest.mark.parametrize("way", ["dropped", "chosen", "chosen without scripts"])
def test_a_folder_comes_in_with_the_paths_in_it(way: str, surf: Surf, world: World, tmp_path: Path):
    folder, code = a_folder(tmp_path)
    page = opened(surf, script=way != "chosen without scripts")

    if way == "dropped":
        dropped(page, folder)
    else:
        page.locator("input[webkitdirectory]").set_input_files(folder)
        page.get_by_role("button", name="Tải lên và nhận vào kho").click()

    expect(page.get_by_role("link", name=code)).to_be_visible(timeout=60_000)
    expect(page.locator(".list .badge.good")).to_have_count(1, timeout=60_000)
    inside = {each.relative_to(tmp_path).as_posix() for each in folder.rglob("*") if each.is_file()}
    assert files_of(world, page) == inside
    assert len(inside) == 3


def test_script_in_every_text_field_of_reception_stays_text(
    surf: Surf, world: World, tmp_path: Path
):
    facts = {"tthc__applicant__name": SCRIPT, "dossier__title": SCRIPT}
    bad, code = a_zip(tmp_path, **facts, **LATE)
    hostile = bad.rename(bad.with_name("<img src=x onerror=alert(1)>.zip"))
    page = surf("archivist", "/reception")
    page.on("dialog", lambda dialog: surf.errors.append(dialog.message))
    page.get_by_label("Bên giao nộp").fill(SCRIPT)
    page.get_by_role("button", name="Mở đợt mới").click()
    expect(page.locator("input[type=file]").first).to_be_attached()
    page.wait_for_load_state()  # or its end would be taken for that of the upload
    with page.expect_event("load"):  # the page comes again when all is there
        upload(page, hostile)
    expect(page.locator("main")).to_contain_text("<img src=x onerror", timeout=30_000)
    assert page.locator("main script, main img[src=x]").count() == 0

    good = bad.with_name("b.zip")
    shutil.copy(hostile, good)
    with page.expect_event("load"):
        upload(page, good)
    expect(page.get_by_role("link", name=code).first).to_be_visible(timeout=30_000)
    page.get_by_role("link", name=code).first.click()
    assert page.locator("main script, main img[src=x]").count() == 0
    page.get_by_label("Căn cứ để sửa", exact=True).fill(SCRIPT)
    page.locator("summary", has_text="Các trường khác").click()
    page.get_by_label("Tên cơ quan").fill(SCRIPT)
    page.get_by_role("button", name="Lưu và nhận vào kho").click()
    page.wait_for_load_state()
    assert page.locator("main script, main img[src=x]").count() == 0
    expect(page.locator("[name='place:tthc.agencyName']")).to_have_value(SCRIPT)


@pytest.mark.parametrize("name", ["../../../x.zip", "/etc/x.zip", "..\\x.zip", ".x", "a/../../x"])
def test_no_name_in_a_form_leads_out_of_the_inbox(client, world: World, name: str):
    def named() -> set[Path]:
        return {p for p in world.home.rglob("*") if p.name in ("x.zip", ".x", "x")}

    archivist = client("archivist")
    where = archivist.submit("/reception", producer=PRODUCER).headers["location"]
    token, before = archivist.form_token(where), named()

    begun = archivist.post(
        f"{where}/uploads",
        data={"csrf": token, "name": name, "size": "3"},
        headers={"Origin": world.base, "Accept": "application/json"},
    )
    sent = archivist.post(
        f"{where}/files",
        data={"csrf": token},
        files={"file": (name, b"abc")},
        headers={"Origin": world.base},
    )

    assert (begun.status_code, sent.status_code) in ((422, 422), (422, 303))
    inside = uploads.folder(world.archive, where.rpartition("/")[2])
    assert {p for p in named() - before if not p.is_relative_to(inside)} == set()


def test_an_upload_that_is_aborted_leaves_nothing_in_the_inbox_and_goes_on(client, world: World):
    archivist = client("archivist")
    where = archivist.submit("/reception", producer=PRODUCER).headers["location"]
    batch, token = where.rpartition("/")[2], archivist.form_token(where)
    headers = {"Origin": world.base, "Accept": "application/json", "X-CSRF-Token": token}
    begin = {"csrf": token, "name": "a.zip", "size": "10"}
    told = archivist.post(f"{where}/uploads", data=begin, headers=headers).json()
    piece = f"{where}/uploads/{told['id']}"
    archivist.put(f"{piece}?at=0", content=b"01234", headers=headers)

    address = archivist.base_url
    with socket.create_connection((address.host, address.port or 80), timeout=30) as wire:
        lines = [f"PUT {piece}?at=5 HTTP/1.1", f"Host: {address.host}:{address.port}"]
        lines += [f"{k}: {v}" for k, v in headers.items()]
        lines += [f"Cookie: kho-session={archivist.cookies['kho-session']}", "Content-Length: 5"]
        wire.sendall(("\r\n".join(lines) + "\r\n\r\n56").encode())
    assert list(uploads.inbox(world.archive, batch).iterdir()) == []
    again = archivist.post(f"{where}/uploads", data=begin, headers=headers).json()
    elsewhere = archivist.put(f"{piece}?at=0", content=b"01234", headers=headers)
    last = archivist.put(f"{piece}?at=5", content=b"56789", headers=headers).json()

    assert (again["id"], again["received"], elsewhere.status_code) == (told["id"], 5, 409)
    assert last["complete"]
    assert (uploads.inbox(world.archive, batch) / "a.zip").read_bytes() == b"0123456789"


def test_limits_hold_for_what_is_declared_and_what_comes(client, world: World):
    archivist = client("archivist")
    where = archivist.submit("/reception", producer=PRODUCER).headers["location"]
    token = archivist.form_token(where)
    headers = {"Origin": world.base, "Accept": "application/json", "X-CSRF-Token": token}
    begin = {"csrf": token, "name": "a.zip", "size": str(60 << 30)}

    too_large = archivist.post(f"{where}/uploads", data=begin, headers=headers)
    begun = archivist.post(
        f"{where}/uploads", data=begin | {"size": "9437184"}, headers=headers
    ).json()
    piece = archivist.put(
        f"{where}/uploads/{begun['id']}?at=0", content=b"x" * (9 << 20), headers=headers
    )
    endless = archivist.put(
        f"{where}/uploads/{begun['id']}?at=0", content=iter([b"x" * 10]), headers=headers
    )

    assert (too_large.status_code, piece.status_code, endless.status_code) == (422, 422, 411)


def test_only_who_receives_sees_the_queue_and_a_form_from_elsewhere_does_nothing(
    client, world: World
):
    for account in ("official", "auditor", "retention_officer", "administrator"):
        assert client(account).get("/reception").status_code == 403
    archivist = client("archivist")
    before = reception.batches(world.archive)

    foreign = archivist.post(
        "/reception",
        data={"csrf": archivist.form_token("/reception"), "producer": "X"},
        headers={"Origin": "https://evil.example"},
    )
    tokenless = archivist.post("/reception", data={"producer": "X"})

    assert (foreign.status_code, tokenless.status_code) == (403, 403)
    assert reception.batches(world.archive) == before
