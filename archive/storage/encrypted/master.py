"""Master keys: what the keys of dossiers are wrapped with, in a file or in a token."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from archive.errors import IntegrityError, UsageError

KEY_BYTES = 32
_KNOWN = hashlib.sha256(b"kho master key id").digest()


class MasterKey(Protocol):
    """A key that wraps keys (RFC 3394); every implementation gives and takes the same bytes."""

    id: str
    """16 hex digits that tell one master key from another; nothing of the key follows from it."""

    def wrap(self, key: bytes) -> bytes:
        """Return a 32-byte key, wrapped: 40 bytes."""

    def unwrap(self, wrapped: bytes) -> bytes:
        """Return the key that was wrapped.

        Raises:
            IntegrityError: it was wrapped with another master key, or altered.
            Unavailable: the token did not answer; try again.
        """


def master_id(master: MasterKey) -> str:
    """Return the id of a master key: of what it wraps a known value into."""
    return hashlib.sha256(master.wrap(_KNOWN)).hexdigest()[:16]


class FileMaster:
    """A master key in a file of 64 hex digits, which only its owner may read."""

    id: str

    def __init__(self, key: bytes) -> None:
        """Take a key of 32 bytes."""
        self._key = key
        self.id = master_id(self)

    def wrap(self, key: bytes) -> bytes:
        """Wrap a key; see `MasterKey.wrap`."""
        return aes_key_wrap(self._key, key)

    def unwrap(self, wrapped: bytes) -> bytes:
        """Unwrap a key; see `MasterKey.unwrap`."""
        try:
            return aes_key_unwrap(self._key, wrapped)
        except InvalidUnwrap as error:
            raise not_unwrapped(self.id) from error


def not_unwrapped(master: str) -> IntegrityError:
    """Return the error for what a master key does not unwrap."""
    return IntegrityError(
        f"a dossier's key does not unwrap under master key {master}",
        where="encryption.keys",
        hint="altered, or of another archive? restore encryption.keys from its own backup",
    )


def make_file(path: Path) -> str:
    """Write a new master key, readable by its owner only; return its id.

    Raises:
        UsageError: there is a file of this name.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = secrets.token_bytes(KEY_BYTES)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise UsageError(f"{path} is there", where=str(path), hint="name a new file") from error
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write(key.hex() + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    return FileMaster(key).id
