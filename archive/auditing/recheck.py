"""Checking again, years later: from the material that a package keeps, and offline.

The roots that are trusted today count, everything else comes out of the package. That a
file existed when the package was sealed is proven by the seal, and counts like a
timestamp over it. What could not be decided for want of revocation data is decided with
newer data; then a new version keeps that data beside the old.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from archive import seals
from archive.assembly import Archive
from archive.catalogue.dossiers import Holding
from archive.errors import ArchiveError, FixityMismatch
from archive.events import Event, EventType
from archive.findings import Report
from archive.fixity import chunks
from archive.heads import earlier, head_of_version, original, reader
from archive.ingest import description, register, store
from archive.ingest.examination import Examined
from archive.model import Indication, PackagePath, Receipt, Verdict
from archive.packages.aip import AipHead
from archive.packages.aip.read import Contents
from archive.packages.sip import Sip
from archive.reports import validation
from archive.signatures import fetching
from archive.signatures.certificates import Cert, readable
from archive.signatures.check import CheckResult
from archive.signatures.grounds import Grounds
from archive.signatures.trust import TrustStore
from archive.trusting import revocation

VALIDATION = "metadata/preservation/validation/"
KIND = "recheck"
UNDECIDED = frozenset({"TRY_LATER", "OUT_OF_BOUNDS_NO_POE"})
"""What newer or older revocation data may decide."""
_FOLDERS = {"certificates/": "certificates", "crls/": "crls", "ocsps/": "ocsps"}


@dataclass(frozen=True, slots=True)
class Rechecked:
    """What became of one dossier's signatures."""

    holding: Holding
    verdicts: tuple[Verdict, ...]
    material: Mapping[str, bytes]
    checked: validation.Checked
    """The same outcomes with what each rests on, for the report."""
    trust: TrustStore
    """What was trusted."""
    receipt: Receipt | None = None
    """Of the version that keeps what is new; None if nothing was kept."""

    @property
    def changed(self) -> bool:
        """Whether any outcome differs from the one on record."""
        return _outcomes(self.verdicts) != _outcomes(self.holding.verdicts)


def recheck(
    archive: Archive, holding: Holding, *, fetch: bool = False, with_newer: bool = False
) -> Rechecked:
    """Check the signatures of a dossier anew, from kept material; nothing is stored.

    Args:
        archive: whose roots count.
        holding: the dossier.
        fetch: whether what lacks revocation data is asked for at the configured services,
            and the trust folder's newer data counts.
        with_newer: whether CRLs and OCSP answers of the trust folder count besides.

    Raises:
        FixityMismatch: a stored file is not what was recorded.
        Unavailable: the store did not answer.
    """
    head = head_of_version(archive, holding.versions[-1])
    material = kept_material(archive, holding, head)
    trust = kept_trust(archive.trust, material, also=archive.trust if with_newer else None)
    found = _checked(archive, holding, head, trust)
    if fetch and any(one.sub_indication in UNDECIDED for one in found.verdicts):
        _ask(archive, readable([v for k, v in found.material.items() if "certificates/" in k]))
        both = kept_trust(archive.trust, material, also=archive.trust)
        trust, found = both, _checked(archive, holding, head, both)
    told = validation.Checked(found.verdicts, found.grounds, archive.clock(), archive.agent)
    return Rechecked(holding, found.verdicts, found.material, told, trust)


def is_ripe(archive: Archive, verdict: Verdict) -> bool:
    """Whether asking for revocation data again can decide a signature.

    Before the grace period is over an issuer may not have published a revocation yet
    (EN 319 102-1, 5.2.5 and annex C).
    """
    grace = timedelta(hours=archive.settings.number("trust.grace_hours"))
    made = verdict.proven_at or verdict.signed_at_claimed
    return verdict.sub_indication in UNDECIDED and (made is None or made + grace <= archive.clock())


def keep(archive: Archive, done: Rechecked, *, agent: str) -> Rechecked:
    """Store outcomes that changed, with their material, as the dossier's next version.

    Raises:
        Unavailable: store or timestamp service did not answer; do it again.
    """
    if not done.changed:
        return done
    holding = done.holding
    counts = {i.value: sum(v.indication is i for v in done.verdicts) for i in Indication}
    at = archive.clock()
    event = Event(EventType.SIGNATURE_VALIDATION, at, "success", agent, holding.dossier.id, counts)
    sip = Sip(holding.dossier, {}, holding.submission_digest, KIND)
    material = {**done.material, **validation.documents(done.checked, done.trust)}
    examined = Examined(sip, Report(()), done.verdicts, material, {}, (event,))
    described = description.describe(archive, examined, holding)
    package = described.package
    sealed = package.sealed(archive.sealer.seal(package.mets, at=described.at))
    store(archive, sealed)
    return replace(done, receipt=register(archive, described, sealed, holding))


