"""A local TEST public-key infrastructure: for trying Kho out, for the demo and for tests.

Everything in it is marked TEST and THỬ NGHIỆM and proves nothing. The folder holds
`keys/` (PEM, mode 0600), `certificates/` (PEM), `revoked.json` and `trust/`, a trust
folder that `TrustStore.load` reads.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from archive.errors import NotInitialised
from archive.signatures import der, trust
from archive.signatures.keys import FileKey, PrivateKey
from archive.signatures.seal import Sealer
from archive.signatures.timestamps import LocalTsa
from archive.signatures.trust import Anchor, Scope, TrustStore

MARK = "TEST - THỬ NGHIỆM"
_YEAR = timedelta(days=365)
_CRL_PERIOD = 20 * _YEAR
"""Test CRLs stay fresh for long, so that a trial archive needs no upkeep."""
_EXPIRED_CERTS_ON_CRL = x509.ObjectIdentifier("2.5.29.60")
_LEAF_USAGE = ("digital_signature", "content_commitment")
_DIGESTS: dict[str, hashes.SHA256 | hashes.SHA384] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
}
_CA_USAGE = ("key_cert_sign", "crl_sign")


@dataclass(frozen=True, slots=True)
class Ca:
    """A test CA: its key, and the certificates above it."""

    key: FileKey

    @property
    def certificate(self) -> x509.Certificate:
        """The CA's certificate."""
        return x509.load_der_x509_certificate(self.key.certificate)

    def issue(
        self,
        name: str,
        *,
        not_before: datetime,
        not_after: datetime,
        algorithm: str = "p256",
        organization: str | None = None,
        tsa: bool = False,
        signed_with: str = "sha256",
    ) -> FileKey:
        """Issue a certificate for a new key.

        Args:
            name: common name; the test mark is added if it lacks the word TEST.
            not_before: begin of validity.
            not_after: end of validity.
            algorithm: as `new_key` names it.
            organization: O of the name.
            tsa: for a timestamp authority.
            signed_with: digest under the CA's signature, `sha256` or `sha384`.
        """
        key = new_key(algorithm)
        builder = _builder(name, organization, key, self.certificate.subject, not_before, not_after)
        builder = builder.add_extension(x509.BasicConstraints(False, None), critical=True)
        usage = ("digital_signature",) if tsa else _LEAF_USAGE
        builder = builder.add_extension(_usage(*usage), critical=True)
        if tsa:
            purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
            builder = builder.add_extension(purpose, critical=True)
        return self._signed(builder, key, signed_with)

    def subordinate(
        self, name: str, *, not_before: datetime, not_after: datetime, signed_with: str = "sha256"
    ) -> Ca:
        """Issue a CA below this one; `signed_with` as in `issue`."""
        key = new_key("p256")
        builder = _builder(name, None, key, self.certificate.subject, not_before, not_after)
        builder = builder.add_extension(x509.BasicConstraints(True, None), critical=True)
        builder = builder.add_extension(_usage(*_CA_USAGE), critical=True)
        return Ca(self._signed(builder, key, signed_with))

    def crl(
        self,
        revoked: Iterable[tuple[int, datetime]] = (),
        *,
        at: datetime,
        period: timedelta = _CRL_PERIOD,
        lists_expired: bool = True,
        signed_with: str = "sha256",
    ) -> bytes:
        """Return a CRL, DER.

        Args:
            revoked: serial numbers with their revocation times.
            at: thisUpdate.
            period: time until nextUpdate.
            lists_expired: whether it says that expired certificates stay listed.
            signed_with: as in `issue`.
        """
        own = self.certificate
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(own.subject)
            .last_update(at)
            .next_update(at + period)
            .add_extension(x509.CRLNumber(int(at.timestamp())), critical=False)
            .add_extension(_authority(own), critical=False)
        )
        if lists_expired:
            since = der.generalized_time(own.not_valid_before_utc)
            extension = x509.UnrecognizedExtension(_EXPIRED_CERTS_ON_CRL, since)
            builder = builder.add_extension(extension, critical=False)
        for serial, when in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(when)
            reason = x509.CRLReason(x509.ReasonFlags.key_compromise)
            builder = builder.add_revoked_certificate(
                entry.add_extension(reason, critical=False).build()
            )
        crl = builder.sign(_ca_key(self.key), _DIGESTS[signed_with])
        return crl.public_bytes(serialization.Encoding.DER)

    def _signed(self, builder: x509.CertificateBuilder, key: PrivateKey, digest: str) -> FileKey:
        """Sign a certificate and put the chain beside it."""
        builder = builder.add_extension(_authority(self.certificate), critical=False)
        signed = builder.sign(_ca_key(self.key), _DIGESTS[digest])
        own = self.certificate
        chain = () if own.subject == own.issuer else (self.key.certificate, *self.key.chain)
        return FileKey(key, signed.public_bytes(serialization.Encoding.DER), chain)


