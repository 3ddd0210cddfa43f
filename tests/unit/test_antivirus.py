"""The antivirus: a real ClamAV, and everything that must not pass for clean."""

from __future__ import annotations

import io
import socket
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pikepdf
import pytest

from archive.errors import UsageError
from archive.findings import Severity
from archive.formats.antivirus import Outcome, Scan, Scanner, scanner_at
from tests import servers
from tests.builders import a_pdf
from tests.servers import EICAR, LOOPBACK


@pytest.fixture(scope="module")
def clamd() -> Iterator[servers.Clamd]:
    with servers.clamd() as running:
        yield running


@pytest.fixture(params=["unix", "tcp"])
def scanner(request: pytest.FixtureRequest, clamd: servers.Clamd) -> Scanner:
    return scanner_at(getattr(clamd, request.param))


def test_a_clean_file_is_clean(scanner: Scanner, tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(a_pdf())

    assert scanner.scan_file(path) == Scan(Outcome.CLEAN)
    assert list(scanner.findings(path, "a.pdf", required=True)) == []


def test_an_infected_file_is_named_with_the_signature(scanner: Scanner, tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(a_pdf() + EICAR)

    (finding,) = scanner.findings(path, "a.pdf", required=False)

    assert (finding.rule, finding.severity) == ("KHO-VIRUS", Severity.ERROR)
    assert "Kho.Test.Eicar" in finding.message


def test_a_virus_in_a_zip_is_found(scanner: Scanner) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.com", EICAR)
    packed.seek(0)

    assert scanner.scan(packed).outcome is Outcome.INFECTED


def test_a_virus_in_a_compressed_attachment_of_a_pdf_is_found(
    scanner: Scanner, tmp_path: Path
) -> None:
    path = tmp_path / "a.pdf"
    document = pikepdf.open(io.BytesIO(a_pdf()))
    document.attachments["inner.com"] = pikepdf.AttachedFileSpec(document, EICAR)
    document.save(path, compress_streams=True)
    assert EICAR not in path.read_bytes()

    assert scanner.scan_file(path).outcome is Outcome.INFECTED


@pytest.mark.parametrize("size", [3 << 20, 16 << 20], ids=["for a scan", "for a stream"])
def test_a_file_over_the_daemons_limits_is_not_scanned(scanner: Scanner, size: int) -> None:
    found = scanner.scan(io.BytesIO(bytes(size)))

    assert found.outcome is Outcome.NOT_SCANNED
    assert "size limit exceeded" in found.detail or "Limits.Exceeded" in found.detail


def test_the_daemon_says_its_version(scanner: Scanner) -> None:
    assert (scanner.version() or "").startswith("ClamAV ")


@contextmanager
def a_daemon_that_answers(answer: bytes) -> Iterator[str]:
    """Listen on a port, take one stream in and answer with `answer`."""
    with socket.create_server((LOOPBACK, 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection, suppress(OSError):
                connection.recv(1 << 16)
                connection.sendall(answer)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(1 << 16):
                    continue

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"tcp:{LOOPBACK}:{listening.getsockname()[1]}"
        thread.join()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"stream: ",
        b"stream: OK or so\0",
        b"OK\xff\0",
        b"UNKNOWN COMMAND\0",
        b"stream: Can't allocate memory ERROR\0",
        b"INSTREAM size limit exceeded. ERROR\0",
        b"x" * 10_000,
    ],
)
def test_an_answer_that_is_not_clear_means_not_scanned(answer: bytes) -> None:
    with a_daemon_that_answers(answer) as address:
        assert scanner_at(address).scan(io.BytesIO(b"x")).outcome is Outcome.NOT_SCANNED


def test_a_daemon_that_is_down_or_silent_means_not_scanned(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x")
    with socket.create_server((LOOPBACK, 0)) as silent:
        addresses = [
            f"tcp:{LOOPBACK}:{servers.free_port()}",
            f"unix:{tmp_path / 'nothing'}",
            f"tcp:{LOOPBACK}:{silent.getsockname()[1]}",
        ]
        for address in addresses:
            scanner = scanner_at(address, timeout_seconds=0.3)

            (refused,) = scanner.findings(path, "file", required=True)
            (told,) = scanner.findings(path, "file", required=False)

            assert refused.rule == told.rule == "KHO-VIRUS-NOT-SCANNED"
            assert (refused.severity, told.severity) == (Severity.ERROR, Severity.WARNING)
    assert scanner_at(addresses[0]).version() is None


@pytest.mark.parametrize("address", ["", "clamd", "unix:", "tcp:host", "tcp:host:port", "tcp::1"])
def test_an_address_of_another_form_is_refused(address: str) -> None:
    with pytest.raises(UsageError):
        scanner_at(address)
