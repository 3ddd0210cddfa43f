"""Keys in PKCS#11 tokens: the private key never leaves the token, the PIN is never an argument.

A key is named by a PKCS#11 URI (RFC 7512):
`pkcs11:token=Kho;object=seal?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/kho/pin`.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, unquote_to_bytes

import pkcs11
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from pkcs11 import Attribute, Mechanism, ObjectClass

from archive.errors import Unavailable, UsageError
from archive.passwords import from_file
from archive.signatures.keys import public_key, read_certificates, signature_algorithm
from archive.signatures.signature_check import genuine

SCHEME = "pkcs11:"
Result = TypeVar("Result")
# RFC 8017, 9.2, note 1: DigestInfo up to the digest itself.
_DIGEST_INFO = {
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha384": bytes.fromhex("3041300d060960864801650304020205000430"),
    "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
}


@dataclass(frozen=True, slots=True)
class TokenUri:
    """Where a key lies, as RFC 7512 writes it."""

    module: Path
    """The token's PKCS#11 library."""
    token: str | None
    """The token's label."""
    serial: str | None
    object: str | None
    """The key's label."""
    id: bytes | None
    pin_source: Path | None
    text: str

    @classmethod
    def parse(cls, text: str) -> TokenUri:
        """Read a PKCS#11 URI.

        Raises:
            UsageError: it is none, names no library, no key, or has a PIN in it.
        """
        path, _, query = text.removeprefix(SCHEME).partition("?")
        told = dict(one.partition("=")[::2] for one in path.split(";") if one)
        asked = dict(one.partition("=")[::2] for one in query.split("&") if one)
        if "pin-value" in asked:
            raise UsageError(
                "a PIN does not belong in an address",
                hint="pin-source=file:PATH, or the environment",
            )
        if not text.startswith(SCHEME) or "module-path" not in asked:
            raise UsageError("the token's library is not named", hint="?module-path=/…/lib….so")
        if "object" not in told and "id" not in told:
            raise UsageError("the key in the token is not named", hint="pkcs11:object=LABEL")
        pin = unquote(asked["pin-source"]) if "pin-source" in asked else None
        return cls(
            module=Path(unquote(asked["module-path"])),
            token=unquote(told["token"]) if "token" in told else None,
            serial=unquote(told["serial"]) if "serial" in told else None,
            object=unquote(told["object"]) if "object" in told else None,
            id=unquote_to_bytes(told["id"]) if "id" in told else None,
            pin_source=Path(pin.removeprefix("file:")) if pin else None,
            text=text,
        )


class _Session:
    """The one session with a token in this process; PKCS#11 logs a whole process in."""

    def __init__(self, module: Path, token: str | None, serial: str | None) -> None:
        self._where = (module, token, serial)
        self._session: Any = None
        self._lock = threading.RLock()

    def ask(self, pin: str | None, question: Callable[[Any], Result]) -> Result:
        """Ask the token; once more in a new session if the old one is gone.

        Raises:
            Unavailable: the token is not there or did not answer.
            UsageError: it refused the PIN; it is not asked twice, lest it locks.
        """
        with self._lock:
            for attempt in (1, 2):
                try:
                    return question(self._opened(pin))
                except (pkcs11.PinIncorrect, pkcs11.PinLocked, pkcs11.PinLenRange) as error:
                    raise UsageError(f"the token refused the PIN: {_told(error)}") from error
                except pkcs11.PKCS11Error as error:
                    self._session = None
                    if attempt == 2 or isinstance(error, pkcs11.NoSuchKey):
                        raise Unavailable(
                            f"the token did not answer: {_told(error)}", where=str(self._where[0])
                        ) from error
            raise AssertionError("not reached")

    def _opened(self, pin: str | None) -> Any:
        if self._session is None:
            module, label, serial = self._where
            number = serial.encode() if serial else None
            token = _library(module).get_token(token_label=label, token_serial=number)
            try:
                self._session = token.open(user_pin=pin)
            except pkcs11.UserAlreadyLoggedIn:
                self._session = token.open()
        return self._session


