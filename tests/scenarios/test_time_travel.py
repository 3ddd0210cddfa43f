"""A dossier of 2026 is proven in 2060, and is not if any of its renewals was left out.

Everything is done by commands, under frozen clocks, against the files on disk. Each stage
has a TSA of its time; when it is over the TSA is lost. On the first day of 2038 SHA-256 is
broken. The last timestamp of a record has to be good when it is verified (RFC 4998, 5.3),
whatever else has expired, and there are two ways to 2060:

    one renewal of each kind    sealed 2026, renewed 2031, hash trees 2037 by a TSA whose
                                certificate is for thirty years; all others have expired
    short-lived authorities     no TSA's certificate lives longer than eleven years, so that
                                timestamps are renewed in 2045 and 2053, too
"""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from freezegun import freeze_time

from archive.signatures import testpki, trust
from archive.signatures.testpki import Ca, TestPki
from archive.signatures.trust import ALGORITHMS_FILE, Anchor, Scope
from tests.builders import a_submission
from tests.cli.world import Answer, kho

CODE = "H26.18-260105-0001"
ASKED = datetime(2060, 6, 1, tzinfo=UTC)


def year(number: int) -> datetime:
    return datetime(number, 1, 1, tzinfo=UTC)


def summer(number: int) -> datetime:
    return datetime(number, 7, 1, tzinfo=UTC)


class Stage(NamedTuple):
    """A year in which something is done for the evidence."""

    at: datetime
    tsa: str
    commands: tuple[tuple[str, ...], ...]


class Plan(NamedTuple):
    """How the decades go."""

    stages: dict[int, Stage]
    tsa_lives: dict[int, tuple[int, int]]
    """First and last year of the certificate of each stage's TSA."""
    roots: tuple[tuple[int, int], ...]


STAGES = {
    2026: Stage(summer(2026), "TSA1 TEST", (("evidence", "build"),)),
    2031: Stage(summer(2031), "TSA2 TEST", (("evidence", "renew"),)),
    2037: Stage(summer(2037), "TSA3 TEST", (("evidence", "renew", "--hash-tree", "sha512"),)),
    2045: Stage(summer(2045), "TSA4 TEST", (("evidence", "renew"),)),
    2053: Stage(summer(2053), "TSA5 TEST", (("evidence", "renew"),)),
}
SHORT_LIVED = Plan(
    STAGES,
    {
        2026: (2025, 2033),
        2031: (2030, 2039),
        2037: (2036, 2047),
        2045: (2044, 2055),
        2053: (2052, 2062),
    },
    ((2020, 2040), (2034, 2057), (2050, 2070)),
)
ONE_OF_EACH = Plan(
    {number: STAGES[number] for number in (2026, 2031, 2037)},
    {2026: (2025, 2033), 2031: (2030, 2039), 2037: (2036, 2066)},
    ((2020, 2040), (2034, 2070)),
)


def _digest(begin: int) -> str:
    """Return what who began in a year signs with."""
    return "sha384" if begin > 2030 else "sha256"


