"""Timestamps: RFC 3161 tokens from an authority on the network or from our own small one."""

from __future__ import annotations

import hashlib
import http.client
import secrets
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import urlsplit

from asn1crypto import core, tsp

from archive.errors import Unavailable, UsageError
from archive.signatures import cms_writer, der
from archive.signatures.ber import as_read
from archive.signatures.keys import SigningKey

LOCAL_POLICY = "2.25.132838104281460394176190116320870412645"
"""Policy of the embedded authority: a test service, not independent of the archive."""
_ACCURACY_SECONDS = 1
_REJECTION = der.sequence(der.sequence(der.integer(2)))
_GRANTED = der.sequence(der.integer(0))
_DIGEST_BYTES = {"sha256": 32, "sha384": 48, "sha512": 64}
"""Digests that are asked for and given timestamps over, by their names in hashlib."""
_MAX_RESPONSE_BYTES = 1 << 20


class TimestampAuthority(Protocol):
    """Gives RFC 3161 timestamps.

    Every implementation passes `tests/unit/test_timestamps.py`.
    """

    def timestamp(self, digest: bytes, algorithm: str = "sha256") -> bytes:
        """Return a TimeStampToken over a digest, DER.

        `algorithm` is `sha256`, `sha384` or `sha512`. The token's imprint is `digest`, and its signature verifies with the
        certificate in it. Asking again gives another token and does no harm.

        Raises:
            Unavailable: no authority answered, or none with a usable token.
        """


@dataclass(slots=True)
class LocalTsa:
    """A small RFC 3161 responder in this process.

    Its tokens prove no more than the archive's own word. Times never go back within
    one responder; `ordering` is set only if the caller says that it is the only one.
    """

    key: SigningKey
    clock: Callable[[], datetime]
    """Gives the aware current time."""
    policy: str = LOCAL_POLICY
    ordering: bool = False
    """RFC 3161, 2.4.2: tokens can be ordered by their times, whatever the accuracy."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _last: datetime | None = None

    def timestamp(self, digest: bytes, algorithm: str = "sha256") -> bytes:
        """Return a token over a digest."""
        if len(digest) != _DIGEST_BYTES.get(algorithm):
            raise UsageError(f"{len(digest)} bytes are no digest by {algorithm} to be timestamped")
        return self._token(_imprint(digest, algorithm), algorithm)

    def respond(self, request: bytes) -> bytes:
        """Answer a TimeStampReq with a TimeStampResp, both DER (RFC 3161, 2.4).

        A request that cannot be read, or asks for another digest or policy, is rejected.
        """
        try:
            asked = tsp.TimeStampReq.load(request, strict=True)
            imprint = asked["message_imprint"]
            named = imprint["hash_algorithm"]["algorithm"].native
            nonce, policy = asked["nonce"].native, asked["req_policy"].native
            size, wants = len(imprint["hashed_message"].native), bool(asked["cert_req"].native)
        except (ValueError, TypeError, KeyError):
            return _REJECTION
        if size != _DIGEST_BYTES.get(named) or policy not in (None, self.policy):
            return _REJECTION
        token = self._token(imprint.dump(), named, nonce=nonce, certificates=wants)
        return der.sequence(_GRANTED, token)

    def _token(
        self,
        imprint: bytes,
        algorithm: str,
        *,
        nonce: int | None = None,
        certificates: bool = True,
    ) -> bytes:
        """Return the TimeStampToken over an encoded MessageImprint, signed by its digest."""
        info = der.sequence(
            der.integer(1),
            der.oid(self.policy),
            imprint,
            der.integer(secrets.randbits(127)),
            der.generalized_time(self._now()),
            der.sequence(der.integer(_ACCURACY_SECONDS)),
            *((b"\x01\x01\xff",) if self.ordering else ()),
            *((der.integer(nonce),) if nonce is not None else ()),
        )
        signed = cms_writer.sign(
            self.key,
            hashlib.new(algorithm, info).digest(),
            digest=algorithm,
            content_type=cms_writer.TST_INFO,
            content=info,
        )
        return signed.encode(certificates=certificates)

    def _now(self) -> datetime:
        """Return the time in whole milliseconds, never before the last one given."""
        with self._lock:
            now = self.clock()
            now = now.replace(microsecond=now.microsecond // 1000 * 1000)
            if self._last is not None:
                step = timedelta(milliseconds=1 if self.ordering else 0)
                now = max(now, self._last + step)
            self._last = now
            return now


@dataclass(frozen=True, slots=True)
class HttpTsa:
    """An authority behind HTTP (RFC 3161, 3.4)."""

    url: str
    timeout_seconds: float = 10.0
    """For one attempt."""
    attempts: int = 2

    def __post_init__(self) -> None:
        if urlsplit(self.url).scheme not in ("http", "https"):
            raise UsageError("the address of a TSA begins with http:// or https://", where=self.url)

    def timestamp(self, digest: bytes, algorithm: str = "sha256") -> bytes:
        """Return a token that answers our very request: digest, nonce, signature."""
        nonce = secrets.randbits(63) | 1
        body = timestamp_request(digest, nonce, algorithm)
        last = "no attempt was made"
        for _ in range(self.attempts):
            try:
                return granted_token(self._post(body), digest, nonce, algorithm)
            except (OSError, http.client.HTTPException, ValueError) as error:
                told = getattr(error, "reason", None) or error
                last = str(told) or type(error).__name__
        raise Unavailable(f"the TSA gave no usable timestamp: {last}", where=self.url)

    def _post(self, body: bytes) -> bytes:
        """Return the response's body."""
        request = urllib.request.Request(  # noqa: S310  the scheme was checked
            self.url, body, {"Content-Type": "application/timestamp-query"}
        )
        try:
            with urllib.request.urlopen(request, timeout=self.timeout_seconds) as answer:  # noqa: S310
                content: bytes = answer.read(_MAX_RESPONSE_BYTES)
        except urllib.error.HTTPError as error:
            with error:
                raise ValueError(f"HTTP status {error.code}") from error
        return content


