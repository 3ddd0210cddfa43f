"""Two archives witness each other over HTTP; forks, rollbacks and hostile requests are refused."""

from __future__ import annotations

import http.client
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from archive import checkpointing, log_proofs, witnessing
from archive.assembly import Archive
from archive.catalogue import journal
from archive.errors import JournalBroken, NotHeld, Unavailable, UsageError
from archive.events import EventType
from archive.evidence import logstore, proof_verdict
from archive.evidence.checkpoint import Checkpoint
from archive.evidence.notes import Note
from archive.evidence.witness import AddCheckpoint, CheckpointRefused
from archive.preservation.rebuild import rebuild
from archive.preservation.verification import verify_journal
from archive.segments import flush
from archive.witnessing.asking import Outcome, ask
from archive.witnessing.cosigning import cosign, folder_of, last_of
from archive.witnessing.server import WitnessServer
from tests import archives
from tests.faults import FaultyStore
from tests.judges.sumdb import Judge, Question
from tests.logs import FolderLog
from tests.scenarios.test_checkpoints import written


def an_archive(folder: Path, agency: str) -> Archive:
    """Return an archive with keys of its own: those of `archives` are all the same."""
    folder.mkdir()
    home = archives.a_home(folder, archive__agency=agency, catalogue__timeout_seconds=100)
    shutil.rmtree(home / "keys")
    return archives.opened(home)


@pytest.fixture
def ours(tmp_path: Path) -> Archive:
    """The archive whose log is witnessed."""
    archive = an_archive(tmp_path / "ours", "H26")
    written(archive, 300)
    flush(archive)
    return archive


@pytest.fixture
def theirs(tmp_path: Path, ours: Archive) -> Archive:
    """The witness; it follows our log."""
    archive = an_archive(tmp_path / "theirs", "H30")
    witnessing.add(archive, ours.log_signer.key, "", agent="t")
    return archive