class World:
    """CAs, one after the other, and the archive that lives through them."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.plan = plan
        self.home = folder / "archive"
        self.pki = self.home / "test-pki"
        self.roots = {
            begin: testpki.new_root(
                f"Root {begin} TEST", not_before=year(begin), not_after=year(end)
            )
            for begin, end in plan.roots
        }
        self.cas = {begin: self._ca(begin, root) for begin, root in self.roots.items()}
        self._create()

    @staticmethod
    def _ca(begin: int, root: Ca) -> Ca:
        end = root.certificate.not_valid_after_utc - timedelta(days=1)
        digest = _digest(begin)
        name = f"CA {begin} TEST"
        return root.subordinate(name, not_before=year(begin), not_after=end, signed_with=digest)

    def _create(self) -> None:
        """Lay the PKI where `kho init` would make one of its own."""
        root, ca = self.roots[2020], self.cas[2020]
        seal = self._seal(2026)
        tsa = self._tsa(2026)
        pki = TestPki(self.pki, root, ca, seal, tsa)
        trust.create(pki.trust_folder)
        for name, key in (("tsa", tsa), ("seal", seal), ("issuing", ca.key), ("root", root.key)):
            testpki.save(self.pki, name, key)
        self.arrive(2026)

    def _tsa(self, stage: int) -> Any:
        begin, end = self.plan.tsa_lives[stage]
        ca = self.cas[max(one for one in self.cas if one < begin)]
        digest = _digest(begin)
        return ca.issue(
            STAGES[stage].tsa,
            algorithm="p384",
            tsa=True,
            signed_with=digest,
            not_before=year(begin),
            not_after=year(end),
        )

    def _seal(self, stage: int) -> Any:
        """Return a seal key of the stage's time: nobody seals with one that has ended."""
        ca = self.cas[max(one for one in self.cas if one < stage)]
        until = STAGES[stage].at + timedelta(days=900)
        kind = "p384" if stage > 2030 else "p256"
        name, begin = f"Seal {stage} TEST", year(stage - 1)
        return ca.issue(name, algorithm=kind, not_before=begin, not_after=until)

    def arrive(self, stage: int) -> None:
        """Bring keys, roots and CRLs up to the year of a stage; what was before is lost."""
        at = STAGES[stage].at
        folder = self.pki / "trust"
        testpki.save(self.pki, "tsa", self._tsa(stage))
        if stage > 2026:
            testpki.save(self.pki, "seal", self._seal(stage))
        for begin, root in self.roots.items():
            if begin <= at.year:
                anchor = Anchor(root.key.certificate, f"Root {begin}", frozenset(Scope), test=True)
                trust.add_anchor(folder, anchor)
                trust.add_certificate(folder, self.cas[begin].key.certificate)
        self._publish(at)
        if at.year >= 2037:
            self._know_of_sha256()

    def _know_of_sha256(self) -> None:
        ends = {"form": 1, "digests": {"sha256": "2038-01-01", "sha224": "2029-01-01"}}
        (self.pki / "trust" / ALGORITHMS_FILE).write_text(json.dumps(ends))

    def _publish(self, at: datetime) -> None:
        """Put the CRLs of the day before in the place of all older ones."""
        folder = self.pki / "trust"
        shutil.rmtree(folder / "revocation")
        for begin in self.roots:
            alive = self.roots[begin].certificate.not_valid_after_utc > at
            if begin <= at.year and alive:
                for issuer in (self.roots[begin], self.cas[begin]):
                    crl = issuer.crl(
                        at=at - timedelta(days=1),
                        period=timedelta(days=30),
                        lists_expired=False,
                        signed_with=_digest(begin),
                    )
                    trust.add_revocation(folder, crl)

    def lose_everything_but_the_archive(self) -> None:
        """In 2060 there is no TSA and no key any more; one CRL of the last CA is to be had."""
        shutil.rmtree(self.pki / "keys")
        self._publish(ASKED)
        self._know_of_sha256()

    def copied(self, folder: Path) -> World:
        """Return the same world once more, to go on differently."""
        other = object.__new__(World)
        other.__dict__.update(self.__dict__)
        other.home, other.pki = folder / "archive", folder / "archive" / "test-pki"
        shutil.copytree(self.home, other.home)
        return other


def done(world: World, *arguments: object, at: datetime) -> Any:
    """Run a command on a day and return its document."""
    answer = ended(world, *arguments, at=at)
    assert answer.code == 0, answer.out + answer.err
    return answer.json()


def ended(world: World, *arguments: object, at: datetime) -> Answer:
    with freeze_time(at, tick=True):
        return kho(*arguments, "--json", cwd=world.home)


def lived(world: World, stages: Iterable[int]) -> None:
    """Go through stages of the archive's life."""
    for stage in stages:
        world.arrive(stage)
        for number, command in enumerate(STAGES[stage].commands):
            done(world, *command, at=STAGES[stage].at + timedelta(hours=number + 2))


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> dict[int, World]:
    """The world of short-lived authorities, see `lived_through`."""
    return lived_through(SHORT_LIVED, tmp_path_factory)


@pytest.fixture(scope="module")
def one_of_each(tmp_path_factory: pytest.TempPathFactory) -> dict[int, World]:
    """The world with one renewal of each kind, see `lived_through`."""
    return lived_through(ONE_OF_EACH, tmp_path_factory)


