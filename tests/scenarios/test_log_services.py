"""The log and its witness on a real S3 server and PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive import log_proofs, witnessing
from archive.evidence import logstore
from archive.preservation.verification import verify_journal
from archive.segments import flush
from archive.witnessing.cosigning import cosign, last_of
from tests import archives
from tests.postgres import Server
from tests.scenarios.test_checkpoints import written
from tests.scenarios.test_witnesses import refusal, requested
from tests.stores import credentials


def test_a_log_grows_is_proven_and_cosigns_on_services(
    tmp_path: Path,
    s3_server,
    s3_url: str,
    postgres_server: Server,
    monkeypatch: pytest.MonkeyPatch,
):
    keys = credentials(s3_server)
    monkeypatch.setenv("KHO_S3_ACCESS_KEY", keys.access_key)
    monkeypatch.setenv("KHO_S3_SECRET_KEY", keys.secret_key)
    database = postgres_server.url(postgres_server.new_database())
    (tmp_path / "witness").mkdir()
    witness = archives.an_archive(
        tmp_path / "witness", store__url=s3_url, catalogue__url=database, store__lock="governance"
    )
    (tmp_path / "log").mkdir()
    log = archives.an_archive(tmp_path / "log", archive__agency="H30")
    witnessing.add(witness, log.log_signer.key, "", agent="t")
    for count in (300, 20):
        written(witness, count)
        flush(witness)
        written(log, count)
        flush(log)
    sizes = [size for size in logstore.sizes(log.store) if size > 1]

    lines = [cosign(witness, requested(log, 0, sizes[0]).encode())]
    stale = refusal(witness, requested(log, 0, sizes[1]).encode())
    lines.append(cosign(witness, requested(log, *sizes).encode()))

    state = verify_journal(witness).log
    proof = log_proofs.prove_entry(witness, 7)
    assert state.size == proof.to_json()["tree_size"] == logstore.newest(witness.store)
    assert (stale.status, stale.size) == (409, sizes[0])
    assert all(line.startswith("— kho/H26".encode()) for line in lines)
    last = last_of(witness, log.log_origin)
    assert last is not None
    assert last.size == sizes[1]
