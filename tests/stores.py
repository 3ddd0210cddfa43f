"""Fixtures: a real S3 server, one for each worker process that needs it, and fresh stores in it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from archive.storage.opening import S3Credentials, create_store
from tests import servers

BUCKET = "kho-tests"


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.S3Server]:
    """A SeaweedFS server; its start takes about eight seconds until the first write."""
    with servers.weed(tmp_path_factory.mktemp("weed")) as server:
        create_store(f"s3://{server.endpoint}/{BUCKET}?tls=0", credentials(server))
        yield server


def credentials(server: servers.S3Server) -> S3Credentials:
    """Return the keys of a test server."""
    return S3Credentials(server.access_key, server.secret_key)


@pytest.fixture
def s3_url(s3_server: servers.S3Server) -> str:
    """The URL of an empty store in the test server's bucket, which has object lock."""
    return f"s3://{s3_server.endpoint}/{BUCKET}/{secrets.token_hex(8)}?tls=0"


@pytest.fixture
def s3_credentials(s3_server: servers.S3Server) -> S3Credentials:
    """The keys of the test server."""
    return credentials(s3_server)