@dataclass(frozen=True, slots=True)
class FirstOf:
    """Several authorities: the first that answers, in the given order.

    One that failed rests for a minute: it is asked only if no other one answers, so that a
    dead authority does not cost its timeout at every seal.
    """

    authorities: Sequence[TimestampAuthority]
    rest_seconds: float = 60.0
    _failed: dict[int, float] = field(default_factory=dict, repr=False)
    """When an authority failed last, by its place; seconds of the monotonic clock."""

    def timestamp(self, digest: bytes, algorithm: str = "sha256") -> bytes:
        """Return the token of the first authority that answers."""
        failures = []
        for place in self._order():
            try:
                token = self.authorities[place].timestamp(digest, algorithm)
            except Unavailable as error:
                self._failed[place] = time.monotonic()
                failures.append(f"{error.where}: {error.message}")
            else:
                self._failed.pop(place, None)
                return token
        raise Unavailable(
            "no TSA answered: " + "; ".join(failures or ["none is configured"]),
            where="tsa.urls",
            hint="run the same command again when one answers, or name another: kho doctor",
        )

    def _order(self) -> list[int]:
        """Return the places, those that rest at the end."""
        since = time.monotonic() - self.rest_seconds
        failed = dict(self._failed)
        return sorted(range(len(self.authorities)), key=lambda one: failed.get(one, since) > since)


def timestamp_request(digest: bytes, nonce: int, algorithm: str = "sha256") -> bytes:
    """Return a TimeStampReq over a digest that asks for the certificate."""
    imprint = _imprint(digest, algorithm)
    return der.sequence(der.integer(1), imprint, der.integer(nonce), b"\x01\x01\xff")


def _imprint(digest: bytes, algorithm: str) -> bytes:
    """Return a MessageImprint."""
    return der.sequence(cms_writer.digest_algorithm(algorithm), der.octets(digest))


def granted_token(response: bytes, digest: bytes, nonce: int, algorithm: str = "sha256") -> bytes:
    """Return the token of a TimeStampResp after checking that it answers the request.

    Raises:
        ValueError: refused, malformed, or over another digest or nonce, or not signed.
    """
    from archive.signatures.tokens import Token  # reads with the verifier

    try:
        body: bytes = core.Sequence.load(response, strict=True).contents
        status = tsp.PKIStatusInfo.load(body)
        if status["status"].native not in ("granted", "granted_with_mods"):
            raise ValueError(f"the TSA answered {status['status'].native}")
        encoded = body[len(as_read(status)) :]
    except (TypeError, KeyError) as error:
        raise ValueError("the TSA's answer is malformed") from error
    token = Token.load(encoded)
    if not token.covers_digest(digest, algorithm):
        raise ValueError("the token is over another digest")
    if token.nonce != nonce:
        raise ValueError("the token has another nonce")
    if not token.intact:
        raise ValueError("the token's signature does not verify")
    return encoded
