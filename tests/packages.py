"""Builders of archival packages and of stores to read them from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from archive.events import Event, EventType
from archive.model import DossierId, Indication, ObjectName, PackagePath, Verdict
from archive.packages import aip
from archive.packages.zipranges import ReadRange
from tests.builders import a_dossier, the_files

AT = datetime(2026, 11, 24, 10, 30, 0, 123000, tzinfo=timezone(timedelta(hours=7)))
SEAL = b"0\x82 not a real seal"
"""Stands for a seal where only its bytes count."""


def an_event(number: int = 1, **changes: Any) -> Event:
    """Return the ingestion of a dossier, `number` milliseconds after `AT`."""
    event = Event(
        EventType.INGESTION,
        AT + timedelta(milliseconds=number),
        "success",
        "kho 0.1.0",
        str(a_dossier().id),
        {"files": number, "codes": ["CSIP1"]},
    )
    return replace(event, **changes)


def a_verdict(**changes: Any) -> Verdict:
    """Return a passed verdict on the permit's one signature."""
    verdict = Verdict(
        path=PackagePath("02-giay-phep.pdf"),
        field="Signature1",
        kind="signature",
        format="PAdES-B-T",
        indication=Indication.PASSED,
        sub_indication=None,
        intact=True,
        covers_whole_file=True,
        modified_after_signing="none",
        signed_by="Trần Thị Thử",
        signed_at_claimed=AT,
        proven_at=AT + timedelta(seconds=3),
        timestamps=1,
        digest_algorithm="sha256",
        signature_algorithm="sha256_ecdsa",
        issuer="TEST CA",
        test=True,
        reasons=("every check passed",),
    )
    return replace(verdict, **changes)


def the_contents(folder: Path, **changes: Any) -> aip.AipContents:
    """Return the contents of a first version; its files are written into `folder`."""
    contents = aip.AipContents(
        dossier=a_dossier(),
        files=on_disk(folder, the_files()),
        version=1,
        created_at=AT,
        agent="kho 0.1.0",
        submission_digest="ab" * 32,
        events=(an_event(1), an_event(2, type=EventType.PACKAGE_CREATION, details={})),
        verdicts=(a_verdict(),),
        extra={PackagePath("preservation/validation/root.crl"): b"a CRL"},
        texts={PackagePath("01-don-de-nghi.pdf"): "Đơn đề nghị cấp giấy phép"},
        retention={"rule": "XD-01", "schedule": "vn-2026-1"},
    )
    return replace(contents, **changes)


def on_disk(folder: Path, files: Mapping[str, bytes]) -> dict[PackagePath, Path]:
    """Write files into `folder` and return where they are."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return {PackagePath(name): folder / name for name in files}


class Shelf:
    """Sealed packages by place, read by ranges; counts what was asked."""

    def __init__(self) -> None:
        self.objects: dict[ObjectName, bytes] = {}
        self.asked: list[tuple[int, int]] = []

    def keep(self, contents: aip.AipContents, seal: bytes = SEAL) -> aip.AipHead:
        """Build, seal and keep a package; return its head as read back."""
        sealed = aip.build(contents).sealed(seal + b" %d" % contents.version)
        with sealed.open() as stream:
            self.objects[sealed.place] = stream.read()
        return self.head(sealed.place)

    def head(self, place: ObjectName) -> aip.AipHead:
        """Return a kept package's head."""
        return aip.read_head(*self.opener(place))

    def opener(self, place: ObjectName) -> tuple[ReadRange, int]:
        """Open a kept package as stores do."""
        content = self.objects[place]

        def read(offset: int, length: int | None) -> bytes:
            end = len(content) if length is None else offset + length
            self.asked.append((offset, end))
            return content[offset:end]

        return read, len(content)

    def path(self, head: aip.AipHead, folder: Path) -> Path:
        """Write a kept package into `folder` as a file."""
        target = folder / head.place.rpartition("/")[2]
        target.write_bytes(self.objects[head.place])
        return target


def another_id() -> DossierId:
    """Return an id that is not the usual dossier's."""
    return DossierId("00000000-0000-5000-8000-000000000001")
