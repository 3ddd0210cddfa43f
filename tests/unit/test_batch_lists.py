"""Batch lists: CSV and XLSX as offices write them, one dossier in each row."""

from __future__ import annotations

import datetime as dt
import io
import zipfile

import openpyxl
import pytest

from archive.findings import Severity
from archive.packages.safe import Limits
from archive.packages.sip import discover, examined, tabular, template, validate
from archive.packages.sip.columns import by_heading, columns, nearest
from tests.builders import TODAY, a_description, a_pdf, a_submission

ROW = {
    "dossierCode": "H26.18-260105-0001",
    "procedureCode": "1.001193",
    "agencyCode": "H26.18",
    "applicantName": "Nguyễn Văn Thử",
    "identityNumber": "001099000001",
    "receivedOn": "05/01/2026",
    "closedOn": "2026-01-15",
    "status": "returned",
    "title": "Hồ sơ cấp giấy phép",
    "fileCode": "H26.18.2026.160",
    "files": "a.pdf",
}


def _csv(*rows, delimiter=";"):
    lines = [delimiter.join(rows[0])]
    for row in rows:
        quoted = (f'"{value}"' if delimiter in value else value for value in row.values())
        lines.append(delimiter.join(quoted))
    return "\r\n".join(lines) + "\r\n"


def _xlsx(path, *rows):
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in ([*rows[0]], *([*row.values()] for row in rows)):
        sheet.append(row)
    book.save(path)
    return path


@pytest.fixture
def lists(tmp_path):
    """Return a function that writes a list with a scan beside it and examines every row."""

    def run(content, name="danh-sach.csv", scans=("a.pdf",)):
        folder = tmp_path / "batch"
        folder.mkdir()
        for scan in scans:
            (folder / scan).parent.mkdir(parents=True, exist_ok=True)
            (folder / scan).write_bytes(a_pdf(scan))
        if isinstance(content, str):
            content = content.encode()
        if isinstance(content, bytes):
            (folder / name).write_bytes(content)
        else:
            content(folder / name)
        examinations = []
        for ref in discover(folder):
            with examined(
                ref, scratch=tmp_path / "scratch", limits=Limits(), today=TODAY
            ) as examination:
                examinations.append(examination)
        return examinations

    return run


def _errors(*examinations):
    return {
        (f.rule, f.path)
        for examination in examinations
        for f in examination.report
        if f.severity is Severity.ERROR
    }


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"],
)  # fmt: skip
def test_a_list_is_read_in_every_unicode_encoding_and_delimiter(lists, encoding, delimiter):
    (examination,) = lists(_csv(ROW, delimiter=delimiter).encode(encoding))

    assert examination.sip is not None, examination.report
    assert examination.sip.dossier.applicant.name == "Nguyễn Văn Thử"
    marked = encoding in ("utf-8", "utf-8-sig", "utf-16")
    assert {f.rule for f in examination.report} == (set() if marked else {"KHO-CSV-ENCODING"})


def test_headings_may_be_vietnamese_with_or_without_accents(lists):
    names = {code: columns()[code].vi for code in ROW}
    names["receivedOn"] = "NGAY TIEP NHAN"
    row = {names[code]: value for code, value in ROW.items()} | {"Mức độ tiếp cận": "Công khai",
           "Thời hạn lưu trữ": "20 năm", "Trạng thái": "Đã trả kết quả"}  # fmt: skip

    (examination,) = lists(_csv(row))

    dossier = examination.sip.dossier
    assert (dossier.access, dossier.fields["maintenance"]) == ("01", "05")


def test_every_column_is_found_by_its_three_names():
    for column in columns().values():
        for name in (column.code, column.vi, column.en, column.vi.upper()):
            assert by_heading(name) == column


def test_the_dossier_code_and_the_file_code_are_not_mixed_up():
    assert by_heading("Mã số hồ sơ") == columns()["dossierCode"]
    assert by_heading("Mã hồ sơ") == columns()["fileCode"]


def test_a_row_equals_a_folder_with_the_same_content(lists, tmp_path):
    description = a_description()
    description["dossier"] = {"title": ROW["title"], "fileCode": ROW["fileCode"]}
    description["tthc"] = {
        "dossierCode": ROW["dossierCode"], "procedureCode": "1.001193", "agencyCode": "H26.18",
        "applicant": {"name": ROW["applicantName"], "identityNumber": ROW["identityNumber"]},
        "receivedOn": "2026-01-05", "closedOn": "2026-01-15", "status": "returned",
    }  # fmt: skip
    description["documents"] = [{"file": "a.pdf", "title": "a", "role": "component"}]
    folder = a_submission(
        tmp_path / "plain", files={"a.pdf": a_pdf("a.pdf")}, description=description
    )
    (ref,) = discover(folder)

    (row,) = lists(_csv(ROW))

    with examined(ref, scratch=tmp_path / "s", limits=Limits(), today=TODAY) as plain:
        assert plain.sip is not None
        assert plain.sip.submission_digest == row.sip.submission_digest


