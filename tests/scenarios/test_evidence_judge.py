"""Bouncy Castle accepts our evidence records and their renewals, and refuses altered ones."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archive.evidence import hashtree
from archive.evidence.given import DataObject
from archive.evidence.records import EvidenceRecord
from archive.evidence.renew import renewed_group
from tests import evidence
from tests.judges import bouncy_castle
from tests.judges.java import Program
from tests.signed import LongPki

MADE, RENEWED, REHASHED, AGAIN = (
    datetime(year, 6, 1, tzinfo=UTC) for year in (2012, 2017, 2026, 2029)
)
COUNT = 7


class Bench:
    """Records of three decades and their documents, in files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pki = LongPki()
        self.documents = [
            [self._file(f"{n}{part}.txt", f"document {n}{part}".encode()) for part in "ab"]
            for n in range(COUNT)
        ]
        self.groups = [[self.read(path) for path in group] for group in self.documents]
        self.made = evidence.records_of(self.groups, self.pki.tsa1, MADE)
        renewed = evidence.timestamps_renewed(self.made, self.pki, self.pki.tsa2, RENEWED)
        rehashed = evidence.hash_trees_renewed(
            renewed, self.groups, self.pki, self.pki.tsa3, REHASHED
        )
        again = evidence.timestamps_renewed(rehashed, self.pki, self.pki.tsa3, AGAIN)
        self.stages = [
            ("made", self.made, self.pki.tsa1, MADE),
            ("renewed", renewed, self.pki.tsa2, RENEWED),
            ("rehashed", rehashed, self.pki.tsa3, REHASHED),
            ("again", again, self.pki.tsa3, AGAIN),
        ]

    def _file(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content)
        return path

    @staticmethod
    def read(path: Path) -> DataObject:
        return evidence.a_document(path.read_bytes())

    def verify(
        self, name: str, record: bytes, tsa: bytes, at: datetime, files: list[Path]
    ) -> list[object]:
        """Return the command that verifies a record two days after its last timestamp."""
        millis = int((at + timedelta(days=2)).timestamp() * 1000)
        path, certificate = self._file(f"{name}.er", record), self._file(f"{name}.der", tsa)
        return ["verify", path, millis, certificate, *files]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("evidence"))


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Program:
    return bouncy_castle.judge(tmp_path_factory.mktemp("judge"))


def test_records_and_renewals_are_accepted_for_their_own_documents_only(bench, judge):
    accepted, refused = [], []
    for name, records, tsa, at in bench.stages:
        for n, record in enumerate(records):
            stage = (f"{name}-{n}", record.encoded, tsa.certificate, at)
            accepted.append(bench.verify(*stage, bench.documents[n]))
            accepted.append(bench.verify(*stage, bench.documents[n][:1]))
            refused.append(bench.verify(*stage, bench.documents[(n + 1) % COUNT]))

    answers = judge.ask([*accepted, *refused])

    assert answers[: len(accepted)] == ["ok"] * len(accepted)
    assert set(answers[len(accepted) :]) == {"no: object hash not found"}


def test_an_altered_tree_or_timestamp_is_refused(bench, judge):
    record = bench.made[0]
    commands = []
    for number, part in enumerate(
        (record.timestamps[0].hashtree[1][0], record.timestamps[0].timestamp[-40:])
    ):
        altered = bytearray(record.encoded)
        altered[record.encoded.index(part)] ^= 1
        certificate = bench.pki.tsa1.certificate
        commands.append(
            bench.verify(f"altered-{number}", bytes(altered), certificate, MADE, bench.documents[0])
        )

    assert all(answer.startswith("no: ") for answer in judge.ask(commands))


def test_bouncy_castle_would_have_timestamped_the_same_digests_at_renewal(bench, judge):
    record: EvidenceRecord = bench.made[0]
    bench.verify("own", record.encoded, b"", MADE, [])
    path = bench.folder / "own.er"
    digests = [one.digests["sha512"] for one in bench.groups[0]]

    answers = judge.ask(
        [
            ["timestamp-renewal", path],
            ["hash-renewal", path, "SHA-512", *bench.documents[0]],
        ]
    )

    token = record.timestamps[0].timestamp
    renewed = hashtree.group_digest("sha512", renewed_group("sha512", digests, record.chains))
    assert answers == [hashlib.sha256(token).hexdigest(), renewed.hex()]
