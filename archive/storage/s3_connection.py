"""The way to an S3 service: URL, credentials, TLS, retries, and writing create-only."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import urllib3
from minio import Minio

from archive.errors import UsageError
from archive.storage.credentials import S3Credentials

_CONNECT_SECONDS = 5.0
_ANSWER_SECONDS = 60.0
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\Z")
_RETRIED = (429, 500, 502, 503, 504)


@dataclass(frozen=True, slots=True)
class Connection:
    """Where a store is in an S3 service, and how to get there."""

    endpoint: str
    """`HOST:PORT` or `HOST`."""
    bucket: str
    prefix: str = ""
    """What all keys begin with; "" or with `/` at the end."""
    tls: bool = True
    region: str | None = "us-east-1"
    ca_file: Path | None = None
    credentials: S3Credentials | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """The store's URL; without secrets."""
        path = f"{self.bucket}/{self.prefix}".rstrip("/")
        return f"s3://{self.endpoint}/{path}" + ("" if self.tls else "?tls=0")

    def client(self, *, create_only: bool = True) -> Minio:
        """Return a client; with `create_only` none of its writes replaces an object."""
        pool = _CreateOnlyPool if create_only else urllib3.PoolManager
        keys = self.credentials
        try:
            return Minio(
                self.endpoint,
                keys.access_key if keys else None,
                keys.secret_key if keys else None,
                secure=self.tls,
                region=self.region,
                http_client=pool(**self._ways()),
            )
        except ValueError as error:
            raise UsageError(f"{self.url}: {error}", where=self.url) from error

    def _ways(self) -> dict[str, Any]:
        """Return timeouts, retries (a service that is down costs about a second) and trust for the pool."""
        return {
            "maxsize": 32,
            "timeout": urllib3.Timeout(connect=_CONNECT_SECONDS, read=_ANSWER_SECONDS),
            "retries": urllib3.Retry(
                total=4,
                connect=2,
                read=1,
                other=0,
                redirect=0,
                backoff_factor=0.3,
                backoff_jitter=0.2,
                status_forcelist=_RETRIED,
                raise_on_status=False,
                raise_on_redirect=False,
            ),
            "cert_reqs": "CERT_REQUIRED",
            "ca_certs": str(self.ca_file) if self.ca_file else None,
        }


class _CreateOnlyPool(urllib3.PoolManager):
    """Adds `If-None-Match: *` to what makes an object: whole puts and the end of multipart."""

    def urlopen(  # type: ignore[override]
        self, method: str, url: str, redirect: bool = True, **options: Any
    ) -> urllib3.BaseHTTPResponse:
        """Send a request."""
        query = urlsplit(url).query
        whole = method == "PUT" and not query
        if whole or (method == "POST" and "uploadId=" in query):
            headers = urllib3.HTTPHeaderDict(options.pop("headers", None) or {})
            headers["If-None-Match"] = "*"
            options["headers"] = headers
        return super().urlopen(method, url, redirect=redirect, **options)


def parse(
    url: str, *, credentials: S3Credentials | None = None, ca_file: str | None = None
) -> Connection:
    """Read `s3://HOST[:PORT]/BUCKET[/PREFIX][?tls=0&region=…]`.

    Raises:
        UsageError: it has another form, or credentials are in it.
    """
    parts = urlsplit(url)
    if parts.username or parts.password:
        raise UsageError(
            "the store's URL has credentials in it",
            hint="give them in KHO_S3_ACCESS_KEY and KHO_S3_SECRET_KEY",
        )
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    unknown = sorted(options.keys() - {"tls", "region"})
    bucket, _, prefix = parts.path.strip("/").partition("/")
    if parts.scheme != "s3" or not parts.hostname or unknown or not _BUCKET.match(bucket):
        raise UsageError(
            f"{quote(url, safe=':/?=&')} is not the URL of a store",
            hint="s3://HOST:PORT/BUCKET/PREFIX?tls=0&region=NAME",
        )
    return Connection(
        parts.netloc,
        bucket,
        f"{prefix}/" if prefix else "",
        options.get("tls", "1") not in {"0", "false", "no"},
        options.get("region", "us-east-1"),
        Path(ca_file) if ca_file else None,
        credentials,
    )
