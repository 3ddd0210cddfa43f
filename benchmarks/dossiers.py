"""Submissions to measure with: folders with `dossier.json`, made once and kept in `.bench/`.

Every file has bytes of its own, so that nothing is found to be known already. All names are
invented, all papers are marked THỬ NGHIỆM, all signers are of a local TEST CA.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import re
import shutil
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from archive.signatures import testpki
from archive.signatures.keys import FileKey
from archive.signatures.pdf_signing import sign_pdf
from benchmarks.measure import CACHE
from cli.demo.papers import Paper, pdf

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
SIGNED_AT = datetime(2026, 1, 15, 2, 30, tzinfo=UTC)
SIGNERS = 8
SIGNED = 2
"""Signed files in each dossier, the last ones."""
_SIGNATURE_BYTES = 37 << 10
"""What a signature adds to a file, about."""
_TEMPLATES = 12
_ID = re.compile(rb"/ID \n\[<([0-9a-f]{32})><[0-9a-f]{32}>\]")


@dataclass(frozen=True, slots=True)
class Corpus:
    """Submissions and the keys that their signers' certificates hang from."""

    folder: Path
    """One folder for each submission."""
    pki: Path

    def submissions(self) -> list[Path]:
        """Return the submissions in their order."""
        return sorted(path for path in self.folder.iterdir() if path.is_dir())


