"""CMS SignedData, read: the signer, the attributes, and whether the signature holds.

Nothing here judges trust or time. Source: RFC 5652, RFC 5035, ETSI EN 319 122-1.
"""

from __future__ import annotations

import copy
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from asn1crypto import cms, core, tsp
from asn1crypto import pdf as adobe_attributes  # noqa: F401  registers Adobe's attribute

from archive.signatures import der
from archive.signatures.algorithms import (
    Scheme,
    UnknownAlgorithm,
    digest_name,
    new_hash,
    scheme_of,
    verifies,
)
from archive.signatures.ber import as_read, first_element
from archive.signatures.certificates import Cert, comparable, readable

CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SIGNING_TIME = "1.2.840.113549.1.9.5"
SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12"
SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
SIGNATURE_POLICY = "1.2.840.113549.1.9.16.2.15"
CONTENT_TIMESTAMP = "1.2.840.113549.1.9.16.2.20"
SIGNATURE_TIMESTAMP = "1.2.840.113549.1.9.16.2.14"
ADOBE_REVOCATION = "1.2.840.113583.1.1.8"
MAX_CERTIFICATES = 256
MAX_SIGNERS = 1_000


class NotCms(ValueError):
    """The bytes are no SignedData with exactly one signer."""


@dataclass(frozen=True, slots=True)
class Integrity:
    """Whether what was signed is unchanged, and the signature value is the signer's."""

    digest: bool | None
    """None if it could not be computed."""
    signature: bool | None
    """None if it could not be verified: no certificate, unknown algorithm."""
    reason: str = ""

    @property
    def intact(self) -> bool | None:
        """Whether both hold; None if one could not be told and none is broken."""
        if self.digest is False or self.signature is False:
            return False
        return True if self.digest and self.signature else None


