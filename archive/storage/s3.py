"""A store in a bucket of an S3 service, through the `minio` library."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from typing import BinaryIO

from minio import Minio
from minio.commonconfig import COMPLIANCE, GOVERNANCE
from minio.datatypes import Object, Part
from minio.error import MinioException, S3Error
from minio.helpers import md5sum_hash
from minio.retention import Retention
from urllib3.exceptions import HTTPError

from archive.errors import NotHeld, Unavailable, UsageError
from archive.findings import Finding
from archive.fixity import CHUNK_BYTES
from archive.model import ObjectName
from archive.storage import StoredObject
from archive.storage.names import (
    checked,
    forbid_if_locked,
    not_held,
    other_content,
    store_time,
    whole_second,
)
from archive.storage.s3_connection import Connection
from archive.storage.s3_errors import ANSWER_ERRORS, s3_errors, translated
from archive.storage.s3_listing import in_byte_order
from archive.storage.s3_probe import probe
from archive.storage.streams import declared, hashed, stored

ONE_PUT_BYTES = 32 << 20
"""Up to this size an object is one request, held in memory; above, it goes in parts."""
PART_BYTES = 16 << 20
_MAX_PARTS = 9_000
_DIGEST = "x-amz-meta-kho-sha256"
_TAKEN = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
_LOCK_MODES = {"governance": GOVERNANCE, "compliance": COMPLIANCE}


class S3Store:
    """Objects below a prefix of one bucket, versioned and, unless told otherwise, with lock."""

    def __init__(self, connection: Connection, *, lock: str = "governance") -> None:
        """Use a bucket; nothing is sent before it is needed.

        Args:
            connection: where, and with which credentials.
            lock: mode of object lock: `governance`, `compliance`, or `none` for a bucket
                without lock.

        Raises:
            UsageError: there is no such mode.
        """
        if lock != "none" and lock not in _LOCK_MODES:
            raise UsageError(f"store.lock is {lock!r}; choose governance, compliance or none")
        self.url = connection.url
        self.lock = lock
        self._bucket = connection.bucket
        self._prefix = connection.prefix
        self._client: Minio = connection.client()

    def put(self, name: ObjectName, content: BinaryIO, *, size: int, sha256: str) -> None:
        """Store content create-only; see `ObjectStore.put`."""
        key = self._key(name)
        with s3_errors(name):
            try:
                if size <= ONE_PUT_BYTES:
                    self._put_at_once(name, key, content, size=size, sha256=sha256)
                elif not self._exists(key):
                    self._put_in_parts(name, key, content, size=size, sha256=sha256)
                else:
                    self._compare(name, size=size, sha256=sha256)
            except S3Error as error:
                if error.code not in _TAKEN:
                    raise
                self._compare(name, size=size, sha256=sha256)

    @contextmanager
    def open(
        self, name: ObjectName, *, offset: int = 0, length: int | None = None
    ) -> Iterator[BinaryIO]:
        """Open an object or a range of it; see `ObjectStore.open`."""
        key = self._key(name)
        if length == 0:
            self.stat(name)
            yield io.BytesIO()
            return
        with s3_errors(name):
            try:
                answer = self._client.get_object(self._bucket, key, offset, length or 0)
            except S3Error as error:
                if error.code != "InvalidRange":
                    raise
                answer = None
        if answer is None:
            yield io.BytesIO()
            return
        translate = partial(translated, where=name)
        with stored(answer, length=None, errors=ANSWER_ERRORS, translate=translate) as stream:
            yield stream

    def read(self, name: ObjectName, *, offset: int = 0, length: int | None = None) -> bytes:
        """Return an object or a range of it; see `ObjectStore.read`."""
        with self.open(name, offset=offset, length=length) as stream:
            return stream.read()

    def stat(self, name: ObjectName) -> StoredObject:
        """Describe an object; see `ObjectStore.stat`."""
        with s3_errors(name):
            return _described(name, self._client.stat_object(self._bucket, self._key(name)))

    def names(self, prefix: str = "", *, after: str = "") -> Iterator[ObjectName]:
        """Yield names in byte order; see `ObjectStore.names`."""
        for name in in_byte_order(self._listed, prefix, after):
            yield ObjectName(name)

    def delete(self, name: ObjectName) -> None:
        """Remove every version unless one is locked; see `ObjectStore.delete`."""
        key = self._key(name)
        with s3_errors(name):
            versions = self._versions(key)
            # No version goes before all of them are known to be free.
            for version in versions:
                if not version.is_delete_marker:
                    self._forbid_if_locked(name, key, version.version_id)
            for version in versions:
                try:
                    self._client.remove_object(self._bucket, key, version.version_id)
                except S3Error as error:
                    if error.code in {"NoSuchKey", "NoSuchVersion"}:
                        continue
                    if error.code == "AccessDenied":
                        self._forbid_if_locked(name, key, version.version_id)
                    raise

    def retain(self, name: ObjectName, until: datetime) -> None:
        """Lock an object; see `ObjectStore.retain`."""
        until = whole_second(until)
        self._must_lock()
        with s3_errors(name):
            found = self._client.stat_object(self._bucket, self._key(name))
            present = _described(name, found).retained_until
            if until <= store_time() or (present is not None and until <= present):
                return
            # A lock is extended in its own mode: COMPLIANCE never becomes weaker.
            stronger = _header(found, "x-amz-object-lock-mode") == COMPLIANCE
            mode = COMPLIANCE if stronger else _LOCK_MODES[self.lock]
            self._client.set_object_retention(
                self._bucket, self._key(name), Retention(mode, until), found.version_id
            )

    def set_legal_hold(self, name: ObjectName, on: bool) -> None:
        """Set or clear the hold on every version; see `ObjectStore.set_legal_hold`."""
        key = self._key(name)
        self._must_lock()
        change = (
            self._client.enable_object_legal_hold if on else self._client.disable_object_legal_hold
        )
        with s3_errors(name):
            versions = [v for v in self._versions(key) if not v.is_delete_marker]
            if not versions:
                raise not_held(name)
            for version in versions:
                change(self._bucket, key, version.version_id)

    def probe(self) -> tuple[Finding, ...]:
        """Try out what the service enforces by itself; see `ObjectStore.probe`."""
        with s3_errors(self.url):
            return tuple(probe(self._client, self._bucket, self._prefix, self.url, self.lock))

    def _key(self, name: ObjectName) -> str:
        return self._prefix + checked(name)

    def _must_lock(self) -> None:
        if self.lock == "none":
            raise UsageError(
                f"{self.url} has no object lock", where=self.url, hint="see the setting store.lock"
            )

    def _put_at_once(
        self, name: ObjectName, key: str, content: BinaryIO, *, size: int, sha256: str
    ) -> None:
        whole = b"".join(declared(content, name, size=size, sha256=sha256))
        # With these headers the service checks the digest by itself and keeps it.
        checksum: dict[str, str | list[str] | tuple[str]] = {
            "x-amz-checksum-sha256": base64.b64encode(bytes.fromhex(sha256)).decode(),
            "x-amz-sdk-checksum-algorithm": "SHA256",
            _DIGEST: sha256,
        }
        self._client.put_object(
            self._bucket, key, io.BytesIO(whole), size, metadata=checksum, part_size=ONE_PUT_BYTES
        )

    def _put_in_parts(
        self, name: ObjectName, key: str, content: BinaryIO, *, size: int, sha256: str
    ) -> None:
        """Send the parts one after the other; visible only when all of them are right.

        The public `put_object` gives parts no checksum, hence the library's inner calls
        (its version is pinned).
        """
        client, at = self._client, (self._bucket, key)
        upload = client._create_multipart_upload(*at, {_DIGEST: sha256})  # noqa: SLF001
        try:
            parts: list[Part] = []
            pieces = declared(content, name, size=size, sha256=sha256)
            for number, part in enumerate(_parts(pieces, size), start=1):
                md5: dict[str, str | list[str] | tuple[str]] = {
                    "Content-MD5": str(md5sum_hash(part))
                }
                etag = client._upload_part(*at, part, md5, upload, number)  # noqa: SLF001
                parts.append(Part(number, etag))
            made = client._complete_multipart_upload(*at, upload, parts)  # noqa: SLF001
        except BaseException:
            with suppress(MinioException, HTTPError):  # what is left of it is never visible
                client._abort_multipart_upload(*at, upload)  # noqa: SLF001
            raise
        self._give_way(name, key, made.version_id, size=size, sha256=sha256)

    def _give_way(
        self, name: ObjectName, key: str, version: str | None, *, size: int, sha256: str
    ) -> None:
        """Withdraw our version if another writer completed before us.

        Services look for an existing object before they complete an upload, not while they
        do, so that of two that complete in the same moment both may succeed.
        """
        versions = [each for each in self._versions(key) if not each.is_delete_marker]
        # Newest first, as S3 lists versions.
        if version is None or len(versions) < 2 or versions[-1].version_id == version:
            return
        self._client.remove_object(self._bucket, key, version)
        self._compare(name, size=size, sha256=sha256)

    def _exists(self, key: str) -> bool:
        try:
            self._client.stat_object(self._bucket, key)
        except S3Error as error:
            if error.code == "NoSuchKey":
                return False
            raise
        return True

    def _compare(self, name: ObjectName, *, size: int, sha256: str) -> None:
        try:
            found = self.stat(name)
        except NotHeld:
            raise Unavailable(f"{name}: another writer was in the way", where=name) from None
        if found.size != size:
            raise other_content(name)
        digest = found.sha256
        if digest is None:
            with self.open(name) as stream:
                digest = hashed(stream)
        if digest != sha256:
            raise other_content(name)

    def _forbid_if_locked(self, name: ObjectName, key: str, version: str | None) -> None:
        try:
            found = self._client.stat_object(self._bucket, key, version_id=version)
        except S3Error as error:
            if error.code in {"NoSuchKey", "NoSuchVersion"}:
                return
            raise
        lock = _described(name, found)
        forbid_if_locked(
            name,
            retained_until=lock.retained_until,
            legal_hold=lock.legal_hold,
            at=store_time(),
        )

    def _versions(self, key: str) -> list[Object]:
        listed = self._client.list_objects(
            self._bucket, prefix=key, recursive=True, include_version=True
        )
        return [version for version in listed if version.object_name == key]

    def _listed(self, prefix: str, recursive: bool) -> Iterable[str]:
        with s3_errors(self.url):
            for found in self._client.list_objects(
                self._bucket, prefix=self._prefix + prefix, recursive=recursive
            ):
                yield str(found.object_name)[len(self._prefix) :]


def _parts(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Yield content in parts of equal size, all but the last one full, at most `_MAX_PARTS`."""
    at_least = -(-size // _MAX_PARTS)
    part_bytes = max(PART_BYTES, -(-at_least // CHUNK_BYTES) * CHUNK_BYTES)
    part = bytearray()
    for piece in pieces:
        part += piece
        while len(part) >= part_bytes:
            yield bytes(part[:part_bytes])
            del part[:part_bytes]
    if part:
        yield bytes(part)


def _header(found: Object, name: str) -> str | None:
    return found.metadata.get(name) if found.metadata is not None else None


def _described(name: ObjectName, found: Object) -> StoredObject:
    until = _header(found, "x-amz-object-lock-retain-until-date")
    return StoredObject(
        name,
        found.size or 0,
        _header(found, _DIGEST),
        found.last_modified or datetime.fromtimestamp(0, UTC),
        lock_date(until, name) if until else None,
        _header(found, "x-amz-object-lock-legal-hold") == "ON",
    )


def lock_date(text: str, where: str) -> datetime:
    """Return the date of an object lock, UTC, in whole seconds.

    Services write it with none to nine digits after the second, and with `Z` or an offset.

    Raises:
        Unavailable: it cannot be read.
    """
    head, zone = text[:19], text[19:].lstrip(".0123456789")
    try:
        return datetime.fromisoformat(head + (zone or "Z")).astimezone(UTC)
    except ValueError as error:
        raise Unavailable(f"{where}: lock date {text!a} cannot be read", where=where) from error
