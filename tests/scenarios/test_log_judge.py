"""Go's x/mod/sumdb accepts our checkpoints, tiles and proofs, and refuses altered ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive import checkpointing, log_proofs
from archive.evidence import logstore
from archive.evidence.notes import KeyKind, NoteSigner
from archive.segments import flush
from tests import archives
from tests.judges.sumdb import Judge, Question
from tests.logs import NOW, FolderLog, entry

SIZES = (1, 2, 7, 255, 256, 257, 700)


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    return Judge(tmp_path_factory.mktemp("judge"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[FolderLog, Question]:
    """A log of seven sizes, cosigned, and everything that can be asked about it."""
    made = FolderLog(tmp_path_factory.mktemp("log"))
    witness = NoteSigner.load(made.folder / "witness.key", "w.example", KeyKind.WITNESS)
    heads = [made.grown(size) for size in SIZES]
    notes = [
        made.signed(head).with_signatures((witness.sign(head.text(), at=NOW),)) for head in heads
    ]
    question = Question(
        made.folder,
        made.signer.key.vkey,
        [witness.key.vkey],
        [note.encode().decode() for note in notes],
    )
    for head in heads:
        tree = made.tree(head.size)
        for index in {0, head.size // 2, head.size - 1}:
            proof = tree.inclusion_proof(index)
            question.included(index, head.size, entry(index), proof, head.root)
        for before in (one for one in heads if one.size <= head.size):
            proof = tree.consistency_proof(before.size)
            question.consistent(before.size, head.size, before.root, head.root, proof)
    return made, question


def test_go_accepts_notes_tiles_and_proofs_of_every_size(judge, made):
    assert judge.faults(made[1]) == []


def test_go_refuses_what_was_altered(judge, made):
    log, question = made
    tile = log.folder / "tile/0/001"
    whole = tile.read_bytes()
    tile.write_bytes(archives.flipped(whole))
    try:
        faults = judge.faults(question)
    finally:
        tile.write_bytes(whole)
    altered = [one.replace("\n7\n", "\n8\n") for one in question.checkpoints]

    assert any("size 700" in fault for fault in faults)
    other = Question(log.folder, question.log_key, question.witness_keys, altered)
    assert len(judge.faults(other)) == 1


def test_go_accepts_the_log_of_an_archive_from_its_folder(judge, tmp_path: Path):
    archive = archives.an_archive(tmp_path)
    archives.ingested(archive, archives.submissions(tmp_path / "sip", 2))
    flush(archive)
    sizes = list(logstore.sizes(archive.store))
    notes = [checkpointing.read_note(archive, size) for size in sizes]
    (key,) = checkpointing.log_keys(archive)
    folder = archives.file_of(archive, "journal")
    question = Question(folder, key.vkey, (), [note.encode().decode() for note in notes])
    for seq in range(1, sizes[-1] + 1):
        proof = log_proofs.prove_entry(archive, seq)
        head = checkpointing.checkpoint_at(archive, sizes[-1])
        question.included(seq - 1, head.size, proof.digest, proof.path, head.root)
    found = log_proofs.prove_consistency(archive, sizes[0], sizes[-1])
    question.consistent(
        found.earlier.size, found.later.size, found.earlier.root, found.later.root, found.path
    )

    assert len(sizes) > 1
    assert judge.faults(question) == []