@dataclass(frozen=True, slots=True)
class TestPki:
    """A test PKI in a folder: root, issuing CA, keys for seal and timestamps."""

    __test__ = False  # not a test class, whatever its name begins with

    folder: Path
    root: Ca
    issuing: Ca
    seal: FileKey
    tsa: FileKey

    @property
    def trust_folder(self) -> Path:
        """The trust folder with the test root and the newest CRLs."""
        return self.folder / "trust"

    def trust(self) -> TrustStore:
        """Read the trust folder."""
        return TrustStore.load(self.trust_folder)

    def local_tsa(self, clock: Callable[[], datetime]) -> LocalTsa:
        """Return the embedded timestamp authority."""
        return LocalTsa(self.tsa, clock)

    def sealer(self, clock: Callable[[], datetime]) -> Sealer:
        """Return the archive's sealer with the embedded timestamp authority."""
        return Sealer(self.seal, self.local_tsa(clock))

    def signer(
        self,
        name: str,
        *,
        not_before: datetime,
        not_after: datetime,
        algorithm: str = "p256",
        organization: str | None = None,
    ) -> FileKey:
        """Issue a signer's certificate, not kept in the folder."""
        return self.issuing.issue(
            name,
            not_before=not_before,
            not_after=not_after,
            algorithm=algorithm,
            organization=organization,
        )

    def revoke(self, key: FileKey, *, revoked_at: datetime, crl_at: datetime) -> None:
        """Revoke a certificate of the issuing CA and publish a CRL in the trust folder.

        Args:
            key: whose certificate.
            revoked_at: the revocation date in the CRL.
            crl_at: thisUpdate of the CRL.
        """
        revoked = dict(self._revoked())
        serial = x509.load_der_x509_certificate(key.certificate).serial_number
        revoked[serial] = revoked_at
        stated = {str(number): when.isoformat() for number, when in revoked.items()}
        (self.folder / "revoked.json").write_text(json.dumps(stated, indent=2) + "\n", "utf-8")
        self.publish_crls(at=crl_at)

    def publish_crls(self, *, at: datetime) -> None:
        """Write new CRLs of root and issuing CA to the trust folder."""
        trust.add_revocation(self.trust_folder, self.root.crl(at=at))
        trust.add_revocation(self.trust_folder, self.issuing.crl(self._revoked(), at=at))

    def _revoked(self) -> list[tuple[int, datetime]]:
        """Return revoked serial numbers of the issuing CA."""
        path = self.folder / "revoked.json"
        stated = json.loads(path.read_text("utf-8")) if path.exists() else {}
        return [(int(number), datetime.fromisoformat(when)) for number, when in stated.items()]


def create(folder: Path, *, at: datetime) -> TestPki:
    """Make a test PKI in a folder, or open the one that is there.

    Args:
        folder: gets `keys/`, `certificates/`, `trust/`.
        at: the present; the PKI is valid 20 years before and after it.
    """
    if (folder / "keys" / "root.pem").exists():
        return load(folder)
    begin, end = at - 20 * _YEAR, at + 20 * _YEAR
    root = new_root(f"Kho Root CA ({MARK})", not_before=begin, not_after=end)
    issuing = root.subordinate(f"Kho Issuing CA ({MARK})", not_before=begin, not_after=end)
    seal = issuing.issue(f"Kho archive seal ({MARK})", not_before=begin, not_after=end)
    tsa = issuing.issue(f"Kho TSA ({MARK})", not_before=begin, not_after=end, tsa=True)
    pki = TestPki(folder, root, issuing, seal, tsa)
    trust.create(pki.trust_folder)
    anchor = Anchor(root.key.certificate, f"Kho Root CA ({MARK})", frozenset(Scope), test=True)
    trust.add_anchor(pki.trust_folder, anchor)
    trust.add_certificate(pki.trust_folder, issuing.key.certificate)
    pki.publish_crls(at=at)
    # The root's key is written last: a crash before it leaves nothing that `load` accepts.
    for name, key in (("tsa", tsa), ("seal", seal), ("issuing", issuing.key), ("root", root.key)):
        save(folder, name, key)
    return pki


