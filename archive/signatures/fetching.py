"""Fetching: CRLs and OCSP answers from services that the settings name, never others.

No address is taken from a certificate: hostile ones would choose whom the archive calls.
"""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from urllib.parse import urlsplit

from archive.errors import Unavailable, UsageError

MAX_BYTES = 64 << 20


def get_crl(url: str, *, timeout_seconds: float) -> bytes:
    """Return what lies at an address.

    Raises:
        Unavailable: the service did not answer with status 200; trying again is safe.
        UsageError: not an http or https address.
    """
    return _answer(urllib.request.Request(_checked(url)), timeout_seconds)  # noqa: S310  checked


def ask_ocsp(url: str, certificate: bytes, issuer: bytes, *, timeout_seconds: float) -> bytes:
    """Return an OCSP service's answer about a certificate (RFC 6960, appendix A.1).

    The answer is not judged here. Raises as `get_crl` does.
    """
    body = ocsp_request(certificate, issuer)
    headers = {"Content-Type": "application/ocsp-request"}
    request = urllib.request.Request(_checked(url), body, headers)  # noqa: S310  checked
    return _answer(request, timeout_seconds)


def ocsp_request(certificate: bytes, issuer: bytes) -> bytes:
    """Return an OCSPRequest for one certificate; SHA-1 names it, as responders expect."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.x509 import ocsp

    builder = ocsp.OCSPRequestBuilder().add_certificate(
        x509.load_der_x509_certificate(certificate),
        x509.load_der_x509_certificate(issuer),
        hashes.SHA1(),  # noqa: S303  a name, not a proof (RFC 5019, 2.1.1)
    )
    return builder.build().public_bytes(serialization.Encoding.DER)


def _checked(url: str) -> str:
    if urlsplit(url).scheme not in ("http", "https"):
        raise UsageError("the address begins with http:// or https://", where=url)
    return url


def _answer(request: urllib.request.Request, timeout_seconds: float) -> bytes:
    where = request.full_url
    try:
        with urllib.request.urlopen(request, timeout=timeout_seconds) as answer:  # noqa: S310
            content: bytes = answer.read(MAX_BYTES + 1)
    except urllib.error.HTTPError as error:
        with error:
            raise Unavailable(f"HTTP status {error.code}", where=where) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = str(error) or type(error).__name__
        raise Unavailable(f"did not answer: {reason}", where=where) from error
    if len(content) > MAX_BYTES:
        raise Unavailable(f"answers with more than {MAX_BYTES} bytes", where=where)
    return content
