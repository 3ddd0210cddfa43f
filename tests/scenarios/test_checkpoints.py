"""The journal's log in an archive: crashes, damage, a lost catalogue, older stores, proofs."""

from __future__ import annotations

import hashlib
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archive import checkpointing, log_proofs
from archive.assembly import Archive
from archive.catalogue import journal
from archive.errors import JournalBroken, NotHeld, Unavailable
from archive.events import Event, EventType
from archive.evidence import entry_proof, log, logstore, proof_verdict
from archive.evidence.checkpoint import Checkpoint
from archive.evidence.notes import NoteKey
from archive.model import ObjectName
from archive.preservation.rebuild import rebuild
from archive.preservation.verification import verify_journal
from archive.segments import flush
from archive.signatures.trust import TrustStore
from tests import archives
from tests.faults import FaultyStore


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """An archive with 300 entries in its journal, under three checkpoints; nobody changes it."""
    archive = archives.an_archive(tmp_path_factory.mktemp("settled"))
    for count in (255, 44):
        written(archive, count)
        flush(archive)
    return archive


@pytest.fixture
def archive(settled: Archive, tmp_path: Path) -> Archive:
    """A copy of that archive."""
    shutil.copytree(settled.settings.home, tmp_path / "archive")
    return archives.opened(tmp_path / "archive")


def written(archive: Archive, count: int) -> None:
    """Append entries to the journal."""
    event = Event(EventType.FIXITY_CHECK, archive.clock(), "success", archive.agent)
    with archive.catalogue.begin() as connection:
        journal.append_all(connection, [event] * count)


def sizes(archive: Archive) -> list[int]:
    return list(logstore.sizes(archive.store))


def log_names(archive: Archive) -> list[ObjectName]:
    parts = (logstore.CHECKPOINTS, logstore.PREFIX + "tile/")
    return [name for part in parts for name in archive.store.names(part)]


def test_every_flush_ends_with_a_checkpoint_that_verifies(archive):
    state = verify_journal(archive).log

    assert sizes(archive) == [1, 256, 300]
    assert (state.size, state.checkpoints, state.timestamped, state.undecided) == (300, 3, 3, 0)
    assert checkpointing.checkpoint_at(archive, 300).root.hex() == state.root
    assert flush(archive) == 0
    assert sizes(archive) == [1, 256, 300]


def test_bundles_have_digests_of_entries_and_nothing_of_their_content(settled):
    bundle = settled.store.read(ObjectName("journal/tile/entries/001.p/44"))

    with settled.catalogue.connect() as connection:
        digests = [bytes.fromhex(entry.digest) for entry in journal.entries(connection, 256)]
    assert bundle == b"".join(b"\x00\x20" + digest for digest in digests)


WRITES = 7
"""More than a flush makes: seal, segment, bundle, tile, checkpoint, timestamp."""


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("write", range(1, WRITES))
def test_a_crash_at_any_write_leaves_a_log_that_verifies_and_is_finished(archive, write, after):
    written(archive, 20)
    faulty = FaultyStore(archive.store, fail_at=write, after=after)
    broken = archives.opened(archive.settings.home, store=faulty)
    with pytest.raises(Unavailable):
        flush(broken)

    assert verify_journal(archive).log.size in (300, 320)
    written(archive, 5)
    flush(archive)

    state = verify_journal(archive).log
    assert state.size == 325
    assert state.timestamped == state.checkpoints
    assert faulty.writes == write


def test_a_flush_makes_no_more_writes_than_are_tried(archive):
    written(archive, 20)
    counting = FaultyStore(archive.store, fail_at=0)

    flush(archives.opened(archive.settings.home, store=counting))

    assert counting.writes == WRITES - 1


@pytest.mark.parametrize("write", range(1, WRITES))
def test_a_crash_and_the_loss_of_the_catalogue_are_made_good_by_a_rebuild(archive, write):
    written(archive, 20)
    faulty = FaultyStore(archive.store, fail_at=write)
    with pytest.raises(Unavailable):
        flush(archives.opened(archive.settings.home, store=faulty))

    lost = archives.lose(archive)
    rebuild(lost)

    state = verify_journal(lost)
    assert state.log.size == state.entries == state.stored_entries
    assert state.log.timestamped == state.log.checkpoints


