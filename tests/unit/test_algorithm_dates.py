"""The archive's own dates for digests count wherever a digest does: manifests, sunsets."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from archive.model import Indication, PackagePath, Verdict
from archive.packages.dsig import reader
from archive.signatures import testpki
from archive.signatures.check import Checker
from archive.signatures.pdf_signing import sign_pdf
from archive.signatures.testpki import TestPki
from archive.signatures.trust import TrustStore
from tests import ades
from tests.signed import DAY, NOW, a_pdf, a_signer

SHA384 = b"http://www.w3.org/2001/04/xmldsig-more#sha384"
MANIFEST = "META-INF/ASiCManifest001.xml"


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> TestPki:
    return testpki.create(tmp_path_factory.mktemp("pki"), at=NOW - DAY)


def a_container(pki: TestPki) -> bytes:
    """Return an ASiC-E whose manifest alone uses SHA-384."""
    content = b"Giay phep (TEST)"
    listed = ades.manifest("META-INF/signature001.p7s", {"one.txt": content})
    for old, new in (
        (b"http://www.w3.org/2001/04/xmlenc#sha256", SHA384),
        (_encoded("sha256", content), _encoded("sha384", content)),
    ):
        assert old in listed
        listed = listed.replace(old, new)
    signature = ades.cades(listed, a_signer(pki), NOW - DAY)
    kind = ("mimetype", b"application/vnd.etsi.asic-e+zip")
    files = [kind, ("one.txt", content), (MANIFEST, listed)]
    return ades.a_zip([*files, ("META-INF/signature001.p7s", signature)])


def _encoded(name: str, content: bytes) -> bytes:
    return base64.b64encode(hashlib.new(name, content).digest())


def ending(trust: TrustStore, name: str, at: datetime) -> TrustStore:
    return replace(trust, ends=((name, at),))


def test_a_digest_in_a_manifest_ends_when_the_archive_says(pki, tmp_path):
    [before] = ades.judged(tmp_path, "a.asice", a_container(pki), pki.trust())
    ended = ending(pki.trust(), "sha384", NOW - DAY)
    [after] = ades.judged(tmp_path, "a.asice", a_container(pki), ended)

    assert before.indication is Indication.PASSED
    assert after.sub_indication == "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"
    assert "SHA384" in after.reasons[0]


def watched(content: bytes, trust: TrustStore, place: Path) -> Verdict:
    place.write_bytes(content)
    with Checker(trust, workers=1, xml=reader) as checker:
        [verdict] = checker.check(place, PackagePath(place.name), at=NOW, sunset=True).verdicts
    return verdict


@pytest.mark.parametrize(("name", "told"), [("sha256", "SHA256"), ("ecdsa-256", "ECDSA secp256r1")])
def test_a_signature_is_provable_until_its_digest_or_key_size_ends_here(pki, tmp_path, name, told):
    end = NOW + 30 * DAY
    signed = sign_pdf(a_pdf(), a_signer(pki), at=NOW - DAY)

    verdict = watched(signed, ending(pki.trust(), name, end), tmp_path / "a.pdf")
    ended = watched(signed, ending(pki.trust(), name, NOW - DAY), tmp_path / "a.pdf")

    assert verdict.indication is Indication.PASSED
    assert verdict.provable_until == end
    assert told in (verdict.limited_by or "")
    assert ended.sub_indication == "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"
    assert any(told in one for one in ended.reasons)
