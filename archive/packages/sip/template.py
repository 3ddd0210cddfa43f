"""Submissions to fill in: a small, valid, fictional one of each kind.

What `kho sip new` writes is accepted by `kho sip validate` as it stands, so that a
depositor changes something that works. The person and the papers do not exist.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from archive.errors import Rejected, UsageError
from archive.fixity import sha256_of
from archive.packages import profile
from archive.packages.dossier_json import FILE_NAME
from archive.packages.sip import columns

LIST_NAME = "danh-sach.xlsx"
_NOTE_NAME = "README.txt"
_FILES = {"01-don-de-nghi.pdf": "Don de nghi (mau)", "02-giay-phep.pdf": "Giay phep (mau)"}
_ROW = {
    "dossierCode": "H26.18-260105-0001",
    "procedureCode": "1.009994",
    "procedureName": "Cấp giấy phép (mẫu)",
    "agencyCode": "H26.18",
    "agencyName": "Sở Xây dựng (mẫu)",
    "fonds": "H26.18",
    "applicantName": "Nguyễn Văn Mẫu",
    "receivedOn": "05/01/2026",
    "dueOn": "20/01/2026",
    "closedOn": "15/01/2026",
    "status": "Đã trả kết quả",
    "fileCode": "H26.18.2026.1",
    "title": "Hồ sơ cấp giấy phép (mẫu)",
    "maintenance": "20 năm",
    "mode": "Có điều kiện",
    "language": "Tiếng Việt",
    "resultNumber": "1/GP-SXD",
    "resultIssuedOn": "15/01/2026",
    "files": "; ".join(_FILES),
    "fileTitles": "Đơn đề nghị; Giấy phép",
    "fileRoles": "application; result",
}


def write(folder: Path, kind: str, source: Path | None = None, *, at: datetime) -> list[Path]:
    """Write a submission of a kind into `folder` and return the files.

    Args:
        folder: absent or empty.
        kind: `folder`, `bagit`, `eark` or `batch`.
        at: when a package says that it was made.
        source: a plain folder with `dossier.json` and its files that is to be packed as
            `kind`, read into memory; without it the submission is the template.

    Raises:
        Rejected: the folder has something in it, or the source has no `dossier.json`.
        UsageError: no such kind, or a list is to be made from one dossier.
    """
    if kind not in _WRITERS:
        raise UsageError(f"no kind {kind!r}; there are {', '.join(_WRITERS)}")
    if kind == "batch" and source is not None:
        raise UsageError("a list is not made from one dossier", hint="--kind bagit or eark")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Rejected(f"{folder} is not empty", where=str(folder), hint="name a new folder")
    contents = _plain() if source is None else _taken(source)
    for name, content in _WRITERS[kind](folder, contents, at).items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return sorted(place for place in folder.rglob("*") if place.is_file())


def description() -> dict[str, object]:
    """Return the template's `dossier.json`."""
    return {
        "profile": profile.CURRENT,
        "dossier": {
            "title": _ROW["title"],
            "fileCode": _ROW["fileCode"],
            "maintenance": "05",
            "mode": "02",
            "language": "01",
        },
        "tthc": {
            "dossierCode": _ROW["dossierCode"],
            "procedureCode": _ROW["procedureCode"],
            "procedureName": _ROW["procedureName"],
            "agencyCode": _ROW["agencyCode"],
            "agencyName": _ROW["agencyName"],
            "fonds": _ROW["fonds"],
            "applicant": {"name": _ROW["applicantName"], "identityNumber": None, "kind": "citizen"},
            "receivedOn": "2026-01-05",
            "dueOn": "2026-01-20",
            "closedOn": "2026-01-15",
            "status": "returned",
            "important": False,
            "result": {"number": _ROW["resultNumber"], "issuedOn": "2026-01-15"},
        },
        "documents": [
            {"file": "01-don-de-nghi.pdf", "title": "Đơn đề nghị", "role": "application"},
            {
                "file": "02-giay-phep.pdf",
                "title": "Giấy phép",
                "role": "result",
                "fields": {"typeName": "32", "codeNumber": "1", "codeNotation": "GP-SXD"},
            },
        ],
    }