def test_a_rebuild_makes_the_whole_log_of_a_store_without_one(archive):
    names = log_names(archive)
    tiles = {n: archive.store.read(n) for n in names if "tile" in n and "p/" not in n}
    for folder in ("checkpoints", "tile", "keys"):
        shutil.rmtree(archives.file_of(archive, f"journal/{folder}"))

    lost = archives.lose(archive)
    rebuild(lost)

    assert sizes(lost) == [300]
    assert verify_journal(lost).log.size == 300
    assert {name: lost.store.read(name) for name in tiles} == tiles


def test_an_archive_of_before_gets_its_log_with_the_next_act(archive):
    for folder in ("checkpoints", "tile", "keys"):
        shutil.rmtree(archives.file_of(archive, f"journal/{folder}"))
    assert verify_journal(archive).log.size == 0

    written(archive, 1)
    flush(archive)

    assert sizes(archive) == [301]
    assert verify_journal(archive).log.size == 301


def test_every_damaged_or_missing_part_of_the_log_is_named(archive):
    for name in log_names(archive):
        whole = archive.store.read(name)
        archives.altered(archive, name, archives.flipped)
        with pytest.raises(JournalBroken) as damage:
            verify_journal(archive)
        assert damage.value.where == name
        archives.altered(archive, name, archives.flipped)
        assert archive.store.read(name) == whole
        path = archives.file_of(archive, name)
        if name.endswith(".tst") or logstore.CHECKPOINTS in name:
            continue
        path.rename(path.with_name("aside"))
        with pytest.raises(JournalBroken):
            verify_journal(archive)
        path.with_name("aside").rename(path)
    assert verify_journal(archive).log.size == 300


def test_a_newest_checkpoint_that_is_gone_is_missed(archive):
    for ending in ("", ".tst"):
        archives.file_of(archive, f"{logstore.checkpoint_name(300)}{ending}").unlink()

    with pytest.raises(JournalBroken, match="300"):
        verify_journal(archive)


def test_the_log_grows_on_over_a_damaged_tile_which_stays_named(archive):
    archives.altered(archive, "journal/tile/0/001.p/44", archives.flipped)
    written(archive, 5)

    flush(archive)

    assert sizes(archive)[-1] == 305
    with pytest.raises(JournalBroken, match="44"):
        verify_journal(archive)


def test_a_checkpoint_over_another_journal_is_never_continued(archive, tmp_path):
    (tmp_path / "other").mkdir()
    other = archives.an_archive(tmp_path / "other")
    written(other, 255)
    flush(other)
    written(other, 44)
    shutil.rmtree(archives.file_of(other, "journal/checkpoints"))
    for part in ("checkpoints", "keys", "tile"):
        source, target = (archives.file_of(each, f"journal/{part}") for each in (archive, other))
        shutil.copytree(source, target, dirs_exist_ok=True)

    with pytest.raises(JournalBroken):
        flush(other)


def test_a_key_without_the_archives_seal_signs_nothing(archive):
    (key,) = checkpointing.log_keys(archive)
    archives.altered(archive, logstore.key_name(key), lambda text: text.replace(b"kho", b"khe"))

    with pytest.raises(JournalBroken, match="seal"):
        verify_journal(archive)


def test_another_log_key_is_sealed_and_continues_the_log(archive):
    archive.settings.path("log.key").unlink()
    again = archives.reopened(archive)
    written(again, 1)
    flush(again)

    assert len(checkpointing.log_keys(again)) == 2
    assert verify_journal(again).log.size == 301
    assert verdict_on(again, log_proofs.prove_entry(again, 301)).indication.value == "passed"


def verdict_on(
    archive: Archive, document: entry_proof.EntryProof, **changes: object
) -> proof_verdict.ProofVerdict:
    stated = {**document.to_json(), **changes}
    return proof_verdict.verify(json.dumps(stated).encode(), archive.trust, at=archive.clock())


def test_an_entry_is_proven_to_whom_has_the_proof_and_the_roots_only(settled):
    for seq in (1, 256, 257, 300):
        proof = log_proofs.prove_entry(settled, seq)
        verdict = verdict_on(settled, proof)
        text = proof.to_tlog_proof().encode()

        assert verdict.indication.value == "passed", verdict.reasons
        assert (verdict.intact, verdict.tree_size) == (True, 300)
        assert verdict.entry is not None
        assert verdict.entry["seq"] == seq
        assert verdict.proven_at is not None
        assert proof_verdict.read(text) == proof
        unknown = proof_verdict.verify(text, TrustStore(), at=settled.clock())
        assert (unknown.indication.value, unknown.intact) == ("indeterminate", True)


