"""Signatures outside of PDFs, judged: CMS, XML and containers of them alike.

`cades`, `xades` and `asic` turn what they read into subjects; here timestamps are asked
from the newest to the oldest, as EN 319 102-1, 5.6.3 has it, and then the signature.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from archive.model import Indication, PackagePath, Verdict
from archive.signatures import levels
from archive.signatures.carried import Carried, FileRecord
from archive.signatures.certificates import Cert
from archive.signatures.cms_judge import judge_token
from archive.signatures.grounds import Grounds, grounds
from archive.signatures.judge import Judgement, Knowledge, Signature, failed, indeterminate, judge
from archive.signatures.material import kept_material
from archive.signatures.prepared import Prepared
from archive.signatures.revocation import Revocations
from archive.signatures.tokens import Token
from archive.signatures.trust import Scope

SUSPICIOUS = "suspicious"


@dataclass(frozen=True, slots=True)
class Stamp:
    """A timestamp in a signature."""

    kind: str
    """`signature`, `archive` or `content`."""
    token: Token
    holds: bool | None
    """Whether it is over what it has to be; None if that could not be told."""
    covered: frozenset[str] = frozenset()
    """SHA-256 of kept objects and tokens that an archive timestamp covers."""


@dataclass(slots=True)
class Subject:
    """One signature or timestamp on its way to a verdict."""

    name: str
    """The verdict's field: an identifier, a place, a file in a container."""
    form: str
    """`CAdES-B` or `XAdES-B` for the baseline, else the name of the form without a level."""
    signature: Signature | None
    """None if it cannot be processed; `fault` says why."""
    claimed_at: datetime | None = None
    digest_algorithm: str | None = None
    signature_algorithm: str | None = None
    covers_all: bool | None = None
    change: str = "none"
    stamps: list[Stamp] = field(default_factory=list)
    certificates: list[Cert] = field(default_factory=list)
    crls: list[bytes] = field(default_factory=list)
    ocsps: list[bytes] = field(default_factory=list)
    fault: Judgement | None = None
    """An outcome that stands before trust is asked, unless the signature is broken."""
    doubt: Judgement | None = None
    """What a signature becomes that would have passed."""
    token: Token | None = None
    """Of a subject that is itself a timestamp over a file."""
    record: FileRecord | None = None
    """Of a subject that is itself an evidence record over files."""
    asserts_time: bool = False
    """Whether it is one of these two, readable or not, and not a signature."""
    intact: bool | None = None
    """Of an evidence record: what its own verdict says."""
    unproven: list[str] = field(default_factory=list)
    """Why evidence records beside it that are over it do not prove it."""
    known_at: datetime | None = None
    """A time at which it is known to have existed, from outside of it."""
    judgement: Judgement | None = None
    proven_at: datetime | None = None
    asked: list[Judgement] = field(default_factory=list)
    """Of its timestamps."""
    value: bytes = b""
    """The signature value."""
    weighed: list[tuple[str, Token, Judgement | None]] = field(default_factory=list)
    """Its timestamps by kind, with what was judged of them."""

    def tokens(self, *kinds: str) -> list[Token]:
        """Return the tokens of timestamps of these kinds."""
        return [one.token for one in self.stamps if one.kind in kinds]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Verdicts on one file and the objects that they rest on."""

    verdicts: tuple[Verdict, ...]
    material: dict[str, bytes]
    grounds: tuple[Grounds, ...]
    """One for each verdict."""


class Validation:
    """The validation of the signatures of one file at one time."""

    def __init__(
        self,
        subjects: Sequence[Subject],
        path: PackagePath,
        prepared: Prepared,
        *,
        at: datetime,
        known_at: datetime | None = None,
        carried: Carried | None = None,
    ) -> None:
        """Gather certificates and revocation answers of all signatures in the file."""
        self._subjects, self._path, self._at = subjects, path, at
        self._carried = carried or Carried(None, (), (), ())
        times = [t for t in (known_at, self._carried.proven_at) if t is not None and t < at]
        self._known_at = min(times, default=None)
        self._policy = prepared.trust.policy
        self._certificates = prepared.known.layered()
        crls: list[bytes] = []
        ocsps: list[bytes] = []
        for one in subjects:
            self._certificates.add(one.certificates)
            crls += one.crls
            ocsps += one.ocsps
        for token in (*_tokens(subjects), *self._carried.tokens):
            self._certificates.add(token.cms.certificates)
            for group, found in zip((crls, ocsps), token.cms.revocation_objects(), strict=True):
                group += found
        self._kept = Revocations(crls, ocsps)
        self._revocations = prepared.revocations
        if crls or ocsps:
            self._revocations = prepared.revocations.layered(crls, ocsps)
            self._revocations.crl_signers = self._certificates.relatives
            self._revocations.crl_issuers = self._certificates.crl_issuers

    def judge(self, subject: Subject) -> Judgement:
        """Judge one signature or timestamp; the outcome is kept in it."""
        if subject.judgement is None:
            if subject.record is not None:
                subject.judgement = self._record(subject, subject.record)
            elif subject.token is not None:
                subject.judgement = self._timestamp(subject, subject.token)
            else:
                subject.judgement = self._signature(subject)
        return subject.judgement

    def outcome(self) -> Outcome:
        """Judge everything and return the verdicts in order."""
        for one in self._subjects:
            self.judge(one)
        judged = [
            j for s in self._subjects for j in [*s.asked, *([s.judgement] if s.judgement else [])]
        ]
        judged += self._carried.judged
        tokens = [*_tokens(self._subjects), *self._carried.tokens]
        signers = [s.signature.signer for s in self._subjects if s.signature and s.signature.signer]
        material = kept_material(signers, tokens, judged, self._revocations)
        verdicts = tuple(self._verdict(one) for one in self._subjects)
        return Outcome(verdicts, material, tuple(map(_grounds, self._subjects)))

    def _timestamp(self, subject: Subject, token: Token) -> Judgement:
        """Judge a timestamp over a file; its imprint was compared by the reader."""
        if subject.fault is not None:
            return subject.fault
        known = self._knowledge(_Proofs(self._at, self._outside(subject)))
        judgement = judge_token(token, None, known, proven=self._outside(subject) or self._at)
        if judgement.passed:
            subject.proven_at = token.gen_time
            return subject.doubt or judgement
        return judgement

    def _record(self, subject: Subject, record: FileRecord) -> Judgement:
        """Judge an evidence record over files."""
        if subject.fault is not None:
            return subject.fault
        found = record.weighed(self._outside(subject))
        subject.intact, subject.asked = found.intact, list(found.judged)
        stamps = zip(record.tokens, found.judged, strict=True)
        subject.weighed = [("document", token, judgement) for token, judgement in stamps]
        subject.proven_at = found.proven_at
        return found.outcome

    def _outside(self, subject: Subject) -> datetime | None:
        """Return the earliest time known from outside of the signature."""
        times = [t for t in (self._known_at, subject.known_at) if t is not None]
        return min(times, default=None)

    def _knowledge(self, proofs: _Proofs) -> Knowledge:
        return Knowledge(self._certificates, self._revocations, proofs.of, self._policy, self._at)

    def _signature(self, subject: Subject) -> Judgement:
        """Judge a signature with its timestamps."""
        signature = subject.signature
        if signature is None:
            return subject.fault or failed("FORMAT_FAILURE", "the signature cannot be read")
        if subject.fault is not None and signature.integrity.intact is not False:
            return subject.fault
        proofs = _Proofs(self._at, self._outside(subject))
        known = self._knowledge(proofs)
        # EN 319 102-1, 5.6.3.4, step 5: archive timestamps, from the newest to the oldest.
        newest_first = sorted(
            (one for one in subject.stamps if one.kind == "archive"),
            key=lambda one: one.token.gen_time,
            reverse=True,
        )
        for stamp in newest_first:
            proven = proofs.of(hashlib.sha256(stamp.token.cms.encoded).hexdigest())
            if self._ask(subject, stamp, known, proven).passed:
                proofs.add(stamp.covered, stamp.token.gen_time)
        archived = proofs.earliest
        stamps = [
            one.token.gen_time
            for one in subject.stamps
            if one.kind == "signature" and self._ask(subject, one, known, archived).passed
        ]
        if stamps and min(stamps) > archived and signature.integrity.intact:
            return indeterminate(
                "TIMESTAMP_ORDER_FAILURE",
                "the signature timestamp is younger than the archive timestamp over it",
            )
        proven = min([*stamps, archived])
        subject.proven_at = proven if proven < self._at else None
        inside = [
            one.token.gen_time
            for one in subject.stamps
            if one.kind == "content" and self._ask(subject, one, known, archived).passed
        ]
        judgement = judge(
            signature,
            known,
            Scope.SIGNATURES,
            proven=proven,
            not_made_before=max(inside, default=None),
        )
        if judgement.passed and subject.doubt is not None:
            return replace(subject.doubt, chain=judgement.chain, answers=judgement.answers)
        if not judgement.passed and subject.stamps and not stamps:
            notes = [f"timestamp: {r}" for one in subject.asked for r in one.reasons]
            reasons = tuple(dict.fromkeys([*judgement.reasons, *notes]))
            return replace(judgement, reasons=reasons)
        return judgement

    def _ask(self, subject: Subject, stamp: Stamp, known: Knowledge, proven: datetime) -> Judgement:
        """Judge one timestamp in a signature."""
        if stamp.holds is None:
            reason = "what the timestamp is over could not be computed here"
            judgement = indeterminate("GENERIC", reason)
        elif not stamp.holds:
            judgement = failed("HASH_FAILURE", "the timestamp is over something else")
        else:
            judgement = judge_token(stamp.token, None, known, proven=proven)
        subject.asked.append(judgement)
        subject.weighed.append((stamp.kind, stamp.token, judgement))
        return judgement

    def _verdict(self, subject: Subject) -> Verdict:
        """Return the verdict on one subject."""
        judgement = self.judge(subject)
        token, signature = subject.token, subject.signature
        signer = _signer(subject)
        intact = signature.integrity.intact if signature is not None else subject.intact
        if token is not None:
            intact = False if judgement.sub_indication == "HASH_FAILURE" else token.intact
        return Verdict(
            path=self._path,
            field=subject.name,
            kind="document-timestamp" if subject.asserts_time else "signature",
            format=self._level(subject),
            indication=judgement.indication,
            sub_indication=judgement.sub_indication,
            intact=intact,
            covers_whole_file=subject.covers_all,
            modified_after_signing=subject.change,
            signed_by=signer.common_name if signer is not None else None,
            signed_at_claimed=subject.claimed_at,
            proven_at=subject.proven_at,
            timestamps=len(_tokens([subject])),
            digest_algorithm=subject.digest_algorithm,
            signature_algorithm=subject.signature_algorithm,
            issuer=signer.issuer_name if signer is not None else None,
            test=judgement.test or any(one.test for one in subject.asked),
            reasons=(*judgement.reasons, *self._of_records(subject, judgement)),
            to_do=judgement.to_do,
        )

    def _of_records(self, subject: Subject, judgement: Judgement) -> list[str]:
        """Return why evidence records in the file do not help a signature that needs help."""
        if judgement.passed:
            return []
        return [f"evidence record: {one}" for one in (*self._carried.reasons, *subject.unproven)]

    def _level(self, subject: Subject) -> str:
        """Return the form with its level (EN 319 122-1 and EN 319 132-1, 6)."""
        if not subject.form.endswith("AdES-B"):
            return subject.form
        if not subject.tokens("signature", "archive"):
            return f"{subject.form}-B"
        signer = subject.signature.signer if subject.signature is not None else None
        signers = [signer, *(one.signer for one in subject.tokens("signature"))]
        kept = all(
            one is not None and levels.has_status(one, self._certificates, self._kept)
            for one in signers
        )
        if not kept:
            return f"{subject.form}-T"
        return f"{subject.form}-LTA" if subject.tokens("archive") else f"{subject.form}-LT"


def _tokens(subjects: Sequence[Subject]) -> list[Token]:
    """Return every timestamp of signatures, and those that stand by themselves."""
    found = [stamp.token for one in subjects for stamp in one.stamps]
    found += [token for one in subjects if one.record is not None for token in one.record.tokens]
    return found + [one.token for one in subjects if one.token is not None]


def _signer(subject: Subject) -> Cert | None:
    """Return who signed: of an evidence record the authority of its newest timestamp."""
    if subject.record is not None:
        return subject.record.tokens[-1].signer
    if subject.token is not None:
        return subject.token.signer
    return subject.signature.signer if subject.signature is not None else None


def _grounds(subject: Subject) -> Grounds:
    """Return what the verdict on one subject rests on."""
    token, signature = subject.token, subject.signature
    if token is not None:
        stamps: list[tuple[str, Token, Judgement | None]] = [("document", token, subject.judgement)]
        return grounds(token.cms.signature, token.signer, subject.judgement, stamps)
    if subject.record is not None:
        value = subject.record.tokens[-1].cms.signature
        return grounds(value, _signer(subject), subject.judgement, subject.weighed)
    signer = signature.signer if signature is not None else None
    return grounds(subject.value, signer, subject.judgement, subject.weighed)


class _Proofs:
    """Proofs of existence: times by what they cover."""

    def __init__(self, at: datetime, outside: datetime | None) -> None:
        self._start = outside or at
        self._found: list[tuple[frozenset[str], datetime]] = []

    def add(self, covered: frozenset[str], at: datetime) -> None:
        """Add an archive timestamp that passed."""
        self._found.append((covered, at))

    def of(self, sha256: str) -> datetime:
        """Return the earliest proven time of an object."""
        return min([self._start, *(at for covered, at in self._found if sha256 in covered)])

    @property
    def earliest(self) -> datetime:
        """Return the earliest proven time of the signature itself."""
        return min([self._start, *(at for _, at in self._found)])


def unprocessed(name: str, form: str, judgement: Judgement, token: Token | None = None) -> Subject:
    """Return a subject of which only the outcome is known."""
    return Subject(name, form, None, fault=judgement, token=token)


def partly(covered: str) -> Judgement:
    """Return the outcome for a good signature that is over a part of its file only."""
    return Judgement(
        Indication.INDETERMINATE,
        "SIG_CONSTRAINTS_FAILURE",
        (f"the signature is not over all that the file says: {covered}",),
        "have a person judge whether what is signed is enough",
    )
