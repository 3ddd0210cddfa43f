"""A master key that never leaves its token: PKCS#11, `CKM_AES_KEY_WRAP`.

Named by an RFC 7512 URI: `pkcs11:token=LABEL;object=LABEL?module-path=/usr/lib/….so`. The PIN
comes from `KHO_ENCRYPTION_PIN`, or from the private file that `pin-source=file:/PATH` names.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pkcs11
from pkcs11.exceptions import (
    EncryptedDataInvalid,
    EncryptedDataLenRange,
    FunctionFailed,
    GeneralError,
    NoSuchKey,
    NoSuchToken,
    PinIncorrect,
    PKCS11Error,
    UserAlreadyLoggedIn,
    WrappedKeyInvalid,
    WrappedKeyLenRange,
)

from archive.errors import NotHeld, NotPermitted, Rejected, Unavailable
from archive.storage.encrypted.master import master_id, not_unwrapped

PIN = "KHO_ENCRYPTION_PIN"
_ALTERED = (
    WrappedKeyInvalid,
    WrappedKeyLenRange,
    EncryptedDataInvalid,
    EncryptedDataLenRange,
    FunctionFailed,
    GeneralError,
)
"""What modules answer to a wrapped key that does not unwrap."""


class TokenMaster:
    """An AES key in a token that wraps and unwraps there."""

    id: str

    def __init__(self, session: Any, key: Any) -> None:
        """Take an open session and the key in it."""
        self._session = session
        self._key = key
        self._one_at_a_time = threading.Lock()
        self.id = master_id(self)

    @classmethod
    def open(cls, uri: str, environment: Mapping[str, str] = os.environ) -> TokenMaster:
        """Log in to a token and find the key.

        Raises:
            Rejected: the URI does not name module, token and object.
            NotHeld: there is no such token or key.
            NotPermitted: the PIN is wrong or missing.
            Unavailable: the module or token did not answer.
        """
        told = _parts(uri)
        try:
            token = pkcs11.lib(told["module-path"]).get_token(token_label=told["token"])
            session = _session(token, _pin(told, environment))
            key = session.get_key(object_class=pkcs11.ObjectClass.SECRET_KEY, label=told["object"])
        except (NoSuchToken, NoSuchKey) as error:
            raise NotHeld(f"no such token or key: {uri}", where="encryption.master") from error
        except PinIncorrect as error:
            raise NotPermitted("the token's PIN is wrong", where=PIN) from error
        except (PKCS11Error, RuntimeError) as error:
            raise _silent(error) from error
        return cls(session, key)

    def wrap(self, key: bytes) -> bytes:
        """Wrap a key; see `MasterKey.wrap`."""
        try:
            with self._one_at_a_time:
                inside = self._session.create_object({**_TEMPLATE, pkcs11.Attribute.VALUE: key})
                try:
                    return bytes(
                        self._key.wrap_key(inside, mechanism=pkcs11.Mechanism.AES_KEY_WRAP)
                    )
                finally:
                    inside.destroy()
        except PKCS11Error as error:
            raise _silent(error) from error

    def unwrap(self, wrapped: bytes) -> bytes:
        """Unwrap a key; see `MasterKey.unwrap`."""
        try:
            with self._one_at_a_time:
                inside = self._key.unwrap_key(
                    pkcs11.ObjectClass.SECRET_KEY,
                    pkcs11.KeyType.AES,
                    wrapped,
                    mechanism=pkcs11.Mechanism.AES_KEY_WRAP,
                    template=_TEMPLATE,
                )
                try:
                    return bytes(inside[pkcs11.Attribute.VALUE])
                finally:
                    inside.destroy()
        except _ALTERED as error:
            raise not_unwrapped(self.id) from error
        except PKCS11Error as error:
            raise _silent(error) from error


_TEMPLATE = {
    pkcs11.Attribute.CLASS: pkcs11.ObjectClass.SECRET_KEY,
    pkcs11.Attribute.KEY_TYPE: pkcs11.KeyType.AES,
    pkcs11.Attribute.TOKEN: False,
    pkcs11.Attribute.SENSITIVE: False,
    pkcs11.Attribute.EXTRACTABLE: True,
}
"""A dossier's key while it is in the token: for this session, and it may come out again."""


def _parts(uri: str) -> dict[str, str]:
    path, _, query = uri.removeprefix("pkcs11:").partition("?")
    pairs = [each.partition("=") for each in (*path.split(";"), *query.split("&")) if each]
    told = {name: unquote(value) for name, _, value in pairs}
    missing = [name for name in ("token", "object", "module-path") if not told.get(name)]
    if missing:
        raise Rejected(
            f"{uri} does not name {', '.join(missing)}",
            where="encryption.master",
            hint="pkcs11:token=LABEL;object=LABEL?module-path=/usr/lib/….so (RFC 7512)",
        )
    return told


def _session(token: Any, pin: str) -> Any:
    try:
        return token.open(user_pin=pin)
    except UserAlreadyLoggedIn:
        # This process has another session with the token: the login counts for all of them.
        return token.open()


def _pin(told: Mapping[str, str], environment: Mapping[str, str]) -> str:
    if environment.get(PIN):
        return environment[PIN]
    source = told.get("pin-source", "").removeprefix("file:")
    if not source:
        raise NotPermitted(f"give the token's PIN in {PIN}", where=PIN, hint="or pin-source=file:…")
    path = Path(source)
    try:
        if path.stat().st_mode & 0o077:
            raise NotPermitted(f"others may read {path}", where=PIN, hint="chmod 600")
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise NotPermitted(f"{path}: {error.strerror}", where=PIN) from error


def _silent(error: Exception) -> Unavailable:
    told = str(error) or type(error).__name__
    return Unavailable(f"the token did not answer: {told}", where="encryption.master")
