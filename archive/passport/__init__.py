"""Passports: one file with which anybody proves a record without Kho and without the network.

A ZIP with a cover in plain Vietnamese, what the proof consists of, an independent verifier
of one Python file, and the steps for stock openssl. `passport.json` names every file with
its SHA-256 and has the archive's seal.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from archive import log_proofs, proving, reading_room, seals, segments
from archive.assembly import Archive
from archive.catalogue import journal
from archive.catalogue.dossiers import Holding
from archive.errors import ArchiveError, NotHeld, SealBroken
from archive.evidence import agreement, given, records
from archive.evidence.entry_proof import EntryProof
from archive.evidence.notes import Note
from archive.fixity import sha256_of
from archive.heads import head_of_version, metadata_file, version_of
from archive.model import Indication, Version
from archive.packages.aip import layout
from archive.packages.aip.contents import AipHead
from archive.passport import cover, trusted
from archive.retention import explained
from archive.signatures import hybrid, seal
from archive.signatures.seal import SealVerdict
from archive.signatures.verdicts import to_json as verdict_json
from archive.viewers import Viewer
from archive.witnessing import asking, witnesses

FORMAT = "kho-passport-1"
COVER, GUIDE, VERIFIER = "HO-CHIEU.pdf", "HUONG-DAN.txt", "verify.py"
MANIFEST, SEAL = "passport.json", "passport.json.p7s"
VALIDATION = "metadata/preservation/validation/"
_HERE = Path(__file__).parent
_BEGINNING = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Passport:
    """A passport that was made."""

    content: bytes
    version: Version
    seal: SealVerdict
    """Of the record, as it is worth today."""
    entry: EntryProof | None
    """The journal entry by which the version was taken over, with its place in the log."""
    evidence: bytes | None
    missing: tuple[str, ...]
    """What there is not yet, in words."""

    @property
    def witnesses(self) -> tuple[str, ...]:
        """Names of those who have cosigned the log's checkpoint."""
        lines = self.entry.cosignatures if self.entry else ()
        return tuple(dict.fromkeys(one.name for one in lines))


def file_name(holding: Holding, made: Passport) -> str:
    """Return the name under which a passport is kept: `passport-CODE-v1.zip`."""
    code = "".join(c if c.isalnum() or c in ".-" else "_" for c in holding.dossier.code)
    return f"passport-{code}-v{made.version.number}.zip"


def make(archive: Archive, holding: Holding, number: int | None = None) -> Passport:
    """Make the passport of a version; nothing is stored and nothing changes.

    What was not done yet for the version, its evidence or its place in the log, is done first.

    Args:
        archive: where it is held.
        holding: the dossier.
        number: of the version; None for the latest.

    Raises:
        NotHeld: no such version.
        SealBroken: the record's own seal does not pass; there is nothing to be proven.
        FixityMismatch: what is stored is not what was recorded.
        Unavailable: store, key or TSA did not answer.
    """
    version, at = version_of(holding, number), archive.clock()
    # (1) Bring the version into the log and into evidence, if it is not there yet.
    segments.flush(archive)
    if proving.prove_pending(archive):
        segments.flush(archive)
    head = head_of_version(archive, version)
    verdict = seals.verdict_on(archive, head.mets, head.seal)
    if verdict.indication is not Indication.PASSED:
        reasons = "; ".join(verdict.reasons)
        raise SealBroken(f"the seal does not pass: {reasons}", where=version.place)
    # (2) Collect what proves it.
    entry, evidence = _entry(archive, holding, version), _evidence(archive, holding, version)
    files = {
        "record/METS.xml": head.mets,
        "record/METS.xml.p7s": head.seal,
        f"record/{layout.REP_METS}": metadata_file(archive, version, layout.REP_METS),
        **_seal_parts(archive, head),
        **_validation(archive, version, head),
        "retention.json": _json(_retention(archive, holding, at)),
    }
    if entry is not None:
        files["journal/entry.json"] = _json(entry.to_json())
        files["journal/checkpoint.txt"] = _note(entry).encode()
        keys = [party.key.vkey for party in witnesses(archive)]
        if keys:
            files["journal/witnesses.txt"] = "".join(f"{key}\n" for key in keys).encode()
    if evidence is not None:
        files["evidence/record.er"] = evidence
    digests = _digests(archive, version, evidence)
    missing = _missing(entry, evidence)
    # (3) Say it in words, name every file, seal.
    stated = _stated(archive, holding, version, digests, verdict, missing, at)
    files |= trusted.files(archive, files)
    files[VERIFIER] = (_HERE / "verify_passport.py").read_bytes()
    files[GUIDE] = (_HERE / "guide.txt").read_bytes()
    files[COVER] = cover.write(archive, holding, stated, entry, evidence, at=at)
    stated["files"] = {name: sha256_of(files[name]) for name in sorted(files)}
    manifest = _json(stated)
    files = {MANIFEST: manifest, SEAL: archive.sealer.seal(manifest, at=at), **files}
    return Passport(_zipped(files), version, verdict, entry, evidence, missing)


def hand_out(
    archive: Archive,
    holding: Holding,
    viewer: Viewer,
    number: int | None = None,
    *,
    person_id: str = "",
    purpose: str = "",
) -> Passport:
    """Make a passport for somebody who takes it away; that is on record.

    Errors as `make` and `archive.reading_room.taking`.
    """
    purpose = reading_room.taking(archive, holding, viewer, person_id=person_id, purpose=purpose)
    made = make(archive, holding, number)
    what = f"passport v{made.version.number}"
    reading_room.take_away(archive, holding, what, viewer, person_id=person_id, purpose=purpose)
    return made