def kept_material(
    archive: Archive, holding: Holding, head: AipHead | None = None
) -> dict[str, bytes]:
    """Return the validation material of a dossier's latest version, by its name.

    `head` is that version's, where it was read before.
    """
    head = head or head_of_version(archive, holding.versions[-1])
    read = reader(archive, holding.versions[-1].place)
    contents = Contents(head, read, lambda place: earlier(archive, place))
    return {
        file.path.removeprefix(VALIDATION): contents.read(file)
        for file in head.files
        if file.path.startswith(VALIDATION)
    }


def kept_trust(
    trust: TrustStore, material: Mapping[str, bytes], *, also: TrustStore | None = None
) -> TrustStore:
    """Return today's roots and days with kept material, and that of another store if given."""
    groups: dict[str, list[bytes]] = {name: [] for name in _FOLDERS.values()}
    for name, content in material.items():
        for folder, group in _FOLDERS.items():
            if name.startswith(folder):
                groups[group].append(content)
    if also is not None:
        groups["certificates"] += also.certificates
        groups["crls"] += also.crls
        groups["ocsps"] += also.ocsps
    once = {name: tuple(dict.fromkeys(group)) for name, group in groups.items()}
    certificates, crls, ocsps = once["certificates"], once["crls"], once["ocsps"]
    return replace(trust, certificates=certificates, crls=crls, ocsps=ocsps)


def sealed_at(archive: Archive, holding: Holding, latest: AipHead) -> dict[int, datetime]:
    """Return the proven sealing time of each version whose seal passes, by its number."""
    found: dict[int, datetime] = {}
    for version in holding.versions:
        newest = version is holding.versions[-1]
        head = latest if newest else head_of_version(archive, version)
        verdict = seals.verdict_on(archive, head.mets, head.seal)
        if verdict.indication is Indication.PASSED and verdict.sealed_at_proven is not None:
            found[version.number] = verdict.sealed_at_proven
    return found


def _checked(archive: Archive, holding: Holding, head: AipHead, trust: TrustStore) -> CheckResult:
    verdicts: list[Verdict] = []
    grounds: list[Grounds] = []
    material: dict[str, bytes] = {}
    proven = sealed_at(archive, holding, head)
    versions = _versions(holding, head)
    checker = archive.checker.under(trust)
    with tempfile.TemporaryDirectory(dir=archive.scratch) as folder:
        places = dict(_files(archive, holding, head, Path(folder)))
        for path in dict.fromkeys(verdict.path for verdict in holding.verdicts):
            found = checker.check(
                places[path],
                path,
                at=archive.clock(),
                known_at=proven.get(versions[path]),
                sunset=True,
                others=places,
            )
            verdicts += found.verdicts
            grounds += found.grounds
            material.update(found.material)
    return CheckResult(tuple(verdicts), material, tuple(grounds))


def _versions(holding: Holding, head: AipHead) -> dict[PackagePath, int]:
    return {
        document.file.path: head.original(document.file.path).version
        for document in holding.dossier.documents
    }


def _files(
    archive: Archive, holding: Holding, head: AipHead, folder: Path
) -> Iterator[tuple[PackagePath, Path]]:
    """Write the files that are needed to a folder, each digest compared on the way.

    Those with signatures are, and all of them if a signature may be over another file.
    """
    signed = {verdict.path for verdict in holding.verdicts}
    alone = all(path.lower().endswith(".pdf") for path in signed)
    for document in holding.dossier.documents:
        if alone and document.file.path not in signed:
            continue
        target, digest = folder / str(document.ordinal), hashlib.sha256()
        with original(archive, holding, document, head=head) as stream, target.open("wb") as out:
            for piece in chunks(stream):
                digest.update(piece)
                out.write(piece)
        if digest.hexdigest() != document.file.sha256:
            raise FixityMismatch(
                document.file.path, recorded=document.file.sha256, found=digest.hexdigest()
            )
        yield document.file.path, target


def _ask(archive: Archive, certificates: list[Cert]) -> None:
    """Ask the configured OCSP services about certificates whose status is missing."""
    timeout = float(archive.settings.number("trust.timeout_seconds"))
    known = [*certificates, *revocation.readable_of(archive.trust)]
    for url in archive.settings.list("trust.ocsp_urls"):
        for leaf in (one for one in certificates if not one.is_ca):
            issuer = next((one for one in known if leaf.is_issued_by(one)), None)
            if issuer is None:
                continue
            try:
                answer = fetching.ask_ocsp(url, leaf.der, issuer.der, timeout_seconds=timeout)
                revocation.add(archive, answer, agent=archive.agent, source=url)
            except ArchiveError:
                continue  # it stays to be asked later


def _outcomes(verdicts: tuple[Verdict, ...]) -> list[tuple[object, ...]]:
    return [(v.path, v.field, v.indication, v.sub_indication) for v in verdicts]
