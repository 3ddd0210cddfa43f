"""Key sources: one way to name a key, wherever it lies."""

from __future__ import annotations

from pathlib import Path

from archive.errors import UsageError
from archive.signatures.keys import FileKey, SigningKey

PKCS12_ENDINGS = (".p12", ".pfx")


def open_key(
    source: str, certificate: Path | None = None, *, home: Path, password: str | None = None
) -> SigningKey:
    """Return the key that a source names.

    Args:
        source: a PEM file; a PKCS#12 file (`.p12`, `.pfx`); a PKCS#11 URI
            (`pkcs11:token=…;object=…?module-path=…`); a signing service (`csc:https://…`).
        certificate: PEM with the key's certificate, then its chain; needed for a PEM key.
        home: the folder that relative paths start from.
        password: of the file, the token's PIN, or the service's bearer token.

    Raises:
        UsageError: the source is malformed, cannot be read, or key and certificate differ.
        Unavailable: token or service did not answer.
        NotPermitted: the service refused.
    """
    beside = home / certificate if certificate is not None else None
    if source.startswith("pkcs11:"):
        from archive.signatures.token_key import TokenKey

        return TokenKey.load(source, beside, password)
    if source.startswith("csc:"):
        from archive.signatures.remote_key import RemoteKey

        return RemoteKey.load(source, beside, password)
    secret = password.encode() if password else None
    path = home / source
    if path.suffix.lower() in PKCS12_ENDINGS:
        return FileKey.load_pkcs12(path, secret)
    if beside is None:
        raise UsageError(
            "a key in a PEM file needs its certificate", where=source, hint="--certificate FILE"
        )
    return FileKey.load(path, beside, secret)
