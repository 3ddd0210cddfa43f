"""CMS SignedData, read: the signer, the attributes, and whether the signature holds.

Nothing here judges trust or time. Source: RFC 5652, RFC 5035, ETSI EN 319 122-1.
"""

from __future__ import annotations

import copy
import hmac
from collections.abc import Callable, KeysView
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from asn1crypto import cms, core
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
from archive.signatures.cms_known import (
    SIGNING_CERTIFICATE,
    SIGNING_CERTIFICATE_V2,
    check_algorithms,
    digest_name_of,
    native_name_of,
    scheme_named,
    stated_digest,
)
from archive.signatures.cms_plain import PlainCms, content_of, plain_cms
from archive.signatures.cms_tree import add_adobe, attribute_values, octets_of
from archive.signatures.integrity import Integrity

CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SIGNING_TIME = "1.2.840.113549.1.9.5"
SIGNATURE_POLICY = "1.2.840.113549.1.9.16.2.15"
CONTENT_TIMESTAMP = "1.2.840.113549.1.9.16.2.20"
SIGNATURE_TIMESTAMP = "1.2.840.113549.1.9.16.2.14"
ADOBE_REVOCATION = "1.2.840.113583.1.1.8"
MAX_CERTIFICATES = 256
MAX_SIGNERS = 1_000


class NotCms(ValueError):
    """The bytes are no SignedData with exactly one signer."""


