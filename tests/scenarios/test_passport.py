"""A record's passport: checked in an empty environment, by stock tools, and altered everywhere."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
import venv
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path

import pytest

from archive import access, passport, proving, sealing, witnessing
from archive.assembly import TEST_PKI, Archive
from archive.catalogue.dossiers import Holding
from archive.errors import NotHeld, SealBroken
from archive.passport import MANIFEST, VERIFIER
from archive.segments import flush
from archive.signatures import testpki
from archive.signatures.pdf_signing import sign_pdf
from archive.witnessing.server import WitnessServer
from tests.archives import (
    AGENT,
    SteppingClock,
    a_home,
    an_archive,
    held,
    ingested,
    opened,
    submission,
)
from tests.builders import a_pdf
from tests.tokens import pkcs12_file

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the Python of an environment in which there is only `cryptography`."""
    folder = tmp_path_factory.mktemp("empty")
    venv.create(folder, symlinks=True, with_pip=False)
    site = next((folder / "lib").glob("python*")) / "site-packages"
    for name in ("cryptography", "cffi", "pycparser"):
        try:
            files = metadata.files(name) or []
        except metadata.PackageNotFoundError:
            continue
        for top in {file.parts[0] for file in files if ".." not in file.parts}:
            (site / top).symlink_to(Path(str(metadata.distribution(name).locate_file(top))))
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Archive, Holding, Path]:
    """Return an archive with a signed dossier, the dossier, and a folder with its passport."""
    folder = tmp_path_factory.mktemp("passport")
    clock = SteppingClock()
    archive = an_archive(folder, clock=clock)
    holding = signed_dossier(archive, folder)
    content = passport.make(archive, holding).content
    (folder / "p.zip").write_bytes(content)
    with zipfile.ZipFile(folder / "p.zip") as inside:
        inside.extractall(folder / "unpacked")
    (folder / "verify.py").write_bytes((folder / "unpacked" / VERIFIER).read_bytes())
    return archive, holding, folder


def signed_dossier(archive: Archive, folder: Path) -> Holding:
    pki, now = testpki.load(archive.settings.home / TEST_PKI), datetime.now(UTC)
    day = timedelta(days=1)
    key = pki.signer("Cán bộ", not_before=now - 30 * day, not_after=now + 30 * day)
    at = now - day
    signed = sign_pdf(a_pdf("Giay phep"), key, at=at, tsa=pki.local_tsa(lambda: at))
    files = {"01-don.pdf": a_pdf("Don"), "02-ket-qua.pdf": signed}
    ingested(archive, submission(folder / "sip", 1, files=files))
    return held(archive, 1)


@pytest.fixture(scope="module")
def check(python: Path, made: tuple[Archive, Holding, Path]) -> Run:
    """Return what runs the passport's own verifier, outside this project."""
    folder = made[2]

    def run(path: object, *more: object) -> subprocess.CompletedProcess[str]:
        command = [str(python), "-I", "verify.py", str(path), *map(str, more)]
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "KHO_"))}
        clean["PYTHONUTF8"] = "1"
        return subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True)

    return run


def test_the_verifier_needs_nothing_of_ours_and_finds_everything_in_order(
    made: tuple[Archive, Holding, Path], check: Run, python: Path
) -> None:
    folder = made[2]
    empty = [str(python), "-I", "-c", "import archive"]

    done = check("p.zip", folder / "sip" / "001" / "02-ket-qua.pdf")

    assert subprocess.run(empty, cwd=folder, capture_output=True).returncode == 1
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("✓") == 6
    assert "✗" not in done.stdout
    assert "THỬ NGHIỆM" in done.stdout


def test_the_package_and_only_the_records_own_files_belong_to_it(
    made: tuple[Archive, Holding, Path], check: Run
) -> None:
    archive, holding, folder = made
    access.hand_out_package(archive, holding.versions[-1], folder / "package.zip")
    (folder / "other.pdf").write_bytes(a_pdf("Khac"))

    assert check("p.zip", "package.zip").returncode == 0
    assert check("p.zip", "other.pdf").returncode == 1
    assert check("p.zip", "nothing.pdf").returncode == 1