@cache
def _session(module: Path, token: str | None, serial: str | None) -> _Session:
    return _Session(module, token, serial)


def _library(module: Path) -> Any:
    try:
        return pkcs11.lib(str(module))
    except (RuntimeError, OSError) as error:
        raise UsageError(f"the token's library cannot be loaded: {error}", where=str(module)) from (
            error
        )


def _told(error: pkcs11.PKCS11Error) -> str:
    return f"{type(error).__name__} {error}".strip()


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A private key in a token; safe to share by threads."""

    uri: TokenUri
    certificate: bytes
    """DER."""
    chain: tuple[bytes, ...]
    _pin: str | None = field(repr=False)

    @classmethod
    def load(cls, text: str, certificate: Path | None, pin: str | None) -> TokenKey:
        """Find a key in a token.

        Args:
            text: the PKCS#11 URI.
            certificate: PEM with the certificate and its chain; None: it is in the token.
            pin: the user's PIN, if the URI names no file with it.

        Raises:
            UsageError: the URI is malformed, or the PIN is refused, or there is no certificate.
            Unavailable: token or key are not there.
        """
        uri = TokenUri.parse(text)
        if uri.pin_source is not None:
            pin = from_file(uri.pin_source)
        if certificate is not None:
            first, *rest = read_certificates(certificate)
        else:
            first, *rest = _certificates(uri, pin)
        _ask(uri, pin, lambda session: _key(session, uri))
        return cls(uri, first, tuple(rest), pin)

    def algorithm(self, digest: str) -> bytes:
        """Return the AlgorithmIdentifier of this key's signatures, DER."""
        return signature_algorithm(self.certificate, digest)

    def sign(self, content: bytes, digest: str) -> bytes:
        """Return the signature over `content`, verified."""
        key = public_key(self.certificate)
        if isinstance(key, rsa.RSAPublicKey):
            what = _DIGEST_INFO[digest] + hashlib.new(digest, content).digest()
            signature = self._signed(what, Mechanism.RSA_PKCS)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            plain = self._signed(hashlib.new(digest, content).digest(), Mechanism.ECDSA)
            half = len(plain) // 2
            numbers = (int.from_bytes(part, "big") for part in (plain[:half], plain[half:]))
            signature = encode_dss_signature(*numbers)
        elif isinstance(key, ed25519.Ed25519PublicKey):
            signature = self._signed(content, Mechanism.EDDSA)
        else:
            raise UsageError("tokens with this kind of key are not supported", where=self.uri.text)
        return genuine(self.certificate, signature, content, digest, where=self.uri.text)

    def _signed(self, what: bytes, mechanism: Mechanism) -> bytes:
        def sign(session: Any) -> bytes:
            return bytes(_key(session, self.uri).sign(what, mechanism=mechanism))

        return _ask(self.uri, self._pin, sign)


def _ask(uri: TokenUri, pin: str | None, question: Callable[[Any], Result]) -> Result:
    return _session(uri.module, uri.token, uri.serial).ask(pin, question)


def _key(session: Any, uri: TokenUri) -> Any:
    return session.get_key(object_class=ObjectClass.PRIVATE_KEY, label=uri.object, id=uri.id)


def _certificates(uri: TokenUri, pin: str | None) -> list[bytes]:
    """Return the key's certificate in the token, then the others that are there."""

    def read(session: Any) -> list[tuple[bool, bytes]]:
        found = []
        for one in session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE}):
            named = uri.object is None or one[Attribute.LABEL] == uri.object
            named = named and (uri.id is None or one[Attribute.ID] == uri.id)
            found.append((named, bytes(one[Attribute.VALUE])))
        return found

    found = _ask(uri, pin, read)
    own = [content for named, content in found if named]
    if len(own) != 1:
        raise UsageError(
            f"the token has {len(own)} certificates of this name",
            where=uri.text,
            hint="--certificate FILE",
        )
    return own + [content for named, content in found if not named]
