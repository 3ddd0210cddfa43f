"""Trust changes by two people; CRLs only from known CAs; nothing is fetched unasked."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from archive.assembly import Archive, open_archive
from archive.catalogue import journal
from archive.creation import create
from archive.errors import IntegrityError, NotNow, NotPermitted, Rejected, UsageError
from archive.events import EventType
from archive.packages import trusted_list
from archive.signatures import testpki, trust
from archive.signatures.trust import Scope
from archive.trusting import changes, proposals, revocation
from archive.trusting.changes import Kind, Terms
from archive.trusting.status import status
from tests.signed import DAY, NOW, a_pdf, a_signer, outcome, verdicts

SIGNATURES = Terms(frozenset({Scope.SIGNATURES}))


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    create(tmp_path / "archive", {}, clock=lambda: NOW)
    with open_archive(tmp_path / "archive", clock=lambda: NOW) as opened:
        yield opened


@pytest.fixture(scope="module")
def root() -> testpki.Ca:
    return testpki.new_root(
        "Another root TEST", not_before=NOW - 900 * DAY, not_after=NOW + 9000 * DAY
    )


def a_proposal(archive: Archive, root: testpki.Ca, terms: Terms = SIGNATURES) -> proposals.Proposal:
    wanted = changes.additions(root.key.certificate, terms)
    return proposals.propose(archive, wanted, by="Trần Văn A", account="a", reason="QĐ 1")


def entries(archive: Archive, kind: EventType) -> list[journal.Entry]:
    with archive.catalogue.connect() as connection:
        return list(journal.entries(connection, type=kind))


def fingerprints(archive: Archive) -> list[str]:
    return [anchor.sha256 for anchor in archive.trust.anchors]


def test_a_proposed_root_is_not_trusted_before_a_second_person_confirms(archive, root):
    proposal = a_proposal(archive, root)
    sha256 = proposal.changes[0].sha256
    before = fingerprints(archive)

    proposals.confirm(archive, proposal.id[:8], by="Lê Thị B", account="b")

    assert sha256 not in before
    assert sha256 in fingerprints(archive)
    assert proposals.pending(archive) == []
    assert len(entries(archive, EventType.TRUST_PROPOSED)) == 1
    assert len(entries(archive, EventType.TRUST_CHANGED)) == 1


def test_who_proposed_cannot_confirm_however_the_name_is_written(archive, root):
    proposal = a_proposal(archive, root)

    with pytest.raises(NotPermitted):
        proposals.confirm(archive, proposal.id, by="  TRAN van a ", account="b")

    assert proposal.changes[0].sha256 not in fingerprints(archive)
    assert entries(archive, EventType.TRUST_CHANGED) == []


def test_a_proposal_that_somebody_settles_while_it_is_looked_for_is_told_as_settled(
    archive, root, monkeypatch
):
    proposal = a_proposal(archive, root)
    glob = Path.glob

    def listed_before(folder, pattern):
        found = list(glob(folder, pattern))
        monkeypatch.undo()
        proposals.withdraw(archive, proposal.id, account="b", reason="rút")
        return found

    monkeypatch.setattr(Path, "glob", listed_before)
    with pytest.raises(NotNow):
        proposals.confirm(archive, proposal.id, by="Lê Thị B", account="b")

    assert proposal.changes[0].sha256 not in fingerprints(archive)


def test_a_proposal_that_was_changed_on_the_disk_is_not_confirmed(archive, root):
    proposal = a_proposal(archive, root)
    path = archive.settings.home / proposals.FOLDER / f"{proposal.id}.json"
    path.write_text(path.read_text("utf-8").replace("signatures", "timestamps"), "utf-8")

    with pytest.raises(IntegrityError):
        proposals.confirm(archive, proposal.id, by="Lê Thị B", account="b")


def test_a_crash_between_record_and_change_is_finished_by_confirming_again(
    archive, root, monkeypatch
):
    proposal = a_proposal(archive, root)

    def broken(*_: object) -> None:
        raise OSError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(trust, "add_anchor", broken)
        with pytest.raises(OSError, match="power cut"):
            proposals.confirm(archive, proposal.id, by="Lê Thị B", account="b")

    proposals.confirm(archive, proposal.id, by="Lê Thị B", account="b")

    assert proposal.changes[0].sha256 in fingerprints(archive)
    assert len(entries(archive, EventType.TRUST_CHANGED)) == 1


def test_a_change_of_trust_lies_in_the_store_with_both_names(archive, root):
    proposal = a_proposal(archive, root)
    proposals.confirm(archive, proposal.id, by="Lê Thị B", account="b")

    [name] = list(archive.store.names(proposals.STATE))
    kept = json.loads(archive.store.read(name))

    assert (kept["proposed_by"], kept["confirmed_by"]) == ("Trần Văn A", "Lê Thị B")
    assert base64.b64decode(kept["changes"][0]["certificate"]) == root.key.certificate


def test_a_withdrawn_proposal_can_no_longer_be_confirmed(archive, root):
    proposal = a_proposal(archive, root)
    proposals.withdraw(archive, proposal.id, account="a", reason="mistake")

    with pytest.raises(NotNow):
        proposals.confirm(archive, proposal.id, by="Lê Thị B", account="b")


def test_a_root_is_removed_by_the_beginning_of_its_fingerprint(archive):
    sha256 = fingerprints(archive)[0]
    wanted = changes.removals(archive.trust, [sha256[:10]])
    proposal = proposals.propose(archive, wanted, by="A", account="a", reason="stolen")

    proposals.confirm(archive, proposal.id, by="B", account="b")

    assert wanted[0].kind is Kind.REMOVE_ROOT
    assert fingerprints(archive) == []


def test_a_root_needs_a_scope_and_a_term_that_ends_after_it_begins(root):
    with pytest.raises(UsageError):
        changes.additions(root.key.certificate, Terms())
    with pytest.raises(UsageError):
        changes.additions(
            root.key.certificate,
            Terms(
                SIGNATURES.scopes, accepted_from=date(2026, 2, 1), accepted_until=date(2026, 1, 1)
            ),
        )


def test_a_ca_below_a_root_is_no_root(root):
    ca = root.subordinate("CA TEST", not_before=NOW - DAY, not_after=NOW + DAY)

    [change] = changes.additions(ca.key.certificate, Terms())

    assert change.kind is Kind.ADD_CA


def test_a_signature_is_indeterminate_while_its_root_is_unknown_or_not_yet_trusted(tmp_path, root):
    from archive.signatures.pdf_signing import sign_pdf
    from archive.signatures.trust import Anchor, TrustStore

    pki = testpki.create(tmp_path / "pki", at=NOW)
    pdf = sign_pdf(a_pdf(), a_signer(pki), at=NOW - DAY)
    anchor = pki.trust().anchors[0]
    folder = tmp_path / "trust"
    results = {}
    for name, begin in {"trusted": None, "later": (NOW + DAY).date()}.items():
        later = Anchor(anchor.certificate, "r", frozenset(Scope), accepted_from=begin)
        trust.add_anchor(folder, later)
        store = TrustStore.load(folder)
        known = TrustStore(store.anchors, pki.trust().certificates, pki.trust().crls)
        results[name] = outcome(pdf, known)
    unknown = TrustStore((), pki.trust().certificates, pki.trust().crls)

    assert results["trusted"] == ("passed", None)
    assert results["later"] == ("indeterminate", "NO_CERTIFICATE_CHAIN_FOUND")
    assert outcome(pdf, unknown) == ("indeterminate", "NO_CERTIFICATE_CHAIN_FOUND")
    assert verdicts(pdf, unknown)[0].to_do


# Revocation data


def test_a_crl_of_a_known_ca_is_added_at_once_and_journalled(archive):
    pki = testpki.load(archive.settings.home / "test-pki")
    crl = pki.issuing.crl(at=NOW + DAY)

    first = revocation.add(archive, crl, agent="a")
    again = revocation.add(archive, crl, agent="a")

    assert (first.kind, first.new, again.new) == ("crl", True, False)
    assert crl in archive.trust.crls
    assert len(entries(archive, EventType.REVOCATION_ADDED)) == 1


def test_a_crl_in_pem_is_the_same_crl(archive):
    pki = testpki.load(archive.settings.home / "test-pki")
    crl = pki.issuing.crl(at=NOW + DAY)
    pem = x509.load_der_x509_crl(crl).public_bytes(Encoding.PEM)

    assert revocation.is_revocation(pem)
    assert revocation.add(archive, pem, agent="a").new
    assert crl in archive.trust.crls


def test_a_crl_of_an_unknown_ca_is_refused(archive, root):
    with pytest.raises(Rejected, match="no CA that is known"):
        revocation.add(archive, root.crl(at=NOW), agent="a")


def test_a_crl_with_a_broken_signature_is_refused(archive):
    pki = testpki.load(archive.settings.home / "test-pki")
    crl = bytearray(pki.issuing.crl(at=NOW + DAY))
    crl[-3] ^= 1

    with pytest.raises(Rejected):
        revocation.add(archive, bytes(crl), agent="a")


def an_ocsp_answer(pki: testpki.TestPki, certificate: bytes) -> bytes:
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=x509.load_der_x509_certificate(certificate),
        issuer=pki.issuing.certificate,
        algorithm=hashes.SHA1(),
        cert_status=ocsp.OCSPCertStatus.GOOD,
        this_update=NOW,
        next_update=NOW + 7 * DAY,
        revocation_time=None,
        revocation_reason=None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, pki.issuing.certificate)
    answer = builder.sign(pki.issuing.key.key, hashes.SHA256())
    return answer.public_bytes(Encoding.DER)


def test_an_ocsp_answer_of_a_known_ca_is_added(archive):
    pki = testpki.load(archive.settings.home / "test-pki")

    added = revocation.add(archive, an_ocsp_answer(pki, pki.seal.certificate), agent="a")

    assert (added.kind, added.new, added.next_update) == ("ocsp", True, NOW + 7 * DAY)
    assert len(archive.trust.ocsps) == 1


def test_the_age_of_crls_and_what_waits_are_told(archive, root):
    proposal = a_proposal(archive, root)

    found = status(archive)

    assert found.offline
    assert [one.id for one in found.pending] == [proposal.id]
    assert all(root.anchor.test for root in found.roots)
    assert {age["age_days"] for age in found.to_json(NOW + 3 * DAY)["crls"]} == {3}


# Services


@contextmanager
def a_service(answers: dict[str, bytes]) -> Iterator[tuple[str, list[str]]]:
    """Serve answers by path on the loopback."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = answers.get(self.path)
            self.send_response(404 if body is None else 200)
            self.end_headers()
            self.wfile.write(body or b"")

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_without_named_services_an_update_asks_nobody(archive):
    assert list(revocation.update(archive, agent="a")) == []