def test_each_file_altered_once_is_found(made: tuple[Archive, Holding, Path], python: Path) -> None:
    folder = made[2]
    names = sorted(p.relative_to(folder / "unpacked") for p in (folder / "unpacked").rglob("*"))
    contents = {
        str(name): (folder / "unpacked" / name).read_bytes()
        for name in names
        if (folder / "unpacked" / name).is_file()
    }
    checks = ["import runpy, sys", "sys.argv = ['verify.py']", "m = runpy.run_path('verify.py')"]
    checks += ["print([m['main']([p]) for p in sys.stdin.read().split()])"]
    altered_ones = [*altered_passports(folder, contents)]

    done = subprocess.run(
        [str(python), "-I", "-X", "utf8", "-c", "; ".join(checks)],
        cwd=folder,
        input="\n".join(altered_ones),
        capture_output=True,
        text=True,
    )

    codes = json.loads(done.stdout.splitlines()[-1])
    found = dict(zip(altered_ones, codes, strict=True))
    assert len(found) > 25
    assert [name for name, code in found.items() if code == 0] == []


def altered_passports(folder: Path, contents: dict[str, bytes]):
    """Write passports in each of which one thing is other than it was; yield their names."""

    def written(number: int, files: dict[str, bytes]) -> str:
        name = f"altered-{number}.zip"
        with zipfile.ZipFile(folder / name, "w") as target:
            for each, content in files.items():
                target.writestr(each, content)
        return name

    number = 0
    for name, content in contents.items():
        for place in {len(content) // 2, len(content) - 2}:
            other = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
            yield written(number, {**contents, name: other})
            number += 1
        yield written(number, {k: v for k, v in contents.items() if k != name})
        number += 1
    yield written(number, {**contents, "more.txt": b"more"})
    (folder / "cut.zip").write_bytes((folder / "p.zip").read_bytes()[:-100])
    yield "cut.zip"


def test_each_claim_is_checked_by_itself_and_not_only_by_the_digest_of_its_file(
    made: tuple[Archive, Holding, Path], check: Run
) -> None:
    """Whoever holds a seal key cannot pass off another record's journal entry or evidence."""
    archive, _, folder = made
    ingested(archive, submission(folder / "sip", 2))
    other = passport.make(archive, held(archive, 2))
    with zipfile.ZipFile(folder / "p.zip") as mine:
        files = {name: mine.read(name) for name in mine.namelist()}
    (folder / "other.zip").write_bytes(other.content)
    with zipfile.ZipFile(folder / "other.zip") as theirs:
        swapped = {name: theirs.read(name) for name in theirs.namelist()}

    for name, line in (
        ("journal/entry.json", "nhật ký"),
        ("evidence/record.er", "bằng chứng"),
        ("record/METS.xml", "dấu của hồ sơ"),
    ):
        forged = resealed(archive, {**files, name: swapped[name]}, folder / "forged.zip")
        done = check(forged)
        lines = [one for one in done.stdout.splitlines() if one.startswith("✗")]
        assert done.returncode == 1
        assert any(line in one for one in lines), (name, done.stdout)


def resealed(archive: Archive, files: dict[str, bytes], target: Path) -> Path:
    """Write a passport with manifest and seal over whatever is in it."""
    import hashlib

    told = json.loads(files[MANIFEST])
    told["files"] = {n: hashlib.sha256(files[n]).hexdigest() for n in told["files"]}
    manifest = json.dumps(told).encode()
    p7s = archive.sealer.seal(manifest, at=archive.clock())
    with zipfile.ZipFile(target, "w") as out:
        for name, content in {**files, MANIFEST: manifest, f"{MANIFEST}.p7s": p7s}.items():
            out.writestr(name, content)
    return target


def test_a_passport_under_another_root_fails_where_the_root_is_named(
    made: tuple[Archive, Holding, Path], check: Run, tmp_path: Path
) -> None:
    other = testpki.create(tmp_path / "other", at=datetime.now(UTC))

    done = check("p.zip", "--root", other.folder / "certificates" / "root.pem")

    assert done.returncode == 1
    assert "no trusted root" in done.stdout


def test_openssl_accepts_what_the_guide_says(made: tuple[Archive, Holding, Path]) -> None:
    inside = made[2] / "unpacked"
    guide = (inside / "HUONG-DAN.txt").read_text(encoding="utf-8")
    commands = [line.strip() for line in guide.splitlines() if "openssl" in line and "-in" in line]

    for command in commands:
        words = command.split("#")[0].split()
        done = subprocess.run(words, cwd=inside, capture_output=True, text=True)
        assert done.returncode == 0, (command, done.stderr)
    assert len(commands) == 4


def test_the_journals_entry_and_checkpoint_are_those_of_kho_journal_check(
    made: tuple[Archive, Holding, Path],
) -> None:
    from archive.evidence import proof_verdict

    archive, _, folder = made
    content = (folder / "unpacked" / "journal" / "entry.json").read_bytes()

    verdict = proof_verdict.verify(content, archive.trust, at=archive.clock())

    assert verdict.indication.value == "passed", verdict.reasons


def test_renewed_evidence_and_a_hybrid_seal_are_checked_too(
    tmp_path: Path, made: tuple[Archive, Holding, Path], check: Run
) -> None:
    archive = an_archive(tmp_path)
    pki, now = testpki.load(archive.settings.home / TEST_PKI), datetime.now(UTC)
    end = now + timedelta(days=900)
    beside = pki.issuing.issue("ML-DSA", not_before=now, not_after=end, algorithm="mldsa65")
    testpki.save(archive.settings.home, "pq", beside)
    sealing.add(archive, "pq", "keys/pq.pem", Path("certificates/pq.pem"), agent=AGENT)
    sealing.rotate(archive, "configured", beside="pq", agent=AGENT, reason="thử")
    holding = signed_dossier(archive, tmp_path)
    proving.prove_pending(archive)
    proving.renew_timestamps(archive)
    proving.renew_hash_trees(archive, "sha512")
    flush(archive)

    made_now = passport.make(archive, holding)

    (tmp_path / "p.zip").write_bytes(made_now.content)
    done = check(tmp_path / "p.zip")
    assert made_now.seal.algorithms == ("ECDSA", "ML-DSA-65")
    assert done.returncode == 0, done.stdout
    evidence = next(
        one for one in done.stdout.splitlines() if "RFC 4998" in one or "evidence" in one
    )
    assert evidence.count(" | ") == 2, "three timestamps"


def test_who_has_witnessed_the_log_is_named_and_checked(
    tmp_path: Path, made: tuple[Archive, Holding, Path], check: Run
) -> None:
    ours = another_archive(tmp_path / "ours", "H26")
    theirs = another_archive(tmp_path / "theirs", "H30")
    witnessing.add(theirs, ours.log_signer.key, "", agent=AGENT)
    server = WitnessServer(theirs, "127.0.0.1", 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    witnessing.add(ours, theirs.witness_signer.key, server.url, agent=AGENT)
    ingested(ours, submission(tmp_path / "sip", 1))
    try:
        made_now = passport.make(ours, held(ours, 1))
    finally:
        server.shutdown()
        server.server_close()

    (tmp_path / "p.zip").write_bytes(made_now.content)
    done = check(tmp_path / "p.zip", "--witness", theirs.witness_signer.key.vkey)

    name = theirs.witness_signer.key.name
    assert (made_now.witnesses, made_now.missing) == ((name,), ())
    assert done.returncode == 0, done.stdout
    assert f"| {name} 20" in done.stdout
    stranger = another_archive(tmp_path / "strangers", "H31").witness_signer.key.vkey
    assert f"| {name} 20" not in check(tmp_path / "p.zip", "--witness", stranger).stdout


def another_archive(folder: Path, agency: str) -> Archive:
    """Return an archive with keys of its own."""
    folder.mkdir()
    home = a_home(folder, archive__agency=agency)
    shutil.rmtree(home / "keys", ignore_errors=True)
    return opened(home)


def test_what_is_not_held_or_not_whole_gets_no_passport(tmp_path: Path, check: Run) -> None:
    archive = an_archive(tmp_path)
    ingested(archive, submission(tmp_path / "sip", 1))
    holding = held(archive, 1)

    with pytest.raises(NotHeld):
        passport.make(archive, holding, 9)
    pki, now = testpki.load(archive.settings.home / TEST_PKI), datetime.now(UTC)
    key = pki.issuing.issue("Khoa 2", not_before=now, not_after=now + timedelta(days=900))
    pkcs12_file(archive.settings.home / "keys" / "seal-2.p12", key)
    sealing.add(archive, "seal-2", "keys/seal-2.p12", None, agent=AGENT)
    theft = holding.versions[0].sealed_at
    sealing.revoke(archive, "configured", stolen_at=theft, agent=AGENT, reason="thử")
    sealing.rotate(archive, "seal-2", agent=AGENT, reason="thử")

    with pytest.raises(SealBroken):
        passport.make(archive, holding)
    sealing.reseal(archive, agent=AGENT)
    (tmp_path / "p.zip").write_bytes(passport.make(archive, holding).content)
    with zipfile.ZipFile(tmp_path / "p.zip") as inside:
        assert "record/resealed.p7s" in inside.namelist()
    assert check(tmp_path / "p.zip").returncode == 0


def test_what_is_no_passport_cannot_be_read(check: Run, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_text("nothing")

    assert check(tmp_path / "x.zip").returncode == 2
    assert check(tmp_path / "none.zip").returncode == 2
