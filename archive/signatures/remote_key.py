"""Remote signing: a key at a service that speaks the Cloud Signature Consortium's API.

`csc:https://sign.example.vn/csc/v2?credentialID=seal-2027`. The service is asked for the
certificate (`credentials/info`) and for signatures over digests (`signatures/signHash`),
authorized by a bearer token. Source: CSC API v2.0.0.2, sections 11.5 and 11.9.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import ipaddress
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from archive.errors import NotPermitted, Unavailable, UsageError
from archive.signatures.keys import (
    DIGEST_OIDS,
    ECDSA_OIDS,
    RSA_OIDS,
    public_key,
    read_certificates,
    signature_algorithm,
)
from archive.signatures.signature_check import genuine

SCHEME = "csc:"
TIMEOUT_SECONDS = 20.0
ATTEMPTS = 2
_MAX_ANSWER_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class SigningService:
    """A signing service and the credential in it."""

    base: str
    credential: str
    token: str | None = field(repr=False)
    """The bearer token."""

    @classmethod
    def parse(cls, text: str, token: str | None) -> SigningService:
        """Read `csc:URL?credentialID=ID`.

        Raises:
            UsageError: it is none; or the token would travel unencrypted.
        """
        parts = urlsplit(text.removeprefix(SCHEME))
        named = parse_qs(parts.query).get("credentialID", [])
        if not text.startswith(SCHEME) or len(named) != 1 or not parts.hostname:
            raise UsageError("a signing service is csc:https://HOST/PATH?credentialID=ID")
        if parts.password or parts.username:
            raise UsageError("a password does not belong in an address")
        if parts.scheme != "https" and not (parts.scheme == "http" and _loopback(parts.hostname)):
            raise UsageError("a signing service is reached by https", where=parts.hostname)
        return cls(f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}", named[0], token)

    def ask(self, method: str, question: Mapping[str, object]) -> Mapping[str, Any]:
        """Return the answer to one question.

        Raises:
            Unavailable: no usable answer; asking again is safe.
            NotPermitted: the service refused.
        """
        last = ""
        for _ in range(ATTEMPTS):
            try:
                return self._post(method, {"credentialID": self.credential, **question})
            except urllib.error.HTTPError as error:
                with error:
                    last = f"HTTP status {error.code}"
                    if error.code < 500 and error.code != 429:
                        raise NotPermitted(
                            f"the signing service refused: {_refusal(error)}", where=self.base
                        ) from error
            except (OSError, http.client.HTTPException, ValueError) as error:
                last = str(error) or type(error).__name__
        raise Unavailable(f"the signing service gave no usable answer: {last}", where=self.base)

    def _post(self, method: str, question: Mapping[str, object]) -> Mapping[str, Any]:
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        body = json.dumps(question).encode()
        request = urllib.request.Request(f"{self.base}/{method}", body, headers)  # noqa: S310
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            value = json.loads(answer.read(_MAX_ANSWER_BYTES))
        if not isinstance(value, dict):
            raise ValueError("the answer is no JSON object")
        return value


@dataclass(frozen=True, slots=True)
class RemoteKey:
    """A key that only a service has; what it gives is verified before it is used."""

    service: SigningService
    certificate: bytes
    """DER."""
    chain: tuple[bytes, ...] = ()

    @classmethod
    def load(cls, text: str, certificate: Path | None, token: str | None) -> RemoteKey:
        """Ask a service for a credential's certificate.

        Args:
            text: `csc:URL?credentialID=ID`.
            certificate: PEM with the certificate and its chain; None: the service's.
            token: the bearer token.

        Raises:
            UsageError: the address is malformed, or the credential cannot sign.
            NotPermitted, Unavailable: as `SigningService.ask`.
        """
        service = SigningService.parse(text, token)
        told = service.ask("credentials/info", {"certificates": "chain"})
        try:
            status = told.get("key", {}).get("status", "enabled")
            found = [base64.b64decode(one, validate=True) for one in told["cert"]["certificates"]]
            first, *rest = found
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Unavailable("the signing service named no certificate", where=text) from error
        if status != "enabled":
            raise UsageError(f"the credential is {status}", where=text)
        if certificate is not None:
            first, *rest = read_certificates(certificate)
        if not isinstance(public_key(first), ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
            raise UsageError("a service signs digests with RSA or ECDSA only", where=text)
        return cls(service, first, tuple(rest))

    def algorithm(self, digest: str) -> bytes:
        """Return the AlgorithmIdentifier of this key's signatures, DER."""
        return signature_algorithm(self.certificate, digest)

    def sign(self, content: bytes, digest: str) -> bytes:
        """Return the signature over `content`, verified."""
        is_rsa = isinstance(public_key(self.certificate), rsa.RSAPublicKey)
        hashed = base64.b64encode(hashlib.new(digest, content).digest()).decode()
        question = {
            "hashes": [hashed],
            "hashAlgorithmOID": DIGEST_OIDS[digest],
            "signAlgo": (RSA_OIDS if is_rsa else ECDSA_OIDS)[digest],
        }
        told = self.service.ask("signatures/signHash", question)
        try:
            (signature,) = (base64.b64decode(one, validate=True) for one in told["signatures"])
        except (KeyError, TypeError, ValueError) as error:
            raise Unavailable(
                "the signing service gave no signature", where=self.service.base
            ) from error
        if not is_rsa:
            signature = _as_sequence(signature)
        return genuine(self.certificate, signature, content, digest, where=self.service.base)


def _as_sequence(signature: bytes) -> bytes:
    """Return an ECDSA signature as a SEQUENCE; some services give r and s side by side."""
    try:
        decode_dss_signature(signature)
    except ValueError:
        half = len(signature) // 2
        numbers = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
        return encode_dss_signature(*numbers)
    return signature


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refusal(error: urllib.error.HTTPError) -> str:
    """Return what a service says of why it refused, in few words."""
    try:
        told = json.loads(error.read(_MAX_ANSWER_BYTES))
        reason = f"{told['error']} {told.get('error_description', '')}".strip()
    except (ValueError, KeyError, TypeError, OSError, AttributeError):
        reason = ""
    return reason[:200] or f"HTTP status {error.code}"
