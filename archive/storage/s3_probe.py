"""The probe of an S3 service: what it enforces by itself, tried past our own checks.

Services differ in silence: some ignore `If-None-Match`, some lose the lock of an object
that was sent in parts, some take altered content. So every promise is broken on purpose.
"""

from __future__ import annotations

import io
import secrets
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

from minio import Minio
from minio.commonconfig import ENABLED, GOVERNANCE
from minio.datatypes import Part
from minio.error import MinioException, S3Error
from minio.retention import Retention

from archive.findings import Finding, Severity
from archive.storage.names import store_time
from archive.storage.probing import FOLDER

_LOCK_SECONDS = 2
_CREDENTIALS = frozenset({"InvalidAccessKeyId", "SignatureDoesNotMatch", "RequestTimeTooSkewed"})
_WRONG = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


def probe(client: Minio, bucket: str, prefix: str, url: str, lock: str) -> Iterator[Finding]:
    """Yield what the service does not hold; takes about three seconds.

    `client` writes create-only. Scratch objects are removed again. Errors of the library
    come out as they are.
    """
    scratch = _Scratch(client, bucket, f"{prefix}{FOLDER}/", url)
    try:
        checks = [scratch.reads_back, scratch.creates_only, scratch.checks_digests]
        if lock == "none":
            yield scratch.finding("NO-LOCK", "no object lock: only Kho prevents deletion", "info")
        else:
            checks += [scratch.keeps_versions, scratch.obeys_holds, scratch.obeys_locks]
        for check in checks:
            yield from scratch.tried(check)
    finally:
        scratch.remove()


class _Scratch:
    """Scratch objects in a bucket and what is tried on them."""

    def __init__(self, client: Minio, bucket: str, prefix: str, url: str) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix
        self._url = url
        self._made: list[str] = []

    def finding(self, rule: str, message: str, severity: str = "error") -> Finding:
        return Finding(f"KHO-STORE-{rule}", Severity(severity), self._url, message)

    def tried(self, check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
        """Yield what a check finds; that the service refuses an innocent request is one more."""
        try:
            yield from check()
        except S3Error as error:
            if not _an_answer(error):
                raise
            yield self.finding("REFUSED", f"{check.__name__}: the service refused: {error.code}")

    def reads_back(self) -> Iterator[Finding]:
        content = secrets.token_bytes(1000)
        key = self._put(content)
        with self._client.get_object(self._bucket, key, 10, 5) as answer:
            if answer.read() != content[10:15]:
                yield self.finding("READ", "a range does not come back as it was stored")

    def creates_only(self) -> Iterator[Finding]:
        key = self._put(b"first")
        if not _refused(lambda: self._put(b"other", key)):
            yield self.finding("CREATE-ONLY", "a stored object can be overwritten")
        if not _refused(lambda: self._put_in_parts(b"other", key)):
            yield self.finding("CREATE-ONLY", "a stored object can be overwritten in parts")

    def checks_digests(self) -> Iterator[Finding]:
        headers = {
            "x-amz-checksum-sha256": _WRONG,
            "x-amz-sdk-checksum-algorithm": "SHA256",
        }
        if not _refused(lambda: self._put(b"altered on the way", headers=headers)):
            yield self.finding("DIGEST", "content with a wrong SHA-256 is stored")

    def keeps_versions(self) -> Iterator[Finding]:
        if self._client.get_bucket_versioning(self._bucket).status != ENABLED:
            yield self.finding("VERSIONING", "the bucket is not versioned")

    def obeys_holds(self) -> Iterator[Finding]:
        key = self._put(b"held")
        version = self._client.stat_object(self._bucket, key).version_id
        self._client.enable_object_legal_hold(self._bucket, key, version)
        if not _refused(lambda: self._client.remove_object(self._bucket, key, version)):
            yield self.finding("HOLD", "an object under legal hold can be deleted")
            return
        self._client.disable_object_legal_hold(self._bucket, key, version)

    def obeys_locks(self) -> Iterator[Finding]:
        for rule, put in (("LOCK", self._put), ("LOCK-PARTS", self._put_in_parts)):
            key = put(b"locked")
            version = self._client.stat_object(self._bucket, key).version_id
            until = store_time().replace(microsecond=0) + timedelta(seconds=_LOCK_SECONDS)
            lock = Retention(GOVERNANCE, until)
            self._client.set_object_retention(self._bucket, key, lock, version)
            found = self._client.stat_object(self._bucket, key).metadata or {}
            date = found.get("x-amz-object-lock-retain-until-date") or ""
            if not date.startswith(f"{until:%Y-%m-%dT%H:%M:%S}"):
                yield self.finding(rule, "the date of a lock does not come back the same")
            if not _refused(partial(self._remove, key, version)):
                yield self.finding(rule, "a locked object can be deleted")

    def remove(self) -> None:
        """Delete all scratch objects, waiting for their locks to end."""
        deadline = time.monotonic() + 4 * _LOCK_SECONDS
        for key in self._made:
            for version in self._versions(key):
                while _refused(partial(self._remove, key, version)):
                    if time.monotonic() > deadline:
                        return
                    time.sleep(0.25)

    def _versions(self, key: str) -> list[str | None]:
        listed = self._client.list_objects(
            self._bucket, prefix=key, recursive=True, include_version=True
        )
        return [version.version_id for version in listed if version.object_name == key]

    def _remove(self, key: str, version: str | None) -> None:
        self._client.remove_object(self._bucket, key, version)

    def _new_key(self) -> str:
        self._made.append(self._prefix + secrets.token_hex(16))
        return self._made[-1]

    def _put(self, content: bytes, key: str = "", headers: dict[str, str] | None = None) -> str:
        key = key or self._new_key()
        self._client.put_object(
            self._bucket,
            key,
            io.BytesIO(content),
            len(content),
            metadata={**headers} if headers else None,
        )
        return key

    def _put_in_parts(self, content: bytes, key: str = "") -> str:
        key = key or self._new_key()
        client, at = self._client, (self._bucket, key)
        upload = client._create_multipart_upload(*at, {})  # noqa: SLF001
        try:
            etag = client._upload_part(*at, content, None, upload, 1)  # noqa: SLF001
            client._complete_multipart_upload(*at, upload, [Part(1, etag)])  # noqa: SLF001
        except MinioException:
            client._abort_multipart_upload(*at, upload)  # noqa: SLF001
            raise
        return key


def _refused(act: Callable[[], object]) -> bool:
    """Tell whether the service refused; that it did not answer is another matter."""
    try:
        act()
    except S3Error as error:
        if not _an_answer(error):
            raise
        return True
    return False


def _an_answer(error: S3Error) -> bool:
    """Tell whether the service decided, other than for want of rights or of the bucket."""
    status = getattr(error.response, "status", 0)
    return status < 500 and error.code not in {"NoSuchBucket", *_CREDENTIALS}
