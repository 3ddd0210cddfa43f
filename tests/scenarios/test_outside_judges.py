"""What Kho hands out is accepted by tools that other people made, and altered bytes are not."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archive import access
from archive.assembly import Archive, open_archive
from archive.creation import create
from archive.ingest.batch import ingest_all
from archive.signatures import seal
from tests.builders import a_submission


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the home of an archive that holds one dossier."""
    folder = tmp_path_factory.mktemp("judged")
    create(folder / "archive", {})
    a_submission(folder / "submission")
    with open_archive(folder / "archive") as archive:
        outcomes = list(ingest_all(archive, [folder / "submission"]))
    assert [outcome.error for outcome in outcomes] == [None]
    return folder / "archive"


@pytest.fixture(scope="module")
def package(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the dossier's package as it is handed out."""
    target = tmp_path_factory.mktemp("package") / "package.zip"
    with open_archive(home) as archive:
        access.hand_out_package(archive, the_holding(archive).versions[-1], target)
    return target


@pytest.fixture(scope="module")
def unpacked(package: Path) -> Path:
    """Return the package's one folder, unpacked."""
    with zipfile.ZipFile(package) as archive:
        archive.extractall(package.parent)
    return next(path for path in package.parent.iterdir() if path.is_dir())


def the_holding(archive: Archive):
    from archive.catalogue import dossiers

    with archive.catalogue.connect() as connection:
        return next(iter(dossiers.all(connection)))


def run(*command: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(c) for c in command], cwd=cwd, capture_output=True, text=True)


def roots(home: Path, folder: Path) -> Path:
    """Return the test root as PEM, as an auditor would be given it."""
    target = folder / "root.pem"
    target.write_bytes((home / "test-pki" / "certificates" / "root.pem").read_bytes())
    return target


def openssl_cms(home: Path, folder: Path, signed: Path) -> subprocess.CompletedProcess[str]:
    return run(
        "openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "METS.xml.p7s",
        "-content", signed, "-CAfile", roots(home, folder), "-purpose", "any", "-out", "/dev/null",
        cwd=folder,
    )  # fmt: skip


def test_unzip_finds_no_fault(package):
    result = run("unzip", "-t", package, cwd=package.parent)

    assert result.returncode == 0
    assert "No errors detected" in result.stdout


def test_sha256sum_agrees_with_the_list_in_the_package(unpacked):
    result = run("sha256sum", "--strict", "-c", "documentation/SHA256SUMS.txt", cwd=unpacked)

    assert result.returncode == 0, result.stdout + result.stderr


def test_openssl_accepts_the_seal(home, unpacked):
    assert openssl_cms(home, unpacked, Path("METS.xml")).returncode == 0


def test_openssl_refuses_the_seal_over_an_altered_mets(home, unpacked, tmp_path):
    altered = tmp_path / "METS.xml"
    altered.write_bytes((unpacked / "METS.xml").read_bytes().replace(b"AIP", b"DIP", 1))

    result = openssl_cms(home, unpacked, altered)

    assert result.returncode != 0


def test_openssl_accepts_the_timestamp_in_the_seal(home, unpacked, tmp_path):
    p7s = (unpacked / "METS.xml.p7s").read_bytes()
    (tmp_path / "token.tst").write_bytes(seal.timestamp_token(p7s))
    (tmp_path / "signature.bin").write_bytes(seal.signature_value(p7s))
    issuing = home / "test-pki" / "certificates" / "issuing.pem"

    result = run(
        "openssl", "ts", "-verify", "-token_in", "-in", "token.tst", "-data", "signature.bin",
        "-CAfile", roots(home, tmp_path), "-untrusted", issuing, cwd=tmp_path,
    )  # fmt: skip

    assert "Verification: OK" in result.stdout, result.stderr


def test_the_e_ark_projects_validator_finds_no_breach_of_a_must(unpacked):
    script = Path(__file__).resolve().parents[1] / "vectors" / "run_eark_validator.py"

    result = run(sys.executable, script, "V2_1_0", unpacked, cwd=unpacked)
    answer = json.loads(result.stdout)

    assert (answer["structure"], answer["schema"], answer["schematron"]) == (
        "WellFormed", "VALID", "VALID",
    )  # fmt: skip


def test_the_seal_was_made_now_and_says_that_it_is_a_test(home, unpacked):
    mets, p7s = (unpacked / "METS.xml").read_bytes(), (unpacked / "METS.xml.p7s").read_bytes()

    with open_archive(home) as archive:
        verdict = seal.verify(mets, p7s, archive.trust, at=datetime.now(UTC))

    assert verdict.indication.value == "passed"
    assert verdict.test