def lived_through(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> dict[int, World]:
    """Return the world before each stage, by its year; and, at 2060, after all of them."""
    folder = tmp_path_factory.mktemp("2026")
    (folder / "archive").mkdir()
    world = World(folder, plan)
    at = STAGES[2026].at
    done(world, "init", world.home, at=at)
    a_submission(world.home / "new")
    done(world, "ingest", "new", at=at + timedelta(hours=1))
    found = {}
    for stage in plan.stages:
        found[stage] = world.copied(tmp_path_factory.mktemp(str(stage)))
        lived(world, [stage])
    world.lose_everything_but_the_archive()
    return {**found, 2060: world}


def in_2060(before: dict[int, World], without: int, folder: Path) -> Answer:
    """Return what is found in 2060 if a stage was left out."""
    world = before[without].copied(folder)
    lived(world, [stage for stage in world.plan.stages if stage > without])
    world.lose_everything_but_the_archive()
    return ended(world, "evidence", "show", CODE, at=ASKED)


def steps_of(found: Any) -> list[tuple[object, ...]]:
    """Return chain, year, authority, digest, outcome and end of each archive timestamp."""
    told = ("tsa", "digest_algorithm", "indication")
    return [
        (number, stamp["time"][:4], *(stamp[one] for one in told), stamp["good_until"][:4])
        for number, chain in enumerate(found["chains"], 1)
        for stamp in chain["timestamps"]
    ]


def test_in_2060_the_dossier_of_2026_is_proven_by_one_renewal_of_each_kind(one_of_each):
    found = done(one_of_each[2060], "evidence", "show", CODE, at=ASKED)

    assert (found["indication"], found["intact"], found["reasons"]) == ("passed", True, [])
    assert found["proven_at"].startswith("2026-07-01")
    assert steps_of(found) == [
        (1, "2026", "TSA1 TEST", "sha256", "passed", "2033"),
        (1, "2031", "TSA2 TEST", "sha256", "passed", "2039"),
        (2, "2037", "TSA3 TEST", "sha512", "passed", "2066"),
    ]


@pytest.mark.parametrize(
    ("left_out", "sub_indication", "reason"),
    [
        (
            2031,
            "OUT_OF_BOUNDS_NO_POE",
            "timestamp 1: it had to be renewed before 2033-01-01, when its authority's "
            "certificate ended, and the next one is of 2037-07-01",
        ),
        (
            2037,
            "CRYPTO_CONSTRAINTS_FAILURE_NO_POE",
            "timestamp 2: it had to be renewed before 2039-01-01, when its authority's "
            "certificate ended, and there is none after it",
        ),
    ],
)
def test_without_one_of_the_two_it_cannot_be_said(
    one_of_each, left_out, sub_indication, reason, tmp_path
):
    answer = in_2060(one_of_each, left_out, tmp_path)

    found = answer.json()
    assert (answer.code, found["indication"], found["intact"]) == (8, "indeterminate", True)
    assert found["sub_indication"] == sub_indication
    assert reason in found["reasons"]
    weak = "chain 1: its hash trees use sha256, which did not count any more on 2060-06-01"
    assert (weak in found["reasons"]) == (left_out == 2037)


def test_in_2060_the_dossier_of_2026_is_proven_step_by_step(before):
    found = done(before[2060], "evidence", "show", CODE, "--into", "record.ers", at=ASKED)

    assert (found["indication"], found["intact"], found["reasons"]) == ("passed", True, [])
    assert found["proven_at"].startswith("2026-07-01")
    assert steps_of(found) == [
        (1, "2026", "TSA1 TEST", "sha256", "passed", "2033"),
        (1, "2031", "TSA2 TEST", "sha256", "passed", "2039"),
        (2, "2037", "TSA3 TEST", "sha512", "passed", "2047"),
        (2, "2045", "TSA4 TEST", "sha512", "passed", "2055"),
        (2, "2053", "TSA5 TEST", "sha512", "passed", "2062"),
    ]


def test_the_record_alone_is_enough_in_2060(before, tmp_path):
    world = before[2060]
    done(world, "evidence", "show", CODE, "--into", "out.ers", at=ASKED)
    done(world, "get", CODE, "--package", "-o", "package.zip", at=ASKED)
    outside = tmp_path / "outside"
    outside.mkdir()
    shutil.copy(world.home / "out.ers", outside)
    shutil.copy(world.home / "package.zip", outside)

    with freeze_time(ASKED, tick=True):
        inside = kho(
            "evidence", "verify", "out.ers", "--data", "package.zip", "--json", cwd=world.home
        )
        alone = kho("evidence", "verify", "out.ers", "--data", "package.zip", "--json", cwd=outside)
    assert (inside.code, inside.json()["indication"]) == (0, "passed")
    # Whom to trust is for the verifier to say: without roots nothing passes, nothing fails.
    assert (alone.code, alone.json()["indication"]) == (8, "indeterminate")
    assert alone.json()["intact"] is True


def proof_of_2026(world: World, at: datetime) -> Path:
    """Return the proof of the journal's first entry under the first checkpoint."""
    names = (world.home / "store" / "journal" / "checkpoints").iterdir()
    size = min(int(one.name) for one in names if one.name.isdecimal())
    path = world.home / "proof.json"
    done(world, "journal", "prove", "1", "--size", size, "--into", path, at=at)
    return path


def test_a_checkpoint_outlives_its_timestamps_authority_by_evidence_alone(before, tmp_path):
    world, at = before[2037].copied(tmp_path), summer(2036)
    world._publish(at)
    path = proof_of_2026(world, at)

    found = done(world, "journal", "check", path, at=at)
    proof = json.loads(path.read_text())
    path.write_text(json.dumps(proof | {"evidence": None}))
    alone = ended(world, "journal", "check", path, at=at)

    assert (found["indication"], found["intact"]) == ("passed", True)
    assert found["proven_at"].startswith("2026-07-01")
    assert (alone.code, alone.json()["indication"]) == (8, "indeterminate")
    assert any("2033-01-01" in one for one in alone.json()["reasons"])


def test_in_2060_the_checkpoint_is_proven_and_the_logs_own_trees_are_told_to_be_weak(before):
    world = before[2060]
    path = proof_of_2026(world, ASKED)
    proof = json.loads(path.read_text())
    files = {
        "checkpoint": proof["checkpoint"].encode(),
        "token": base64.b64decode(proof["timestamp"]),
        "key": f"{proof['log_key']}\n".encode(),
        "seal": base64.b64decode(proof["log_key_seal"]),
        "record.ers": base64.b64decode(proof["evidence"]),
    }
    for name, content in files.items():
        (world.home / name).write_bytes(content)

    data = [word for name in list(files)[:4] for word in ("--data", name)]
    record = done(world, "evidence", "verify", "record.ers", *data, at=ASKED)
    entry = ended(world, "journal", "check", path, at=ASKED)

    assert (record["indication"], record["proven_at"][:4]) == ("passed", "2026")
    assert len(record["chains"]) == 2
    assert (entry.code, entry.json()["sub_indication"]) == (8, "CRYPTO_CONSTRAINTS_FAILURE_NO_POE")
    weak = "the log's trees use sha256, which did not count any more on 2060-06-01"
    assert entry.json()["reasons"] == [weak]


REASONS = {
    2031: (
        "OUT_OF_BOUNDS_NO_POE",
        "timestamp 1: it had to be renewed before 2033-01-01, when its authority's certificate "
        "ended, and the next one is of 2037-07-01",
    ),
    2037: (
        "CRYPTO_CONSTRAINTS_FAILURE_NO_POE",
        "chain 1: its hash trees use sha256, which did not count any more on 2060-06-01",
    ),
    2045: (
        "OUT_OF_BOUNDS_NO_POE",
        "timestamp 3: it had to be renewed before 2047-01-01, when its authority's certificate "
        "ended, and the next one is of 2053-07-01",
    ),
    2053: (
        "OUT_OF_BOUNDS_NO_POE",
        "timestamp 4: it had to be renewed before 2055-01-01, when its authority's certificate "
        "ended, and there is none after it",
    ),
}


@pytest.mark.parametrize("left_out", REASONS)
def test_without_one_of_its_renewals_it_cannot_be_said_and_the_reason_is_exact(
    before, left_out, tmp_path
):
    sub_indication, reason = REASONS[left_out]
    answer = in_2060(before, left_out, tmp_path)

    found = answer.json()
    assert (answer.code, found["indication"]) == (8, "indeterminate")
    assert (found["intact"], found["proven_at"]) == (True, None)
    assert found["sub_indication"] == sub_indication
    assert reason in found["reasons"]
    if left_out != 2037:
        assert {one.split(":")[0] for one in found["reasons"]} == {reason.split(":")[0]}


def test_after_2037_an_altered_package_is_found_however_weak_sha256_is(before, tmp_path):
    world = before[2060].copied(tmp_path)
    (package,) = (world.home / "store" / "aip").rglob("*.zip")
    content = bytearray(package.read_bytes())
    content[len(content) // 2] ^= 1
    package.chmod(0o600)
    package.write_bytes(bytes(content))

    answer = ended(world, "evidence", "show", CODE, at=ASKED)

    assert (answer.code, answer.json()["indication"]) == (8, "indeterminate")
    assert answer.json()["sub_indication"] == "SIGNED_DATA_NOT_FOUND"