def test_files_are_found_by_the_code_that_their_names_begin_with(lists):
    code = ROW["fileCode"]
    scans = [f"{code}.{n:03}.pdf" for n in (2, 1, 10)] + ["sub/H26.18-260106-0001.1.pdf"]
    rows = [ROW | {"files": ""}, ROW | {"files": "", "dossierCode": "H26.18-260106-0001",
            "receivedOn": "06/01/2026", "fileCode": "H26.18.2026.161"}]  # fmt: skip

    first, second = lists(_csv(*rows), scans=scans)

    assert [d.file.path for d in first.sip.dossier.documents] == [
        f"{code}.001.pdf", f"{code}.002.pdf", f"{code}.010.pdf",
    ]  # fmt: skip
    assert list(second.sip.files) == ["sub/H26.18-260106-0001.1.pdf"]


def test_titles_and_roles_stand_in_the_order_of_the_files(lists):
    row = ROW | {
        "files": "a.pdf|b.pdf",
        "fileTitles": "Đơn|Giấy phép",
        "fileRoles": "application|result",
    }

    (examination,) = lists(_csv(row), scans=("a.pdf", "scans/b.pdf"))

    described = [(d.title, d.role, d.file.path) for d in examination.sip.dossier.documents]
    assert described == [("Đơn", "application", "a.pdf"), ("Giấy phép", "result", "scans/b.pdf")]


def test_one_bad_row_does_not_touch_the_others(lists):
    rows = [ROW, ROW | {"dossierCode": "H26.18-260106-0001", "receivedOn": "31/02/2026"},
            ROW | {"dossierCode": "H26.18-260107-0001", "receivedOn": "07/01/2026", "files": "z.pdf"}]  # fmt: skip

    good, dated, missing = lists(_csv(*rows))

    assert good.sip is not None
    assert _errors(dated) == {("KHO-DATE", "danh-sach.csv#row 3/tthc/receivedOn")}
    assert _errors(missing) == {("KHO-FILE-MISSING", "z.pdf")}


def test_a_dossier_code_stands_in_one_row_only(lists):
    first, second = lists(_csv(ROW, ROW))

    assert first.sip is not None
    assert _errors(second) == {("KHO-CSV-REPEATED", "danh-sach.csv#row 3/dossierCode")}


def test_scans_that_no_row_names_are_named(lists):
    (examination,) = lists(_csv(ROW), scans=("a.pdf", "left.pdf", ".DS_Store"))

    assert [(f.rule, f.path) for f in examination.report] == [("KHO-FILE-EXTRA", "left.pdf")]


@pytest.mark.parametrize("name", ["../secret.pdf", "/etc/passwd", "link.pdf"])
def test_a_file_outside_the_folder_is_refused(lists, tmp_path, name):
    (tmp_path / "secret.pdf").write_bytes(b"x")
    folder = tmp_path / "batch"
    folder.mkdir()
    (folder / "link.pdf").symlink_to(tmp_path / "secret.pdf")
    (folder / "danh-sach.csv").write_text(_csv(ROW | {"files": name}))
    (ref,) = discover(folder)

    with examined(ref, scratch=tmp_path / "s", limits=Limits(), today=TODAY) as examination:
        assert examination.sip is None


@pytest.mark.parametrize(
    ("heading", "meant"),
    [
        ("Tiêu đề", "Tiêu đề hồ sơ"),
        ("Mã cơ quan", "Mã định danh cơ quan"),
        ("Ngày tiêp nhân", "Ngày tiếp nhận"),
        ("Tên ngừơi nộp", "Họ tên người nộp"),
        ("zzz", ""),
        ("", ""),
    ],
)
def test_an_unknown_heading_is_answered_with_the_nearest_one(heading, meant):
    assert nearest(heading) == meant


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "KHO-CSV-EMPTY"),
        (_csv(ROW).splitlines()[0].encode(), "KHO-CSV-EMPTY"),
        (b"a;b\r\n1;2\r\n", "KHO-CSV-HEADING"),
        (b"title\r\nx\r\n", "KHO-CSV-COLUMN"),
        (b'dossierCode;title\r\n"a;b\r\n', "KHO-CSV-SYNTAX"),
        ("tiêu đề;x\r\n".encode("cp1258", "replace") + b"\xd2\xf2\r\n", "KHO-CSV-LEGACY"),
        (_csv(ROW | {"applicantName": "NguyÔn V¨n An", "title": "§¬n ®Ò nghÞ"}).encode(), "KHO-CSV-LEGACY"),
        (_csv(ROW | {"applicantName": "Nguyeãn Vaên An", "title": "Ñôn"}).encode(), "KHO-CSV-LEGACY"),
        (b"\xff\xfea", "KHO-CSV-ENCODING"),
        (_csv(ROW).replace("Thử", "Th\0").encode(), "KHO-CSV-SYNTAX"),
    ],
    ids=["empty", "no rows", "unknown headings", "columns missing", "open quote", "8-bit",
         "TCVN3", "VNI", "half a character", "NUL"],
)  # fmt: skip
def test_a_list_that_cannot_be_read_is_one_item_with_the_reason(lists, content, rule):
    (examination,) = lists(content)

    assert examination.sip is None
    assert rule in {found for found, _ in _errors(examination)}


