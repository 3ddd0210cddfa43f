"""The probe: what a store promises is tried out on scratch objects."""

from __future__ import annotations

import io
import secrets
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

from archive.errors import ArchiveError, DisposalForbidden, IntegrityError, NotHeld, Unavailable
from archive.findings import Finding, Severity
from archive.fixity import sha256_of
from archive.model import ObjectName
from archive.storage import ObjectStore
from archive.storage.names import store_time

FOLDER = "probe"
"""Where scratch objects lie; everything else leaves it alone."""
_LOCK_SECONDS = 2


def probe(store: ObjectStore, *, lock: bool = True) -> Iterator[Finding]:
    """Yield what does not hold of reading back, create-only, digest check, hold and lock.

    The scratch objects are removed. Takes about three seconds, because one lock must end.

    Raises:
        Unavailable: the store did not answer.
    """
    checks = [_reads_back, _creates_only, _checks_digests]
    if lock:
        checks += [_obeys_holds, _obeys_locks]
    for check in checks:
        name = ObjectName(f"{FOLDER}/{secrets.token_hex(16)}")
        try:
            yield from check(store, name)
        finally:
            _remove(store, name)


def _put(store: ObjectStore, name: ObjectName, content: bytes) -> None:
    store.put(name, io.BytesIO(content), size=len(content), sha256=sha256_of(content))


def _found(rule: str, store: ObjectStore, message: str) -> Finding:
    return Finding(f"KHO-STORE-{rule}", Severity.ERROR, store.url, message)


def _refused(act: Callable[[], None], error: type[ArchiveError]) -> bool:
    try:
        act()
    except error:
        return True
    return False


def _reads_back(store: ObjectStore, name: ObjectName) -> Iterator[Finding]:
    content = secrets.token_bytes(1000)
    _put(store, name, content)
    if store.read(name) != content or store.read(name, offset=10, length=5) != content[10:15]:
        yield _found("READ", store, "what was stored does not come back the same")
    if name not in set(store.names(f"{FOLDER}/")):
        yield _found("LIST", store, "a stored object is not listed")


def _creates_only(store: ObjectStore, name: ObjectName) -> Iterator[Finding]:
    _put(store, name, b"first")
    refused = _refused(lambda: _put(store, name, b"other"), IntegrityError)
    if not refused or store.read(name) != b"first":
        yield _found("CREATE-ONLY", store, "a stored object can be overwritten")


def _checks_digests(store: ObjectStore, name: ObjectName) -> Iterator[Finding]:
    def send() -> None:
        store.put(name, io.BytesIO(b"altered"), size=7, sha256=sha256_of(b"correct"))

    refused = _refused(send, IntegrityError)
    if not refused or not _refused(lambda: _drop(store.stat(name)), NotHeld):
        yield _found("DIGEST", store, "content with a wrong digest is stored")


def _drop(_: object) -> None:
    return None


def _obeys_holds(store: ObjectStore, name: ObjectName) -> Iterator[Finding]:
    _put(store, name, b"held")
    store.set_legal_hold(name, True)
    if not store.stat(name).legal_hold:
        yield _found("HOLD", store, "a legal hold cannot be read back")
    if not _refused(lambda: store.delete(name), DisposalForbidden):
        yield _found("HOLD", store, "an object under legal hold can be deleted")
        return
    store.set_legal_hold(name, False)


def _obeys_locks(store: ObjectStore, name: ObjectName) -> Iterator[Finding]:
    _put(store, name, b"locked")
    until = store_time().replace(microsecond=0) + timedelta(seconds=_LOCK_SECONDS)
    store.retain(name, until)
    if store.stat(name).retained_until != until:
        yield _found("LOCK", store, "the date of an object lock does not come back the same")
    if not _refused(lambda: store.delete(name), DisposalForbidden):
        yield _found("LOCK", store, "a locked object can be deleted")


def _remove(store: ObjectStore, name: ObjectName) -> None:
    """Delete a scratch object, waiting for its lock to end."""
    for _ in range(8 * _LOCK_SECONDS):
        try:
            return store.delete(name)
        except DisposalForbidden:
            time.sleep(0.25)
        except Unavailable:
            return None
    return None
