"""The signature validation report of ETSI TS 119 102-2 (v1.2.1, XML), clause by clause.

Objects are named by their digests: they lie beside the report in the package. Each
timestamp that was looked at has a report of its own (clause 4.5.6).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from archive.model import Indication, Verdict
from archive.packages.xmlwrite import XmlWriter
from archive.signatures.grounds import Grounds, Stamped

NAMESPACE = "http://uri.etsi.org/19102/v1.2.1#"
_NAMESPACES = {
    "xmlns": NAMESPACE,
    "xmlns:ds": "http://www.w3.org/2000/09/xmldsig#",
    "xmlns:XAdES": "http://uri.etsi.org/01903/v1.3.2#",
}
_SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
_URN = "urn:etsi:019102:"
_SIGNATURE = {
    Indication.PASSED: f"{_URN}mainindication:total-passed",
    Indication.FAILED: f"{_URN}mainindication:total-failed",
    Indication.INDETERMINATE: f"{_URN}mainindication:indeterminate",
}
_TIMESTAMP = {
    **_SIGNATURE,
    Indication.PASSED: f"{_URN}mainindication:passed",
    Indication.FAILED: f"{_URN}mainindication:failed",
}
CERTIFICATE, CRL, OCSP, TIMESTAMP = "certificate", "CRL", "OCSPResponse", "timestamp"
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_NOT_IN_XML = re.compile("[\0-\x1f\ud800-\udfff\ufffe\uffff]")
_NOT_IN_URIS = re.compile(r"[^A-Za-z0-9:._-]")
_ALGORITHMS = {"RSA": f"{_MORE}rsa-", "ECDSA": f"{_MORE}ecdsa-"}


@dataclass(frozen=True, slots=True)
class Policy:
    """The policy that was applied."""

    id: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Subject:
    """What is reported on."""

    verdicts: tuple[Verdict, ...]
    grounds: tuple[Grounds, ...]
    at: datetime
    software: str


@dataclass(slots=True)
class _Objects:
    """Validation objects in the order in which they were first named."""

    kinds: dict[str, str] = field(default_factory=dict)
    """Digest to object type."""
    stamps: dict[str, Stamped] = field(default_factory=dict)

    def name(self, sha256: str, kind: str) -> str:
        """Return the identifier of an object that will be listed."""
        self.kinds.setdefault(sha256, kind)
        return identifier(sha256, kind)

    def stamp(self, one: Stamped) -> str:
        """Return the identifier of a timestamp, which gets a report of its own."""
        self.stamps[one.sha256] = one
        return self.name(one.sha256, TIMESTAMP)

    def related(self, one: Grounds | Stamped) -> Iterator[str]:
        """Yield the identifiers of the certificates and answers that something rests on."""
        yield from (self.name(sha256, CERTIFICATE) for sha256 in one.chain)
        yield from self.answers(one)

    def answers(self, one: Grounds | Stamped) -> Iterator[str]:
        """Yield the identifiers of CRLs and OCSP answers."""
        yield from (self.name(sha256, CRL) for sha256 in one.crls)
        yield from (self.name(sha256, OCSP) for sha256 in one.ocsps)


def identifier(sha256: str, kind: str) -> str:
    """Return the XML identifier of an object."""
    return f"{kind}-{sha256}"


def write(subject: Subject, policy: Policy) -> bytes:
    """Return the report on every signature of a dossier, UTF-8."""
    xml, objects = XmlWriter(), _Objects()
    with xml.element("ValidationReport", _NAMESPACES):
        for number, (verdict, grounds) in enumerate(
            zip(subject.verdicts, subject.grounds, strict=True), 1
        ):
            _Report(xml, objects, subject, policy).signature(number, verdict, grounds)
        _validation_objects(xml, objects, subject)
    return xml.document()


class _Report:
    """One SignatureValidationReport element."""

    def __init__(self, xml: XmlWriter, objects: _Objects, subject: Subject, policy: Policy) -> None:
        self._xml, self._objects = xml, objects
        self._subject, self._policy = subject, policy

    def signature(self, number: int, verdict: Verdict, grounds: Grounds) -> None:
        """Write the report on one signature (clause 4.3)."""
        xml = self._xml
        with xml.element("SignatureValidationReport"):
            self._identifier(number, grounds)
            self._constraints()
            self._time(verdict)
            self._attributes(verdict, grounds)
            self._signer(verdict, grounds)
            with xml.element("SignatureValidationProcess"):
                process = "LTA" if verdict.proven_at is not None else "Basic"
                xml.leaf("SignatureValidationProcessID", f"{_URN}validationprocess:{process}")
            kinds = _SIGNATURE if verdict.kind == "signature" else _TIMESTAMP
            with xml.element("SignatureValidationStatus"):
                self._status(kinds[verdict.indication], verdict.sub_indication)
                self._data(verdict, grounds)

    def _identifier(self, number: int, grounds: Grounds) -> None:
        """Clause 4.3.3: the signature value identifies it."""
        xml = self._xml
        with xml.element("SignatureIdentifier", {"id": f"S-{number}"}):
            if grounds.signature_value:
                value = base64.b64encode(grounds.signature_value).decode()
                xml.leaf("ds:SignatureValue", value)
            xml.leaf("HashOnly", "false")
            xml.leaf("DocHashOnly", "false")

    def _constraints(self) -> None:
        """Clause 4.3.4: the policy that was applied."""
        xml = self._xml
        with (
            xml.element("ValidationConstraintsEvaluationReport"),
            xml.element("SignatureValidationPolicy"),
        ):
            with (
                xml.element("SignaturePolicyIdentifier"),
                xml.element("XAdES:SignaturePolicyId"),
            ):
                with xml.element("XAdES:SigPolicyId"):
                    xml.leaf("XAdES:Identifier", self._policy.id)
                _digest(xml, "XAdES:SigPolicyHash", self._policy.sha256)
            xml.leaf("PolicyName", f"{self._policy.id} ({self._subject.software})")

    def _time(self, verdict: Verdict) -> None:
        """Clause 4.3.5."""
        xml = self._xml
        with xml.element("ValidationTimeInfo"):
            xml.leaf("ValidationTime", _moment(self._subject.at))
            with xml.element("BestSignatureTime"):
                xml.leaf("POETime", _moment(verdict.proven_at or self._subject.at))
                xml.leaf("TypeOfProof", f"{_URN}poetype:validation")

    def _attributes(self, verdict: Verdict, grounds: Grounds) -> None:
        """Clause 4.3.7: claimed time and timestamps."""
        xml = self._xml
        stamps = [one for one in grounds.timestamps if one.kind in ("signature", "archive")]
        if verdict.signed_at_claimed is None and not stamps:
            return
        with xml.element("SignatureAttributes"):
            if verdict.signed_at_claimed is not None:
                with xml.element("SigningTime", {"Signed": "true"}):
                    xml.leaf("Time", _moment(verdict.signed_at_claimed))
            for kind, name in (
                ("signature", "SignatureTimeStamp"),
                ("archive", "ArchiveTimeStamp"),
            ):
                for one in (one for one in stamps if one.kind == kind):
                    with xml.element(name, {"Signed": "false"}):
                        self._refer("AttributeObject", self._objects.stamp(one))
                        xml.leaf("TimeStampValue", _moment(one.time))

    def _signer(self, verdict: Verdict, grounds: Grounds) -> None:
        """Clause 4.3.8."""
        if grounds.signer is None:
            return
        with self._xml.element("SignerInformation"):
            self._refer("SignerCertificate", self._objects.name(grounds.signer, CERTIFICATE))
            self._xml.optional("Signer", _clean(verdict.signed_by or "") or None)

    def _status(self, main: str, sub: str | None) -> None:
        """Clause 4.3.11: main indication and sub-indication."""
        self._xml.leaf("MainIndication", main)
        if sub is not None:
            self._xml.leaf("SubIndication", f"{_URN}subindication:{sub}")

    def _data(self, verdict: Verdict, grounds: Grounds) -> None:
        """Clause 4.3.12: chain, related objects, algorithm, and the reasons in words."""
        xml = self._xml
        with xml.element("AssociatedValidationReportData"):
            self._chain(grounds.chain)
            for name in self._objects.answers(grounds):
                self._refer("RelatedValidationObject", name)
            for one in grounds.timestamps:
                self._refer("RelatedValidationObject", self._objects.stamp(one))
            self._algorithm(verdict, grounds)
            told: dict[str, list[str]] = {
                "file": [verdict.path],
                "field": [verdict.field] if verdict.field else [],
                "format": [verdict.format],
                "modified-after-signing": [verdict.modified_after_signing],
                "reason": list(verdict.reasons),
                "to-do": [verdict.to_do] if verdict.to_do else [],
            }
            with xml.element("AdditionalValidationReportData"):
                for name, values in told.items():
                    for value in values:
                        with xml.element("ReportData"):
                            xml.leaf("Type", f"urn:kho:report:{name}")
                            xml.leaf("Value", _clean(value))

    def _chain(self, chain: Sequence[str]) -> None:
        if not chain:
            return
        names = [self._objects.name(one, CERTIFICATE) for one in chain]
        if len(names) > 1:
            self._refer("TrustAnchor", names[-1])
        with self._xml.element("CertificateChain"):
            self._refer("SigningCertificate", names[0])
            for name in names[1:-1]:
                self._refer("IntermediateCertificate", name)
            if len(names) > 1:
                self._refer("TrustAnchor", names[-1])

    def _algorithm(self, verdict: Verdict, grounds: Grounds) -> None:
        if grounds.signer is None or verdict.signature_algorithm is None:
            return
        weak = (verdict.sub_indication or "").startswith("CRYPTO_CONSTRAINTS_FAILURE")
        with self._xml.element("CryptoInformation"):
            self._refer("ValidationObjectId", self._objects.name(grounds.signer, CERTIFICATE))
            self._xml.leaf("Algorithm", algorithm_uri(verdict))
            self._xml.leaf("SecureAlgorithm", "false" if weak else "true")

    def _refer(self, element: str, name: str) -> None:
        _refer(self._xml, element, name)


def _validation_objects(xml: XmlWriter, objects: _Objects, subject: Subject) -> None:
    """Write the objects (clause 4.5), a report in each timestamp (clause 4.5.6)."""
    for stamp in objects.stamps.values():
        _ = [*objects.related(stamp)]
        if stamp.signer is not None:
            objects.name(stamp.signer, CERTIFICATE)
    if not objects.kinds:
        return
    with xml.element("SignatureValidationObjects"):
        for sha256, kind in list(objects.kinds.items()):
            with xml.element("ValidationObject", {"id": identifier(sha256, kind)}):
                xml.leaf("ObjectType", f"{_URN}validationObject:{kind}")
                with xml.element("ValidationObjectRepresentation"):
                    _digest(xml, "DigestAlgAndValue", sha256)
                if sha256 in objects.stamps:
                    _stamp_report(xml, objects, objects.stamps[sha256], subject)


def _stamp_report(xml: XmlWriter, objects: _Objects, stamp: Stamped, subject: Subject) -> None:
    with xml.element("POE"):
        xml.leaf("POETime", _moment(subject.at))
        xml.leaf("TypeOfProof", f"{_URN}poetype:validation")
    with xml.element("ValidationReport"):
        if stamp.signer is not None:
            with xml.element("SignerInformation"):
                _refer(xml, "SignerCertificate", identifier(stamp.signer, CERTIFICATE))
        with xml.element("SignatureValidationStatus"):
            xml.leaf("MainIndication", _TIMESTAMP[stamp.indication])
            if stamp.sub_indication is not None:
                xml.leaf("SubIndication", f"{_URN}subindication:{stamp.sub_indication}")
            _related(xml, list(objects.related(stamp)))


def _related(xml: XmlWriter, names: Sequence[str]) -> None:
    """Write what a timestamp rests on, if anything is known."""
    if names:
        with xml.element("AssociatedValidationReportData"):
            for name in names:
                _refer(xml, "RelatedValidationObject", name)


def _refer(xml: XmlWriter, element: str, name: str) -> None:
    xml.leaf(element, None, {"VOReference": name})


def _digest(xml: XmlWriter, element: str, sha256: str) -> None:
    with xml.element(element):
        xml.leaf("ds:DigestMethod", None, {"Algorithm": _SHA256})
        xml.leaf("ds:DigestValue", base64.b64encode(bytes.fromhex(sha256)).decode())


def algorithm_uri(verdict: Verdict) -> str:
    """Return the URI of a signature algorithm; one of our own where XML signatures have none."""
    scheme, digest = verdict.signature_algorithm or "", (verdict.digest_algorithm or "").lower()
    if scheme in _ALGORITHMS and digest.startswith("sha"):
        return _ALGORITHMS[scheme] + digest.replace("-", "")
    return "urn:kho:algorithm:" + _NOT_IN_URIS.sub("-", f"{scheme}:{digest}")


def _moment(at: datetime) -> str:
    """Return an `xs:dateTime`: four digits for the year, whatever a file claims."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _clean(text: str) -> str:
    """Return text without characters that XML does not have; names come from foreign files."""
    return _NOT_IN_XML.sub(" ", text)