@contextmanager
def serving(archive: Archive) -> Iterator[str]:
    with WitnessServer(archive, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.url
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def witness(ours: Archive, theirs: Archive) -> Iterator[str]:
    """The address of the witness; we ask it."""
    with serving(theirs) as url:
        witnessing.add(ours, theirs.witness_signer.key, url, agent="t")
        yield url


def outcomes(archive: Archive) -> list[Outcome]:
    return [answer.outcome for answer in ask(archive)]


def newest(archive: Archive) -> int:
    return logstore.newest(archive.store)


def requested(archive: Archive, old: int, size: int) -> AddCheckpoint:
    proof = log_proofs.prove_consistency(archive, old, size).path if old else ()
    return AddCheckpoint(old, proof, checkpointing.read_note(archive, size))


def refusal(archive: Archive, body: bytes) -> CheckpointRefused:
    with pytest.raises(CheckpointRefused) as refused:
        cosign(archive, body)
    return refused.value


def test_a_witness_cosigns_what_continues_the_last_that_it_saw(ours, theirs, witness):
    assert outcomes(ours) == [Outcome.COSIGNED]
    first = newest(ours)
    written(ours, 700)
    assert outcomes(ours) == [Outcome.COSIGNED]
    second = newest(ours)

    last = last_of(theirs, ours.log_origin)
    assert last == checkpointing.checkpoint_at(ours, second)
    for size in (first, second):
        note = checkpointing.read_note(ours, size, cosigned=True)
        signed = note.signed_by(theirs.witness_signer.key)
        assert signed is not None
        assert signed.at is not None
    state = verify_journal(ours).log
    assert (state.size, state.cosigned) == (second, 2)


def test_a_forged_cosignature_is_found(ours, theirs, witness):
    ask(ours)
    key = theirs.witness_signer.key
    name = f"{logstore.checkpoint_name(newest(ours))}.{key.id.hex()}"
    forged = theirs.witness_signer.sign("something else\n", at=ours.clock()).line().encode()
    archives.altered(ours, name, lambda _: forged)

    with pytest.raises(JournalBroken) as damage:
        verify_journal(ours)
    assert damage.value.where == name


def test_who_has_cosigned_is_not_asked_again(ours, theirs, witness):
    ask(ours)
    before = list(theirs.store.names("witness/"))

    assert outcomes(ours) == [Outcome.COSIGNED]
    assert list(theirs.store.names("witness/")) == before


def test_both_archives_witness_each_other(ours, theirs, witness):
    witnessing.add(ours, theirs.log_signer.key, "", agent="t")
    with serving(ours) as url:
        witnessing.add(theirs, ours.witness_signer.key, url, agent="t")

        assert outcomes(theirs) == outcomes(ours) == [Outcome.COSIGNED]
        assert outcomes(theirs) == [Outcome.COSIGNED]


def test_an_entry_is_proven_under_the_witnessed_checkpoint(ours, theirs, witness):
    ask(ours)
    size = newest(ours)
    written(ours, 1)
    flush(ours)

    proof = log_proofs.prove_entry(ours, 5)
    verdict = proof_verdict.verify(
        proof.to_tlog_proof().encode(),
        ours.trust,
        at=ours.clock(),
        witnesses=[theirs.witness_signer.key],
    )

    assert (verdict.indication.value, verdict.tree_size) == ("passed", size)
    assert [one.name for one in verdict.cosigned] == [theirs.witness_signer.key.name]


def test_go_accepts_the_cosigned_checkpoint(ours, theirs, witness, tmp_path):
    ask(ours)
    size = newest(ours)
    note = checkpointing.read_note(ours, size, cosigned=True).encode().decode()
    question = Question(
        archives.file_of(ours, "journal"),
        ours.log_signer.key.vkey,
        [theirs.witness_signer.key.vkey],
        [note],
    )

    assert Judge(tmp_path).faults(question) == []


def test_a_witness_that_lost_nothing_helps_who_forgot_its_answers(ours, theirs, witness):
    ask(ours)
    for name in list(ours.store.names(logstore.CHECKPOINTS)):
        if logstore.is_cosignature(name):
            ours.store.delete(name)
    written(ours, 10)

    assert outcomes(ours) == [Outcome.COSIGNED]


def test_a_log_that_was_rolled_back_is_refused_and_told_so(ours, theirs, witness, tmp_path):
    shutil.copytree(ours.settings.home, tmp_path / "old")
    written(ours, 10)
    ask(ours)
    rolled_back = archives.opened(tmp_path / "old")

    (answer,) = ask(rolled_back)

    assert answer.outcome is Outcome.REFUSED
    assert "rolled back" in answer.detail


def test_a_forked_log_is_refused_and_the_fork_is_kept_on_record(ours, theirs, witness, tmp_path):
    shutil.copytree(ours.settings.home, tmp_path / "fork")
    written(ours, 10)
    ask(ours)
    fork = archives.opened(tmp_path / "fork")
    written(fork, 20)

    answers = [ask(fork), ask(fork)]

    assert [one.outcome for (one,) in answers] == [Outcome.REFUSED] * 2
    kept = list(theirs.store.names(f"{folder_of(ours.log_origin)}refused/"))
    assert len(kept) == 1
    assert Note.decode(theirs.store.read(kept[0])).signed_by(ours.log_signer.key)
    with theirs.catalogue.connect() as connection:
        events = list(journal.entries(connection, type=EventType.CHECKPOINT_REFUSED))
    assert len(events) == 1
    assert last_of(theirs, ours.log_origin) == checkpointing.checkpoint_at(ours, newest(ours))


def test_a_fork_of_the_same_size_is_refused(ours, theirs):
    size = newest(ours)
    cosign(theirs, requested(ours, 0, size).encode())
    head = Checkpoint(ours.log_origin, size, bytes(32))
    note = Note(head.text(), (ours.log_signer.sign(head.text(), at=ours.clock()),))

    refused = refusal(theirs, AddCheckpoint(size, (), note).encode())

    assert (refused.status, refused.size, refused.forked) == (409, None, True)


def test_the_witness_remembers_after_the_loss_of_its_catalogue(ours, theirs):
    size = newest(ours)
    cosign(theirs, requested(ours, 0, size).encode())
    flush(theirs)

    lost = archives.lose(theirs)
    rebuild(lost)

    assert refusal(lost, requested(ours, 0, size).encode()).size == size
    assert cosign(lost, requested(ours, size, size).encode())


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_nothing_is_cosigned_that_was_not_kept_first(ours, theirs, after):
    faulty = FaultyStore(theirs.store, fail_at=1, after=after)
    broken = archives.opened(theirs.settings.home, store=faulty)
    size = newest(ours)
    body = requested(ours, 0, size).encode()

    with pytest.raises(Unavailable):
        cosign(broken, body)

    if after:
        assert refusal(theirs, body).size == size
        body = requested(ours, size, size).encode()
    assert cosign(theirs, body)


def test_of_requests_at_once_the_last_one_kept_is_the_largest_and_none_goes_back(ours, theirs):
    sizes = [newest(ours)]
    for _ in range(4):
        written(ours, 5)
        flush(ours)
        sizes.append(newest(ours))
    bodies = [requested(ours, 0, size).encode() for size in sizes]
    signed = []

    refused = []

    def send(body: bytes) -> None:
        try:
            signed.append(cosign(theirs, body))
        except CheckpointRefused as refusal:
            refused.append(refusal.status)

    threads = [threading.Thread(target=send, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(signed), refused) == (1, [409] * 4)


def test_who_is_witness_and_whose_log_is_followed_is_on_record(ours, theirs):
    key = theirs.witness_signer.key
    witnessing.add(ours, key, "http://127.0.0.1:9/", agent="t")
    witnessing.add(ours, key, "http://127.0.0.1:9/", agent="t")
    flush(ours)

    lost = archives.lose(ours)
    rebuild(lost)

    assert [one.url for one in witnessing.witnesses(lost)] == ["http://127.0.0.1:9"]
    assert outcomes(lost) == [Outcome.UNAVAILABLE]
    witnessing.remove(lost, key.name, agent="t")
    assert witnessing.parties(lost) == ()
    with pytest.raises(NotHeld):
        witnessing.remove(lost, key.name, agent="t")


def test_what_makes_no_sense_is_not_added(ours, theirs):
    wrong = [
        (theirs.witness_signer.key, ""),
        (theirs.witness_signer.key, "file:///etc/passwd"),
        (theirs.log_signer.key, "http://127.0.0.1:9"),
        (ours.witness_signer.key, "http://127.0.0.1:9"),
    ]
    for key, url in wrong:
        with pytest.raises(UsageError):
            witnessing.add(ours, key, url, agent="t")
    assert witnessing.parties(ours) == ()


HASH = "A" * 43 + "="
HOSTILE = {
    "nothing": (b"", 400),
    "no note": (b"old 0\n\n", 400),
    "no old size": (b"new 0\n\nx\n1\n", 400),
    "an old size with zeros": (b"old 00\n\n", 400),
    "a huge old size": (b"old 99999999999999999999999\n\n", 400),
    "64 proof lines": (f"old 1\n{(HASH + chr(10)) * 64}\nx\n".encode(), 400),
    "a proof line that is none": (b"old 1\n???\n\nx\n", 400),
    "bytes that are no text": (b"\xff" * 100, 400),
    "too much": (b"old 0\n\n" + b"x" * 100_000, 400),
}


@pytest.mark.parametrize(("body", "status"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_request_gets_its_answer(theirs, body, status):
    assert refusal(theirs, body).status == status


def test_the_protocols_reasons_come_in_its_order(ours, theirs, tmp_path):
    size = newest(ours)
    other = FolderLog(tmp_path)
    unknown = AddCheckpoint(0, (), other.signed(other.grown(3)))
    assert refusal(theirs, unknown.encode()).status == 404

    good = requested(ours, 0, size)
    unsigned = Note(good.note.text, (other.signer.sign(good.note.text, at=ours.clock()),))
    assert refusal(theirs, AddCheckpoint(0, (), unsigned).encode()).status == 403
    assert refusal(theirs, AddCheckpoint(size + 1, (), good.note).encode()).status == 400
    assert refusal(theirs, AddCheckpoint(5, (), good.note).encode()).size == 0
    assert refusal(theirs, AddCheckpoint(0, (bytes(32),), good.note).encode()).status == 422
    cosign(theirs, good.encode())
    written(ours, 3)
    flush(ours)
    later = requested(ours, size, size + 3)
    assert refusal(theirs, AddCheckpoint(size, later.proof[1:], later.note).encode()).status == 422
    assert cosign(theirs, later.encode())


def exchange(
    url: str, method: str, path: str, body: bytes = b"", **headers: str
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    connection.request(method, path, body or None, headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content


def test_the_service_answers_its_own_questions_only(ours, theirs, witness):
    size = newest(ours)
    good = requested(ours, 0, size).encode()

    assert exchange(witness, "POST", "/other", good)[0] == 404
    assert exchange(witness, "GET", "/add-checkpoint")[0] == 404
    assert exchange(witness, "POST", "/add-checkpoint", b"x")[0] == 400
    length = {"Content-Length": "999999999"}
    assert exchange(witness, "POST", "/add-checkpoint", b"x", **length)[0] == 413
    assert exchange(witness, "POST", "/add-checkpoint", good)[0] == 200
    assert exchange(witness, "POST", "/add-checkpoint", good) == (409, f"{size}\n".encode())
    for path in ("/tile/0/../../../kho.toml", "/tile/0/000.p/1/..", "/tile/64/000", "/%2e%2e/"):
        assert exchange(witness, "GET", path)[0] == 404


def test_the_service_shows_its_own_log_to_monitors(ours):
    with serving(ours) as url:
        status, content = exchange(url, "GET", "/checkpoint")
        head = Checkpoint.of_text(Note.decode(content).text)
        tile = exchange(url, "GET", "/tile/0/000")
        bundle = exchange(url, "GET", f"/tile/entries/001.p/{head.size - 256}")

    assert (status, tile[0], bundle[0]) == (200, 200, 200)
    assert len(tile[1]) == 256 * 32
    assert ours.agent.encode() not in bundle[1]


def test_a_witness_that_answers_nonsense_is_not_believed(ours, theirs, tmp_path):
    class Nonsense(WitnessServer):
        def finish_request(self, request, client_address):
            request.recv(65536)
            body = NONSENSE.pop().encode()
            request.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    text = checkpointing.read_note(ours, newest(ours)).text
    forged = theirs.witness_signer.sign(text + "x", at=ours.clock())
    nonsense = ["", "x", "— a AAAA", forged.line(), "\x00" * 9]
    NONSENSE[:] = list(nonsense)
    with Nonsense(theirs, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        witnessing.add(ours, theirs.witness_signer.key, server.url, agent="t")
        found = [outcomes(ours)[0] for _ in nonsense]
        server.shutdown()
        thread.join()

    assert set(found) == {Outcome.UNAVAILABLE}
    assert not list(logstore.cosigned_sizes(ours.store))


NONSENSE: list[str] = []
