"""What a child remembers between files answers only the very question that was asked before."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asn1crypto import x509 as asn1

from archive.signatures import testpki
from archive.signatures.algorithms import AlgorithmPolicy
from archive.signatures.certificates import read_certificate
from archive.signatures.fastread import remembering_texts
from archive.signatures.last_file import content_of, forget
from archive.signatures.paths import Certificates
from archive.signatures.pdf_scan import can_be_in, may_have_signatures
from archive.signatures.testpki import TestPki, new_root
from archive.signatures.timeline import weakness
from archive.signatures.trust import Anchor, Scope, TrustStore
from tests.signed import DAY, NOW


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> TestPki:
    return testpki.create(tmp_path_factory.mktemp("pki"), at=NOW)


SOON = datetime(2027, 1, 1, tzinfo=UTC)


def a_path() -> tuple[bytes, bytes, bytes]:
    """Return a root, a CA below it and a signer below that."""
    root = new_root("Root TEST", not_before=NOW - DAY, not_after=NOW + DAY)
    authority = root.subordinate("CA TEST", not_before=NOW - DAY, not_after=NOW + DAY)
    signer = authority.issue("Can bo A", not_before=NOW - DAY, not_after=NOW + DAY)
    return root.key.certificate, authority.key.certificate, signer.certificate


def test_a_path_is_remembered_for_files_with_the_same_certificates_only() -> None:
    root, authority, signer = a_path()
    leaf, between = read_certificate(signer), read_certificate(authority)
    trusted = Certificates([Anchor(root, "Root TEST", frozenset(Scope), test=True)])

    for _ in range(2):
        bare, whole = trusted.layered(), trusted.layered()
        whole.add([leaf, between])
        bare.add([leaf])
        assert [len(one.certificates) for one in whole.chains(leaf, Scope.SIGNATURES)] == [3]
        assert bare.chains(leaf, Scope.SIGNATURES) == []
        assert trusted.chains(leaf, Scope.SIGNATURES) == []


def test_a_path_is_remembered_for_one_purpose_and_one_set_of_roots_only() -> None:
    root, authority, signer = a_path()
    leaf, between = read_certificate(signer), read_certificate(authority)
    scope = frozenset({Scope.SIGNATURES})
    trusted = Certificates([Anchor(root, "Root TEST", scope, test=True)], [between])
    others = Certificates([Anchor(a_path()[0], "Root TEST", scope, test=True)], [between])

    for _ in range(2):
        assert len(trusted.layered().chains(leaf, Scope.SIGNATURES)) == 1
        assert trusted.layered().chains(leaf, Scope.TIMESTAMPS) == []
        assert others.layered().chains(leaf, Scope.SIGNATURES) == []


def test_what_is_added_to_a_layer_is_not_in_what_lies_below() -> None:
    root, authority, signer = a_path()
    leaf, between = read_certificate(signer), read_certificate(authority)
    trusted = Certificates([Anchor(root, "Root TEST", frozenset(Scope), test=True)])

    trusted.layered().add([between])

    assert trusted.issuers(leaf) == []
    assert trusted.layered().issuers(leaf) == []


def test_the_end_of_an_algorithm_is_remembered_by_the_policy_that_has_it(pki: TestPki) -> None:
    signer = read_certificate(pki.tsa.certificate)
    assert signer.scheme is not None
    policy = AlgorithmPolicy()
    stricter = policy.ending({str(signer.scheme.digest): SOON})

    for _ in range(2):
        found = weakness(signer, signer.scheme, stricter, "the content")
        assert weakness(signer, signer.scheme, policy, "the content") is None
        assert found is not None
        assert "2027-01-01" in found.reason
        assert weakness(signer, None, policy, "the content") is not None
    assert policy == AlgorithmPolicy()


def test_a_file_that_was_written_again_is_read_again(tmp_path: Path) -> None:
    file, other = tmp_path / "a.pdf", tmp_path / "b.pdf"
    file.write_bytes(b"first")
    other.write_bytes(b"other")
    os.utime(file, (1, 1))

    assert content_of(file) == b"first"
    assert content_of(other) == b"other"
    file.write_bytes(b"again")
    assert content_of(file) == b"again"
    other.replace(file)
    assert content_of(file) == b"other"
    forget()


def test_trust_with_earlier_ends_has_a_policy_of_its_own() -> None:
    stricter = TrustStore(ends=(("sha256", SOON),))

    for _ in range(2):
        assert stricter.policy.digest_good_until("sha256") == SOON
        assert TrustStore().policy == AlgorithmPolicy()


@pytest.mark.parametrize("place", [0, 70_000, 400_000], ids=["begin", "middle", "end"])
@pytest.mark.parametrize("name", [b"/ByteRange", b"/Sub#46ilter", b"/#42yteRange"])
def test_a_signature_is_looked_for_in_the_whole_of_a_file(name: bytes, place: int) -> None:
    rest = b"/Byte#5 /B/Sub" * 30_000

    assert can_be_in(rest[:place] + name + rest[place:])
    assert not can_be_in(rest)


@pytest.mark.parametrize("size", [10, 100_000, 200_000, 9_000_000])
def test_a_signature_is_found_wherever_it_stands_in_a_file(tmp_path: Path, size: int) -> None:
    file, name = tmp_path / "a.pdf", b"/ByteRange"

    for place in (0, size // 2, size - 1):
        file.write_bytes(b"x" * place + name + b"x" * (size - place))
        assert may_have_signatures(file)
    file.write_bytes(b"x" * size)
    assert not may_have_signatures(file)


@pytest.mark.parametrize(
    "text", ["Nguyễn Văn A", "  CA   TEST ", "ＣＡ", "ß\u00ad", "", "\u0007", "\ue000", "x" * 300]
)
def test_a_names_text_is_prepared_as_asn1crypto_prepares_it(text: str) -> None:
    name = asn1.NameTypeAndValue()
    own = vars(asn1.NameTypeAndValue)["_ldap_string_prep"]

    def told(prepare: Callable[[object, str], str]) -> str:
        try:
            return prepare(name, text)
        except ValueError as error:
            return f"refused: {error}"

    remembering = remembering_texts(own)
    assert [told(remembering), told(remembering)] == [told(own)] * 2
