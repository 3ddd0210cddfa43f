"""The passport's verifier and seals: every kind of key that seals is accepted, nothing altered is."""

from __future__ import annotations

import random

import pytest
from cryptography.x509 import load_der_x509_certificate

from archive.passport import verify_passport
from archive.passport.verify_passport import Trust, Wrong
from archive.signatures import testpki
from archive.signatures.seal import Sealer
from archive.signatures.testpki import TestPki
from tests.signed import DAY, NOW, a_clock

CONTENT = b"<mets/>"


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> TestPki:
    return testpki.create(tmp_path_factory.mktemp("pki"), at=NOW - DAY)


@pytest.fixture(scope="module")
def trust(pki: TestPki) -> Trust:
    return Trust([load_der_x509_certificate(pki.root.key.certificate)], [])


def sealed(pki: TestPki, kind: str) -> bytes:
    end = NOW + 900 * DAY
    key = pki.issuing.issue(f"Dau {kind}", not_before=NOW - DAY, not_after=end, algorithm=kind)
    return Sealer(key, pki.local_tsa(a_clock(NOW))).seal(CONTENT, at=NOW)


def holds(p7s: bytes, trust: Trust) -> bool:
    return verify_passport.holds("dấu", lambda: [verify_passport.seal(CONTENT, p7s, trust)[0]])


@pytest.mark.parametrize("kind", ["p256", "p384", "rsa3072", "ed25519"])
def test_a_seal_of_every_kind_of_key_holds_and_over_other_content_does_not(pki, trust, kind):
    p7s = sealed(pki, kind)

    assert verify_passport.seal(CONTENT, p7s, trust) == (f"Dau {kind} (TEST)", NOW)
    with pytest.raises(Wrong, match="the content was altered"):
        verify_passport.seal(CONTENT + b" ", p7s, trust)


def test_no_octet_of_a_seal_can_be_changed_and_none_of_it_be_left_out(pki, trust):
    p7s, drawn = sealed(pki, "p256"), random.Random(4998)
    assert holds(p7s, trust)

    for place in drawn.sample(range(len(p7s)), 300):
        flipped = p7s[:place] + bytes([p7s[place] ^ 1 << drawn.randrange(8)]) + p7s[place + 1 :]
        for altered in (flipped, p7s[:place], p7s[:place] + p7s[place + 1 :]):
            assert not holds(altered, trust), place
