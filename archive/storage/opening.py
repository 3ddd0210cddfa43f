"""Opening a store by its URL: `folder:///path`, a plain path, `s3://host:port/bucket/prefix`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from archive.errors import UsageError
from archive.storage import ObjectStore
from archive.storage.credentials import S3Credentials, from_environment
from archive.storage.folder import FolderStore

if TYPE_CHECKING:
    from archive.storage.s3_connection import Connection

__all__ = ["S3Credentials", "create_store", "open_store"]


def open_store(
    url: str,
    credentials: S3Credentials | None = None,
    *,
    lock: str = "governance",
    ca_file: str | None = None,
) -> ObjectStore:
    """Return the store at `url`.

    Args:
        url: `folder:///PATH`, a path, or `s3://HOST[:PORT]/BUCKET[/PREFIX][?tls=0&region=…]`.
        credentials: for S3; from the environment if not given.
        lock: mode of S3 object lock: `governance`, `compliance` or `none`.
        ca_file: PEM file with the CA of an S3 service.

    Raises:
        NotInitialised: the folder has no store in it (a disk that is not mounted?).
        UsageError: no such form of URL, or credentials are in it.
    """
    if not url.startswith("s3:"):
        return FolderStore(_folder(url), create=False)
    from archive.storage.s3 import S3Store

    return S3Store(_connection(url, credentials, ca_file), lock=lock)


def create_store(
    url: str,
    credentials: S3Credentials | None = None,
    *,
    lock: str = "governance",
    ca_file: str | None = None,
) -> ObjectStore:
    """Make the store at `url` if it is not there, and return it.

    A bucket is made with versioning and object lock (unless `lock` is `none`); one that is
    there is taken as it is: `ObjectStore.probe` says whether it will do.

    Raises:
        Unavailable, NotPermitted, UsageError: as said.
    """
    if not url.startswith("s3:"):
        return FolderStore(_folder(url))
    from archive.storage.s3_errors import s3_errors

    connection = _connection(url, credentials, ca_file)
    with s3_errors(connection.url):
        client = connection.client(create_only=False)
        if not client.bucket_exists(connection.bucket):
            client.make_bucket(connection.bucket, object_lock=lock != "none")
    return open_store(url, credentials, lock=lock, ca_file=ca_file)


def _connection(url: str, credentials: S3Credentials | None, ca_file: str | None) -> Connection:
    from archive.storage.s3_connection import parse

    return parse(url, credentials=credentials or from_environment(), ca_file=ca_file)


def _folder(url: str) -> Path:
    if url.startswith("folder:///"):
        return Path(url.removeprefix("folder://"))
    if "://" in url or not url:
        raise UsageError(
            f"{url.partition('://')[0]}: is not a kind of store",
            hint="folder:///PATH or s3://HOST:PORT/BUCKET/PREFIX",
        )
    return Path(url.removeprefix("folder:"))