def _taken(source: Path) -> dict[str, bytes]:
    """Return the files of a plain submission by their path in it."""
    if not (source / FILE_NAME).is_file():
        hint = "kho sip new FOLDER makes one to fill in"
        raise Rejected(f"{source} has no {FILE_NAME}", where=str(source), hint=hint)
    files = sorted(p for p in source.rglob("*") if p.is_file() and not p.is_symlink())
    return {path.relative_to(source).as_posix(): path.read_bytes() for path in files}


def _as_it_is(_: Path, contents: Mapping[str, bytes], __: datetime) -> dict[str, bytes]:
    return dict(contents)


def _plain() -> dict[str, bytes]:
    text = json.dumps(description(), ensure_ascii=False, indent=2) + "\n"
    return {FILE_NAME: text.encode(), **_papers()}


def _bag(_: Path, contents: Mapping[str, bytes], __: datetime) -> dict[str, bytes]:
    payload = {f"data/{name}": content for name, content in contents.items()}
    size = sum(len(content) for content in payload.values())
    tags = {
        "bagit.txt": b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
        "bag-info.txt": f"Payload-Oxum: {size}.{len(payload)}\n".encode(),
        "manifest-sha256.txt": _manifest(payload),
    }
    return {**payload, **tags, "tagmanifest-sha256.txt": _manifest(tags)}


def _manifest(contents: Mapping[str, bytes]) -> bytes:
    return "".join(f"{sha256_of(content)}  {name}\n" for name, content in contents.items()).encode()


def _eark(folder: Path, contents: Mapping[str, bytes], at: datetime) -> dict[str, bytes]:
    from archive.packages.sip import eark_package

    data = dict(contents)
    described = {f"metadata/descriptive/{FILE_NAME}": data.pop(FILE_NAME)}
    return eark_package.written(folder.resolve().name, described, data, at=at)


def _batch(_: Path, __: Mapping[str, bytes], ___: datetime) -> dict[str, bytes]:
    return {LIST_NAME: _workbook(), _NOTE_NAME: _batch_note().encode(), **_papers()}


def _workbook() -> bytes:
    """Return the list as XLSX; every cell is text, so that no zero is lost at the front."""
    import io

    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    if sheet is None:  # a new workbook has a sheet
        raise AssertionError
    used = list(columns.columns().values())
    sheet.append([column.vi for column in used])
    sheet.append([_ROW.get(column.code, "") for column in used])
    for row in sheet.iter_rows(min_row=1, max_row=500, max_col=len(used)):
        for cell in row:
            cell.number_format = "@"
    sheet.freeze_panes = "A2"
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _batch_note() -> str:
    lines = [
        "Mỗi dòng của danh sách là một hồ sơ. / One row of the list is one dossier.",
        "",
        "Tên tệp ở cột “Tệp”, cách nhau bằng dấu chấm phẩy; nếu để trống, lấy các tệp có tên",
        "bắt đầu bằng mã hồ sơ hoặc mã số hồ sơ: H26.18.2026.1.001.pdf, H26.18.2026.1.002.pdf.",
        "Files are named in the column “Files”, with semicolons; if it is empty, those are taken",
        "whose names begin with the file code or the dossier code.",
        "",
        "CSV: UTF-8 hoặc UTF-16. / CSV in UTF-8 or UTF-16, not TCVN3 or VNI.",
        "* = bắt buộc / required. Ngày / days: dd/mm/yyyy, yyyy-mm-dd.",
        "",
    ]
    for column in columns.columns().values():
        mark = "*" if column.required else " "
        lines.append(f"{mark} {column.code:20} {column.vi} / {column.en}")
        if values := columns.choices(column.code):
            told = "; ".join(f"{value} {words}" for value, words in values.items())
            lines.append(f"  {'':20}   {told}")
    return "\n".join(lines) + "\n"


def _papers() -> dict[str, bytes]:
    return {name: _pdf(text) for name, text in _FILES.items()}


def _pdf(text: str) -> bytes:
    """Return a PDF of one page with a line of text in ASCII."""
    stream = f"BT /F1 16 Tf 72 760 Td ({text}) Tj ET"
    objects = (
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R"
        " /Resources << /Font << /F1 4 0 R >> >> >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
    )
    body, offsets = "%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    end = f"trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF\n"
    return f"{body}xref\n0 6\n0000000000 65535 f \n{table}{end}".encode("ascii")


_WRITERS: Mapping[str, Callable[[Path, Mapping[str, bytes], datetime], dict[str, bytes]]] = {
    "folder": _as_it_is,
    "bagit": _bag,
    "eark": _eark,
    "batch": _batch,
}
