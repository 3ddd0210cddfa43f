"""The antivirus: ClamAV's daemon, asked over its socket.

Whatever is not a clear answer counts as *not scanned* and never as clean. `clamd` calls
files beyond its own limits clean unless its configuration has `AlertExceedsMax yes`; with
it, such files are reported here as not scanned.
"""

from __future__ import annotations

import io
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from archive.errors import UnsafeInput, UsageError
from archive.findings import Finding, Severity
from archive.fixity import chunks
from archive.formats import pdf

_PIECE_BYTES = 256 << 10
_ANSWER_BYTES = 4096
_OVER_LIMITS = "Heuristics.Limits.Exceeded"


class Outcome(StrEnum):
    """What a scan came to."""

    CLEAN = "clean"
    INFECTED = "infected"
    NOT_SCANNED = "not scanned"


@dataclass(frozen=True, slots=True)
class Scan:
    """The outcome of one scan."""

    outcome: Outcome
    detail: str = ""
    """The signature that was found, or why the file was not scanned."""


@dataclass(frozen=True, slots=True)
class Scanner:
    """A `clamd` at an address."""

    connect: Callable[[], socket.socket]
    address: str

    def scan(self, content: BinaryIO) -> Scan:
        """Scan a stream from its present position to its end."""
        try:
            with self.connect() as connection:
                return _read_answer(_sent(connection, content))
        except OSError as error:
            return Scan(Outcome.NOT_SCANNED, f"{self.address}: {error.strerror or error}")

    def scan_file(self, path: Path) -> Scan:
        """Scan a file; of a PDF the files that are attached to it too.

        ClamAV does not see into compressed attachments by itself.
        """
        with path.open("rb") as stream:
            begins = stream.read(1024)
            stream.seek(0)
            found = self.scan(stream)
        if found.outcome is not Outcome.CLEAN or b"%PDF-" not in begins:
            return found
        try:
            attached = pdf.attachments(path)
        except UnsafeInput as error:
            return Scan(Outcome.NOT_SCANNED, f"attached files: {error}")
        scans = (self.scan(io.BytesIO(content)) for content in attached.values())
        return next((scan for scan in scans if scan.outcome is not Outcome.CLEAN), found)

    def findings(self, path: Path, name: str, *, required: bool) -> Iterator[Finding]:
        """Yield what a scan found in the file that the report calls `name`.

        Args:
            path: the file.
            name: its place in the report.
            required: whether a file that was not scanned is refused.
        """
        found = self.scan_file(path)
        if found.outcome is Outcome.INFECTED:
            message = f"the antivirus found {found.detail}"
            yield Finding("KHO-VIRUS", Severity.ERROR, name, message)
        elif found.outcome is Outcome.NOT_SCANNED:
            severity = Severity.ERROR if required else Severity.WARNING
            message = f"was not scanned for viruses: {found.detail}"
            yield Finding("KHO-VIRUS-NOT-SCANNED", severity, name, message)

    def version(self) -> str | None:
        """Return what the daemon says of itself and its database; None if it does not answer."""
        try:
            with self.connect() as connection:
                connection.sendall(b"zVERSION\0")
                return _answer(connection) or None
        except OSError:
            return None


def scanner_at(address: str, *, timeout_seconds: float = 60.0) -> Scanner:
    """Return the scanner at `unix:PATH` or `tcp:HOST:PORT`; nothing is sent yet.

    Raises:
        UsageError: the address has another form.
    """
    kind, _, place = address.partition(":")
    host, _, port = place.rpartition(":")
    if kind == "unix" and place:
        return Scanner(lambda: _unix(place, timeout_seconds), address)
    if kind == "tcp" and host and port.isdecimal():
        return Scanner(
            lambda: socket.create_connection((host.strip("[]"), int(port)), timeout_seconds),
            address,
        )
    raise UsageError(
        f"antivirus.address is {address!r}", hint="unix:/run/clamav/clamd.ctl or tcp:HOST:3310"
    )


def _unix(path: str, timeout_seconds: float) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(timeout_seconds)
    try:
        connection.connect(path)
    except OSError:
        connection.close()
        raise
    return connection


def _sent(connection: socket.socket, content: BinaryIO) -> str:
    """Send a stream by INSTREAM (pieces with their length before them) and return the answer."""
    # Over its size limit clamd answers and hangs up while we are still sending: hear it out.
    with suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(b"zINSTREAM\0")
        for piece in chunks(content, _PIECE_BYTES):
            connection.sendall(struct.pack(">I", len(piece)) + piece)
        connection.sendall(struct.pack(">I", 0))
    return _answer(connection)


def _answer(connection: socket.socket) -> str:
    received = b""
    while not received.endswith(b"\0") and len(received) < _ANSWER_BYTES:
        piece = connection.recv(_ANSWER_BYTES)
        if not piece:
            break
        received += piece
    return received.rstrip(b"\0\n").decode("ascii", "replace")


def _read_answer(answer: str) -> Scan:
    told = answer.removeprefix("stream: ")
    if told == "OK":
        return Scan(Outcome.CLEAN)
    if told.startswith(_OVER_LIMITS):
        return Scan(Outcome.NOT_SCANNED, told.removesuffix(" FOUND"))
    if told.endswith(" FOUND"):
        return Scan(Outcome.INFECTED, told.removesuffix(" FOUND"))
    return Scan(Outcome.NOT_SCANNED, answer or "the antivirus hung up without an answer")