class SignedCms:
    """One signer of a parsed SignedData; mostly there is just one."""

    signature: bytes
    content_type: str
    content: bytes | None
    """None if it is detached."""
    certificates: list[Cert]

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
            self._names: dict[str, bool | None] = {}
            self._plain = plain_cms(self.encoded)
            if self._plain is None or not self._take(self._plain):
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

    def _take(self, plain: PlainCms) -> bool:
        """Take what was read fast; return whether its algorithms can be read, too."""
        try:
            check_algorithms(plain.digest_algorithm, plain.signature_algorithm)
        except (ValueError, TypeError, KeyError, AttributeError, IndexError):
            self._plain = None
            return False
        self.signers, self.signature = 1, plain.signature
        self.content_type, self.content = plain.content_type, plain.content
        self.certificates = readable(plain.certificates)
        return True

    @cached_property
    def _data(self) -> Any:
        """The SignedData, read by asn1crypto."""
        info = cms.ContentInfo.load(self.encoded)
        if info["content_type"].dotted != "1.2.840.113549.1.7.2":
            raise NotCms("the content is not CMS SignedData")
        return info["content"]

    @cached_property
    def _signer(self) -> Any:
        """The SignerInfo, read by asn1crypto."""
        return self._data["signer_infos"][0]

    @cached_property
    def signed(self) -> dict[str, list[core.Asn1Value]]:
        """The signed attributes' values by object identifier."""
        return attribute_values(self._signer["signed_attrs"])

    @cached_property
    def unsigned(self) -> dict[str, list[core.Asn1Value]]:
        """The unsigned attributes' values by object identifier."""
        return attribute_values(self._signer["unsigned_attrs"])

    @property
    def signed_kinds(self) -> KeysView[str]:
        """The object identifiers of the signed attributes."""
        return self.signed.keys() if self._plain is None else self._plain.signed.keys()

    def signed_values(self, kind: str) -> list[bytes]:
        """Return the values of a signed attribute as they are encoded."""
        if self._plain is not None:
            return self._plain.signed.get(kind, [])
        return [as_read(value) for value in self.signed.get(kind, [])]

    def _select(self, place: int) -> None:
        """Read one SignerInfo."""
        self._signer = self._data["signer_infos"][place]
        if self._signer["version"].native not in ("v1", "v3"):  # RFC 5652, 5.3
            raise NotCms("the version of the SignerInfo is unknown")
        for name in ("digest_algorithm", "signature_algorithm"):  # parsed now, or later by surprise
            _ = self._signer[name]["algorithm"].dotted
        self.signature = self._signer["signature"].native
        self.signed = attribute_values(self._signer["signed_attrs"])
        self._names = {}
        self.unsigned = attribute_values(self._signer["unsigned_attrs"])

    def _read(self, several: bool) -> None:
        """Read what every caller needs; the rest is read when asked for."""
        self.signers = len(self._data["signer_infos"])
        if not several and self.signers != 1:
            raise NotCms(f"the CMS has {self.signers} signers, one is expected")
        if not 1 <= self.signers <= MAX_SIGNERS:
            raise NotCms(f"the CMS has {self.signers} signers")
        self._select(0)
        content = self._data["encap_content_info"]
        self.content_type = content["content_type"].dotted
        self.content = octets_of(content["content"])
        self.certificates = readable(self._raw_certificates())

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
            if self._plain is not None:
                return digest_name_of(self._plain.digest_algorithm)
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
            if self._plain is not None:
                return scheme_named(self._plain.signature_algorithm, digest)
            return scheme_of(self._signer["signature_algorithm"], digest)
        except (ValueError, TypeError, KeyError) as error:
            raise UnknownAlgorithm("the signature algorithm cannot be read") from error

    def algorithm_names(self) -> tuple[str | None, str | None]:
        """Return digest and signature algorithm as reports name them."""
        if self._plain is not None:
            raw = native_name_of(self._plain.digest_algorithm)
        else:
            raw = self._signer["digest_algorithm"]["algorithm"].native
        try:
            scheme: str | None = self.scheme.name
        except UnknownAlgorithm:
            scheme = self._signer["signature_algorithm"]["algorithm"].dotted
        return raw.upper().replace("_", "-"), scheme

    @property
    def signing_time(self) -> datetime | None:
        """The time that the signer claims in the signed attributes."""
        if SIGNING_TIME not in self.signed_kinds:
            return None
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
        if self._plain is not None and ADOBE_REVOCATION not in self._plain.signed:
            return crls, ocsps
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
            add_adobe(value, crls, ocsps)
        return crls, ocsps

    def signer_certificate(self, further: list[Cert] | None = None) -> Cert | None:
        """Return the signer's certificate from inside, or from `further` ones."""
        candidates = [*self.certificates, *(further or [])]
        try:
            return self._named_of(candidates)
        except (ValueError, TypeError, KeyError):  # a name that cannot be read is nobody's
            return None

    def _named_of(self, candidates: list[Cert]) -> Cert | None:
        name, serial, wanted = self._sid()
        if name is not None:
            issuer = comparable(name)
            return next((c for c in candidates if c.serial == serial and c.issuer == issuer), None)
        return next((c for c in candidates if c.key_id == wanted), None)

    def _sid(self) -> tuple[bytes | None, int, bytes]:
        """Return the issuer and serial number that name the signer, or else a key identifier."""
        if self._plain is not None:
            return self._plain.issuer, self._plain.serial, self._plain.key_id
        sid = self._signer["sid"]
        if sid.name != "issuer_and_serial_number":
            return None, 0, sid.chosen.native
        return as_read(sid.chosen["issuer"]), sid.chosen["serial_number"].native, b""

    def names_certificate(self, certificate: Cert) -> bool | None:
        """Return whether the signing-certificate attribute names it; None if absent.

        Source: EN 319 102-1, 5.2.3; RFC 5035, 3 and 5.4.
        """
        if certificate.sha256 not in self._names:
            self._names[certificate.sha256] = self._named(certificate)
        return self._names[certificate.sha256]

    def _named(self, certificate: Cert) -> bool | None:
        """Return whether a signing-certificate attribute has the certificate's digest."""
        for kind in (SIGNING_CERTIFICATE_V2, SIGNING_CERTIFICATE):
            try:
                first = self._first(kind)
            except (ValueError, TypeError, KeyError, IndexError):
                return False
            if first is not None:
                stated = stated_digest(kind, first)
                return (
                    stated is not None
                    and stated[1] == new_hash(stated[0], certificate.der).digest()
                )
        return None

    def _first(self, kind: str) -> bytes | None:
        """Return the first value of a signed attribute as it is encoded; None if it has none."""
        if self._plain is not None:
            return next(iter(self._plain.signed.get(kind, [])), None)
        return next((as_read(value) for value in self.signed.get(kind, [])), None)

    def timestamp_tokens(self) -> list[bytes]:
        """Return the signature timestamps, encoded."""
        if self._plain is not None:
            return self._plain.unsigned.get(SIGNATURE_TIMESTAMP, [])
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
        if not self.signed_kinds:
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
        if self._plain is not None:
            stated = self._plain.signed.get(MESSAGE_DIGEST, [])
            return len(stated) == 1 and hmac.compare_digest(content_of(stated[0]), found)
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
        if self._plain is not None:
            return der.set_of(*self._plain.signed_elements)
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