def _entry(archive: Archive, holding: Holding, version: Version) -> EntryProof | None:
    """Return the proof of the entry that took a version over."""
    with archive.catalogue.connect() as connection:
        entries = tuple(journal.entries(connection, subject=holding.dossier.id))
    for entry in entries:
        if json.loads(entry.details).get("place") == version.place:
            if log_proofs.witnessed_size(archive, entry.seq) is None and witnesses(archive):
                asking.ask(archive)  # who does not answer is missing, and told so
            try:
                return log_proofs.prove_entry(archive, entry.seq)
            except NotHeld:
                return None
    return None


def _evidence(archive: Archive, holding: Holding, version: Version) -> bytes | None:
    try:
        return proving.record_for(archive, holding, version.number)
    except NotHeld:
        return None


def _seal_parts(archive: Archive, head: AipHead) -> dict[str, bytes]:
    """Return what stock tools want by itself: the timestamp, what it is over, a second seal."""
    best = seals.made_anew(archive, head.seal)
    found = {} if best is None else {"record/resealed.p7s": best}
    used = best or head.seal
    found["record/seal-timestamp.tst"] = seal.timestamp_token(used)
    found["record/seal-value.bin"] = seal.signature_value(used)
    second = hybrid.encoded_companion(used)
    return found if second is None else {**found, "record/second-seal.p7s": second}


def _validation(archive: Archive, version: Version, head: AipHead) -> dict[str, bytes]:
    """Return the reports on the record's signatures, and what the checks used."""
    return {
        f"validation/{file.path.removeprefix(VALIDATION)}": metadata_file(
            archive, version, file.path
        )
        for file in head.files
        if file.path.startswith(VALIDATION)
    }


def _retention(archive: Archive, holding: Holding, at: datetime) -> dict[str, Any]:
    decision = explained(archive, holding)
    return {
        "at": at.isoformat(),
        "action": decision.action,
        "due_on": decision.due_on,
        "protected_until": decision.protected_until,
        "rule": decision.rule_code,
        "schedule": decision.schedule_version,
        "confirmed": decision.confirmed,
        "reasons": [reason.to_json() for reason in decision.reasons],
    }


def _digests(archive: Archive, version: Version, evidence: bytes | None) -> dict[str, str]:
    """Return the package's digests, by every algorithm that its evidence uses, read anew.

    Raises:
        FixityMismatch: the package is not what was recorded.
    """
    algorithms = {"sha256"}
    if evidence is not None:
        algorithms |= set(agreement.algorithms_of(records.read(evidence)))
    with archive.store.open(version.place) as stream:
        found = given.of_stream(version.place, stream, algorithms).digests
    if found["sha256"].hex() != version.sha256:
        from archive.errors import FixityMismatch

        raise FixityMismatch(version.place, recorded=version.sha256, found=found["sha256"].hex())
    return {name: digest.hex() for name, digest in sorted(found.items())}


def _missing(entry: EntryProof | None, evidence: bytes | None) -> tuple[str, ...]:
    found = [] if entry else ["nhật ký chưa có điểm kiểm tra / no checkpoint of the journal yet"]
    if entry is not None and not entry.cosignatures:
        found.append("chưa có đơn vị làm chứng / no witness has cosigned yet")
    if evidence is None:
        found.append("chưa có bằng chứng lâu dài / no evidence record yet")
    return tuple(found)


def _stated(
    archive: Archive,
    holding: Holding,
    version: Version,
    digests: Mapping[str, str],
    verdict: SealVerdict,
    missing: Iterable[str],
    at: datetime,
) -> dict[str, Any]:
    """Return what the passport says in one document."""
    dossier, settings = holding.dossier, archive.settings
    return {
        "format": FORMAT,
        "made_at": at.isoformat(),
        "made_by": archive.agent,
        "archive": {
            "name": settings.text("archive.name"),
            "agency": settings.text("archive.agency"),
        },
        "test": archive.test or verdict.test,
        "dossier": {"id": dossier.id, "code": dossier.code, "title": dossier.title},
        "package": {
            "version": version.number,
            "place": version.place,
            "size": version.size,
            "sha256": version.sha256,
            "digests": digests,
        },
        "files_of_record": [
            {"title": d.title, "path": d.file.path, "sha256": d.file.sha256}
            for d in dossier.documents
        ],
        "seal": {
            "by": verdict.sealed_by,
            "at": verdict.sealed_at_proven.isoformat() if verdict.sealed_at_proven else None,
            "algorithms": list(verdict.algorithms),
        },
        "signatures": [verdict_json(one) for one in holding.verdicts],
        "missing": list(missing),
    }


def _note(entry: EntryProof) -> str:
    note = Note(entry.checkpoint.text, entry.checkpoint.signatures)
    return note.with_signatures(entry.cosignatures).encode().decode()


def _json(value: object) -> bytes:
    text = json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, default=str)
    return text.encode() + b"\n"


def _zipped(files: Mapping[str, bytes]) -> bytes:
    import io

    target = io.BytesIO()
    first = [COVER, GUIDE, VERIFIER, MANIFEST, SEAL]
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in [*first, *sorted(set(files) - set(first))]:
            archive.writestr(zipfile.ZipInfo(name, _BEGINNING), files[name], zipfile.ZIP_DEFLATED)
    return target.getvalue()


__all__ = ["ArchiveError", "Passport", "hand_out", "make"]