def test_only_named_services_are_asked_and_one_that_fails_does_not_stop_the_others(
    archive, monkeypatch
):
    pki = testpki.load(archive.settings.home / "test-pki")
    crl = pki.issuing.crl(at=NOW + timedelta(hours=1))
    answer = an_ocsp_answer(pki, pki.seal.certificate)
    with a_service({"/good.crl": crl, "/ocsp": answer}) as (address, asked):
        monkeypatch.setenv("KHO_TRUST_CRL_URLS", f"{address}/gone.crl,{address}/good.crl")
        monkeypatch.setenv("KHO_TRUST_OCSP_URLS", f"{address}/ocsp")
        with open_archive(archive.settings.home, clock=lambda: NOW) as opened:
            found = list(revocation.update(opened, agent="a"))
            store = opened.trust

    assert found[0].error is not None
    assert found[1].added is not None
    assert crl in store.crls
    assert answer in store.ocsps
    assert set(asked) == {"/gone.crl", "/good.crl", "/ocsp"}


# Trusted lists


def a_list(services: str) -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<TrustServiceStatusList xmlns="http://uri.etsi.org/02231/v2#" TSLTag="x">
 <SchemeInformation>
  <TSLSequenceNumber>7</TSLSequenceNumber>
  <SchemeOperatorName><Name xml:lang="en">Supervisor TEST</Name></SchemeOperatorName>
  <SchemeTerritory>VN</SchemeTerritory>
  <ListIssueDateTime>2026-11-01T00:00:00Z</ListIssueDateTime>
  <NextUpdate><dateTime>2027-05-01T00:00:00Z</dateTime></NextUpdate>
 </SchemeInformation>
 <TrustServiceProviderList><TrustServiceProvider>
  <TSPInformation><TSPName><Name xml:lang="en">Provider TEST</Name></TSPName></TSPInformation>
  <TSPServices>{services}</TSPServices>
 </TrustServiceProvider></TrustServiceProviderList>
