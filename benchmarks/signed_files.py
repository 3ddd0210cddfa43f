"""Signed PDFs to measure with: of every PAdES level, by 20 signers under 3 CAs, made once.

Certificates and lists are good for many years, so that peers that only know the machine's
clock judge the same files as valid.
"""

from __future__ import annotations

import shutil
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from archive.signatures import testpki
from archive.signatures.keys import FileKey
from archive.signatures.pdf_signing import Kept, keep_in_pdf, sign_pdf, timestamp_pdf
from archive.signatures.timestamps import LocalTsa
from archive.signatures.trust import Anchor, Scope, TrustStore
from benchmarks.dossiers import SIGNED_AT, _template, unique
from benchmarks.measure import CACHE

LEVELS = ("B", "T", "LT", "LTA")
SIGNERS, AUTHORITIES = 20, 3
_BEGIN, _END = datetime(2025, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)
_PERIOD = timedelta(days=10 * 365)
_ROOM = {"B": 37 << 10, "T": 37 << 10, "LT": 41 << 10, "LTA": 62 << 10}
"""About what a level adds to a file."""
_TEMPLATES = 4


@dataclass(frozen=True, slots=True)
class Signed:
    """The files of all levels and the PKI that they hang from."""

    folder: Path

    def files(self, level: str) -> list[Path]:
        """Return the files of one level in their order."""
        return sorted((self.folder / level).iterdir())

    @property
    def pki(self) -> Path:
        """Folder with `root.pem`, `certificates/`, `crls/` and the keys."""
        return self.folder / "pki"

    def trust(self) -> TrustStore:
        """Return the root, the CAs and their newest lists."""
        anchor = Anchor(_der(self.pki / "root.pem"), "Root TEST", frozenset(Scope), test=True)
        others = [_der(place) for place in sorted((self.pki / "certificates").iterdir())]
        crls = [place.read_bytes() for place in sorted((self.pki / "crls").iterdir())]
        return TrustStore((anchor,), tuple(others), tuple(crls))


def signed(per_level: int, *, kib: int = 300) -> Signed:
    """Return that many files of each level, each of about `kib` KiB."""
    made = Signed(CACHE / f"signed-{per_level}-{kib}")
    ready = made.folder.with_suffix(".ready")
    if not ready.exists():
        print(f"making {4 * per_level} signed PDFs in {made.folder} (once)", flush=True)
        shutil.rmtree(made.folder, ignore_errors=True)
        _issue(made.pki)
        for seed in range(_TEMPLATES):
            (made.pki / f"template-{seed}.pdf").write_bytes(_template(seed))
        for level in LEVELS:
            (made.folder / level).mkdir()
        tasks = [(str(made.folder), level, n, kib) for level in LEVELS for n in range(per_level)]
        with ProcessPoolExecutor() as pool:
            list(pool.map(_make, tasks, chunksize=8))
        ready.touch()
    return made


def _issue(pki: Path) -> None:
    for name in ("certificates", "crls", "keys"):
        (pki / name).mkdir(parents=True)
    root = testpki.new_root("Root TEST", not_before=_BEGIN, not_after=_END)
    _pem(pki / "root.pem", root.key.certificate)
    _crl(pki, "root", root)
    for number in range(AUTHORITIES):
        authority = root.subordinate(f"CA {number} TEST", not_before=_BEGIN, not_after=_END)
        _pem(pki / "certificates" / f"ca-{number}.pem", authority.key.certificate)
        _crl(pki, f"ca-{number}", authority)
        for signer in range(number, SIGNERS, AUTHORITIES):
            name = f"Người ký {signer} (TEST)"
            key = authority.issue(name, not_before=_BEGIN, not_after=_END, algorithm="rsa2048")
            _save(key, pki / "keys" / f"signer-{signer}")
        if number == 0:
            key = authority.issue("TSA TEST", not_before=_BEGIN, not_after=_END, tsa=True)
            _save(key, pki / "keys" / "tsa")


def _crl(pki: Path, name: str, authority: testpki.Ca) -> None:
    encoded = authority.crl(at=SIGNED_AT - timedelta(hours=1), period=_PERIOD)
    (pki / "crls" / f"{name}.crl").write_bytes(encoded)


def _pem(place: Path, encoded: bytes) -> None:
    certificate = x509.load_der_x509_certificate(encoded)
    place.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _der(place: Path) -> bytes:
    certificate = x509.load_pem_x509_certificate(place.read_bytes())
    return certificate.public_bytes(serialization.Encoding.DER)


def _save(key: FileKey, place: Path) -> None:
    pem = serialization.Encoding.PEM
    chain = [x509.load_der_x509_certificate(each) for each in (key.certificate, *key.chain)]
    place.with_suffix(".crt").write_bytes(b"".join(each.public_bytes(pem) for each in chain))
    form, unencrypted = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    place.with_suffix(".pem").write_bytes(key.key.private_bytes(pem, form, unencrypted))


@cache
def _key(pki: Path, name: str) -> FileKey:
    place = pki / "keys" / f"{name}.pem"
    return FileKey.load(place, place.with_suffix(".crt"))


@cache
def _kept(pki: Path) -> Kept:
    certificates = [_der(place) for place in sorted((pki / "certificates").iterdir())]
    crls = [place.read_bytes() for place in sorted((pki / "crls").iterdir())]
    return Kept(tuple(certificates), crls)


def _make(task: tuple[str, str, int, int]) -> None:
    folder, level, number, kib = task
    pki = Path(folder) / "pki"
    template = (pki / f"template-{number % _TEMPLATES}.pdf").read_bytes()
    content = unique(template, f"{level}/{number}", (kib << 10) - _ROOM[level])
    tsa = LocalTsa(_key(pki, "tsa"), lambda: SIGNED_AT)
    later = LocalTsa(_key(pki, "tsa"), lambda: SIGNED_AT + timedelta(hours=1))
    key = _key(pki, f"signer-{number % SIGNERS}")
    made = sign_pdf(content, key, at=SIGNED_AT, tsa=None if level == "B" else tsa)
    if level in ("LT", "LTA"):
        made = keep_in_pdf(made, _kept(pki))
    if level == "LTA":
        made = timestamp_pdf(made, later, field="Stamp")
    (Path(folder) / level / f"{number:05d}.pdf").write_bytes(made)
