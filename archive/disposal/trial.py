"""Trial: keys and papers marked TEST, with which the whole procedure can be tried out."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from archive.assembly import TEST_PKI, VIETNAM, Archive
from archive.errors import NotPermitted
from archive.formats.pdf_writing import Text, write
from archive.signatures import testpki
from archive.signatures.pdf_signing import sign_pdf

PEOPLE = {"archivist": "Nguyễn Văn Lưu (THỬ NGHIỆM)", "chair": "Trần Thị Duyệt (THỬ NGHIỆM)"}
PAPERS = {
    "council": "QUYẾT ĐỊNH THÀNH LẬP HỘI ĐỒNG XÉT HỦY TÀI LIỆU",
    "minutes": "BIÊN BẢN HỌP HỘI ĐỒNG XÉT HỦY TÀI LIỆU",
    "decision": "QUYẾT ĐỊNH HỦY TÀI LIỆU HẾT THỜI HẠN LƯU TRỮ",
}


def write_papers(archive: Archive, folder: Path) -> tuple[Path, ...]:
    """Write a key and certificate for two people, and three papers that the second one signed.

    Raises:
        NotPermitted: the archive does not work with the local TEST CA.
    """
    if not archive.test:
        raise NotPermitted("test papers are for archives with test keys", where="archive.test")
    pki, at = testpki.load(archive.settings.home / TEST_PKI), archive.clock()
    written: list[Path] = []
    for name, person in PEOPLE.items():
        key = pki.signer(
            person, not_before=at - timedelta(days=1), not_after=at + timedelta(days=3650)
        )
        testpki.save(folder, name, key)
        written += [folder / "keys" / f"{name}.pem", folder / "certificates" / f"{name}.pem"]
        if name == "chair":
            for file, title in PAPERS.items():
                local = at.astimezone(VIETNAM)
                blocks = [Text(title, "title"), Text("THỬ NGHIỆM - KHÔNG CÓ GIÁ TRỊ PHÁP LÝ")]
                plain = write(title, blocks, at=local, foot="THỬ NGHIỆM")
                path = folder / f"{file}.pdf"
                signed = sign_pdf(plain, key, at=at, tsa=pki.local_tsa(archive.clock))
                path.write_bytes(signed)
                written.append(path)
    return tuple(written)
