"""Opening stores: URLs, credentials, and the names that objects can have."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from archive.errors import Unavailable, UsageError
from archive.storage.credentials import S3Credentials, from_environment
from archive.storage.folder import FolderStore
from archive.storage.names import whole_second
from archive.storage.opening import create_store, open_store
from archive.storage.s3 import S3Store, lock_date
from archive.storage.s3_connection import parse
from archive.storage.s3_listing import in_byte_order


@pytest.mark.parametrize("form", ["folder://{}", "{}", "folder:{}"])
def test_a_folder_is_named_by_url_or_path(tmp_path: Path, form: str) -> None:
    store = create_store(form.format(tmp_path / "store"))

    assert isinstance(store, FolderStore)
    assert store.url == f"folder://{tmp_path / 'store'}"
    assert open_store(store.url).url == store.url


@pytest.mark.parametrize(
    ("url", "endpoint", "bucket", "prefix", "tls"),
    [
        ("s3://h:9000/bucket?tls=0", "h:9000", "bucket", "", False),
        ("s3://h/bucket/a/b/", "h", "bucket", "a/b/", True),
        ("s3://h/bucket/a?tls=1&region=vn-1", "h", "bucket", "a/", True),
    ],
)
def test_an_s3_url_says_where_the_store_is(
    url: str, endpoint: str, bucket: str, prefix: str, tls: bool
) -> None:
    found = parse(url)

    assert (found.endpoint, found.bucket, found.prefix, found.tls) == (
        endpoint,
        bucket,
        prefix,
        tls,
    )
    assert parse(found.url).url == found.url


@pytest.mark.parametrize(
    "url",
    [
        *("s3://", "s3://host", "s3://host/", "s3://host/UPPER", "s3://host/b", "ftp://host/x"),
        *("s3://host/bucket?tsl=0", "", "http://host/bucket"),
    ],
)
def test_a_url_that_names_no_store_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        open_store(url, S3Credentials("a", "b"))


def test_credentials_in_a_url_are_refused_and_not_repeated() -> None:
    with pytest.raises(UsageError) as refused:
        open_store("s3://user:hunter2@host/bucket")

    assert "hunter2" not in str(refused.value.to_problem())


def test_credentials_come_from_the_environment() -> None:
    told = {"KHO_S3_ACCESS_KEY": "one", "KHO_S3_SECRET_KEY": "two"}

    assert from_environment(told) == S3Credentials("one", "two")
    assert from_environment({}) is None
    with pytest.raises(UsageError, match="together"):
        from_environment({"KHO_S3_ACCESS_KEY": "one"})


def test_credentials_come_from_a_file_that_only_its_owner_can_read(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text("# keys\nKHO_S3_ACCESS_KEY = one\nKHO_S3_SECRET_KEY=two=2\n")
    environment = {"KHO_S3_CREDENTIALS_FILE": str(path)}

    path.chmod(0o600)
    assert from_environment(environment) == S3Credentials("one", "two=2")
    path.chmod(0o644)
    with pytest.raises(UsageError, match="read by others"):
        from_environment(environment)
    path.unlink()
    with pytest.raises(UsageError, match="cannot be read"):
        from_environment(environment)


def test_a_secret_shows_nowhere() -> None:
    keys = S3Credentials("AKEY", "hunter2")
    store = open_store("s3://host/bucket", keys)

    assert isinstance(store, S3Store)
    assert "hunter2" not in f"{keys}{store.url}{store!r}{vars(store)}"


def test_an_unknown_lock_mode_is_refused() -> None:
    with pytest.raises(UsageError, match="governance, compliance or none"):
        open_store("s3://host/bucket", S3Credentials("a", "b"), lock="worm")


@pytest.mark.parametrize(
    "text",
    [
        *("2036-11-24T03:54:15Z", "2036-11-24T03:54:15.000Z", "2036-11-24T03:54:15.123456789Z"),
        *("2036-11-24T10:54:15+07:00", "2036-11-24T03:54:15"),
    ],
)
def test_lock_dates_are_read_in_every_form_that_services_write(text: str) -> None:
    assert lock_date(text, "x") == datetime(2036, 11, 24, 3, 54, 15, tzinfo=UTC)


def test_a_lock_date_that_cannot_be_read_is_not_guessed() -> None:
    with pytest.raises(Unavailable):
        lock_date("next year", "x")


def test_a_lock_is_rounded_up_to_a_whole_second() -> None:
    vietnam = timezone(timedelta(hours=7))

    assert whole_second(datetime(2026, 1, 1, 7, 0, 0, 1, vietnam)) == datetime(
        2026, 1, 1, 0, 0, 1, tzinfo=UTC
    )


def test_a_listing_too_long_for_memory_is_ordered_level_by_level() -> None:
    keys = [f"{a}/{b}{c}" for a in "ab" for b in ("x", "x/", "x-", "y/") for c in range(5)]

    def listed(prefix: str, recursive: bool) -> list[str]:
        below = [key for key in reversed(keys) if key.startswith(prefix)]
        if recursive:
            return below
        heads = (key[len(prefix) :].partition("/") for key in below)
        return [prefix + head + slash for head, slash, _ in heads]

    for after in ("", "a/x-3", "a/x/2", "b/"):
        found = list(in_byte_order(listed, "", after, at_once=3))
        assert found == sorted(key for key in keys if key > after)
