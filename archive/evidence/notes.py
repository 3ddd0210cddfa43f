"""Signed notes: short texts with signatures of named Ed25519 keys.

Source: C2SP signed-note v1.0.0; for witnesses' cosignatures C2SP tlog-cosignature v1.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from archive.errors import UsageError

MAX_NOTE_BYTES = 1 << 16
MAX_SIGNATURES = 64
_DASH = "\u2014 "
_ID_BYTES, _KEY_BYTES, _TIME_BYTES = 4, 32, 8
_LAST_SECOND = 253402300799
"""Of the year 9999; later times cannot be shown as a date."""


class KeyKind(IntEnum):
    """What a key signs; the byte in its id."""

    LOG = 0x01
    """The note's text."""
    WITNESS = 0x04
    """A checkpoint and the time at which it was the largest seen (cosignature/v1)."""


@dataclass(frozen=True, slots=True)
class NoteKey:
    """A public key and the name that it signs under."""

    name: str
    kind: KeyKind
    public: bytes
    """Ed25519, 32 bytes."""

    @property
    def id(self) -> bytes:
        """Four bytes that tell keys of one name apart; not a fingerprint to trust."""
        begin = self.name.encode() + b"\n" + bytes([self.kind])
        return hashlib.sha256(begin + self.public).digest()[:_ID_BYTES]

    @property
    def vkey(self) -> str:
        """The key as text: `name+id+key`."""
        key = base64.b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.id.hex()}+{key}"

    @classmethod
    def of_vkey(cls, text: str) -> NoteKey:
        """Read a key from its text.

        Raises:
            ValueError: it is none, of another kind, or its id is not its own.
        """
        name, *parts = text.strip().split("+", 2)
        if len(parts) != 2 or not is_name(name):
            raise ValueError("a key is written name+id+key")
        encoded = decoded(parts[1])
        if len(encoded) != 1 + _KEY_BYTES or encoded[0] not in set(KeyKind):
            raise ValueError("not an Ed25519 key of a log or of a witness")
        key = cls(name, KeyKind(encoded[0]), encoded[1:])
        if key.id.hex() != parts[0]:
            raise ValueError("the key does not have this id")
        return key

    def signed(self, text: str, signature: bytes) -> Signed | None:
        """Return what a signature says, or None if it is not this key's over `text`."""
        at, message = None, text.encode()
        if self.kind is KeyKind.WITNESS:
            seconds = int.from_bytes(signature[:_TIME_BYTES], "big")
            if seconds > _LAST_SECOND:
                return None
            at, message = datetime.fromtimestamp(seconds, UTC), _cosigned(text, seconds)
            signature = signature[_TIME_BYTES:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return None
        return Signed(self, at)


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature that was verified."""

    key: NoteKey
    at: datetime | None
    """When the witness says that it signed; None for a log's own signature."""


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line; whether it holds is another question."""

    name: str
    key_id: bytes
    signature: bytes

    def line(self) -> str:
        """Return the line, with its line feed."""
        encoded = base64.b64encode(self.key_id + self.signature).decode()
        return f"{_DASH}{self.name} {encoded}\n"

    @classmethod
    def of_line(cls, line: str) -> NoteSignature:
        """Read a line without its line feed; raises ValueError."""
        name, space, encoded = line.removeprefix(_DASH).partition(" ")
        found = decoded(encoded)
        if not (line.startswith(_DASH) and space and is_name(name)) or len(found) <= _ID_BYTES:
            raise ValueError("a signature line is wrong")
        return cls(name, found[:_ID_BYTES], found[_ID_BYTES:])


@dataclass(frozen=True, slots=True)
class Note:
    """A text and the signatures below it."""

    text: str
    """With its last line feed."""
    signatures: tuple[NoteSignature, ...]

    def encode(self) -> bytes:
        """Return the note as it is stored and sent."""
        return (self.text + "\n" + "".join(one.line() for one in self.signatures)).encode()

    @classmethod
    def decode(cls, content: bytes) -> Note:
        """Read a note; no signature is verified.

        Raises:
            ValueError: it is none, or too large.
        """
        if len(content) > MAX_NOTE_BYTES:
            raise ValueError("the note is too large")
        whole = content.decode("utf-8")
        if any(ord(letter) < 0x20 and letter != "\n" for letter in whole):
            raise ValueError("the note has control characters")
        text, blank, lines = whole.rpartition("\n\n")
        if not (blank and text and lines.endswith("\n")):
            raise ValueError("the note has no signatures")
        found = lines[:-1].split("\n")
        if len(found) > MAX_SIGNATURES:
            raise ValueError("the note has too many signatures")
        return cls(text + "\n", tuple(map(NoteSignature.of_line, found)))

    def signed_by(self, key: NoteKey) -> Signed | None:
        """Return what the key signed here; None if nothing, or if a signature is wrong."""
        ours = [s for s in self.signatures if (s.name, s.key_id) == (key.name, key.id)]
        found = [key.signed(self.text, one.signature) for one in ours]
        return found[0] if found and all(found) else None

    def with_signatures(self, more: tuple[NoteSignature, ...]) -> Note:
        """Return the note with further signatures; none twice."""
        return replace(self, signatures=tuple(dict.fromkeys((*self.signatures, *more))))


@dataclass(frozen=True, slots=True)
class NoteSigner:
    """A private key."""

    key: NoteKey
    private: Ed25519PrivateKey

    def sign(self, text: str, *, at: datetime) -> NoteSignature:
        """Sign a text; the time is part of a witness's signature, and of no other's."""
        if self.key.kind is KeyKind.LOG:
            signature = self.private.sign(text.encode())
        else:
            seconds = int(at.timestamp())
            signature = seconds.to_bytes(_TIME_BYTES, "big")
            signature += self.private.sign(_cosigned(text, seconds))
        return NoteSignature(self.key.name, self.key.id, signature)

    @classmethod
    def load(cls, path: Path, name: str, kind: KeyKind) -> NoteSigner:
        """Return the signer whose key is in a file; a file that is not there is made.

        Raises:
            UsageError: the file does not have an Ed25519 key, or others may read it.
        """
        with contextlib.suppress(FileExistsError):
            _make(path)
        if path.stat().st_mode & 0o077:
            raise UsageError(f"{path} may be read by others", where=str(path), hint="chmod 600")
        try:
            private = serialization.load_pem_private_key(path.read_bytes(), None)
        except (ValueError, TypeError) as error:
            raise UsageError(f"{path} is not a private key", where=str(path)) from error
        if not isinstance(private, Ed25519PrivateKey):
            raise UsageError(f"{path} is not an Ed25519 key", where=str(path))
        return cls(NoteKey(name, kind, private.public_key().public_bytes_raw()), private)


def _make(path: Path) -> None:
    """Write a new key, whole or not at all; raises FileExistsError."""
    if path.exists():
        raise FileExistsError(path)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    encoded = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as out:
        out.write(encoded)
        out.flush()
        os.fsync(out.fileno())
    try:
        os.link(draft, path)
    finally:
        draft.unlink()


def _cosigned(text: str, seconds: int) -> bytes:
    """Return what a witness signs. Source: C2SP tlog-cosignature, Ed25519 signed message."""
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def is_name(text: str) -> bool:
    """Whether a text can be a key's name: not empty, without spaces and plus signs."""
    return bool(text) and "+" not in text and not any(map(str.isspace, text)) and text.isprintable()


def decoded(text: str) -> bytes:
    """Return the bytes of a base 64 text in its one canonical form; raises ValueError."""
    try:
        found = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("not base 64") from error
    if base64.b64encode(found).decode() != text:
        raise ValueError("not base 64 in its canonical form")
    return found
