"""The trust folder: which roots count, for what and until when."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from archive.errors import IntegrityError, NotInitialised, Rejected
from archive.signatures import testpki, trust
from archive.signatures.trust import Anchor, Scope, TrustStore
from tests.signed import DAY, NOW


@pytest.fixture(scope="module")
def root() -> testpki.Ca:
    return testpki.new_root("Root TEST", not_before=NOW - DAY, not_after=NOW + DAY)


def an_anchor(root: testpki.Ca, **changes: object) -> Anchor:
    stated = {"label": "Root TEST", "scopes": frozenset({Scope.SIGNATURES}), "test": True}
    return Anchor(root.key.certificate, **{**stated, **changes})  # type: ignore[arg-type]


def test_what_is_added_is_there_when_the_folder_is_loaded(root: testpki.Ca, tmp_path: Path) -> None:
    anchor = an_anchor(root, accepted_from=date(2020, 1, 1), accepted_until=date(2030, 1, 1))
    trust.add_anchor(tmp_path, anchor)
    trust.add_certificate(tmp_path, root.key.certificate)
    trust.add_revocation(tmp_path, root.crl(at=NOW))

    store = TrustStore.load(tmp_path)

    assert store.anchors == (anchor,)
    assert (len(store.certificates), len(store.crls), len(store.ocsps)) == (1, 1, 0)


def test_adding_a_root_again_replaces_its_limits(root: testpki.Ca, tmp_path: Path) -> None:
    trust.add_anchor(tmp_path, an_anchor(root))
    trust.add_anchor(tmp_path, an_anchor(root, accepted_until=date(2027, 1, 1)))

    [anchor] = TrustStore.load(tmp_path).anchors

    assert anchor.accepted_until == date(2027, 1, 1)


def test_a_removed_root_is_trusted_no_more(root: testpki.Ca, tmp_path: Path) -> None:
    trust.add_anchor(tmp_path, an_anchor(root))

    trust.remove_anchor(tmp_path, an_anchor(root).sha256)

    assert TrustStore.load(tmp_path).anchors == ()


def test_pem_and_der_are_both_read(tmp_path: Path) -> None:
    pki = testpki.create(tmp_path, at=NOW)
    pem = (tmp_path / "certificates" / "issuing.pem").read_bytes()

    (pki.trust_folder / "certificates" / "another.pem").write_bytes(pem)

    assert set(pki.trust().certificates) == {pki.issuing.key.certificate}


def test_there_is_no_trust_without_a_folder(tmp_path: Path) -> None:
    with pytest.raises(NotInitialised):
        TrustStore.load(tmp_path / "absent")


def test_a_root_that_was_exchanged_is_an_integrity_finding(
    root: testpki.Ca, tmp_path: Path
) -> None:
    trust.add_anchor(tmp_path, an_anchor(root))
    other = testpki.new_root("Other TEST", not_before=NOW - DAY, not_after=NOW + DAY)
    [file] = (tmp_path / "anchors").iterdir()
    file.write_bytes(other.key.certificate)

    with pytest.raises(IntegrityError, match="not the one in the list"):
        TrustStore.load(tmp_path)

    file.unlink()
    with pytest.raises(IntegrityError, match="missing"):
        TrustStore.load(tmp_path)


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"anchors": [{}]}', '{"anchors": 3}', '{"anchors": ["x"]}'],
    ids=["empty", "a list", "no digest", "a number", "a word"],
)
def test_a_malformed_list_is_rejected(tmp_path: Path, text: str) -> None:
    trust.create(tmp_path)
    (tmp_path / "trust.json").write_text(text)

    with pytest.raises(Rejected):
        TrustStore.load(tmp_path)


def test_an_unknown_scope_is_rejected(root: testpki.Ca, tmp_path: Path) -> None:
    trust.add_anchor(tmp_path, an_anchor(root))
    path = tmp_path / "trust.json"
    stated = json.loads(path.read_text())
    stated["anchors"][0]["scopes"] = ["everything"]
    path.write_text(json.dumps(stated))

    with pytest.raises(Rejected):
        TrustStore.load(tmp_path)


def test_what_is_neither_crl_nor_ocsp_is_rejected(root: testpki.Ca, tmp_path: Path) -> None:
    for content in (b"", b"<html>", root.key.certificate):
        with pytest.raises(Rejected):
            trust.add_revocation(tmp_path, content)


def test_the_digest_changes_with_everything_that_a_verdict_depends_on(root: testpki.Ca) -> None:
    crl = root.crl(at=NOW)
    stores = [
        TrustStore(),
        TrustStore((an_anchor(root),)),
        TrustStore((an_anchor(root, test=False),)),
        TrustStore((an_anchor(root, accepted_until=date(2027, 1, 1)),)),
        TrustStore((an_anchor(root),), (root.key.certificate,)),
        TrustStore((an_anchor(root),), (), (crl,)),
        TrustStore((an_anchor(root),), (), (), (crl,)),
    ]

    assert len({store.digest for store in stores}) == len(stores)


def test_a_store_survives_the_way_to_a_child_process(tmp_path: Path) -> None:
    store = testpki.create(tmp_path, at=NOW).trust()

    again = TrustStore.from_json(json.loads(json.dumps(store.to_json())))

    assert again == store
    assert again.digest == store.digest


def test_the_age_of_crls_is_told(root: testpki.Ca) -> None:
    store = TrustStore(
        (), (), (root.crl(at=NOW - 60 * DAY, period=DAY), root.crl(at=NOW - 2 * DAY, period=DAY))
    )

    [age] = store.crl_ages(NOW)

    assert (age.this_update, age.stale) == (NOW - 2 * DAY, True)


def test_the_test_pki_is_made_once_and_marked_as_test_everywhere(tmp_path: Path) -> None:
    first = testpki.create(tmp_path, at=NOW)
    second = testpki.create(tmp_path, at=NOW + DAY)

    assert second.seal.certificate == first.seal.certificate
    assert all(anchor.test for anchor in second.trust().anchors)
    for key in (second.root.key, second.issuing.key, second.seal, second.tsa):
        name = testpki.Ca(key).certificate.subject.rfc4514_string()
        assert "TEST" in name
        assert "THỬ NGHIỆM" in name