def load(folder: Path) -> TestPki:
    """Open a test PKI.

    Raises:
        NotInitialised: there is none.
    """
    if not (folder / "keys" / "root.pem").exists():
        raise NotInitialised("there is no test PKI", where=str(folder))
    names = ("root", "issuing", "seal", "tsa")
    keys = [FileKey.load(*_places(folder, name)) for name in names]
    return TestPki(folder, Ca(keys[0]), Ca(keys[1]), keys[2], keys[3])


def save(folder: Path, name: str, key: FileKey) -> None:
    """Write a key (mode 0600) and its certificates as PEM."""
    key_path, certificate_path = _places(folder, name)
    for path in (key_path, certificate_path):
        path.parent.mkdir(parents=True, exist_ok=True)
    encoded = key.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    chain = b"".join(
        x509.load_der_x509_certificate(one).public_bytes(serialization.Encoding.PEM)
        for one in (key.certificate, *key.chain)
    )
    certificate_path.write_bytes(chain)
    descriptor = os.open(key_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(encoded)


def new_root(name: str, *, not_before: datetime, not_after: datetime) -> Ca:
    """Make a root: also for an issuer that nobody trusts."""
    key = new_key("p256")
    builder = _builder(name, None, key, None, not_before, not_after)
    builder = builder.add_extension(x509.BasicConstraints(True, None), critical=True)
    builder = builder.add_extension(_usage(*_CA_USAGE), critical=True)
    signed = builder.sign(key, hashes.SHA256())
    return Ca(FileKey(key, signed.public_bytes(serialization.Encoding.DER)))


def new_key(algorithm: str) -> PrivateKey:
    """Return a new key: `p256`, `p384`, `ed25519`, `mldsa65`, or `rsa` with its bits."""
    if algorithm == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm == "mldsa65":
        return mldsa.MLDSA65PrivateKey.generate()
    if algorithm.startswith("rsa"):
        return rsa.generate_private_key(65537, int(algorithm[3:]))
    return ec.generate_private_key(ec.SECP384R1() if algorithm == "p384" else ec.SECP256R1())


def _builder(
    name: str,
    organization: str | None,
    key: PrivateKey,
    issuer: x509.Name | None,
    not_before: datetime,
    not_after: datetime,
) -> x509.CertificateBuilder:
    """Begin a certificate whose name says that it is a test."""
    marked = name if "TEST" in name else f"{name} (TEST)"
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization or MARK),
            x509.NameAttribute(NameOID.COMMON_NAME, marked),
        ]
    )
    public = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer or subject)
        .public_key(public)
        .serial_number(secrets.randbits(120) | 1)
        .not_valid_before(not_before.replace(microsecond=0))
        .not_valid_after(not_after.replace(microsecond=0))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _usage(*names: str) -> x509.KeyUsage:
    """Return a KeyUsage with only the named bits."""
    bits = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{bit: bit in names for bit in bits})


def _authority(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    """Return the AuthorityKeyIdentifier of what an issuer signs."""
    own = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)


def _ca_key(key: FileKey) -> ec.EllipticCurvePrivateKey:
    """Return a CA's key; test CAs are P-256."""
    if not isinstance(key.key, ec.EllipticCurvePrivateKey):
        raise TypeError("a test CA has a P-256 key")
    return key.key


def _places(folder: Path, name: str) -> tuple[Path, Path]:
    """Return where a key and its certificates lie."""
    return folder / "keys" / f"{name}.pem", folder / "certificates" / f"{name}.pem"