def test_a_row_with_more_cells_than_headings_is_named(lists):
    (examination,) = lists(_csv(ROW).rstrip() + ";more\r\n")

    assert _errors(examination) == {("KHO-CSV-WIDTH", "danh-sach.csv#row 2")}


def test_blank_rows_and_the_sep_line_of_spreadsheets_are_passed_over(lists):
    text = "sep=;\r\n" + _csv(ROW) + ";;;\r\n\r\n"

    (examination,) = lists(text)

    assert examination.sip is not None


def test_a_workbook_is_read_with_its_days_as_days(lists):
    row = ROW | {"receivedOn": dt.date(2026, 1, 5), "closedOn": dt.datetime(2026, 1, 15)}

    (examination,) = lists(lambda path: _xlsx(path, row), name="danh-sach.xlsx")

    dossier = examination.sip.dossier
    assert (dossier.received_on, dossier.closed_on) == (dt.date(2026, 1, 5), dt.date(2026, 1, 15))


@pytest.mark.parametrize(
    ("changes", "rule", "place"),
    [
        ({"title": "=1+1"}, "KHO-XLSX-FORMULA", "danh-sach.xlsx#row 2/column 9"),
        ({"receivedOn": dt.datetime(2026, 1, 5, 10)}, "KHO-XLSX-DATE",
         "danh-sach.xlsx#row 2/column 6"),
        ({"identityNumber": 1099000001}, "KHO-CODE-IDENTITY",
         "danh-sach.xlsx#row 2/tthc/applicant/identityNumber"),
    ],
    ids=["formula", "time of day", "number that lost its zeros"],
)  # fmt: skip
def test_a_cell_that_is_no_plain_value_is_named(lists, changes, rule, place):
    (examination,) = lists(lambda path: _xlsx(path, ROW | changes), name="danh-sach.xlsx")

    assert _errors(examination) == {(rule, place)}


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\x03\x04", b"<html/>"],
)
def test_a_workbook_that_is_none_is_named(lists, content):
    (examination,) = lists(content, name="danh-sach.xlsx")

    assert ("KHO-XLSX-DAMAGED", "danh-sach.xlsx") in _errors(examination)


def _with_part(path, part, content):
    """Return the bytes of a workbook with one part replaced."""
    stream = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            new.writestr(info.filename, content if info.filename == part else old.read(info))
    return stream.getvalue()


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml"])
def test_a_workbook_with_entities_in_it_is_refused(lists, tmp_path, part):
    book = _xlsx(tmp_path / "book.xlsx", ROW)
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>'

    (examination,) = lists(_with_part(book, part, laughs), name="danh-sach.xlsx")

    assert examination.sip is None
    assert _errors(examination)


def test_a_workbook_that_would_inflate_without_end_is_refused(lists, tmp_path):
    book = _xlsx(tmp_path / "book.xlsx", ROW)
    content = _with_part(book, "xl/worksheets/sheet1.xml", b" " * 5_000_000)

    (examination,) = lists(content, name="danh-sach.xlsx")

    assert "KHO-ZIP-RATIO" in {rule for rule, _ in _errors(examination)}


def test_a_list_over_the_limits_is_not_read(tmp_path):
    (tmp_path / "a.csv").write_text(_csv(ROW, ROW, ROW))

    large = tabular.read(tmp_path / "a.csv", Limits(max_list_bytes=100))
    long = tabular.read(tmp_path / "a.csv", Limits(max_rows=1))

    assert [f.rule for f in large.findings] == ["KHO-LIMIT-SIZE"]
    assert [f.rule for f in long.findings] == ["KHO-LIMIT-ROWS"]


def test_a_list_can_be_validated_as_a_whole(tmp_path):
    template.write(tmp_path / "new", "batch", at=dt.datetime(2026, 11, 1, tzinfo=dt.UTC))

    report = validate(tmp_path / "new", scratch=tmp_path / "s", limits=Limits(), today=TODAY)

    assert report.accepted


def test_the_label_of_a_row_names_list_row_and_code(tmp_path):
    (tmp_path / "a.csv").write_text(_csv(ROW))

    (ref,) = discover(tmp_path / "a.csv")

    assert ref.label == "a.csv row 2 (H26.18-260105-0001)"
