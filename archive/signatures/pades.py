"""Signatures in PDFs: every one of them validated, in order (PAdES and older forms).

Source: ETSI EN 319 102-1 (validation), EN 319 142-1 (PAdES), ISO 32000-2, 12.8.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime

from archive.model import PackagePath, Verdict
from archive.signatures import levels
from archive.signatures.certificates import readable
from archive.signatures.changes import SUSPICIOUS
from archive.signatures.cms_judge import judge_token, signature_of
from archive.signatures.coverage import range_digest
from archive.signatures.grounds import Grounds, grounds
from archive.signatures.judge import Judgement, Knowledge, Signature, failed, indeterminate, judge
from archive.signatures.material import collect
from archive.signatures.pdf_file import UnreadablePdf
from archive.signatures.pdf_items import Item
from archive.signatures.pdf_once import read_once
from archive.signatures.prepared import Prepared
from archive.signatures.revocation import Revocations
from archive.signatures.trust import Scope

_UNVOUCHED = (
    "a form was filled in or an annotation changed, and no later signature over that passed",
    "compare the signed revision with the present one and let a person decide",
)
_UNREAD = failed("FORMAT_FAILURE", "the signature cannot be read")


@dataclass(frozen=True, slots=True)
class PdfOutcome:
    """Verdicts of one PDF and the objects that they rest on."""

    verdicts: tuple[Verdict, ...]
    material: dict[str, bytes]
    """See `archive.signatures.material`."""
    grounds: tuple[Grounds, ...]
    """One for each verdict."""


class PdfValidation:
    """The validation of one PDF at one time."""

    def __init__(
        self,
        content: bytes,
        path: PackagePath,
        prepared: Prepared,
        *,
        at: datetime,
        known_at: datetime | None = None,
    ) -> None:
        """Read the file.

        Args:
            content: the whole file.
            path: its name in the package.
            prepared: trust.
            at: the time of validation.
            known_at: a time at which the whole file is known to have existed, from
                outside of it (a seal, an evidence record).
        """
        self._content, self._path, self._at = content, path, at
        self._prepared = prepared
        self._known_at = known_at if known_at is not None and known_at < at else None
        read = read_once(content)
        self._pdf, self._unreadable = read.pdf, read.unreadable
        self._items = [one.unjudged() for one in read.items]
        self._store = read.kept
        self._proofs: list[tuple[int, datetime]] = []
        """Revision and time of document timestamps that passed."""
        self._revisions_of: dict[str, int] = {}
        self._certificates = prepared.known.layered()
        self._kept, self._revocations = self._gather()

    def outcome(self) -> PdfOutcome:
        """Judge everything and return the verdicts in order."""
        self._judge()
        verdicts = tuple(self._verdict(item) for item in self._items)
        found = tuple(_grounds(item) for item in self._items)
        return PdfOutcome(verdicts, collect(self._items, self._revocations), found)

    def probed(self) -> list[tuple[bool, tuple[str, ...]]]:
        """Judge everything and return of each signature only whether it passed, and why not."""
        self._judge()
        found = [item.judgement or _UNREAD for item in self._items]
        return [(one.passed, one.reasons) for one in found]

    def _judge(self) -> None:
        if self._unreadable and not self._items:
            raise UnreadablePdf(f"the PDF cannot be read: {self._unreadable}")
        for item in reversed(self._items):
            if item.token is not None:
                self._judge_document_timestamp(item)
        for item in self._items:
            if item.token is None:
                self._judge_signature(item)
        self._ask_who_vouches()

    # Reading

    def _gather(self) -> tuple[Revocations, Revocations]:
        """Collect certificates and revocation answers from the file.

        Returns:
            The answers that the file keeps, and those together with the trust store's.
        """
        crls: list[bytes] = []
        ocsps: list[bytes] = []
        for item in self._items:
            tokens = [*item.signature_tokens, *item.content_tokens]
            for cms in [item.cms, *(token.cms for token in tokens)]:
                if cms is not None:
                    self._certificates.add(cms.certificates)
                    for group, found in zip((crls, ocsps), cms.revocation_objects(), strict=True):
                        group.extend(found)
                        for one in found:
                            self._note(one, item.entry.revision)
        for kept in self._store:
            self._note(kept.content, kept.revision)
            if kept.kind == "certificate":
                self._certificates.add(readable([kept.content]))
            else:
                (crls if kept.kind == "crl" else ocsps).append(kept.content)
        if not crls and not ocsps:
            return Revocations(), self._prepared.revocations
        together = self._prepared.revocations.layered(crls, ocsps)
        together.crl_signers = self._certificates.relatives
        together.crl_issuers = self._certificates.crl_issuers
        return Revocations(crls, ocsps), together

    def _note(self, content: bytes, revision: int) -> None:
        """Remember in which revision an object came in, the earliest counts."""
        sha256 = hashlib.sha256(content).hexdigest()
        known = self._revisions_of.get(sha256, revision)
        self._revisions_of[sha256] = min(known, revision)

    # Judging

    def _poe(self, sha256: str) -> datetime:
        """Return the earliest proven time of an object in the file."""
        revision = self._revisions_of.get(sha256)
        return self._at if revision is None else self._proven(revision)

    def _proven(self, revision: int, *, after: bool = False) -> datetime:
        """Return the earliest proven time of a revision.

        Args:
            revision: its number.
            after: only timestamps in later revisions count.
        """
        outside = [self._known_at] if self._known_at is not None else []
        inside = [t for r, t in self._proofs if r > revision or (r == revision and not after)]
        return min([*outside, *inside], default=self._at)

    def _knowledge(self) -> Knowledge:
        """Return what is known now."""
        policy = self._prepared.trust.policy
        bare = not self._revisions_of
        return Knowledge(self._certificates, self._revocations, self._poe, policy, self._at, bare)

    def _judge_document_timestamp(self, item: Item) -> None:
        """Judge a document timestamp; if it passes, it proves what it covers."""
        token, integrity = item.token, item.integrity
        if token is None:
            return
        proven = self._proven(item.entry.revision, after=True)
        if item.fault is not None:
            item.judgement = failed("FORMAT_FAILURE", item.fault)
        elif integrity.digest is False:
            item.judgement = failed("HASH_FAILURE", "the file was altered after the timestamp")
        else:
            item.judgement = judge_token(token, None, self._knowledge(), proven=proven)
        if item.judgement.passed and item.change.kind == SUSPICIOUS:
            item.judgement = _suspicious(item)
        if item.judgement.passed:
            self._proofs.append((item.entry.revision, token.gen_time))
            item.proven_at = token.gen_time

    def _judge_signature(self, item: Item) -> None:
        """Judge a signature by the proofs found so far."""
        if item.unsupported is not None and item.fault is None:
            item.judgement = indeterminate("GENERIC", item.unsupported, "have a person judge it")
            return
        if item.fault is not None or item.cms is None:
            item.judgement = failed("FORMAT_FAILURE", item.fault or "the signature cannot be read")
            return
        cms, known = item.cms, self._knowledge()
        proven = self._proven(item.entry.revision, after=True)
        stamps = []
        for token in item.signature_tokens:
            outcome = judge_token(token, cms.signature, known, proven=proven)
            item.token_judgements.append(outcome)
            if outcome.passed:
                stamps.append(token.gen_time)
        if stamps and min(stamps) > proven and item.integrity.intact:
            item.judgement = indeterminate(
                "TIMESTAMP_ORDER_FAILURE",
                "the signature timestamp is younger than the document timestamp over it",
            )
            return
        proven = min([*stamps, proven])
        if proven < self._at:
            item.proven_at = proven
        item.judgement = judge(
            _digested(signature_of(cms, item.signer, item.integrity), item, known),
            known,
            Scope.SIGNATURES,
            proven=proven,
            not_made_before=self._not_made_before(item, known),
        )
        if item.judgement.passed and item.change.kind == SUSPICIOUS:
            item.judgement = _suspicious(item)
        elif not item.judgement.passed and item.signature_tokens and not stamps:
            notes = [f"timestamp: {r}" for one in item.token_judgements for r in one.reasons]
            reasons = tuple(dict.fromkeys([*item.judgement.reasons, *notes]))
            item.judgement = replace(item.judgement, reasons=reasons)

    def _ask_who_vouches(self) -> None:
        """Doubt a signature before a form was filled that no passed signature covers.

        Or whoever replaces what a form shows would only have to sign it themselves.
        """
        passed = [
            one.entry.revision
            for one in self._items
            if one.token is None and one.judgement is not None and one.judgement.passed
        ]
        for item in self._items:
            filled, judgement = item.change.filled, item.judgement
            if filled is None or judgement is None or not judgement.passed:
                continue
            if not any(revision > filled for revision in passed):
                item.judgement = replace(
                    indeterminate("SIG_CONSTRAINTS_FAILURE", *_UNVOUCHED),
                    chain=judgement.chain,
                    answers=judgement.answers,
                )

    def _not_made_before(self, item: Item, known: Knowledge) -> datetime | None:
        """Return a trusted time that the signed content contains, so that it was made later.

        Content timestamps are such (EN 319 102-1, 5.3.4), and so are timestamps in
        earlier revisions of the file, which the signature covers.
        """
        inside = [
            token.gen_time
            for token in item.content_tokens
            if judge_token(token, None, known).passed
            and token.imprint
            == range_digest(self._content, item.entry.byte_range, token.digest_algorithm)
        ]
        earlier = [time for revision, time in self._proofs if revision < item.entry.revision]
        return max([*inside, *earlier], default=None)

    # Telling

    def _verdict(self, item: Item) -> Verdict:
        """Return the verdict on one signature."""
        judgement = item.judgement or _UNREAD
        digest, scheme = item.cms.algorithm_names() if item.cms else (None, None)
        digest = "SHA1" if item.is_over_sha1 else digest
        claimed = item.entry.claimed_at or (item.cms.signing_time if item.cms else None)
        return Verdict(
            path=self._path,
            field=item.entry.field_name,
            kind="document-timestamp" if item.entry.is_timestamp else "signature",
            format=self._format(item),
            indication=judgement.indication,
            sub_indication=judgement.sub_indication,
            intact=item.integrity.intact,
            covers_whole_file=item.cover.whole_file and item.cover.contiguous,
            modified_after_signing=item.change.kind,
            signed_by=item.signer.common_name if item.signer else None,
            signed_at_claimed=claimed,
            proven_at=item.proven_at,
            timestamps=len(item.signature_tokens),
            digest_algorithm=digest,
            signature_algorithm=scheme,
            issuer=item.signer.issuer_name if item.signer else None,
            test=judgement.test or any(one.test for one in item.token_judgements),
            reasons=judgement.reasons,
            to_do=judgement.to_do,
        )

    def _format(self, item: Item) -> str:
        """Return the format level."""
        if item.entry.is_timestamp:
            return levels.DOCUMENT_TIMESTAMP
        if item.cms is None:
            return levels.NOT_ETSI
        own = item.entry.revision
        stamps = [one for one in self._items if one.token is not None and one.entry.revision > own]
        later = [one.entry.revision for one in stamps]
        kept = [revision for revision in self._revisions_of.values() if revision > own]
        signers = [item.signer, *(token.signer for token in item.signature_tokens)]
        long_term = all(
            one is not None and levels.has_status(one, self._certificates, self._kept)
            for one in signers
        )
        return levels.level(
            levels.form(item.entry, item.cms, item.signer),
            timestamped=bool(item.signature_tokens or later),
            long_term=long_term,
            archived=any(stamp >= min(kept) for stamp in later) if kept else False,
        )


def _digested(signature: Signature, item: Item, known: Knowledge) -> Signature:
    """Return the signature with the weaker of the digests between it and the file."""
    if not item.is_over_sha1:
        return signature
    digests = ("sha1", signature.content_digest or "sha1")
    return replace(signature, content_digest=min(digests, key=known.policy.digest_good_until))


def _grounds(item: Item) -> Grounds:
    """Return what the verdict on one signature rests on."""
    if item.token is not None:
        stamps = [("document", item.token, item.judgement)]
    else:
        judged = [*item.token_judgements, *([None] * len(item.signature_tokens))]
        stamps = [
            ("signature", token, outcome)
            for token, outcome in zip(item.signature_tokens, judged, strict=False)
        ]
    value = item.cms.signature if item.cms is not None else b""
    return grounds(value, item.signer, item.judgement, stamps)


def _suspicious(item: Item) -> Judgement:
    """Return the outcome for a good signature in a file that was changed afterwards."""
    return indeterminate(
        "SIG_CONSTRAINTS_FAILURE",
        f"the file was changed after signing: {item.change.reason}",
        "compare the signed revision with the present one and let a person decide",
    )