def scanned(count: int, *, files: int = 5, kib: int = 300, first: int = 0) -> Corpus:
    """Return dossiers of scanned PDFs, the last two of each signed and timestamped.

    Args:
        count: how many.
        files: in each.
        kib: size of each file.
        first: the number of the first: other numbers are other dossiers.
    """
    folder, pki = CACHE / f"scanned-{first}-{count}-{files}-{kib}", CACHE / "pki"
    ready = folder.with_suffix(".ready")
    if not ready.exists():
        print(f"making {count} dossiers of {files} PDFs in {folder} (once)", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        _issue(pki)
        with ProcessPoolExecutor() as pool:
            templates = list(pool.map(_template, range(_TEMPLATES)))
            (CACHE / "templates.json").write_text(json.dumps([t.hex() for t in templates]))
            tasks = [
                (number, files, kib, str(folder), str(pki))
                for number in range(first, first + count)
            ]
            list(pool.map(_write_scanned, tasks, chunksize=4))
        ready.touch()
    return Corpus(folder, pki)


def small(count: int) -> Corpus:
    """Return dossiers of one PDF of a few kilobytes."""
    folder, pki = CACHE / f"small-{count}", CACHE / "pki"
    ready = folder.with_suffix(".ready")
    if not ready.exists():
        shutil.rmtree(folder, ignore_errors=True)
        _issue(pki)
        template = _tiny()
        for number in range(count):
            place = folder / f"{number:06d}"
            content = unique(template, f"small/{number}", len(template))
            write(place, number, {"01-don.pdf": content}, pages=1)
        ready.touch()
    return Corpus(folder, pki)


def write(place: Path, number: int, contents: dict[str, bytes], *, pages: int) -> None:
    """Write one submission."""
    place.mkdir(parents=True)
    for name, content in contents.items():
        (place / name).write_bytes(content)
    described = json.dumps(description(number, contents, pages=pages), ensure_ascii=False, indent=1)
    (place / "dossier.json").write_text(described + "\n", encoding="utf-8")


def description(number: int, names: Iterable[str], *, pages: int) -> dict[str, Any]:
    """Return what `dossier.json` says of the dossier of that number."""
    dice = random.Random(number)
    received = date(2025, 1, 2) + timedelta(days=number // 500)
    closed = received + timedelta(days=dice.randrange(3, 12))
    name = f"{dice.choice(_FAMILIES)} {dice.choice(_MIDDLES)} {dice.choice(_GIVEN)}"
    return {
        "profile": "tt05-2025-1",
        "dossier": {
            "title": f"Cấp giấy phép xây dựng - {name}",
            "mode": "02",
            "language": "01",
            "confidenceLevel": "01",
            "fileCode": f"H26.18.{closed.year}.{number + 1}",
            "description": "Hồ sơ giả định để đo (THỬ NGHIỆM)",
        },
        "tthc": {
            "dossierCode": f"H26.18-{received:%y%m%d}-{number % 500 + 1:04d}",
            "procedureCode": "1.009994",
            "procedureName": "Cấp giấy phép xây dựng",
            "agencyCode": "H26.18",
            "agencyName": "Ủy ban nhân dân xã Đông Thử",
            "applicant": {
                "name": name,
                "identityNumber": f"001{dice.randrange(10**9):09d}",
                "kind": "citizen",
            },
            "receivedOn": received.isoformat(),
            "dueOn": (received + timedelta(days=15)).isoformat(),
            "closedOn": closed.isoformat(),
            "status": "returned",
            "result": {"number": f"{number + 1}/GP-UBND", "issuedOn": closed.isoformat()},
        },
        "documents": [
            {
                "file": file,
                "title": f"Tài liệu {position}",
                "role": "application" if position == 1 else "component",
                "fields": {"typeName": "12", "numberOfPage": str(pages), "language": "01"},
            }
            for position, file in enumerate(names, 1)
        ],
    }


def unique(pdf_bytes: bytes, name: str, size: int) -> bytes:
    """Return a PDF with an identifier of its own, made `size` bytes long by a comment."""
    mark = hashlib.sha256(name.encode()).hexdigest()[:32].encode()
    content = _ID.sub(lambda _: b"/ID \n[<%s><%s>]" % (mark, mark), pdf_bytes, count=1)
    begins = content.rindex(b"xref\n", 0, content.rindex(b"startxref"))
    missing = size - len(content)
    if missing < 3:
        return content
    noise = random.Random(name).randbytes(missing // 2).hex().encode()[: missing - 3]
    comment = b"%" + noise.ljust(missing - 2, b"0") + b"\n"
    moved = content[:begins] + comment + content[begins:]
    start = b"startxref\n%d\n" % (begins + len(comment))
    return re.sub(rb"startxref\n\d+\n", lambda _: start, moved)


def _issue(pki: Path) -> None:
    """Make the TEST CA and the signers, if they are not there."""
    authority = testpki.create(pki, at=NOW)
    begin, end = NOW - timedelta(days=700), NOW + timedelta(days=700)
    for number in range(SIGNERS):
        place = pki / "signers" / f"{number}.pem"
        if not place.exists():
            key = authority.signer(
                f"Người ký {number}", not_before=begin, not_after=end, algorithm="rsa2048"
            )
            _save(key, place)
    authority.publish_crls(at=NOW - timedelta(hours=1))


def _save(key: FileKey, place: Path) -> None:
    place.parent.mkdir(exist_ok=True)
    pem = serialization.Encoding.PEM
    chain = [x509.load_der_x509_certificate(each) for each in (key.certificate, *key.chain)]
    place.with_suffix(".crt").write_bytes(b"".join(each.public_bytes(pem) for each in chain))
    form, unencrypted = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    place.write_bytes(key.key.private_bytes(pem, form, unencrypted))


@cache
def _signer(pki: Path, number: int) -> FileKey:
    place = pki / "signers" / f"{number}.pem"
    return FileKey.load(place, place.with_suffix(".crt"))


@cache
def _templates() -> list[bytes]:
    return [bytes.fromhex(each) for each in json.loads((CACHE / "templates.json").read_text())]


def _template(seed: int) -> bytes:
    lines = tuple(
        f"Điều {line}. Nội dung thử nghiệm số {seed * 100 + line} để đo tốc độ lưu trữ hồ sơ."
        for line in range(1, 33)
    )
    paper = Paper(
        organ="ỦY BAN NHÂN DÂN XÃ ĐÔNG THỬ (THỬ NGHIỆM)",
        number=f"{seed}/GP-UBND",
        title="Giấy phép xây dựng",
        lines=lines,
        place_and_date="Đông Thử, ngày 15 tháng 01 năm 2026",
        signer_title="TM. Ủy ban nhân dân",
        signer="Trần Thị Mẫu",
        sealed=True,
        pages=3,
    )
    return pdf(paper, seed=seed)


def _write_scanned(task: tuple[int, int, int, str, str]) -> None:
    number, files, kib, folder, pki = task
    contents = {}
    for position in range(files):
        signed = position >= files - SIGNED
        template = _templates()[(number + position) % _TEMPLATES]
        size = (kib << 10) - (_SIGNATURE_BYTES if signed else 0)
        content = unique(template, f"{number}/{position}", size)
        name = f"{position + 1:02d}-tai-lieu.pdf"
        contents[name] = _sign(content, Path(pki), number + position) if signed else content
    write(Path(folder) / f"{number:06d}", number, contents, pages=3)


def _sign(content: bytes, pki: Path, number: int) -> bytes:
    tsa = testpki.load(pki).local_tsa(lambda: SIGNED_AT)
    return sign_pdf(content, _signer(pki, number % SIGNERS), at=SIGNED_AT, tsa=tsa)


def _tiny() -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(595, 842), invariant=1)
    canvas.drawString(72, 720, "THU NGHIEM - ho so gia dinh de do bo nho")
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def archive_with(corpus: Corpus, home: Path, **settings: object) -> None:
    """Make an archive that trusts the corpus' signers; keys and time of its TEST PKI."""
    from archive.assembly import TEST_PKI
    from archive.creation import create

    home.mkdir(parents=True)
    shutil.copytree(corpus.pki, home / TEST_PKI)
    create(home, settings, clock=lambda: NOW)


def linked(submissions: Iterable[Path], folder: Path) -> list[Path]:
    """Return the same submissions in another folder, without copying any bytes."""
    made = []
    for place in submissions:
        into = folder / place.name
        into.mkdir(parents=True)
        for file in place.iterdir():
            os.link(file, into / file.name)
        made.append(into)
    return made


_FAMILIES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Hồ")
_MIDDLES = ("Văn", "Thị", "Đức", "Ngọc", "Minh", "Thanh", "Hữu", "Thu")
_GIVEN = ("An", "Bình", "Chi", "Dũng", "Giang", "Hà", "Khánh", "Lan", "Mai", "Nam", "Phúc", "Yến")
