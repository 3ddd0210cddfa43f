"""One submission of each kind that no depositor should send, written as a person would send it."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import stat
import struct
import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf

from tests.builders import a_description, a_pdf, a_submission, the_files
from tests.roads import by_road

Builder = Callable[[Path], Path]
APPLICATION, PERMIT = the_files()
_VIETNAMESE = "Đơn đề nghị cấp giấy phép xây dựng nhà ở riêng lẻ "


def with_pdf(content: bytes) -> Builder:
    """Return a builder of the usual folder with other bytes for the permit."""
    return lambda place: a_submission(place, files={APPLICATION: a_pdf(), PERMIT: content})


def with_description(**changes: Any) -> Builder:
    """Return a builder of the usual folder with another description."""
    return lambda place: a_submission(place, **changes)


def with_json(change: Callable[[str], str]) -> Builder:
    """Return a builder of the usual folder with another text of `dossier.json`."""

    def build(place: Path) -> Path:
        described = a_submission(place) / "dossier.json"
        described.write_text(change(described.read_text("utf-8")), "utf-8")
        return place

    return build


def zipped(*entries: tuple[str | zipfile.ZipInfo, bytes]) -> Builder:
    """Return a builder of a ZIP of the usual submission and more entries."""

    def build(place: Path) -> Path:
        path = place.with_suffix(".zip")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("dossier.json", json.dumps(a_description(), ensure_ascii=False))
            for name, content in [*the_files().items(), *entries]:
                archive.writestr(name, content)
        return path

    return build


def raw_name(plain: str, raw: bytes) -> Builder:
    """Return a builder of a ZIP with a name that no library writes."""

    def build(place: Path) -> Path:
        path = zipped((plain, b"x"))(place)
        path.write_bytes(path.read_bytes().replace(plain.encode(), raw))
        return path

    return build


def an_entry(name: str, mode: int) -> zipfile.ZipInfo:
    """Return a ZIP entry of a kind of file that Unix has."""
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, mode << 16
    return info


def nested(depth: int) -> bytes:
    """Return a ZIP in a ZIP in a ZIP."""
    content = a_pdf()
    for level in range(depth):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"{level}.zip" if level else "a.pdf", content)
        content = stream.getvalue()
    return content


def bag(change: Callable[[Path], object]) -> Builder:
    """Return a builder of a bag that something is done to after it was made."""

    def build(place: Path) -> Path:
        by_road(place, "bagit")
        change(place)
        return place

    return build


def altered(path: Path) -> None:
    """Change a file and keep its size."""
    content = path.read_bytes()
    path.write_bytes(content.replace(b"Helvetica", b"Helvetico", 1))


def eark(prolog: str, inside: str = "") -> Builder:
    """Return a builder of an E-ARK SIP whose METS begins with something else."""

    def build(place: Path) -> Path:
        mets = by_road(place, "eark") / "METS.xml"
        text = mets.read_text("utf-8").split("?>", 1)[1]
        if inside:
            text = text.replace('LABEL="', f'LABEL="{inside}', 1)
        mets.write_text(f'<?xml version="1.0" encoding="UTF-8"?>{prolog}{text}', "utf-8")
        return place

    return build


def gigabyte_of_xml(place: Path) -> Path:
    """Build an E-ARK SIP whose METS is a gigabyte long, most of it a hole in the file."""
    os.truncate(by_road(place, "eark") / "METS.xml", 1 << 30)
    return place


LAUGHS = "".join(
    ["<!DOCTYPE mets [<!ENTITY l0 'ha'>"]
    + [f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 10)]
    + ["]>"]
)


def listed(encoding: str, **changes: str) -> Builder:
    """Return a builder of a list with scans, in an encoding and with other cells."""

    def build(place: Path) -> Path:
        path = by_road(place, "batch") / "list.csv"
        rows = list(csv.reader(io.StringIO(path.read_text("utf-8-sig")), delimiter=";"))
        cells = dict(zip(*rows, strict=True)) | changes
        stream = io.StringIO()
        csv.writer(stream, delimiter=";").writerows([cells.keys(), cells.values()])
        path.write_bytes(stream.getvalue().encode(encoding))
        return place

    return build


def linked(place: Path) -> Path:
    """Build the usual folder with a symbolic link out of it."""
    a_submission(place)
    (place / "03.pdf").symlink_to("/etc/hostname")
    return place


def piped(place: Path) -> Path:
    """Build the usual folder with a pipe in it, which whoever opens it would wait for."""
    a_submission(place)
    os.mkfifo(place / "03.pdf")
    return place


def encrypted_pdf() -> bytes:
    """Return a PDF that needs a password."""
    stream = io.BytesIO()
    with pikepdf.open(io.BytesIO(a_pdf())) as document:
        document.save(stream, encryption=pikepdf.Encryption(owner="o", user="u"))
    return stream.getvalue()


def looping_pdf() -> bytes:
    """Return a PDF whose last cross-reference table names itself as the one before."""
    content = a_pdf()
    at = len(content)
    table = b"xref\n0 0\ntrailer\n<< /Size 6 /Root 1 0 R /Prev %d >>\n" % at
    return content + table + b"startxref\n%d\n%%%%EOF\n" % at


def junk_pdf() -> bytes:
    """Return a PDF with 10,000 objects that nothing refers to."""
    content = a_pdf()
    body, last = content[: content.rindex(b"xref\n0")], 6
    offsets = [int(line.split()[0]) for line in content.split(b"xref\n0")[1].splitlines()[2:7]]
    for number in range(last, last + 10_000):
        offsets.append(len(body))
        body += b"%d 0 obj\n(%d)\nendobj\n" % (number, number)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    return body + head + table + trailer % (len(offsets) + 1, len(body))


def cut_zip(place: Path) -> Path:
    """Build a ZIP whose end is missing, as a broken upload leaves it."""
    path = zipped()(place)
    path.write_bytes(path.read_bytes()[:-400])
    return path


def no_package(place: Path) -> Path:
    """Build a file that is no package of any kind."""
    path = place.with_suffix(".zip")
    path.write_bytes(struct.pack(">Q", 0) + b"hello")
    return path


def empty_folder(place: Path) -> Path:
    """Build a folder with nothing in it."""
    place.mkdir()
    return place


def without(name: str) -> Builder:
    """Return a builder of the usual folder without one file."""

    def build(place: Path) -> Path:
        (a_submission(place) / name).unlink()
        return place

    return build


def with_extra(place: Path) -> Path:
    """Build the usual folder with a file that its description does not name."""
    shutil.copy(a_submission(place) / PERMIT, place / "03-thua.pdf")
    return place


ITEMS: dict[str, tuple[Builder, str]] = {
    "not a package": (no_package, "KHO-ZIP-NOT-ZIP"),
    "an empty folder": (empty_folder, "KHO-SIP-KIND"),
    "a ZIP that was cut off": (cut_zip, "KHO-ZIP-TRUNCATED"),
    "a bomb by ratio": (zipped(("bomb.bin", bytes(60_000_000))), "KHO-ZIP-RATIO"),
    "a bomb by count": (zipped(*((f"{n}.txt", b"") for n in range(10_001))), "KHO-LIMIT-FILES"),
    "a bomb by nesting": (zipped(("nest.zip", nested(4))), "KHO-ZIP-NESTED"),
    "a name with ../": (zipped(("../out.txt", b"x")), "KHO-NAME-PARENT"),
    "an absolute name": (zipped(("/etc/out.txt", b"x")), "KHO-NAME-ABSOLUTE"),
    "a name with backslashes": (raw_name("a/out.txt", b"a\\out.txt"), "KHO-NAME-BACKSLASH"),
    "a name with NUL": (raw_name("a_out.txt", b"a\0out.txt"), "KHO-NAME-CONTROL"),
    "two entries of one name": (raw_name("01-don-de-nghi.PDF", b"01-don-de-nghi.pdf"), "KHO-NAME-DUPLICATE"),
    "names that differ in case": (zipped((PERMIT.upper(), b"x")), "KHO-NAME-CASE"),
    "names that are NFC and NFD": (
        zipped(*((unicodedata.normalize(form, "đơn.txt"), b"x") for form in ("NFC", "NFD"))), "KHO-NAME-NFC"),
    "a Vietnamese name of 300 characters": (zipped(((_VIETNAMESE * 6)[:300], b"x")), "KHO-NAME-LONG"),
    "a symbolic link in a ZIP": (zipped((an_entry("l.pdf", stat.S_IFLNK | 0o777), b"/etc")), "KHO-ZIP-LINK"),
    "a device in a ZIP": (zipped((an_entry("d.pdf", stat.S_IFCHR | 0o666), b"")), "KHO-ZIP-DEVICE"),
    "a symbolic link in a folder": (linked, "KHO-NAME-LINK"),
    "a pipe in a folder": (piped, "KHO-NAME-DEVICE"),
    "XML with entities": (eark("<!DOCTYPE mets [<!ENTITY a 'b'>]>", "&a;"), "METS-XML"),
    "XML with an external DTD": (eark('<!DOCTYPE mets SYSTEM "file:///etc/passwd">'), "METS-XML"),
    "a billion laughs": (eark(LAUGHS, "&l9;"), "METS-XML"),
    "XML of a gigabyte": (gigabyte_of_xml, "METS-XML"),
    "JSON with wrong types": (with_description(tthc__receivedOn=5), "KHO-JSON-TYPE"),
    "JSON with duplicate keys": (with_json(lambda t: t.replace("{", '{"profile": "x",', 1)), "KHO-JSON-DUPLICATE-KEY"),
    "JSON that is none": (with_json(lambda t: t[:-5]), "KHO-JSON-SYNTAX"),
    "a list in TCVN3": (listed("utf-8", title="§¬n ®Ò nghÞ", applicantName="NguyÔn V¨n An"), "KHO-CSV-LEGACY"),
    "a list in VNI": (listed("utf-8", title="Ñôn", applicantName="Nguyeãn Vaên An"), "KHO-CSV-LEGACY"),
    "a declared digest that is wrong": (bag(lambda p: altered(p / "data/01-don.pdf")), "BAGIT-3"),
    "a declared file that is missing": (bag(lambda p: (p / "data/01-don.pdf").unlink()), "BAGIT-3"),
    "a file that is not declared": (bag(lambda p: (p / "data/x.pdf").write_bytes(a_pdf())), "BAGIT-3"),
    "a described file that is missing": (without(PERMIT), "KHO-FILE-MISSING"),
    "a file that is not described": (with_extra, "KHO-FILE-EXTRA"),
    "a PDF that was cut off": (with_pdf(a_pdf(pages=3)[:-200]), "KHO-PDF-TRUNCATED"),
    "an encrypted PDF": (with_pdf(encrypted_pdf()), "KHO-PDF-ENCRYPTED"),
    "a PDF with a loop": (with_pdf(looping_pdf()), "KHO-PDF-XREF-LOOP"),
    "a PDF with 10,000 objects of junk": (with_pdf(junk_pdf()), "KHO-PDF-JUNK"),
    "a PDF that is none": (with_pdf(b"MZ\x90\0" + bytes(4000)), "KHO-PDF-NOT-PDF"),
    "a day in the future": (
        with_description(tthc__receivedOn="2126-01-05", tthc__closedOn="2126-01-06"), "KHO-DATE-FUTURE"),
    "29 February of no leap year": (with_description(tthc__closedOn="2026-02-29"), "KHO-DATE"),
    "month 13": (with_description(tthc__closedOn="2026-13-01"), "KHO-DATE"),
    "a code with an impossible day": (with_description(tthc__dossierCode="H26.18-261301-0001"), "KHO-CODE-DATE"),
}  # fmt: skip
"""What is sent, and the rule of the finding that refuses it.

Variants of each lie in `tests/unit`: `test_safe_unpack`, `test_xml_hostile`, `test_dossier_json`,
`test_batch_lists`, `test_bagit_rules`, `test_eark_rules`, `test_formats_pdf`, `test_checker_limits`.
"""

TAKEN: dict[str, Builder] = {
    "a list in UTF-8 with BOM": listed("utf-8-sig"),
    "a list in UTF-16": listed("utf-16"),
    "29 February of a leap year": with_description(
        tthc__dossierCode="H26.18-240229-0001", tthc__dossierCodeOld=None,
        tthc__receivedOn="2024-02-29", tthc__dueOn="2024-03-20", tthc__closedOn="2024-02-29",
        tthc__result__issuedOn="2024-02-29",
    ),
}  # fmt: skip
"""What looks odd and is right."""
