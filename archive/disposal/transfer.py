"""Transfer to the historical archive: packages handed out, acknowledged one by one, then purged.

Only what the receiver acknowledged with the same digests may go, by the same door as a
destruction, and not before three months (Decree 113/2025/NĐ-CP, art. 22: restorable).
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from archive.assembly import VIETNAM, Archive
from archive.catalogue import disposals, dossiers
from archive.catalogue.disposals import Change, Disposal, Item, ItemState, Kind, ListStatus
from archive.disposal import lists
from archive.disposal.attachments import Attachment, attach
from archive.disposal.execution import Execution, Told, execute, silent
from archive.disposal.procedure import act_on
from archive.errors import DisposalForbidden, FixityMismatch, NotHeld, Rejected, UsageError
from archive.fixity import chunks, sha256_of_file
from archive.model import ObjectName, Version

MONTHS = 3
MANIFEST = "transfer.json"
RECEIPT_COLUMNS = ("dossier", "package", "sha256", "accepted", "reason")


@dataclass(frozen=True, slots=True)
class Reconciled:
    """How receipts and list compare."""

    acknowledged: tuple[str, ...]
    """Codes of dossiers of which every package was received as it was sent."""
    problems: tuple[tuple[str, str], ...]
    """Code and what is wrong or missing."""
    purge_from: date | None
    """The first day on which the acknowledged ones may be purged; None while receipts miss."""


def export(
    archive: Archive,
    disposal_id: str,
    folder: Path,
    *,
    agent: str,
    written: Callable[[str], None] = lambda code: None,
) -> Disposal:
    """Write every package of a list, as it is stored, with a manifest and the list itself.

    Running it again after a crash writes only what is missing. The list's status becomes
    `exported`.

    Raises:
        UsageError: the folder holds another list.
        FixityMismatch: a stored package is not what was recorded; nothing is acknowledged.
    """
    with archive.catalogue.connect() as connection:
        disposal = disposals.get(connection, disposal_id)
        if disposal.kind is not Kind.TRANSFER:
            raise UsageError("this list is for destruction", where=disposal.id)
    folder.mkdir(parents=True, exist_ok=True)
    told = folder / MANIFEST
    if told.exists() and json.loads(told.read_bytes())["disposal"] != disposal.id:
        raise UsageError("the folder holds another transfer", where=str(folder))
    packages = []
    for item in disposal.in_state(ItemState.LISTED, ItemState.ACKNOWLEDGED):
        for version in item.entry["versions"]:
            packages.append(_hand_out(archive, folder, item, version))
        written(item.entry["code"])
    (folder / "list.json").write_bytes(lists.content(disposal))
    manifest = {
        "format": "kho-transfer-1",
        "disposal": disposal.id,
        "list": lists.digest(disposal),
        "packages": packages,
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True)
    told.write_text(text + "\n", encoding="utf-8")
    _write_receipt_form(folder / "receipt.csv", packages)
    return act_on(
        archive,
        disposal.id,
        "exported",
        (ListStatus.PROPOSED, ListStatus.REVIEWED, ListStatus.APPROVED, ListStatus.EXPORTED),
        lambda disposal: ListStatus.EXPORTED,
        agent=agent,
        details=lambda disposal: {"list": lists.digest(disposal), "packages": len(packages)},
    )


def _hand_out(
    archive: Archive, folder: Path, item: Item, stored: Mapping[str, Any]
) -> dict[str, Any]:
    place = ObjectName(stored["place"])
    target = folder / item.dossier_id / place.rsplit("/", 1)[-1]
    if not (target.is_file() and sha256_of_file(target) == stored["sha256"]):
        target.parent.mkdir(exist_ok=True)
        with archive.catalogue.connect() as connection:
            held = dossiers.versions(connection, item.dossier_id)
        version = next((v for v in held if v.place == place), None)
        if version is None:
            raise NotHeld("a listed version is not held", where=place)
        _copy(archive, _checked(version, stored), target)
    return {
        "dossier": item.entry["code"],
        "package": f"{item.dossier_id}/{target.name}",
        "sha256": stored["sha256"],
        "size": stored["size"],
    }


def _copy(archive: Archive, version: Version, target: Path) -> None:
    """Write a package as it is stored, whole or not at all, with its digest checked."""
    digest, draft = hashlib.sha256(), target.with_name(f".{target.name}.part")
    try:
        with archive.store.open(version.place) as stream, draft.open("wb") as out:
            for piece in chunks(stream):
                digest.update(piece)
                out.write(piece)
        if digest.hexdigest() != version.sha256:
            raise FixityMismatch(version.place, recorded=version.sha256, found=digest.hexdigest())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _checked(version: Version, stored: Mapping[str, Any]) -> Version:
    if version.sha256 != stored["sha256"]:
        raise Rejected("the catalogue and the list name different digests", where=version.place)
    return version


def _write_receipt_form(path: Path, packages: list[dict[str, Any]]) -> None:
    """Write what the receiver fills in: digest as received, and whether it is accepted."""
    target = io.StringIO()
    rows = csv.writer(target, lineterminator="\n")
    rows.writerow(RECEIPT_COLUMNS)
    rows.writerows((each["dossier"], each["package"], "", "", "") for each in packages)
    path.write_text(target.getvalue(), encoding="utf-8")


def receipt(
    archive: Archive, disposal_id: str, table: Path, *, paper: Path | None, agent: str
) -> Disposal:
    """Record what the receiver acknowledged, package by package, by digests.

    A dossier is acknowledged when all its packages were accepted with the digests that they
    were sent with. Receipts may come in parts.

    Args:
        archive: where the list is.
        disposal_id: which.
        table: CSV with the columns `RECEIPT_COLUMNS`.
        paper: the receiver's signed PDF, if there is one.
        agent: who records it.

    Raises:
        Rejected: the table cannot be read or names what is not on the list.
    """
    rows = _read(table)
    kept: list[Attachment] = []
    if paper is not None:
        kept.append(attach(archive, disposal_id.upper(), "receipt", paper))

    def changes(disposal: Disposal) -> tuple[Change, ...]:
        found = _compare(disposal, rows)
        return tuple(
            Change(item.ordinal, ItemState.ACKNOWLEDGED if not why else ItemState.LISTED, why)
            for item, why in found
        )

    def status(disposal: Disposal) -> ListStatus:
        done = {c.ordinal for c in changes(disposal) if c.state is ItemState.ACKNOWLEDGED}
        left = [i for i in disposal.in_state(ItemState.LISTED) if i.ordinal not in done]
        return ListStatus.EXPORTED if left else ListStatus.RECEIVED

    return act_on(
        archive,
        disposal_id.upper(),
        "received",
        (ListStatus.EXPORTED, ListStatus.RECEIVED),
        status,
        agent=agent,
        details=lambda disposal: {"attachments": [each.to_json() for each in kept], "rows": rows},
        changes=changes,
        attachments=kept,
    )


def _read(table: Path) -> list[dict[str, str]]:
    try:
        text = table.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise NotHeld(f"{table}: {error.strerror}", where=str(table)) from error
    except UnicodeDecodeError as error:
        raise Rejected(f"{table}: not UTF-8", where=str(table)) from error
    reader = csv.DictReader(io.StringIO(text))
    if tuple(reader.fieldnames or ()) != RECEIPT_COLUMNS:
        raise Rejected(f"the columns are not {', '.join(RECEIPT_COLUMNS)}", where=str(table))
    return [{name: (row.get(name) or "").strip() for name in RECEIPT_COLUMNS} for row in reader]


YES = frozenset({"yes", "có", "co", "x", "1", "true"})


def _compare(disposal: Disposal, rows: list[dict[str, str]]) -> list[tuple[Item, str]]:
    """Return each dossier that the rows speak of, with what is wrong; empty if nothing."""
    expected = {
        f"{item.dossier_id}/{version['place'].rsplit('/', 1)[-1]}": (item, version)
        for item in disposal.counted
        for version in item.entry["versions"]
    }
    strange = [row["package"] for row in rows if row["package"] not in expected]
    if strange:
        raise Rejected(f"not on list {disposal.id}: {', '.join(strange[:5])}", where=disposal.id)
    told = {row["package"]: row for row in rows}
    found: list[tuple[Item, str]] = []
    for item in disposal.in_state(ItemState.LISTED):
        wrong = [
            problem
            for package, (owner, version) in expected.items()
            if owner.ordinal == item.ordinal
            for problem in [_wrong(told.get(package), version)]
            if problem
        ]
        if any(
            package in told for package, (o, _) in expected.items() if o.ordinal == item.ordinal
        ):
            found.append((item, "; ".join(wrong)))
    return found


def _wrong(row: Mapping[str, str] | None, version: Mapping[str, Any]) -> str:
    label = f"v{version['number']}"
    if row is None:
        return f"{label}: chưa có xác nhận"
    if row["accepted"].casefold() not in YES:
        return f"{label}: bên nhận từ chối: {row['reason'] or 'không nêu lý do'}"
    if row["sha256"].casefold() != version["sha256"]:
        return f"{label}: giá trị băm bên nhận khác với giá trị đã gửi"
    return ""


def reconcile(archive: Archive, disposal_id: str) -> Reconciled:
    """Compare the list with what was acknowledged."""
    with archive.catalogue.connect() as connection:
        disposal = disposals.get(connection, disposal_id)
    good = disposal.in_state(ItemState.ACKNOWLEDGED, *disposals.GONE)
    waiting = disposal.in_state(ItemState.LISTED)
    return Reconciled(
        tuple(item.entry["code"] for item in good),
        tuple((item.entry["code"], item.note or "chưa có xác nhận") for item in waiting),
        purge_from(disposal),
    )


def purge_from(disposal: Disposal) -> date | None:
    """Return the first day on which a list may be purged: three months after the last receipt."""
    received = disposal.of_act("received")
    if not received or disposal.in_state(ItemState.LISTED):
        return None
    last = received[-1].at.astimezone(VIETNAM).date()
    month = last.month - 1 + MONTHS
    year, month = last.year + month // 12, month % 12 + 1
    day = last.day
    while True:
        try:
            return date(year, month, day) + timedelta(days=1)
        except ValueError:
            day -= 1


def purge(
    archive: Archive,
    disposal_id: str,
    *,
    agent: str,
    dry_run: bool = False,
    erased: Told = silent,
) -> Execution:
    """Remove what the receiver acknowledged, by the one door; see `execution.execute`.

    Raises:
        DisposalForbidden: receipts are missing, or three months have not passed.
    """
    with archive.catalogue.connect() as connection:
        disposal = disposals.get(connection, disposal_id)
    if disposal.kind is not Kind.TRANSFER:
        raise UsageError("this list is for destruction", where=disposal.id)
    first = purge_from(disposal)
    if first is None and not disposal.in_state(*disposals.GONE):
        raise DisposalForbidden(
            "not every package is acknowledged",
            where=disposal.id,
            hint=f"kho transfer reconcile {disposal.id}; take out what was refused: kho disposal exclude",
        )
    if first is not None and archive.today() < first:
        raise DisposalForbidden(
            f"not before {first}: what was handed over stays restorable for {MONTHS} months",
            where=disposal.id,
        )
    return execute(archive, disposal_id, agent=agent, dry_run=dry_run, erased=erased)
