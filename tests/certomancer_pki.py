"""The PKI of `pki.yaml`: certificates and lists by certomancer, an implementation not ours."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from certomancer.registry import ArchLabel, CertLabel, CertomancerConfig, ServiceLabel
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from archive.signatures.keys import FileKey, PrivateKey
from archive.signatures.pdf_signing import Kept, keep_in_pdf, timestamp_pdf
from archive.signatures.trust import Anchor, Scope, TrustStore
from tests.signed import a_tsa

NAMES = ("root", "ca1", "ca2", "officer", "clerk", "weak", "tsa1", "tsa2", "tsa3")
_DAY = timedelta(days=1)


class CertomancerPki:
    """A PKI whose objects come from certomancer."""

    def __init__(self, folder: Path) -> None:
        """Make the keys in `folder` and issue everything."""
        (folder / "keys").mkdir(parents=True)
        self._keys = {name: _key(name) for name in NAMES}
        for name, key in self._keys.items():
            form = serialization.PrivateFormat.PKCS8
            encoded = key.private_bytes(
                serialization.Encoding.PEM, form, serialization.NoEncryption()
            )
            (folder / "keys" / f"{name}.pem").write_bytes(encoded)
        config = CertomancerConfig.from_file(
            str(Path(__file__).with_name("pki.yaml")), key_search_dir=str(folder)
        )
        self._arch = config.get_pki_arch(ArchLabel("long"))

    def certificate(self, name: str) -> bytes:
        """Return a certificate, DER."""
        encoded: bytes = self._arch.get_cert(CertLabel(name)).dump()
        return encoded

    def key(self, name: str) -> FileKey:
        """Return a key with its certificate and its CA's."""
        issuer = "ca2" if name == "tsa3" else "ca1"
        return FileKey(self._keys[name], self.certificate(name), (self.certificate(issuer),))

    def crls(self, at: datetime) -> list[bytes]:
        """Return the lists that are in force on a day."""
        names = ["root", "ca1", *(["ca2"] if at.year >= 2020 else [])]
        services = self._arch.service_registry
        return [services.get_crl(ServiceLabel(name), at).dump() for name in names]

    def trust(self, at: datetime) -> TrustStore:
        """Return the root, the CAs and the lists of the day before."""
        anchor = Anchor(self.certificate("root"), "Root TEST", frozenset(Scope), test=True)
        authorities = (self.certificate("ca1"), self.certificate("ca2"))
        return TrustStore((anchor,), authorities, tuple(self.crls(at - _DAY)))

    def renewed(self, pdf: bytes, at: datetime, tsa: str, field: str) -> bytes:
        """Return a PDF with the day's lists and a document timestamp an hour later."""
        authorities = (self.certificate("ca1"), self.certificate("ca2"))
        kept = keep_in_pdf(pdf, Kept(authorities, self.crls(at)))
        return timestamp_pdf(kept, a_tsa(self.key(tsa), at + timedelta(hours=1)), field=field)


def _key(name: str) -> PrivateKey:
    if name == "weak":
        return rsa.generate_private_key(public_exponent=65537, key_size=1024)
    return ec.generate_private_key(ec.SECP256R1())