def test_a_proof_is_under_any_checkpoint_that_has_the_entry(settled):
    assert log_proofs.prove_entry(settled, 10, size=256).to_json()["tree_size"] == 256
    with pytest.raises(NotHeld):
        log_proofs.prove_entry(settled, 257, size=256)
    with pytest.raises(NotHeld):
        log_proofs.prove_entry(settled, 10, size=100)
    with pytest.raises(NotHeld):
        log_proofs.prove_entry(settled, 301)


def test_the_log_is_proven_to_continue_what_was_seen_before(settled):
    found = log_proofs.prove_consistency(settled, 17, 300).to_json()

    roots = (bytes.fromhex(found["root1"]), bytes.fromhex(found["root2"]))
    path = [bytes.fromhex(one) for one in found["proof"]]
    assert log.verify_consistency(17, 300, *roots, path)
    for earlier, later in [(0, 300), (301, 300), (5, 299)]:
        with pytest.raises(NotHeld):
            log_proofs.prove_consistency(settled, earlier, later)


HUGE = 2**64 - 1
HOSTILE = {
    "another index": {"index": 5},
    "a huge index": {"index": HUGE},
    "an index beyond 64 bits": {"index": 2**200},
    "a negative index": {"index": -1},
    "an index that is none": {"index": "1"},
    "a true index": {"index": True},
    "no proof": {"proof": []},
    "a short hash": {"proof": ["00"]},
    "a hash that is none": {"proof": ["xx"]},
    "a proof that is none": {"proof": None},
    "a proof of a million": {"proof": ["00" * 32] * 1000},
    "another leaf": {"leaf": "{}"},
    "a leaf that is none": {"leaf": "["},
    "a deep leaf": {"leaf": "[" * 100_000},
    "other details": {"details": '{"a":1}'},
    "details that are none": {"details": 5},
    "no salt in hex": {"salt": "zz"},
    "no checkpoint": {"checkpoint": ""},
    "a checkpoint without signature": {"checkpoint": "a\n1\nAA==\n"},
    "another key": {"log_key": "a+00000000+AQ=="},
    "a cut timestamp": {"timestamp": "MII="},
    "another form": {"form": 2},
    "cosignatures of nobody": {"cosignatures": ["— a AAAA"]},
}


@pytest.mark.parametrize("changes", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_proof_is_refused_without_an_exception(settled, changes):
    verdict = verdict_on(settled, log_proofs.prove_entry(settled, 17), **changes)

    assert verdict.indication.value == "failed"
    assert verdict.reasons
    assert verdict.entry is None or "timestamp" in str(verdict.reasons)


def test_what_is_no_document_is_refused(settled):
    proof = log_proofs.prove_entry(settled, 17).to_tlog_proof()
    cut = [proof[:at] for at in range(0, len(proof), 97)]
    others = ["", "{}", "[]", "null", "1", "[" * 100_000, proof.replace("index 16", "index 016")]
    for text in [*cut, *others, "x" * (entry_proof.MAX_PROOF_BYTES + 1)]:
        verdict = proof_verdict.verify(text.encode(), settled.trust, at=settled.clock())
        assert verdict.indication.value == "failed", text[-80:]
    assert proof_verdict.verify(b"\xff", settled.trust, at=settled.clock()).intact is None


def test_a_checkpoint_that_the_log_did_not_sign_proves_nothing(settled):
    proof = log_proofs.prove_entry(settled, 17)
    head = Checkpoint.of_text(proof.checkpoint.text)
    forged = Checkpoint(head.origin, head.size, hashlib.sha256(b"x").digest())
    note = proof.checkpoint.encode().decode().replace(head.text(), forged.text())

    assert verdict_on(settled, proof, checkpoint=note).indication.value == "failed"
    other = NoteKey(head.origin, proof.log_key.kind, b"\x01" * 32)
    assert verdict_on(settled, proof, log_key=other.vkey).indication.value == "failed"


def test_no_timestamp_or_no_seal_leaves_the_outcome_open(settled):
    proof = log_proofs.prove_entry(settled, 17)

    for missing in ("timestamp", "log_key_seal"):
        verdict = verdict_on(settled, proof, **{missing: None})
        assert (verdict.indication.value, verdict.intact) == ("indeterminate", True)
    named = proof_verdict.verify(
        json.dumps({**proof.to_json(), "log_key_seal": None}).encode(),
        settled.trust,
        at=datetime.now(UTC),
        keys=[proof.log_key],
    )
    assert named.indication.value == "passed"
