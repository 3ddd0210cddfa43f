"""One submission by each of the four roads, with the same description and the same bytes."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from archive.packages.sip import eark_package
from tests.builders import a_pdf

ROADS = ("folder", "zip", "bagit", "eark", "batch")
_FILES = {"01-don.pdf": a_pdf("Don"), "02-giay-phep.pdf": a_pdf("Giay phep", pages=2)}
_ROW = {
    "dossierCode": "H26.18-260105-0001",
    "procedureCode": "1.001193",
    "procedureName": "Cấp giấy phép xây dựng mới",
    "agencyCode": "H26.18",
    "agencyName": "Sở Xây dựng",
    "fonds": "H26.18",
    "applicantName": "Nguyễn Văn Thử",
    "applicantKind": "citizen",
    "receivedOn": "05/01/2026",
    "closedOn": "15/01/2026",
    "status": "Đã trả kết quả",
    "important": "false",
    "title": "Hồ sơ cấp giấy phép",
    "fileCode": "H26.18.2026.1",
    "maintenance": "20 năm",
    "resultNumber": "1/GP-SXD",
    "resultIssuedOn": "15/01/2026",
    "files": "; ".join(_FILES),
    "fileTitles": "Đơn; Giấy phép",
    "fileRoles": "application; result",
}


def by_road(folder: Path, road: str) -> Path:
    """Write the submission into `folder` as `road` brings it, and return its path.

    Args:
        folder: absent.
        road: one of `ROADS`.
    """
    if road == "zip":
        shutil.make_archive(str(folder), "zip", by_road(folder.with_name("unzipped"), "folder"))
        shutil.rmtree(folder.with_name("unzipped"))
        return folder.with_name(f"{folder.name}.zip")
    for name, content in _written(folder, road).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    if road == "batch":
        with (folder / "list.csv").open("w", encoding="utf-8-sig", newline="") as stream:
            csv.writer(stream, delimiter=";").writerows([_ROW.keys(), _ROW.values()])
    return folder


def _written(folder: Path, road: str) -> dict[str, bytes]:
    described = json.dumps(_description(), ensure_ascii=False).encode()
    if road == "batch":
        return _FILES
    if road == "eark":
        about = {"metadata/descriptive/dossier.json": described}
        at = datetime(2026, 11, 1, tzinfo=UTC)
        return eark_package.written(folder.name, about, _FILES, at=at)
    plain = {"dossier.json": described, **_FILES}
    if road == "folder":
        return plain
    payload = {f"data/{name}": content for name, content in plain.items()}
    lines = (f"{hashlib.sha256(c).hexdigest()}  {name}\n" for name, c in payload.items())
    bagit = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    return {**payload, "bagit.txt": bagit, "manifest-sha256.txt": "".join(lines).encode()}


def _description() -> dict[str, Any]:
    same = ("procedureCode", "procedureName", "agencyCode", "agencyName", "fonds", "dossierCode")
    first, second = _FILES
    return {
        "profile": "tt05-2025-1",
        "dossier": {
            "title": _ROW["title"],
            "fileCode": _ROW["fileCode"],
            "maintenance": "05",
        },
        "tthc": {
            **{name: _ROW[name] for name in same},
            "applicant": {"name": _ROW["applicantName"], "kind": "citizen"},
            "receivedOn": "2026-01-05",
            "closedOn": "2026-01-15",
            "status": "returned",
            "important": False,
            "result": {"number": _ROW["resultNumber"], "issuedOn": "2026-01-15"},
        },
        "documents": [
            {"file": first, "title": "Đơn", "role": "application"},
            {"file": second, "title": "Giấy phép", "role": "result"},
        ],
    }
