"""Identification: our own look at PDFs agrees with siegfried; everything else is siegfried's."""

from __future__ import annotations

import io
import linecache
import os
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from archive.formats import identify as identifying
from archive.formats.identify import UNKNOWN, Format, identify
from archive.sandbox import Limits, Sandbox
from archive.storage import folder as some_source
from tests.builders import a_pdf
from tests.vectors.shared import folder as vectors

XMP = (
    '<rdf:Description xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" '
    'pdfaid:part="{}" pdfaid:conformance="{}"/>'
)


def a_file(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def claiming(part: str, conformance: str) -> bytes:
    """Return a PDF with a PDF/A claim in it, which is not true."""
    head = b"%PDF-2.0\n" if part == "4" else b"%PDF-1.7\n"
    claim = XMP.format(part, conformance).encode()
    return a_pdf().replace(b"%PDF-1.4\n", head + b"%" + claim + b"\n")


def test_our_look_at_pdfs_agrees_with_siegfried_over_the_pdfa_corpus() -> None:
    paths = sorted(vectors("pdfa").rglob("*.pdf"))[::5]
    assert len(paths) > 100

    ours = {path: identifying.as_pdf(path) for path in paths}
    theirs = {path: identifying._by_siegfried(path) for path in paths}

    answered = [path for path in paths if ours[path] is not None]
    assert len(answered) > 0.95 * len(paths)
    assert [path for path in answered if ours[path] != theirs[path]] == []


@pytest.mark.parametrize(
    ("part", "conformance", "puid"),
    [
        *(("1", "A", "fmt/95"), ("1", "B", "fmt/354"), ("2", "A", "fmt/476")),
        *(("2", "B", "fmt/477"), ("2", "U", "fmt/478"), ("3", "A", "fmt/479")),
        *(("3", "B", "fmt/480"), ("3", "U", "fmt/481"), ("4", "F", "fmt/1912")),
    ],
)
def test_a_pdfa_claim_is_told_with_its_level(
    tmp_path: Path, part: str, conformance: str, puid: str
) -> None:
    found = identify(a_file(tmp_path, "a.pdf", claiming(part, conformance)))

    assert (found.puid, found.media_type) == (puid, "application/pdf")
    assert found.pdfa_claim == part + conformance.lower()


@pytest.mark.parametrize(
    ("version", "puid"),
    [
        *(("1.0", "fmt/14"), ("1.1", "fmt/15"), ("1.2", "fmt/16"), ("1.3", "fmt/17")),
        *(("1.4", "fmt/18"), ("1.5", "fmt/19"), ("1.6", "fmt/20"), ("1.7", "fmt/276")),
        ("2.0", "fmt/1129"),
    ],
)
def test_a_plain_pdf_has_its_version_and_no_claim(tmp_path: Path, version: str, puid: str) -> None:
    content = a_pdf().replace(b"%PDF-1.4", b"%PDF-" + version.encode())
    path = a_file(tmp_path, "a.pdf", content)

    found = identify(path)

    assert (found.puid, found.version, found.pdfa_claim) == (puid, version, None)
    assert found == identifying._by_siegfried(path)


def an_image(kind: str) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (8, 8)).save(stream, kind)
    return stream.getvalue()


def a_zip() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.txt", "text")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "puid", "media_type"),
    [
        ("a.png", an_image("PNG"), "fmt/11", "image/png"),
        ("a.tif", an_image("TIFF"), "fmt/353", "image/tiff"),
        ("a.pdf", an_image("PNG"), "fmt/11", "image/png"),
        ("a.zip", a_zip(), "x-fmt/263", "application/zip"),
        ("a.txt", b"plain text\n" * 20, "x-fmt/111", "text/plain"),
        ("a.pdf", b"\x7fELF\x02\x01\x01" + bytes(200), "fmt/690", "application/octet-stream"),
        ("noise.pdf", bytes(range(1, 250)) * 9, None, "application/octet-stream"),
        ("cut.pdf", a_pdf()[:200], None, "application/pdf"),
        ("late.pdf", b"GIF, or not\n" + a_pdf()[:200], None, "application/pdf"),
        ("empty.pdf", b"", None, "application/octet-stream"),
    ],
)
def test_a_file_is_known_by_its_content_and_not_by_its_name(
    tmp_path: Path, name: str, content: bytes, puid: str | None, media_type: str
) -> None:
    found = identify(a_file(tmp_path, name, content))

    assert (found.puid, found.media_type) == (puid, media_type)


def test_a_file_with_a_known_digest_is_looked_at_once(tmp_path: Path) -> None:
    path = a_file(tmp_path, "a.pdf", a_pdf())
    first = identify(path, sha256="ab" * 32)
    path.write_bytes(b"changed behind our back")

    assert identify(path, sha256="ab" * 32) == first
    assert identify(path) != first


def test_what_costs_too_much_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tight = Sandbox(workers=1, limits=Limits(wall_seconds=0.001))
    monkeypatch.setattr(identifying, "_siegfried", lambda: tight)

    assert (
        identify(Path(some_source.__file__))
        == UNKNOWN
        == Format(None, None, "application/octet-stream")
    )


def test_a_large_file_is_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = Sandbox(workers=1, limits=identifying._LIMITS)
    monkeypatch.setattr(identifying, "_siegfried", lambda: own)
    path = a_file(tmp_path, "a.tif", an_image("TIFF"))
    os.truncate(path, 256 << 20)

    found = identify(path)

    status = own.run(linecache.getlines, "/proc/self/status")  # not rusage: it knows the parent's
    own.close()
    (peak_kib,) = (int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    assert found.puid == "fmt/353"
    assert peak_kib < 200 << 10
