"""Signed notes and checkpoints: what Go and C2SP write is read, and nothing else is."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.errors import UsageError
from archive.evidence.checkpoint import Checkpoint, tree_size
from archive.evidence.notes import KeyKind, Note, NoteKey, NoteSigner

GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
"""The example of golang.org/x/mod/sumdb/note (BSD 3-Clause)."""
AT = datetime(2026, 11, 27, 8, tzinfo=UTC)
HEAD = Checkpoint("kho.example/log", 7, bytes(range(32)))


@pytest.fixture
def log_signer(tmp_path) -> NoteSigner:
    return NoteSigner.load(tmp_path / "keys" / "log.key", HEAD.origin, KeyKind.LOG)


@pytest.fixture
def witness(tmp_path) -> NoteSigner:
    return NoteSigner.load(tmp_path / "witness.key", "w.example", KeyKind.WITNESS)


def test_the_note_of_gos_documentation_is_verified():
    signed = Note.decode(GO_NOTE.encode()).signed_by(NoteKey.of_vkey(GO_VKEY))

    assert signed is not None
    assert NoteKey.of_vkey(GO_VKEY).vkey == GO_VKEY
    altered = Note.decode(GO_NOTE.replace("answer", "Answer").encode())
    assert altered.signed_by(NoteKey.of_vkey(GO_VKEY)) is None


def test_a_key_is_made_once_and_for_its_owner_only(tmp_path, log_signer):
    again = NoteSigner.load(tmp_path / "keys" / "log.key", HEAD.origin, KeyKind.LOG)

    assert again.key == log_signer.key
    assert (tmp_path / "keys" / "log.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["log.key"]


@pytest.mark.parametrize("content", [b"", b"-----BEGIN PRIVATE KEY-----\nx\n", b"\x00" * 40])
def test_a_file_that_is_no_key_is_named(tmp_path, content):
    path = tmp_path / "log.key"
    path.write_bytes(content)
    path.chmod(0o600)

    with pytest.raises(UsageError, match=r"log\.key"):
        NoteSigner.load(path, "a", KeyKind.LOG)


def test_a_key_that_others_may_read_is_refused(tmp_path, witness):
    (tmp_path / "witness.key").chmod(0o644)

    with pytest.raises(UsageError, match="others"):
        NoteSigner.load(tmp_path / "witness.key", "w.example", KeyKind.WITNESS)


def test_log_and_witness_sign_the_same_note(log_signer, witness):
    note = Note(HEAD.text(), (log_signer.sign(HEAD.text(), at=AT),))
    note = note.with_signatures((witness.sign(HEAD.text(), at=AT),))
    read = Note.decode(note.encode())

    assert read == note
    assert Checkpoint.of_text(read.text) == HEAD
    signed, cosigned = read.signed_by(log_signer.key), read.signed_by(witness.key)
    assert signed is not None
    assert cosigned is not None
    assert (signed.at, cosigned.at) == (None, AT)


def test_a_cosignature_over_another_time_or_text_is_none(witness):
    one = witness.sign(HEAD.text(), at=AT)
    earlier = (0).to_bytes(8, "big") + one.signature[8:]
    far = (2**63).to_bytes(8, "big") + one.signature[8:]

    assert witness.key.signed(HEAD.text(), one.signature) is not None
    for forged in (earlier, far, b"", one.signature[:20], one.signature + b"x"):
        assert witness.key.signed(HEAD.text(), forged) is None
    assert witness.key.signed(HEAD.text() + "more\n", one.signature) is None


def test_a_key_of_the_same_name_and_id_must_have_signed_rightly(log_signer):
    good = log_signer.sign(HEAD.text(), at=AT)
    bad = log_signer.sign("something else\n", at=AT)

    assert Note(HEAD.text(), (bad, good)).signed_by(log_signer.key) is None
    assert Note(HEAD.text(), (good,)).signed_by(log_signer.key) is not None


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "a",
        "a+00000000+AQ==",
        GO_VKEY.replace("c74f", "c74e"),
        GO_VKEY.replace("Peter", "Pe ter"),
        GO_VKEY + "=",
        "a+b+" + "A" * 10_000,
        "PeterNeumann+c74f20a3+é",
    ],
)
def test_what_is_no_key_is_refused(vkey):
    with pytest.raises(ValueError):  # noqa: PT011 - any reason
        NoteKey.of_vkey(vkey)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        b"text\n",
        b"text\n\n",
        b"text\n\n- a AAAA\n",
        "text\n\n— a AAAA\n".encode(),
        "text\n\n— a+b AAAAAAAA\n".encode(),
        "te\rxt\n\n— a AAAAAAAA\n".encode(),
        "text\n\n— a AAAAAAA\n".encode(),
        "text\n\n— a AAAAAAAA".encode(),
        b"\xff\xfe\n\n",
        b"x" * 100_000,
        ("text\n\n" + "— a AAAAAAAA\n" * 65).encode(),
    ],
)
def test_what_is_no_note_is_refused(content):
    with pytest.raises(ValueError):  # noqa: PT011 - any reason
        Note.decode(content)


@given(st.binary(max_size=300))
def test_no_bytes_whatever_break_the_reading_of_a_note(content):
    with contextlib.suppress(ValueError):
        assert Note.decode(content).encode() == content


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n1\n",
        "a\n01\nAAAA\n",
        f"a\n{2**64}\n{'A' * 43}=\n",
        f"a\n-1\n{'A' * 43}=\n",
        f"a\n1\n{'A' * 44}\n",
        f"a\n1\n{'A' * 43}=",
        f"\n1\n{'A' * 43}=\n",
        f"a\n1\n{'A' * 43}=\n\n",
        f"a\n１\n{'A' * 43}=\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 - any reason
        Checkpoint.of_text(text)


def test_a_checkpoint_may_have_the_largest_size_and_further_lines():
    text = f"a\n{2**64 - 1}\n{'A' * 43}=\nmore\n"

    assert Checkpoint.of_text(text).text() == text
    assert tree_size("0") == 0
