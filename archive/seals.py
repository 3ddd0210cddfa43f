"""Seals of what the archive holds: judged, and sealed anew where a key was stolen.

A seal made after a key was stolen fails. What the archive knows to be its own, by its journal
and its digests, is sealed again with another key: `reseals/‹SHA-256 of the old seal›.p7s`,
over the same bytes. The old seal stays where it is.
"""

from __future__ import annotations

from archive.assembly import Archive
from archive.errors import NotHeld
from archive.fixity import sha256_of
from archive.model import ObjectName
from archive.signatures import seal
from archive.signatures.seal import SealVerdict

RESEALS = "reseals/"


def verdict_on(archive: Archive, content: bytes, p7s: bytes) -> SealVerdict:
    """Return what a seal is worth today, or the one that was made in its place."""
    at = archive.clock()
    verdict = seal.verify(content, p7s, archive.trust, at=at)
    if verdict.sub_indication != "REVOKED":
        return verdict
    again = made_anew(archive, p7s)
    return verdict if again is None else seal.verify(content, again, archive.trust, at=at)


def made_anew(archive: Archive, p7s: bytes) -> bytes | None:
    """Return the seal that was made in the place of another one, or None."""
    try:
        return archive.store.read(place_of(p7s))
    except NotHeld:
        return None


def place_of(p7s: bytes) -> ObjectName:
    """Return where the seal lies that takes the place of this one."""
    return ObjectName(f"{RESEALS}{sha256_of(p7s)}.p7s")
