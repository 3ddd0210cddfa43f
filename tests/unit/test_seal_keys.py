"""The seal's keys wherever they lie: files, a SoftHSM2 token, a signing service; and hybrids."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from archive.errors import NotPermitted, Unavailable, UsageError
from archive.model import Indication
from archive.passwords import password
from archive.signatures import hybrid, seal, testpki
from archive.signatures.cms_reader import SignedCms
from archive.signatures.key_sources import open_key
from archive.signatures.keys import FileKey, SigningKey
from archive.signatures.seal import Sealer
from archive.signatures.testpki import TestPki
from archive.signatures.token_key import TokenUri
from tests.signed import DAY, NOW, a_clock
from tests.tokens import PIN, Service, Token, a_service, a_token, pkcs12_file

CONTENT = b"<mets>\r\n" + bytes(range(256)) + b"</mets>\n"
KINDS = ("p256", "p384", "rsa3072", "ed25519")


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> TestPki:
    return testpki.create(tmp_path_factory.mktemp("pki"), at=NOW - DAY)


@pytest.fixture(scope="module")
def keys(pki: TestPki) -> dict[str, FileKey]:
    def issue(kind: str) -> FileKey:
        name, end = f"Con dau {kind}", NOW + 900 * DAY
        return pki.issuing.issue(name, not_before=NOW - DAY, not_after=end, algorithm=kind)

    return {kind: issue(kind) for kind in (*KINDS, "mldsa65")}


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory, keys: dict[str, FileKey]) -> Token:
    made = a_token(tmp_path_factory.getbasetemp() / "softhsm")
    for kind in KINDS:
        made.put(f"key-{kind}", keys[kind])
    return made


@pytest.fixture
def service(keys: dict[str, FileKey]) -> Iterator[Service]:
    with a_service(keys["p256"]) as running:
        yield running


def sealed_with(key: SigningKey, pki: TestPki) -> bytes:
    return Sealer(key, pki.local_tsa(a_clock(NOW))).seal(CONTENT, at=NOW)


def passes(p7s: bytes, pki: TestPki, content: bytes = CONTENT) -> bool:
    verdict = seal.verify(content, p7s, pki.trust(), at=NOW + DAY)
    return verdict.indication is Indication.PASSED


def openssl(p7s: bytes, pki: TestPki, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "content").write_bytes(CONTENT)
    (folder / "p7s").write_bytes(p7s)
    root = pki.folder / "certificates" / "root.pem"
    command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "p7s"]
    command += ["-content", "content", "-CAfile", str(root), "-purpose", "any", "-out", "out"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_a_pkcs12_file_seals_with_key_and_chain_inside(
    pki: TestPki, keys: dict[str, FileKey], tmp_path: Path
) -> None:
    path = pkcs12_file(tmp_path / "seal.p12", keys["p256"], b"mat khau")

    key = open_key("seal.p12", home=tmp_path, password="mat khau")

    assert key.chain == keys["p256"].chain
    assert passes(sealed_with(key, pki), pki)
    for wrong in (None, "other"):
        with pytest.raises(UsageError, match="cannot be loaded"):
            open_key(str(path), home=tmp_path, password=wrong)


@pytest.mark.parametrize("kind", ["p256", "p384", "rsa3072"])
def test_a_token_seals_and_openssl_accepts_it(
    pki: TestPki, token: Token, kind: str, tmp_path: Path
) -> None:
    key = open_key(token.source(f"key-{kind}"), home=tmp_path, password=PIN)

    p7s = sealed_with(key, pki)

    assert passes(p7s, pki)
    done = openssl(p7s, pki, tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("lies_in", ["file", "token"])
def test_ed25519_seals_as_rfc_8419_asks_and_others_verify_it(
    pki: TestPki, keys: dict[str, FileKey], token: Token, tmp_path: Path, lies_in: str
) -> None:
    source = token.source("key-ed25519")
    key = keys["ed25519"] if lies_in == "file" else open_key(source, home=tmp_path, password=PIN)

    p7s = sealed_with(key, pki)

    assert passes(p7s, pki)
    assert SignedCms(p7s).digest_algorithm == "sha512"
    assert _pyhanko_finds_intact(p7s)


def _pyhanko_finds_intact(p7s: bytes) -> bool:
    """Ask pyHanko; OpenSSL 3.0 cannot verify Ed25519 in CMS."""
    import hashlib

    from asn1crypto import cms
    from pyhanko.sign.validation.generic_cms import validate_sig_integrity

    signed = cms.ContentInfo.load(p7s)["content"]
    signer = signed["signer_infos"][0]
    serial = signer["sid"].chosen["serial_number"].native
    found = [c.chosen for c in signed["certificates"] if c.chosen.serial_number == serial]
    digest = hashlib.sha512(CONTENT).digest()
    intact, valid = validate_sig_integrity(signer, found[0], "data", digest)
    return bool(intact and valid)


def test_a_refused_pin_is_told_and_not_tried_again(token: Token, tmp_path: Path) -> None:
    import subprocess
    import sys

    from tests.archives import ROOT, environment

    asked = (
        "from pathlib import Path\n"
        "from archive.signatures.key_sources import open_key\n"
        f"open_key({token.source('key-p256')!r}, home=Path('.'), password=input())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked],
        cwd=ROOT,
        env=environment(**token.variables),
        input="000000\n",
        capture_output=True,
        text=True,
    )

    assert "UsageError: the token refused the PIN: PinIncorrect" in done.stderr
    assert "000000" not in done.stderr


def test_a_missing_token_or_key_is_unavailable(token: Token, tmp_path: Path) -> None:
    elsewhere = token.source("key-p256").replace("token=Kho", "token=Other")

    with pytest.raises(Unavailable, match="NoSuchToken"):
        open_key(elsewhere, home=tmp_path, password=PIN)
    with pytest.raises(UsageError, match="0 certificates of this name"):
        open_key(token.source("nothing"), home=tmp_path, password=PIN)


def test_a_pin_comes_from_a_private_file(token: Token, pki: TestPki, tmp_path: Path) -> None:
    pin = tmp_path / "pin"
    pin.write_text(f"{PIN}\n")
    source = token.source("key-p256") + f"&pin-source=file:{pin}"

    pin.chmod(0o644)
    with pytest.raises(UsageError, match="read by others"):
        open_key(source, home=tmp_path)
    pin.chmod(0o600)

    assert passes(sealed_with(open_key(source, home=tmp_path), pki), pki)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("pkcs11:object=a?module-path=/x.so&pin-value=1234", "PIN does not belong"),
        ("pkcs11:object=a", "library is not named"),
        ("pkcs11:token=a?module-path=/x.so", "key in the token is not named"),
    ],
    ids=["with a pin", "no library", "no key"],
)
def test_a_token_address_that_lacks_something_says_what(address: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        TokenUri.parse(address)


def test_a_library_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "no.so").write_text("nothing")

    with pytest.raises(UsageError, match="library cannot be loaded"):
        open_key(f"pkcs11:object=a?module-path={tmp_path / 'no.so'}", home=tmp_path, password=PIN)


@pytest.mark.parametrize("plain", [False, True], ids=["as a sequence", "side by side"])
def test_a_signing_service_seals(
    pki: TestPki, service: Service, tmp_path: Path, plain: bool
) -> None:
    service.plain = plain
    key = open_key(service.url, home=tmp_path, password=service.bearer)

    p7s = sealed_with(key, pki)

    assert passes(p7s, pki)
    assert openssl(p7s, pki, tmp_path).returncode == 0
    assert service.asked == ["credentials/info", "signatures/signHash"]


def test_a_signing_service_seals_with_rsa(
    pki: TestPki, keys: dict[str, FileKey], tmp_path: Path
) -> None:
    with a_service(keys["rsa3072"]) as service:
        key = open_key(service.url, home=tmp_path, password=service.bearer)

        assert passes(sealed_with(key, pki), pki)


def test_a_signing_service_that_lies_refuses_or_fails_never_seals(
    pki: TestPki, service: Service, tmp_path: Path
) -> None:
    key = open_key(service.url, home=tmp_path, password=service.bearer)

    service.lies = True
    with pytest.raises(Unavailable, match="does not verify"):
        sealed_with(key, pki)
    service.status = 503
    with pytest.raises(Unavailable, match="503"):
        sealed_with(key, pki)
    with pytest.raises(NotPermitted, match="access_denied"):
        open_key(service.url, home=tmp_path, password="wrong")
    with pytest.raises(NotPermitted, match="Invalid credentialID"):
        open_key(service.url.replace("seal-1", "seal-2"), home=tmp_path, password=service.bearer)


@pytest.mark.parametrize(
    "address",
    [
        "csc:http://sign.example.vn/csc/v2?credentialID=a",
        "csc:https://sign.example.vn/csc/v2",
        "csc:https://me:secret@sign.example.vn/csc/v2?credentialID=a",
        "csc:file:///etc/passwd?credentialID=a",
    ],
    ids=["unencrypted", "no credential", "with a password", "no service"],
)
def test_an_unsafe_service_address_is_refused(address: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        open_key(address, home=tmp_path, password="x")


def test_a_password_is_looked_for_under_the_keys_name_first(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("from file\nsecond line")
    path.chmod(0o600)
    told = {"KHO_SEAL_PASSWORD_SEAL_2027_FILE": str(path), "KHO_SEAL_PASSWORD": "general"}

    assert password("KHO_SEAL_PASSWORD", "seal-2027", told) == "from file"
    assert password("KHO_SEAL_PASSWORD", "other", told) == "general"
    assert password("KHO_SEAL_PASSWORD", "other", {}) is None


def test_a_hybrid_seal_passes_and_openssl_accepts_its_classical_half(
    pki: TestPki, keys: dict[str, FileKey], tmp_path: Path
) -> None:
    p7s = a_hybrid(pki, keys)

    verdict = seal.verify(CONTENT, p7s, pki.trust(), at=NOW + DAY)

    assert verdict.indication is Indication.PASSED, verdict.reasons
    assert verdict.algorithms == ("ECDSA", "ML-DSA-65")
    assert openssl(p7s, pki, tmp_path).returncode == 0


def a_hybrid(pki: TestPki, keys: dict[str, FileKey]) -> bytes:
    sealer = Sealer(keys["p256"], pki.local_tsa(a_clock(NOW)), companion=keys["mldsa65"])
    return sealer.seal(CONTENT, at=NOW)


def test_both_signatures_of_a_hybrid_seal_have_to_hold(
    pki: TestPki, keys: dict[str, FileKey]
) -> None:
    p7s = a_hybrid(pki, keys)
    second = hybrid.encoded_companion(p7s)
    assert second is not None
    value = SignedCms(second).signature
    broken = bytearray(p7s)
    broken[p7s.index(value) + 100] ^= 1

    verdict = seal.verify(CONTENT, bytes(broken), pki.trust(), at=NOW + DAY)

    assert (verdict.indication, verdict.sub_indication) == (
        Indication.FAILED,
        "SIG_CRYPTO_FAILURE",
    )


def test_a_second_signature_cannot_be_taken_away_or_exchanged(
    pki: TestPki, keys: dict[str, FileKey]
) -> None:
    p7s, other = a_hybrid(pki, keys), a_hybrid(pki, keys)
    own, foreign = hybrid.encoded_companion(p7s), hybrid.encoded_companion(other)
    later = Sealer(keys["p256"], pki.local_tsa(a_clock(NOW)), companion=keys["mldsa65"])
    foreign = hybrid.encoded_companion(later.seal(CONTENT, at=NOW - DAY))
    assert own is not None
    assert foreign is not None
    gone = p7s.replace(own, b"\x30\x82" + (len(own) - 4).to_bytes(2, "big") + bytes(len(own) - 4))
    assert len(own) == len(foreign)

    for altered in (gone, p7s.replace(own, foreign)):
        verdict = seal.verify(CONTENT, altered, pki.trust(), at=NOW + DAY)
        assert verdict.indication is Indication.INDETERMINATE
        assert "is not there" in verdict.reasons[0]


def test_a_stolen_key_fails_what_is_not_proven_to_be_older(pki: TestPki) -> None:
    early = pki.sealer(a_clock(NOW - DAY / 2)).seal(CONTENT, at=NOW - DAY / 2)
    late = pki.sealer(a_clock(NOW + DAY)).seal(CONTENT, at=NOW - DAY / 2)
    own = x509.load_der_x509_certificate(pki.seal.certificate)
    stolen = ((own.fingerprint(hashes.SHA256()).hex(), NOW),)
    trust = replace(pki.trust(), stolen=stolen)

    before = seal.verify(CONTENT, early, trust, at=NOW + 2 * DAY)
    after = seal.verify(CONTENT, late, trust, at=NOW + 2 * DAY)

    assert before.indication is Indication.PASSED
    assert (after.indication, after.sub_indication) == (Indication.FAILED, "REVOKED")


def test_hostile_seals_never_crash_the_check(pki: TestPki, keys: dict[str, FileKey]) -> None:
    p7s, trust = a_hybrid(pki, keys), pki.trust()

    for place in range(0, len(p7s), 61):
        altered = bytearray(p7s)
        altered[place] ^= 0x40
        seal.verify(CONTENT, bytes(altered), trust, at=NOW)