class SignedCms:
    """One signer of a parsed SignedData; mostly there is just one."""

    def __init__(self, encoded: bytes, *, several: bool = False) -> None:
        """Parse; zero bytes after the object are the padding of PDF placeholders.

        Args:
            encoded: the ContentInfo.
            several: whether there may be more than one signer; this is the first then.

        Raises:
            NotCms: not readable, not SignedData, or not exactly one signer.
        """
        try:
            self.encoded: bytes = first_element(encoded)
            info = cms.ContentInfo.load(self.encoded)
            if info["content_type"].dotted != "1.2.840.113549.1.7.2":
                raise NotCms("the content is not CMS SignedData")
            self._data = info["content"]
            self._read(several)
        except NotCms:
            raise
        except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
            raise NotCms(f"the CMS structure cannot be read: {error}") from error

    @classmethod
    def each(cls, encoded: bytes) -> list[SignedCms]:
        """Return the signers of a SignedData in their order.

        Raises:
            NotCms: not readable, not SignedData, or no signer.
        """
        first = cls(encoded, several=True)
        return [first, *(first._of_signer(place) for place in range(1, first.signers))]

    def _of_signer(self, place: int) -> SignedCms:
        """Return another signer of the same SignedData."""
        other = copy.copy(self)
        try:
            other._select(place)  # noqa: SLF001  a copy of ourselves
        except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
            raise NotCms(f"the CMS structure cannot be read: {error}") from error
        return other

    def _select(self, place: int) -> None:
        """Read one SignerInfo."""
        self._signer = self._data["signer_infos"][place]
        if self._signer["version"].native not in ("v1", "v3"):  # RFC 5652, 5.3
            raise NotCms("the version of the SignerInfo is unknown")
        for name in ("digest_algorithm", "signature_algorithm"):  # parsed now, or later by surprise
            _ = self._signer[name]["algorithm"].dotted
        self.signature: bytes = self._signer["signature"].native
        self.signed = _attributes(self._signer["signed_attrs"])
        self._names: dict[str, bool | None] = {}
        self.unsigned = _attributes(self._signer["unsigned_attrs"])

    def _read(self, several: bool) -> None:
        """Read what every caller needs; the rest is read when asked for."""
        self.signers = len(self._data["signer_infos"])
        if not several and self.signers != 1:
            raise NotCms(f"the CMS has {self.signers} signers, one is expected")
        if not 1 <= self.signers <= MAX_SIGNERS:
            raise NotCms(f"the CMS has {self.signers} signers")
        self._select(0)
        content = self._data["encap_content_info"]
        self.content_type: str = content["content_type"].dotted
        self.content: bytes | None = _content(content["content"])
        self.certificates: list[Cert] = readable(self._raw_certificates())

    def _raw_certificates(self) -> list[bytes]:
        """Return the certificates inside, as they are encoded."""
        inside = self._data["certificates"]
        if isinstance(inside, core.Void) or inside is None:
            return []
        if len(inside) > MAX_CERTIFICATES:
            raise NotCms(f"the CMS has more than {MAX_CERTIFICATES} certificates")
        return [as_read(choice.chosen) for choice in inside if choice.name == "certificate"]

    @property
    def digest_algorithm(self) -> str:
        """The signer's digest algorithm as hashlib names it; raises UnknownAlgorithm."""
        try:
            return digest_name(self._signer["digest_algorithm"])
        except (ValueError, TypeError, KeyError) as error:
            raise UnknownAlgorithm("the digest algorithm cannot be read") from error

    @property
    def scheme(self) -> Scheme:
        """The signature scheme; raises UnknownAlgorithm."""
        try:
            digest: str | None = self.digest_algorithm
        except UnknownAlgorithm:
            digest = None
        try:
            return scheme_of(self._signer["signature_algorithm"], digest)
        except (ValueError, TypeError, KeyError) as error:
            raise UnknownAlgorithm("the signature algorithm cannot be read") from error

    def algorithm_names(self) -> tuple[str | None, str | None]:
        """Return digest and signature algorithm as reports name them."""
        raw: str = self._signer["digest_algorithm"]["algorithm"].native
        try:
            scheme: str | None = self.scheme.name
        except UnknownAlgorithm:
            scheme = self._signer["signature_algorithm"]["algorithm"].dotted
        return raw.upper().replace("_", "-"), scheme

    @property
    def signing_time(self) -> datetime | None:
        """The time that the signer claims in the signed attributes."""
        try:
            value = self.signed[SIGNING_TIME][0].native
        except (KeyError, IndexError, ValueError, TypeError):
            return None
        if not isinstance(value, datetime):
            return None
        return value if value.tzinfo else value.replace(tzinfo=UTC)

    def revocation_objects(self) -> tuple[list[bytes], list[bytes]]:
        """Return CRLs and OCSP answers inside: SignedData.crls and Adobe's attribute."""
        crls: list[bytes] = []
        ocsps: list[bytes] = []
        inside = self._data["crls"]
        if not isinstance(inside, core.Void) and inside is not None:
            for choice in inside:
                if choice.name == "crl":
                    crls.append(as_read(choice.chosen))
                elif choice.name == "other" and choice.chosen["other_rev_info_format"].native == (
                    "ocsp_response"
                ):
                    ocsps.append(as_read(choice.chosen["other_rev_info"]))
        for value in self.signed.get(ADOBE_REVOCATION, []):
            _adobe(value, crls, ocsps)
        return crls, ocsps

    def signer_certificate(self, further: list[Cert] | None = None) -> Cert | None:
        """Return the signer's certificate from inside, or from `further` ones."""
        candidates = [*self.certificates, *(further or [])]
        try:
            return self._named_of(candidates)
        except (ValueError, TypeError, KeyError):  # a name that cannot be read is nobody's
            return None

    def _named_of(self, candidates: list[Cert]) -> Cert | None:
        sid = self._signer["sid"]
        if sid.name == "issuer_and_serial_number":
            issuer = comparable(as_read(sid.chosen["issuer"]))
            serial = sid.chosen["serial_number"].native
            return next((c for c in candidates if c.serial == serial and c.issuer == issuer), None)
        wanted = sid.chosen.native
        return next((c for c in candidates if c.key_id == wanted), None)

    def names_certificate(self, certificate: Cert) -> bool | None:
        """Return whether the signing-certificate attribute names it; None if absent.

        Source: EN 319 102-1, 5.2.3; RFC 5035, 3 and 5.4.
        """
        if certificate.sha256 not in self._names:
            self._names[certificate.sha256] = _named(self.signed, certificate)
        return self._names[certificate.sha256]

    def timestamp_tokens(self) -> list[bytes]:
        """Return the signature timestamps, encoded."""
        return [as_read(value) for value in self.unsigned.get(SIGNATURE_TIMESTAMP, [])]

    def signed_fields(self) -> bytes:
        """Return the fields of the SignerInfo up to the signature value, as they are encoded."""
        names = ("version", "sid", "digest_algorithm", "signed_attrs", "signature_algorithm")
        return b"".join(as_read(self._signer[one]) for one in (*names, "signature"))

    def content_type_encoded(self) -> bytes:
        """Return the content type as it is encoded."""
        encoded: bytes = as_read(self._data["encap_content_info"]["content_type"])
        return encoded

    def kept_encoded(self) -> tuple[list[bytes], list[bytes]]:
        """Return certificates and revocation objects as the SignedData holds them."""
        found = []
        for name in ("certificates", "crls"):
            inside = self._data[name]
            held = inside is not None and not isinstance(inside, core.Void)
            found.append([as_read(one) for one in inside] if held else [])
        return found[0], found[1]

    def integrity(self, content_digest: Callable[[str], bytes], signer: Cert | None) -> Integrity:
        """Return whether digest and signature hold.

        Args:
            content_digest: gives the digest of the signed content in an algorithm.
            signer: the signer's certificate; None if it was not found.
        """
        try:
            name = self.digest_algorithm
            found = content_digest(name)
        except UnknownAlgorithm as error:
            return Integrity(None, None, str(error))
        if not self.signed:
            return self._bare(found, signer)
        digest = self._digest_holds(found)
        if signer is None:
            return Integrity(digest, None, "the signer's certificate is not known")
        if signer.key is None:
            return Integrity(digest, None, "the kind of the signer's key is not supported")
        try:
            holds = self._signature_holds(signer)
        except UnknownAlgorithm as error:
            return Integrity(digest, None, str(error))
        return Integrity(digest, holds)

    def _digest_holds(self, found: bytes) -> bool:
        """Return whether the message-digest attribute is the content's digest."""
        values = self.signed.get(MESSAGE_DIGEST, [])
        if len(values) != 1 or not isinstance(values[0].native, bytes):
            return False
        return hmac.compare_digest(values[0].native, found)

    def _signature_holds(self, signer: Cert) -> bool:
        """Return whether the signature over the signed attributes verifies.

        RFC 5652, 5.4: the attributes are signed as a DER SET OF, whatever the order in
        which they are written; a signature over another order is no signature.
        """
        if signer.key is None:
            return False
        return verifies(signer.key, self.scheme, self.signature, self.signed_attributes())

    def signed_attributes(self) -> bytes:
        """Return the signed attributes as they are signed: a SET OF, DER."""
        return der.set_of(*(as_read(one) for one in self._signer["signed_attrs"]))

    def _bare(self, found: bytes, signer: Cert | None) -> Integrity:
        """Return the integrity of a signature without signed attributes."""
        if signer is None or signer.key is None:
            return Integrity(None, None, "the signer's certificate or key is not known")
        try:
            holds = verifies(signer.key, self.scheme, self.signature, found, hashed=True)
        except UnknownAlgorithm as error:
            return Integrity(None, None, str(error))
        return Integrity(holds, holds)


