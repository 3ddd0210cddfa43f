"""Opening a master key by its address: `file:PATH` or `pkcs11:…`."""

from __future__ import annotations

from pathlib import Path

from archive.errors import NotHeld, Rejected, UsageError
from archive.storage.encrypted.master import KEY_BYTES, FileMaster, MasterKey


def open_master(url: str, home: Path) -> MasterKey:
    """Return the master key at `file:PATH` (from `home` on) or `pkcs11:…` (RFC 7512).

    Raises:
        NotHeld: there is no such file or token.
        Rejected: the file has no key in it, or others may read it.
        UsageError: no such form.
    """
    if url.startswith("pkcs11:"):
        from archive.storage.encrypted.token import TokenMaster

        return TokenMaster.open(url)
    if not url.startswith("file:"):
        raise UsageError(f"{url}: not a master key", hint="file:PATH or pkcs11:token=…;object=…")
    path = home / url.removeprefix("file:")
    try:
        text, mode = path.read_text(encoding="ascii"), path.stat().st_mode
    except OSError as error:
        raise NotHeld(
            f"the master key {path}: {error.strerror}",
            where="encryption.master",
            hint="without it no package can be read: restore it from where it was put away",
        ) from error
    if mode & 0o077:
        raise Rejected(f"others may read {path}", where="encryption.master", hint="chmod 600")
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise Rejected(f"{path} is not 64 hex digits", where="encryption.master")
    return FileMaster(key)