</TrustServiceStatusList>""".encode()


def a_service_entry(certificate: bytes, kind: str, status: str, history: str = "") -> str:
    uri = "http://uri.etsi.org/TrstSvc/"
    return f"""<TSPService><ServiceInformation>
 <ServiceTypeIdentifier>{uri}Svctype/{kind}</ServiceTypeIdentifier>
 <ServiceName><Name xml:lang="en">{kind} service</Name></ServiceName>
 <ServiceDigitalIdentity><DigitalId><X509Certificate>
 {base64.b64encode(certificate).decode()}</X509Certificate></DigitalId></ServiceDigitalIdentity>
 <ServiceStatus>{uri}TrustedList/Svcstatus/{status}</ServiceStatus>
 <StatusStartingTime>2020-03-01T00:00:00Z</StatusStartingTime>
</ServiceInformation>{history}</TSPService>"""


@pytest.fixture(scope="module")
def certificates(root) -> list[bytes]:
    return [
        testpki.new_root(f"S{n} TEST", not_before=NOW - DAY, not_after=NOW + DAY).key.certificate
        for n in range(3)
    ]


def test_only_granted_services_of_a_trusted_list_are_proposed(certificates):
    ca, tsa, gone = certificates
    content = a_list(
        a_service_entry(ca, "CA/QC", "granted")
        + a_service_entry(tsa, "TSA/QTST", "granted")
        + a_service_entry(gone, "CA/QC", "withdrawn")
    )

    found = {c.certificate: c for c in changes.additions(content, Terms())}

    assert set(found) == {ca, tsa}
    assert found[ca].terms.scopes == {Scope.SIGNATURES, Scope.SEALS}
    assert found[tsa].terms.scopes == {Scope.TIMESTAMPS}
    assert found[ca].terms.accepted_from == date(2020, 3, 1)
    assert "sha256:" in found[ca].source


def test_an_approval_under_an_earlier_name_counts_from_its_beginning(certificates):
    status = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/"
    history = f"""<ServiceHistory>
 <ServiceHistoryInstance><ServiceStatus>{status}undersupervision</ServiceStatus>
 <StatusStartingTime>2014-01-01T00:00:00Z</StatusStartingTime></ServiceHistoryInstance>
 <ServiceHistoryInstance><ServiceStatus>{status}withdrawn</ServiceStatus>
 <StatusStartingTime>2012-01-01T00:00:00Z</StatusStartingTime></ServiceHistoryInstance>
</ServiceHistory>"""
    content = a_list(a_service_entry(certificates[0], "CA/QC", "granted", history))

    [service] = trusted_list.read(content).services

    assert service.since.date() == date(2014, 1, 1)


def test_other_xml_and_lists_without_a_wanted_service_are_refused(certificates):
    with pytest.raises(Rejected, match="not a trusted list"):
        changes.additions(b"<html/>", Terms())
    with pytest.raises(Rejected, match="no granted service"):
        changes.additions(a_list(a_service_entry(certificates[0], "CA/QC", "withdrawn")), Terms())
    with pytest.raises(Rejected):
        changes.additions(b"<!DOCTYPE x [<!ENTITY a 'b'>]><x/>", Terms())


def test_rubbish_is_neither_a_certificate_nor_a_list():
    with pytest.raises(Rejected):
        changes.additions(b"\x30\x03rubbish", SIGNATURES)