def _attributes(attributes: object) -> dict[str, list[core.Asn1Value]]:
    """Return attribute values by object identifier."""
    if isinstance(attributes, core.Void) or attributes is None:
        return {}
    found: dict[str, list[core.Asn1Value]] = {}
    for one in attributes:  # type: ignore[attr-defined]  # asn1crypto has no types
        found.setdefault(one["type"].dotted, []).extend(one["values"])
    return found


def _content(value: object) -> bytes | None:
    """Return the encapsulated content's bytes, or None if it is detached."""
    if isinstance(value, core.Void) or value is None:
        return None
    parsed = value
    if isinstance(parsed, core.ParsableOctetString | core.OctetString):
        return bytes(parsed)
    native = getattr(parsed, "native", None)
    return native if isinstance(native, bytes) else None


def _adobe(value: object, crls: list[bytes], ocsps: list[bytes]) -> None:
    """Add what Adobe's revocation attribute holds (ISO 32000-2, 12.8.3.3.2)."""
    for key, found in (("crl", crls), ("ocsp", ocsps)):
        inside = value[key]  # type: ignore[index]  # asn1crypto has no types
        if not isinstance(inside, core.Void) and inside is not None:
            found.extend(as_read(one) for one in inside)


def _named(signed: dict[str, list[core.Asn1Value]], certificate: Cert) -> bool | None:
    """Return whether a signing-certificate attribute has the certificate's digest."""
    for kind, default in ((SIGNING_CERTIFICATE_V2, "sha256"), (SIGNING_CERTIFICATE, "sha1")):
        for value in signed.get(kind, []):
            try:
                schema = tsp.SigningCertificateV2 if default == "sha256" else tsp.SigningCertificate
                first = schema.load(as_read(value))["certs"][0]
                name = digest_name(first["hash_algorithm"]) if default == "sha256" else default
                return bool(first["cert_hash"].native == new_hash(name, certificate.der).digest())
            except (ValueError, TypeError, KeyError, IndexError, UnknownAlgorithm):
                return False
    return None
