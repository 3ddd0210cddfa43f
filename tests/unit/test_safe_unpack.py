"""Hostile ZIPs and folders: each is refused with a finding and leaves nothing behind."""

from __future__ import annotations

import io
import os
import socket
import stat
import struct
import unicodedata
import zipfile

import pytest

from archive.findings import Severity
from archive.packages.safe import Limits, judge, survey, unpack

SMALL = Limits(max_files=20, max_file_bytes=5_000_000, max_total_bytes=8_000_000)
LONG = "Đơn đề nghị cấp giấy phép xây dựng nhà ở riêng lẻ " * 6


def _zip(path, entries, *, method=zipfile.ZIP_DEFLATED):
    """Write a ZIP of (name or ZipInfo, content) pairs."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


def _info(name, mode):
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = mode << 16
    return info


def _raw_name(path, plain, raw):
    """Replace a name of equal length in both headers, as no library would write it."""
    path.write_bytes(path.read_bytes().replace(plain, raw))
    return path


def _rules(findings):
    return {finding.rule for finding in findings if finding.severity is Severity.ERROR}


@pytest.fixture
def refused(tmp_path):
    """Return a check: unpacking gives this rule, and nothing is there afterwards."""

    def check(path, rule, limits=SMALL):
        into = tmp_path / "into"
        found = unpack(path, into, limits)
        assert rule in _rules(found), found
        assert not into.exists()
        assert not (tmp_path / "out.txt").exists()
        return found

    return check


def test_a_harmless_zip_is_unpacked_into_a_private_folder(tmp_path):
    path = _zip(tmp_path / "a.zip", [("Hồ sơ/đơn.pdf", b"x" * 1000), ("Hồ sơ/rỗng.pdf", b"")])

    assert unpack(path, tmp_path / "into", SMALL) == []

    assert (tmp_path / "into/Hồ sơ/đơn.pdf").read_bytes() == b"x" * 1000
    assert stat.S_IMODE((tmp_path / "into").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "into/Hồ sơ/đơn.pdf").stat().st_mode) == 0o600


def test_a_zip64_archive_is_unpacked(tmp_path):
    path = tmp_path / "a.zip"
    with (
        zipfile.ZipFile(path, "w") as archive,
        archive.open("a.txt", "w", force_zip64=True) as entry,
    ):
        entry.write(b"content")

    assert unpack(path, tmp_path / "into", SMALL) == []
    assert (tmp_path / "into/a.txt").read_bytes() == b"content"


def test_a_zip64_end_record_that_was_not_needed_is_understood(tmp_path, monkeypatch):
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 10)  # as for archives over 2 GiB
    path = _zip(tmp_path / "a.zip", [("a.txt", b"content" * 10)])
    monkeypatch.undo()

    assert b"PK\x06\x06" in path.read_bytes()
    assert unpack(path, tmp_path / "into", SMALL) == []


def test_a_zip_whose_beginning_is_missing_is_refused(tmp_path, refused):
    path = _zip(tmp_path / "a.zip", [("a.txt", b"x" * 50)], method=zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes()[20:])

    refused(path, "KHO-ZIP-HEADER")


def test_an_archive_of_65536_entries_is_counted_through_its_zip64_record(tmp_path):
    path = _zip(tmp_path / "a.zip", [(f"{n}", b"") for n in range(65_536)])

    assert judge(path, Limits(max_files=70_000)) == []


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("../out.txt", "KHO-NAME-PARENT"),
        ("a/../../out.txt", "KHO-NAME-PARENT"),
        ("/etc/out.txt", "KHO-NAME-ABSOLUTE"),
        ("C:/out.txt", "KHO-NAME-DRIVE"),
        ("C:out.txt", "KHO-NAME-DRIVE"),
        ("a\\..\\out.txt", "KHO-NAME-BACKSLASH"),
        ("a/./b.txt", "KHO-NAME-EMPTY"),
        ("a//b.txt", "KHO-NAME-EMPTY"),
        ("a\x01b.txt", "KHO-NAME-CONTROL"),
        ("a\nb.txt", "KHO-NAME-CONTROL"),
        ("a\u202efdp.exe", "KHO-NAME-CONTROL"),
        ("/".join("d" * 40) + "/x", "KHO-NAME-DEEP"),
        ("/".join(["d" * 200] * 6), "KHO-NAME-LONG"),
    ],
)
def test_a_name_that_leads_astray_is_refused(tmp_path, refused, name, rule):
    refused(_zip(tmp_path / "a.zip", [("ok.txt", b"x"), (name, b"x")]), rule)


def test_a_vietnamese_name_of_300_characters_is_named_with_its_length(tmp_path, refused):
    name = LONG[:300]

    found = refused(_zip(tmp_path / "a.zip", [(name, b"x")]), "KHO-NAME-LONG")

    assert "300 characters" in found[0].message
    assert f"{len(name.encode())} bytes" in found[0].message


def test_a_nul_in_a_name_is_refused(tmp_path, refused):
    path = _raw_name(_zip(tmp_path / "a.zip", [("aXb.txt", b"x")]), b"aXb.txt", b"a\0b.txt")

    refused(path, "KHO-NAME-CONTROL")


def test_a_name_in_an_8_bit_encoding_is_not_guessed(tmp_path, refused):
    path = _raw_name(_zip(tmp_path / "a.zip", [("aXb.txt", b"x")]), b"aXb.txt", b"a\xf2b.txt")

    refused(path, "KHO-NAME-ENCODING")


def test_a_utf_8_name_without_the_flag_is_read_as_utf_8(tmp_path):
    raw = "đơn.txt".encode()
    path = _raw_name(_zip(tmp_path / "a.zip", [("X" * len(raw), b"x")]), b"X" * len(raw), raw)

    assert unpack(path, tmp_path / "into", SMALL) == []
    assert (tmp_path / "into/đơn.txt").exists()


def test_a_name_that_claims_to_be_utf_8_and_is_not_is_refused(tmp_path, refused):
    raw = "đ".encode()
    path = _raw_name(_zip(tmp_path / "a.zip", [("đ", b"x")]), raw, b"\xff\xfe")

    refused(path, "KHO-NAME-ENCODING")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("names", "rule"),
    [
        (["a.txt", "a.txt"], "KHO-NAME-DUPLICATE"),
        (["Đơn.txt", "đơn.txt"], "KHO-NAME-CASE"),
        (["Hồ sơ/1.txt", "hồ sơ/2.txt"], "KHO-NAME-CASE"),
        ([unicodedata.normalize(form, "đơn.txt") for form in ("NFC", "NFD")], "KHO-NAME-NFC"),
        (["a", "a/b.txt"], "KHO-NAME-CONFLICT"),
    ],
    ids=["twice", "case", "case of a folder", "Unicode form", "file and folder"],
)
def test_names_that_become_one_are_refused(tmp_path, refused, names, rule):
    refused(_zip(tmp_path / "a.zip", [(name, b"x") for name in names]), rule)


def test_an_entry_that_inflates_200_times_is_a_bomb(tmp_path, refused):
    refused(_zip(tmp_path / "a.zip", [("a.txt", bytes(2_000_000))]), "KHO-ZIP-RATIO")


def test_many_small_entries_can_be_a_bomb_together(tmp_path, refused):
    entries = [(f"{n}.txt", bytes(900_000)) for n in range(5)]

    refused(_zip(tmp_path / "a.zip", entries), "KHO-ZIP-RATIO")


def test_a_well_compressed_small_file_is_no_bomb(tmp_path):
    path = _zip(tmp_path / "a.zip", [("a.txt", bytes(900_000))])

    assert unpack(path, tmp_path / "into", SMALL) == []


@pytest.mark.parametrize(
    ("limits", "rule"),
    [
        (Limits(max_files=2), "KHO-LIMIT-FILES"),
        (Limits(max_file_bytes=9), "KHO-LIMIT-SIZE"),
        (Limits(max_total_bytes=29), "KHO-LIMIT-TOTAL"),
    ],
)
def test_too_many_or_too_large_files_are_refused(tmp_path, refused, limits, rule):
    path = _zip(tmp_path / "a.zip", [(f"{n}.txt", b"x" * 10) for n in range(3)])

    refused(path, rule, limits)


def test_archives_inside_archives_inside_archives_are_refused(tmp_path, refused):
    content = b"x"
    for level in range(3):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr(f"{level}.zip", content)
        content = stream.getvalue()

    refused(_zip(tmp_path / "a.zip", [("inner.zip", content)]), "KHO-ZIP-NESTED")


def test_a_bomb_inside_an_archive_inside_is_refused(tmp_path, refused):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(5_000_000))

    refused(_zip(tmp_path / "a.zip", [("inner.zip", stream.getvalue())]), "KHO-ZIP-RATIO")


def test_an_office_document_with_a_workbook_in_it_is_no_nest(tmp_path):
    def office(inner):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("[Content_Types].xml", b"<Types/>")
            archive.writestr("word/embeddings/book.xlsx", inner)
        return stream.getvalue()

    path = _zip(tmp_path / "a.zip", [("a.docx", office(office(b"x")))])

    assert unpack(path, tmp_path / "into", SMALL) == []


@pytest.mark.parametrize(
    ("mode", "rule"),
    [
        (stat.S_IFLNK | 0o777, "KHO-ZIP-LINK"),
        (stat.S_IFCHR | 0o666, "KHO-ZIP-DEVICE"),
        (stat.S_IFBLK | 0o666, "KHO-ZIP-DEVICE"),
        (stat.S_IFIFO | 0o666, "KHO-ZIP-DEVICE"),
        (stat.S_IFSOCK | 0o666, "KHO-ZIP-DEVICE"),
    ],
)
def test_links_and_devices_in_a_zip_are_refused(tmp_path, refused, mode, rule):
    refused(_zip(tmp_path / "a.zip", [(_info("a", mode), b"/etc/passwd")]), rule)


def test_an_encrypted_entry_is_refused(tmp_path, refused):
    path = _zip(tmp_path / "a.zip", [("a.txt", b"x")])
    raw = bytearray(path.read_bytes())
    raw[6] |= 1
    raw[raw.find(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(raw)

    refused(path, "KHO-ZIP-ENCRYPTED")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_method_that_not_every_tool_reads_is_refused(tmp_path, refused, method):
    refused(_zip(tmp_path / "a.zip", [("a.txt", b"x" * 100)], method=method), "KHO-ZIP-METHOD")


@pytest.mark.parametrize("share", [0.3, 0.6, 0.97])
def test_a_zip_that_was_cut_off_is_refused(tmp_path, refused, share):
    path = _zip(tmp_path / "a.zip", [("a.txt", os.urandom(3000))])
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])

    refused(path, "KHO-ZIP-TRUNCATED")


@pytest.mark.parametrize("content", [b"", b"PK", b"%PDF-1.4\n", b"\0" * 5000])
def test_what_is_no_zip_is_refused(tmp_path, refused, content):
    (tmp_path / "a.zip").write_bytes(content)

    refused(tmp_path / "a.zip", "KHO-ZIP-NOT-ZIP")


def test_damaged_content_is_refused_and_what_was_written_is_gone(tmp_path, refused):
    path = _zip(tmp_path / "a.zip", [("a.txt", b"x" * 100), ("b.txt", b"y" * 100)],
                method=zipfile.ZIP_STORED)  # fmt: skip
    path.write_bytes(path.read_bytes().replace(b"y" * 100, b"y" * 99 + b"z"))

    refused(path, "KHO-ZIP-CORRUPT")


def test_a_directory_that_differs_from_the_entries_is_refused(tmp_path, refused):
    path = _zip(tmp_path / "a.zip", [("harmless.txt", b"x")])
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b"harmless.txt", b"dropper.exe!", 1))

    refused(path, "KHO-ZIP-HEADER")


def test_sizes_that_differ_between_directory_and_entry_are_refused(tmp_path, refused):
    path = _zip(tmp_path / "a.zip", [("a.txt", b"x" * 50)], method=zipfile.ZIP_STORED)
    raw = bytearray(path.read_bytes())
    struct.pack_into("<I", raw, raw.find(b"PK\x01\x02") + 24, 40)
    path.write_bytes(raw)

    refused(path, "KHO-ZIP-HEADER")


def test_entries_that_share_their_bytes_are_refused(tmp_path, refused):
    path = _zip(tmp_path / "a.zip", [("a.txt", b"x" * 50), ("b.txt", b"x" * 50)],
                method=zipfile.ZIP_STORED)  # fmt: skip
    raw = bytearray(path.read_bytes())
    second = raw.find(b"PK\x01\x02", raw.find(b"PK\x01\x02") + 4)
    struct.pack_into("<I", raw, second + 42, 0)
    path.write_bytes(raw)

    refused(path, "KHO-ZIP-OVERLAP")


def test_a_directory_with_more_entries_than_it_says_is_refused(tmp_path, refused):
    path = _zip(tmp_path / "a.zip", [("a.txt", b"x"), ("b.txt", b"x")])
    raw = bytearray(path.read_bytes())
    struct.pack_into("<HH", raw, raw.rfind(b"PK\x05\x06") + 8, 1, 1)
    path.write_bytes(raw)

    refused(path, "KHO-ZIP-HEADER")


def test_all_findings_come_at_once(tmp_path, refused):
    entries = [("../a", b""), (LONG, b""), (_info("l", stat.S_IFLNK | 0o777), b"x")]

    found = refused(_zip(tmp_path / "a.zip", entries), "KHO-NAME-PARENT")

    assert {"KHO-NAME-PARENT", "KHO-NAME-LONG", "KHO-ZIP-LINK"} <= _rules(found)


def test_an_ordinary_folder_has_no_findings(tmp_path):
    (tmp_path / "Hồ sơ").mkdir()
    (tmp_path / "Hồ sơ/đơn.pdf").write_bytes(b"x")

    assert survey(tmp_path, SMALL) == []


def test_links_pipes_and_sockets_in_a_folder_are_named(tmp_path):
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "folder").symlink_to("/etc")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as plug:
        plug.bind(os.path.relpath(tmp_path / "plug"))

        found = {finding.path: finding.rule for finding in survey(tmp_path, SMALL)}

    assert found == {
        "link": "KHO-NAME-LINK",
        "folder": "KHO-NAME-LINK",
        "pipe": "KHO-NAME-DEVICE",
        "plug": "KHO-NAME-DEVICE",
    }


def test_a_hard_link_to_a_file_outside_is_a_warning(tmp_path):
    (tmp_path / "outside").write_bytes(b"x")
    (tmp_path / "in").mkdir()
    os.link(tmp_path / "outside", tmp_path / "in/a")

    (finding,) = survey(tmp_path / "in", SMALL)

    assert (finding.rule, finding.severity) == ("KHO-NAME-HARDLINK", Severity.WARNING)


@pytest.mark.parametrize(
    ("names", "rule"),
    [
        (["Đơn", "đơn"], "KHO-NAME-CASE"),
        ([unicodedata.normalize(form, "đơn") for form in ("NFC", "NFD")], "KHO-NAME-NFC"),
        (["a\\b"], "KHO-NAME-BACKSLASH"),
        (["a\nb"], "KHO-NAME-CONTROL"),
        ([b"\xff\xfe".decode("utf-8", "surrogateescape")], "KHO-NAME-ENCODING"),
    ],
    ids=["case", "Unicode form", "backslash", "line feed", "no UTF-8"],
)
def test_odd_names_in_a_folder_are_named(tmp_path, names, rule):
    for name in names:
        (tmp_path / name).write_bytes(b"x")

    assert _rules(survey(tmp_path, SMALL)) == {rule}


def test_a_name_that_windows_cannot_have_is_only_a_warning(tmp_path):
    (tmp_path / "Giấy phép 12:30.pdf").write_bytes(b"x")

    (finding,) = survey(tmp_path, SMALL)

    assert (finding.rule, finding.severity) == ("KHO-NAME-WINDOWS", Severity.WARNING)


def test_a_sparse_giant_in_a_folder_is_over_the_limit_and_not_read(tmp_path):
    with (tmp_path / "big").open("wb") as sparse:
        sparse.truncate(1 << 40)

    assert _rules(survey(tmp_path, Limits())) == {"KHO-LIMIT-SIZE", "KHO-LIMIT-TOTAL"}


def test_a_folder_in_folders_without_end_is_given_up(tmp_path):
    place = tmp_path
    for _ in range(60):
        place = place / "d"
        place.mkdir()

    assert _rules(survey(tmp_path, SMALL)) == {"KHO-NAME-DEEP"}
