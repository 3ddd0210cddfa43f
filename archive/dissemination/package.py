"""DIP with a certificate of eleven items: Circular 05/2025/TT-BNV, article 42."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path

from archive import access
from archive.assembly import VIETNAM, Archive
from archive.catalogue.dossiers import Holding
from archive.catalogue.issued_copies import IssuedCopy
from archive.dissemination import certified, codes
from archive.dissemination.product import Product
from archive.errors import NotHeld
from archive.formats.pdf_writing import Block, Columns, Rows, Text, write
from archive.heads import metadata_file
from archive.model import Document, PackagePath
from archive.packages import dip, profile
from archive.packages.aip import layout

_PROOFS = (layout.METS, layout.SEAL, layout.REP_METS)


def make(
    archive: Archive,
    holding: Holding,
    documents: Sequence[Document],
    entry: IssuedCopy,
    folder: Path,
) -> Product:
    """Return a sealed DIP as a ZIP; the originals in it are files of `folder`.

    Raises:
        FixityMismatch: an original is not what was recorded.
        Unavailable: key, timestamp service or store did not answer.
    """
    paper = folder / "certificate.pdf"
    paper.write_bytes(certificate(archive, holding, documents, entry))
    signed = certified.marked(archive, paper, entry, folder, title="DIP CÓ XÁC THỰC")
    settings = archive.settings
    contents = dip.DipContents(
        id=str(uuid.uuid5(uuid.UUID(holding.dossier.id), entry.label)),
        dossier=holding.dossier,
        documents=tuple(documents),
        originals=_originals(archive, holding, documents, folder),
        certificate=signed,
        proofs=_proofs(archive, holding),
        archive_code=settings.text("archive.agency"),
        archive_name=settings.text("archive.name"),
        agent=archive.agent,
        created_at=entry.issued_at,
    )
    package = dip.build(contents)
    image = package.sealed(archive.sealer.seal(package.mets, at=entry.issued_at))
    return Product(image.sha256, image.size, image.open, "zip")


def preview(
    archive: Archive,
    holding: Holding,
    documents: Sequence[Document],
    entry: IssuedCopy,
    folder: Path,
) -> bytes:
    """Return the certificate's first page, not signed, as a PNG."""
    paper = folder / "certificate.pdf"
    paper.write_bytes(certificate(archive, holding, documents, entry, known=False))
    return certified.previewed(archive, paper, entry, folder, title="DIP CÓ XÁC THỰC")


def _originals(
    archive: Archive, holding: Holding, documents: Sequence[Document], folder: Path
) -> dict[PackagePath, Path]:
    found = {}
    for document in documents:
        target = folder / f"{document.ordinal}.original"
        with target.open("wb") as stream:
            access.hand_out(archive, holding, document, stream)
        found[document.file.path] = target
    return found


def _proofs(archive: Archive, holding: Holding) -> dict[str, bytes]:
    """Return the tables of contents of the package, and its seal.

    Later versions refer to originals of earlier ones by digest, so the latest has them all.
    """
    version, found = holding.versions[-1], {}
    for path in _PROOFS:
        try:
            found[str(path)] = metadata_file(archive, version, path)
        except NotHeld:
            continue
    return found


def certificate(
    archive: Archive,
    holding: Holding,
    documents: Sequence[Document],
    entry: IssuedCopy,
    *,
    known: bool = True,
) -> bytes:
    """Return the certificate, PDF/A: the eleven items in the circular's order."""
    at, until = entry.issued_at.astimezone(VIETNAM), entry.usable_until
    identity = f", số định danh {entry.requester_identity}" if entry.requester_identity else ""
    ends = f"đến trước {until.astimezone(VIETNAM):%d/%m/%Y}" if until else "không giới hạn"
    title, name = "GIẤY CHỨNG NHẬN TÀI LIỆU LƯU TRỮ", archive.settings.text("archive.name")
    rows = [_row(holding, document) for document in documents]
    blocks: list[Block] = [
        _top(archive, entry),
        Text(title, "title"),
        Text(f"1. Mã xác thực lưu trữ: {codes.spaced(entry.code) if known else '…'}"),
        Text(f"2. Lưu trữ lịch sử: {name}"),
        Text(f"3. Cấp cho: {entry.requester}{identity}"),
        Text(f"4. Mã lưu trữ của tài liệu gốc: {_archive_code(archive, holding)}"),
        Text("5. Số, ký hiệu; 6. Tên loại; 7. Trích yếu: theo bảng dưới đây"),
        Text(f"8. Mục đích: {entry.purpose}"),
        Text(f"9. Ngày cấp: {at:%d/%m/%Y}, {at:%H:%M:%S} (+07:00)"),
        Text(f"10. Thời hạn sử dụng: {ends}"),
        Text(f"11. Số lượng bản: {entry.amount}"),
        Rows(
            ("STT", "5. Số, ký hiệu", "6. Tên loại", "7. Trích yếu", "SHA-256 của tài liệu gốc"),
            rows,
            (5, 17, 14, 34, 30),
        ),
        Text(
            "Tài liệu gốc trong gói này giống hệt tài liệu kho đang lưu giữ, theo giá trị băm trên."
        ),
    ]
    return write(f"{title} {entry.label}", blocks, at=at, foot=entry.label if known else "…")


def _row(holding: Holding, document: Document) -> tuple[str, ...]:
    kinds = profile.load(holding.dossier.profile).document["typeName"].values
    number = "/".join(part for part in (document.number, document.notation) if part)
    kind = kinds.get(document.type_code or "", ("",))[0]
    digest = document.file.sha256
    return str(document.ordinal), number, kind, document.title, f"{digest[:32]} {digest[32:]}"


def _archive_code(archive: Archive, holding: Holding) -> str:
    dossier, agency = holding.dossier, archive.settings.text("archive.agency")
    file_code = f"{agency}.{dossier.file_code}, " if dossier.file_code else ""
    return f"{file_code}hồ sơ {dossier.code}"


def _top(archive: Archive, entry: IssuedCopy) -> Columns:
    left = [Text(archive.settings.text("archive.name").upper(), "signature")]
    left.append(Text(f"Số: {entry.label if entry.number else '…'}", "centred"))
    right = [
        Text("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "signature"),
        Text("Độc lập - Tự do - Hạnh phúc", "signature"),
    ]
    return Columns(left, right)
