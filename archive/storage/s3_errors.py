"""What an S3 service and the way to it can say, as our errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from xml.etree.ElementTree import ParseError

from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from urllib3.exceptions import HTTPError, SSLError

from archive.errors import (
    ArchiveError,
    IntegrityError,
    NotHeld,
    NotInitialised,
    NotPermitted,
    StoreFull,
    Unavailable,
    UsageError,
)

_NOT_HELD = frozenset({"NoSuchKey", "NoSuchVersion", "NoSuchObject"})
_FULL = frozenset(
    {"InsufficientStorage", "QuotaExceeded", "XMinioStorageFull", "StorageFull", "EntityTooLarge"}
)
_DIGEST = frozenset(
    {
        *("BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "IncompleteBody"),
        *("XAmzContentChecksumMismatch", "InvalidChecksum", "ContentMD5Mismatch"),
    }
)
_NOT_PERMITTED = frozenset(
    {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "AccountProblem"}
)
_CALLERS = frozenset({"InvalidBucketName", "KeyTooLongError", "InvalidBucketState"})
ANSWER_ERRORS = (HTTPError, OSError)
"""What can be raised while the body of an answer is read."""


@contextmanager
def s3_errors(where: str) -> Iterator[None]:
    """Translate everything that the S3 library raises; `where` names the object or the store.

    Raises:
        NotHeld, NotInitialised, NotPermitted, IntegrityError, StoreFull, UsageError: as said
            by the service.
        Unavailable: it did not answer, or not in a way that could be understood.
    """
    try:
        yield
    except (MinioException, HTTPError, OSError, ParseError, ValueError) as error:
        raise translated(error, where) from error


def translated(error: Exception, where: str) -> ArchiveError:
    """Return our error for one of the S3 library's."""
    if isinstance(error, S3Error):
        return _said(error, where)
    if isinstance(error, ServerError | InvalidResponseError):
        return _status(error.status_code if isinstance(error, ServerError) else 0, where)
    if isinstance(error, SSLError) or isinstance(getattr(error, "reason", None), SSLError):
        return Unavailable(
            f"{where}: no trust in the store's TLS certificate",
            where=where,
            hint="name its CA in the setting store.ca_file",
        )
    if isinstance(error, ValueError) and not isinstance(error, UnicodeError):
        return UsageError(f"{where}: {error}", where=where)
    return _unavailable(type(error).__name__, where)


def _said(error: S3Error, where: str) -> ArchiveError:
    code = error.code or ""
    status = getattr(error.response, "status", 0)
    if code in _NOT_HELD:
        return NotHeld(f"{where} is not in the store", where=where)
    if code == "NoSuchBucket":
        hint = "make it with: kho init --store s3://…"
        return NotInitialised(f"{where}: the bucket does not exist", where=where, hint=hint)
    if code in _FULL or status == 507:
        return StoreFull(f"{where}: {code}", where=where, hint="make room and try again")
    if code in _DIGEST:
        return IntegrityError(f"{where}: the store refused altered content ({code})", where=where)
    if code in _NOT_PERMITTED:
        hint = "check KHO_S3_ACCESS_KEY, KHO_S3_SECRET_KEY and the rights that go with them"
        return NotPermitted(f"{where}: the store refused ({code})", where=where, hint=hint)
    if code == "RequestTimeTooSkewed":
        return _unavailable("this machine's clock differs from the store's", where)
    if code in _CALLERS:
        return UsageError(f"{where}: {code}", where=where)
    return _unavailable(code or f"status {status}", where)


def _status(status: int, where: str) -> ArchiveError:
    if status == 507:
        return StoreFull(f"{where}: no room in the store", where=where)
    return _unavailable(f"status {status or 'unknown'}", where)


def _unavailable(cause: str, where: str) -> Unavailable:
    return Unavailable(
        f"{where}: the store did not answer as it should ({cause})",
        where=where,
        hint="try again; see: kho doctor",
    )
