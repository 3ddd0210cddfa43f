"""Builders: valid things with sensible contents; a test names only what it is about."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from archive.model import (
    Applicant,
    DigitalFile,
    Document,
    Dossier,
    PackagePath,
    Result,
    Role,
    Status,
)
from archive.packages.codes import dossier_id

TODAY = date(2026, 11, 24)
"""The day on which the tests take place."""

_APPLICATION = "01-don-de-nghi.pdf"
_PERMIT = "02-giay-phep.pdf"


def a_pdf(text: str = "Kho", *, pages: int = 1, size: int = 0) -> bytes:
    """Return a small valid PDF 1.4 with `text` on each page, padded to `size` bytes."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", _page_tree(pages)]
    objects.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    for number in range(1, pages + 1):
        stream = f"BT /F1 14 Tf 72 720 Td ({_escaped(text)} - {number}) Tj ET".encode("latin-1")
        page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R"
        objects.append(page % (3 + 2 * number) + b" /Resources << /Font << /F1 3 0 R >> >> >>")
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
    return _serialised(objects, size)


def _page_tree(pages: int) -> bytes:
    kids = b" ".join(b"%d 0 R" % (2 + 2 * number) for number in range(1, pages + 1))
    return b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, pages)


def _escaped(text: str) -> str:
    plain = text.encode("ascii", "replace").decode()
    return plain.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _serialised(objects: list[bytes], size: int) -> bytes:
    body, offsets = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", []
    if size:
        body += b"%" + b"." * max(0, size - 400 - sum(map(len, objects))) + b"\n"
    for number, content in enumerate(objects, start=1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    return body + head + table + trailer % (len(objects) + 1, len(body))


def the_files() -> dict[str, bytes]:
    """Return the files of the usual submission by name."""
    return {_APPLICATION: a_pdf("Don de nghi", pages=2), _PERMIT: a_pdf("Giay phep")}


def a_description(**changes: Any) -> dict[str, Any]:
    """Return the usual `dossier.json` as Python values.

    Each change is named by its place with `__` between the members, and None takes the
    member away: `a_description(tthc__status="refused", tthc__result=None, dossier__title="…")`;
    `documents=[…]` replaces the list.
    """
    content: dict[str, Any] = {
        "profile": "tt05-2025-1",
        "dossier": {
            "title": "Hồ sơ cấp giấy phép xây dựng nhà ở riêng lẻ",
            "fileCode": "H26.18.2026.160",
            "maintenance": "05",
            "mode": "02",
            "language": "01",
            "keyword": "giấy phép xây dựng",
        },
        "tthc": {
            "dossierCode": "H26.18-260105-0001",
            "dossierCodeOld": "000.00.18.H26-260105-0001",
            "procedureCode": "1.001193",
            "procedureName": "Cấp giấy phép xây dựng mới",
            "agencyCode": "H26.18",
            "agencyName": "Sở Xây dựng",
            "fonds": "H26.18",
            "applicant": {
                "name": "Nguyễn Văn Thử",
                "identityNumber": "001099000001",
                "kind": "citizen",
            },
            "receivedOn": "2026-01-05",
            "dueOn": "2026-01-20",
            "closedOn": "2026-01-15",
            "status": "returned",
            "important": False,
            "result": {
                "number": "12/GP-SXD",
                "code": "KQ.H26.000469",
                "issuedOn": "2026-01-15",
            },
        },
        "documents": [
            {"file": _APPLICATION, "title": "Đơn đề nghị", "role": "application"},
            {
                "file": _PERMIT,
                "title": "Giấy phép xây dựng",
                "role": "result",
                "fields": {
                    "typeName": "32",
                    "codeNumber": "12",
                    "codeNotation": "GP-SXD",
                    "issuedDate": "15/01/2026",
                    "organName": "Sở Xây dựng",
                },
            },
        ],
    }
    for place, value in changes.items():
        _change(content, place.split("__"), value)
    return content


def _change(content: dict[str, Any], place: list[str], value: Any) -> None:
    for member in place[:-1]:
        content = content.setdefault(member, {})
    if value is None:
        content.pop(place[-1], None)
    else:
        content[place[-1]] = copy.deepcopy(value)


def a_submission(
    folder: Path,
    *,
    files: Mapping[str, bytes] | None = None,
    description: Mapping[str, Any] | bytes | None = None,
    **changes: Any,
) -> Path:
    """Write a plain-folder submission into `folder` (made if absent) and return it.

    Args:
        folder: where `dossier.json` and the files go.
        files: name to content; the usual two PDFs by default. With other names, and
            without `documents=`, each file is described as a component.
        description: all of `dossier.json`, as values or as raw bytes.
        changes: as for `a_description`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    contents = the_files() if files is None else dict(files)
    if files is not None and "documents" not in changes:
        changes["documents"] = [
            {"file": name, "title": Path(name).stem, "role": "component"} for name in contents
        ]
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    written = a_description(**changes) if description is None else description
    if not isinstance(written, bytes):
        written = json.dumps(written, ensure_ascii=False, indent=2).encode()
    (folder / "dossier.json").write_bytes(written)
    return folder


def a_file(path: str = _APPLICATION, content: bytes | None = None, **changes: Any) -> DigitalFile:
    """Return the record of a PDF with the size and digest of `content`."""
    content = the_files()[_APPLICATION] if content is None else content
    digest = hashlib.sha256(content).hexdigest()
    file = DigitalFile(PackagePath(path), len(content), digest, "application/pdf")
    return replace(file, **changes)


def a_document(ordinal: int = 1, **changes: Any) -> Document:
    """Return a described document; `file=` gives another digital file."""
    document = Document(ordinal, "Đơn đề nghị", Role.APPLICATION, a_file())
    return replace(document, **changes)


def a_dossier(**changes: Any) -> Dossier:
    """Return a closed dossier with an application and a result.

    Its id follows from `agency` and `code` unless `id=` is given. The files' contents
    are those of `the_files()`.
    """
    contents = the_files()
    result = Document(
        2,
        "Giấy phép xây dựng",
        Role.RESULT,
        a_file(_PERMIT, contents[_PERMIT]),
        type_code="32",
        number="12",
        notation="GP-SXD",
        issued_on=date(2026, 1, 15),
        organ="Sở Xây dựng",
    )
    agency = changes.get("agency", "H26.18")
    code = changes.get("code", "H26.18-260105-0001")
    dossier = Dossier(
        id=dossier_id(agency, code),
        code=code,
        title="Hồ sơ cấp giấy phép xây dựng nhà ở riêng lẻ",
        agency=agency,
        procedure="1.001193",
        applicant=Applicant("Nguyễn Văn Thử", "001099000001"),
        received_on=date(2026, 1, 5),
        status=Status.RETURNED,
        documents=(a_document(), result),
        fonds="H26.18",
        code_old="000.00.18.H26-260105-0001",
        file_code="H26.18.2026.160",
        agency_name="Sở Xây dựng",
        procedure_name="Cấp giấy phép xây dựng mới",
        due_on=date(2026, 1, 20),
        closed_on=date(2026, 1, 15),
        result=Result("12/GP-SXD", "KQ.H26.000469", date(2026, 1, 15)),
        fields={"maintenance": "05", "keyword": "giấy phép xây dựng"},
    )
    return replace(dossier, **changes)
