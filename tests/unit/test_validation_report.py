"""Validation reports: ETSI TS 119 102-2 and JSON, kept in the package with what they name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest

from archive.assembly import Archive
from archive.auditing import recheck
from archive.fixity import sha256_of
from archive.heads import metadata_file
from archive.model import PackagePath, Verdict
from archive.reports import validation
from archive.reports.etsi import NAMESPACE
from archive.signatures import testpki
from archive.signatures.check import Checker
from archive.signatures.grounds import Grounds
from archive.signatures.pdf_signing import sign_pdf, timestamp_pdf
from archive.signatures.trust import TrustStore
from archive.trusting import revocation
from tests.auditing import Clock, a_timestamped, an_archive, holding_of, take_in
from tests.judges.etsi_report import objections
from tests.signed import DAY, NOW, a_pdf, a_signer, a_tsa, revoked_serial

FOLDER = "metadata/preservation/validation/"
_V = f"{{{NAMESPACE}}}"


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> testpki.TestPki:
    return testpki.create(tmp_path_factory.mktemp("pki"), at=NOW)


@pytest.fixture(scope="module")
def checker(pki: testpki.TestPki) -> Iterator[Checker]:
    with Checker(pki.trust(), workers=1) as made:
        yield made


def signed_files(pki: testpki.TestPki) -> dict[str, bytes]:
    """Files of every outcome: passed, failed, indeterminate, unreadable, with timestamps."""
    key, tsa = a_signer(pki, "A & <B> \N{SNOWMAN}"), a_tsa(pki.tsa, NOW - DAY)
    stranger = testpki.new_root("Stranger", not_before=NOW - 9 * DAY, not_after=NOW + 9 * DAY)
    other = stranger.issue("C", not_before=NOW - 9 * DAY, not_after=NOW + 9 * DAY)
    plain, stamped = (
        sign_pdf(a_pdf(), key, at=NOW - DAY),
        sign_pdf(a_pdf(), key, at=NOW - DAY, tsa=tsa),
    )
    return {
        "plain.pdf": plain,
        "stamped.pdf": stamped,
        "archived.pdf": timestamp_pdf(stamped, a_tsa(pki.tsa, NOW), field="Stamp"),
        "altered.pdf": plain.replace(b"/Title", b"/Tutle", 1),
        "broken.pdf": b"%PDF-1.7\n/Type /Sig /ByteRange [0 1 2 3] /Contents <00>",
        "strange.pdf": sign_pdf(a_pdf(), other, at=NOW - DAY),
        "sha1.pdf": sign_pdf(a_pdf(), key, at=NOW - DAY, digest="sha1"),
    }


@pytest.fixture(scope="module")
def report(
    pki: testpki.TestPki, checker: Checker, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, object], bytes]:
    """The JSON and XML report on all of these files."""
    folder = tmp_path_factory.mktemp("files")
    verdicts: list[Verdict] = []
    grounds: list[Grounds] = []
    for name, content in signed_files(pki).items():
        (folder / name).write_bytes(content)
        found = checker.check(folder / name, PackagePath(name), at=NOW + DAY)
        verdicts += found.verdicts
        grounds += found.grounds
    checked = validation.Checked(tuple(verdicts), tuple(grounds), NOW + DAY, "kho test")
    made = validation.documents(checked, pki.trust())
    texts = {Path(name).suffix: content for name, content in made.items() if "reports/" in name}
    return json.loads(texts[".json"]), texts[".xml"]


def test_a_report_on_every_outcome_is_valid_by_the_schema(report):
    stated, xml = report

    assert objections(xml) == []
    outcomes = {(one["indication"], one["sub_indication"]) for one in stated["signatures"]}
    assert {name for name, _ in outcomes} == {"passed", "failed", "indeterminate"}
    assert ("failed", "HASH_FAILURE") in outcomes


def test_the_judge_of_reports_sees_what_is_missing_wrong_or_in_disorder(report):
    _, xml = report

    assert objections(xml.replace(b"<HashOnly>false</HashOnly>", b"", 1))
    assert objections(xml.replace(b"HashOnly>", b"HashOnlx>"))
    assert objections(xml.replace(b">false</HashOnly>", b">perhaps</HashOnly>", 1))
    assert objections(xml.replace(b' id="timestamp-', b' id="timestamq-', 1))
    disorder = b"<DocHashOnly>false</DocHashOnly>\n      <HashOnly>false</HashOnly>"
    swapped = xml.replace(
        b"<HashOnly>false</HashOnly>\n      <DocHashOnly>false</DocHashOnly>", disorder, 1
    )
    assert swapped != xml
    assert objections(swapped)


@pytest.mark.parametrize(
    ("pattern", "instead"),
    [
        (rb'(<SignerCertificate) VOReference="[^"]+"', rb"\1"),
        (rb"(<SignerCertificate [^>]+)/>", rb"\1>words</SignerCertificate>"),
        (rb"(<ValidationTime>)[^<]+", rb"\1"),
        (rb"<Value>[^<]+</Value>", b""),
        (rb"(?s)(<ValidationObjectRepresentation>).+?(</ValidationObjectRep)", rb"\1\2"),
    ],
    ids=["no reference", "words in a reference", "no time", "no value", "no representation"],
)
def test_the_judge_of_reports_sees_what_the_classes_leave_open(report, pattern, instead):
    _, xml = report
    altered = re.sub(pattern, instead, xml, count=1)

    assert altered != xml
    assert objections(altered)


def test_a_report_names_the_policy_the_software_and_every_object_by_digest(report):
    stated, xml = report
    root = ElementTree.fromstring(xml)

    ids = {one.get("id", "") for one in root.iter(f"{_V}ValidationObject")}
    rested = {f"certificate-{one}" for s in stated["signatures"] for one in s["grounds"]["chain"]}
    stamps = {
        f"timestamp-{t['sha256']}" for s in stated["signatures"] for t in s["grounds"]["timestamps"]
    }
    assert stated["software"] == "kho test"
    assert rested
    assert stamps
    assert rested | stamps <= ids
    assert any(one.startswith("CRL-") for one in ids)
    policies = [one.text for one in root.iter(f"{_V}PolicyName")]
    assert set(policies) == {"urn:kho:signature-policy:1 (kho test)"}


def test_each_timestamp_has_a_report_of_its_own(report):
    _, xml = report

    found = [
        one.findtext(f".//{_V}MainIndication")
        for one in ElementTree.fromstring(xml).iter(f"{_V}ValidationObject")
        if one.get("id", "").startswith("timestamp-")
    ]

    assert set(found) == {"urn:etsi:019102:mainindication:passed"}


def test_what_a_hostile_file_says_of_itself_never_breaks_its_report(pki, checker, tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(sign_pdf(a_pdf(), a_signer(pki), at=NOW - DAY))
    found = checker.check(path, PackagePath("a.pdf"), at=NOW)
    (verdict,) = found.verdicts
    hostile = replace(
        verdict,
        field="\x00\ufffe]]>",
        signed_by="CN=\x13\x1b<b>",
        signed_at_claimed=datetime(1, 1, 2, tzinfo=UTC),
        signature_algorithm="1.2.3 \x07<>%",
        digest_algorithm="\ud800",
    )

    made = validation.documents(
        validation.Checked((hostile,), found.grounds, NOW, "kho test"), pki.trust()
    )

    (xml,) = (one for name, one in made.items() if name.endswith(".xml"))
    assert objections(xml) == []


def test_nothing_is_reported_where_nothing_is_signed():
    empty = validation.Checked((), (), NOW, "kho test")

    assert validation.documents(empty, TrustStore()) == {}


def test_a_package_keeps_report_policy_and_every_object_that_the_report_names(tmp_path):
    with an_archive(tmp_path / "archive", Clock()) as archive:
        pki = testpki.load(archive.settings.home / "test-pki")
        holding = holding_of(archive, take_in(archive, tmp_path, 1, a=stamped(archive, pki)))
        kept = recheck.kept_material(archive, holding)

        (name,) = (one for one in kept if one.startswith("reports/") and one.endswith(".json"))
        stated = json.loads(kept[name])
        assert kept[name] == metadata_file(archive, holding.versions[-1], FOLDER + name)
        assert objections(kept[name.replace(".json", ".xml")]) == []
        assert (
            sha256_of(kept[f"policies/{stated['policy']['sha256']}.json"])
            == (stated["policy"]["sha256"])
        )
        (grounds,) = (one["grounds"] for one in stated["signatures"])
        named = {*grounds["chain"], *grounds["crls"], *(t["sha256"] for t in grounds["timestamps"])}
        digests = {Path(one).stem for one in kept} & {
            sha256_of(content) for content in kept.values()
        }
        assert named <= digests


def test_a_later_check_adds_its_report_and_leaves_the_first_one(tmp_path):
    with an_archive(tmp_path / "archive", Clock()) as archive:
        pki = testpki.load(archive.settings.home / "test-pki")
        signer = a_signer(pki)
        plain = sign_pdf(a_pdf(), signer, at=NOW - DAY)
        dossier_id = take_in(archive, tmp_path, 1, a=plain)
        before = recheck.kept_material(archive, holding_of(archive, dossier_id))
        crl = pki.issuing.crl([(revoked_serial(signer), NOW - 2 * DAY)], at=NOW)
        revocation.add(archive, crl, agent="a")

        done = recheck.recheck(archive, holding_of(archive, dossier_id), with_newer=True)
        assert recheck.keep(archive, done, agent="a").receipt is not None
        after = recheck.kept_material(archive, holding_of(archive, dossier_id))

    reports = [name for name in after if name.endswith(".xml")]
    assert before.items() <= after.items()
    assert crl in after.values()
    assert len(reports) == 2
    assert all(objections(after[name]) == [] for name in reports)


def stamped(archive: Archive, pki: testpki.TestPki) -> bytes:
    return a_timestamped(archive, a_signer(pki))
