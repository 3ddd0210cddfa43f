"""Several submissions at once: one correction for all, one reason for all; and E-ARK packages."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from archive.packages.sip import eark_package
from tests.builders import a_pdf, a_submission
from tests.web.browsing import Surf, assert_accessible
from tests.web.producers import a_zip
from tests.web.test_reception import opened, upload
from tests.web.world import World

LATE = {"tthc__closedOn": "2025-12-31"}


def choose(page: Page, *codes: str) -> None:
    for code in codes:
        page.locator("li", has_text=code).get_by_role("checkbox").check()


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without"])
def test_one_field_is_corrected_in_several_and_others_go_back_with_one_reason(
    surf: Surf, world: World, tmp_path: Path, shot, script: bool
):
    made = [a_zip(tmp_path, **LATE) for _ in range(4)]
    page = opened(surf, script=script)
    upload(page, *(path for path, _ in made))
    expect(page.locator(".list .badge.unsure")).to_have_count(4, timeout=60_000)
    first, second, third, fourth = (code for _, code in made)
    if script:
        shot(page, "reception-several")

    choose(page, first, second)
    page.locator("#several [name=place]").select_option("tthc.closedOn")
    page.fill("#several [name=value]", "2026-01-20")
    page.fill("#several [name=reason]", "theo sổ tiếp nhận")
    page.get_by_role("button", name="Sửa các gói đã chọn").click()
    expect(page.locator(".done").first).to_have_text("Đã sửa và đưa vào nhận 2 gói.")
    expect(page.locator(".list .badge.good")).to_have_count(2)
    for code in (first, second):
        expect(page.locator("li", has_text=code)).to_contain_text("Đã nhận")

    page.get_by_label("Tất cả 2 gói chưa xong đang hiện").check()
    page.fill("#several [name=reason]", "sai ngày kết thúc")
    page.get_by_role("button", name="Trả lại các gói đã chọn").click()
    expect(page.locator(".done").first).to_have_text("Đã trả lại 2 gói.")
    for code in (third, fourth):
        expect(page.locator("li", has_text=code)).to_contain_text("sai ngày kết thúc")

    batch = page.url.rpartition("/")[2].partition("?")[0]
    fixed = [e for e in world.journal("submission corrected") if e["subject"] == batch]
    assert [(e["fields"], e["reason"]) for e in fixed] == [
        (["tthc.closedOn"], "theo sổ tiếp nhận")
    ] * 2
    assert len([e for e in world.journal("submission returned") if e["subject"] == batch]) == 2


def test_what_cannot_be_done_for_all_is_counted_and_nothing_chosen_is_said(
    surf: Surf, client, world: World, tmp_path: Path
):
    bad, code = a_zip(tmp_path, **LATE)
    broken = tmp_path / "hong.zip"
    broken.write_bytes(b"PK\x03\x04 this is no archive")
    page = opened(surf)
    upload(page, bad, broken)
    expect(page.locator(".list .badge.unsure")).to_have_count(2, timeout=60_000)
    batch = page.url.rpartition("/")[2]
    archivist = client("archivist")
    told = {"place": "tthc.closedOn", "value": "2026-01-20", "act": "fix"}
    several = f"/reception/{batch}/several"

    nothing = archivist.submit(several, on=f"/reception/{batch}", reason="thử", **told)
    groundless = archivist.submit(several, on=f"/reception/{batch}", item="1", **told)
    both = {"all": "yes", "shown": ["1", "2"], "reason": "thử"}
    done = archivist.submit(several, on=f"/reception/{batch}", **told, **both)

    assert (nothing.status_code, groundless.status_code) == (422, 422)
    assert done.headers["location"] == f"/reception/{batch}?did=corrected&done=1&left=1"
    page.goto(done.headers["location"])
    expect(page.locator(".done").first).to_contain_text("1 gói không làm được")
    page.locator("li", has_text="hong").get_by_role("link").first.click()
    expect(page.locator(".note")).to_contain_text("Bản thân gói tin bị hỏng")
    assert world.journal("submission corrected")[-1]["submission"].startswith(batch)
    assert code


def an_eark(folder: Path, code: str, *, xml: bytes = b"") -> Path:
    """Write an E-ARK SIP whose description has a date that cannot be, or is XML."""
    files = {"01-don.pdf": a_pdf(f"Don {code}"), "02-ket-qua.pdf": a_pdf(f"Giay phep {code}")}
    facts: dict[str, Any] = {"tthc__dossierCode": code, "tthc__dossierCodeOld": None, **LATE}
    plain = a_submission(folder / f"plain-{code}", files=files, **facts)
    about = {"metadata/descriptive/dossier.json": (plain / "dossier.json").read_bytes()}
    if xml:
        about = {"metadata/descriptive/tthc.xml": xml, "metadata/descriptive/EAD.xml": xml}
    root = folder / f"eark-{code}"
    written = eark_package.written(root.name, about, files, at=datetime(2026, 11, 1, tzinfo=UTC))
    for name, content in written.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return Path(shutil.make_archive(str(folder / root.name), "zip", folder, root.name))


def test_an_eark_package_is_fixed_in_its_form(surf: Surf, world: World, tmp_path: Path):
    from archive import access

    code = "H26.18-260105-0981"
    page = opened(surf)
    upload(page, an_eark(tmp_path, code))
    expect(page.locator(".list")).to_contain_text("KHO-DATE-ORDER", timeout=60_000)
    page.locator(".list a").first.click()
    expect(page.locator("img.sheet")).to_have_js_property("naturalWidth", 900, timeout=60_000)
    page.get_by_label("Ngày kết thúc").fill("2026-01-20")
    page.get_by_label("Căn cứ để sửa").fill("theo sổ tiếp nhận")
    page.get_by_role("button", name="Lưu và nhận vào kho").click()
    expect(page.locator(".list .badge.good")).to_have_count(1, timeout=60_000)

    held = access.find(world.archive, code)
    assert str(held.dossier.closed_on) == "2026-01-20"
    assert [d.file.path for d in held.dossier.documents] == ["01-don.pdf", "02-ket-qua.pdf"]
    inbox = world.home / "queue"
    kept = [json.dumps(str(path)) for path in inbox.rglob("eark-*.zip")]
    assert len(kept) == 1  # what was handed over is not touched


def test_an_eark_package_that_is_described_in_xml_says_what_to_do(
    surf: Surf, world: World, tmp_path: Path
):
    page = opened(surf)
    upload(page, an_eark(tmp_path, "H26.18-260105-0982", xml=b"<x/>"))
    page.locator(".list a").first.click(timeout=60_000)

    expect(page.locator(".note")).to_contain_text("nằm trong tthc.xml và EAD.xml")
    assert page.get_by_role("button", name="Lưu và nhận vào kho").count() == 0
    assert_accessible(page)
