"""Read an encrypted package without Kho: `python decrypt.py MASTER.key KEY.json OBJECT OUT.zip`.

Needs Python and `cryptography` alone. MASTER.key is the archive's master key (64 hex digits),
KEY.json the dossier's wrapped key from a key store, OBJECT the object as it lies in the store.
The form of both is described in container.py and keyring.py.
"""

import hashlib
import json
import struct
import sys
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap


def decrypt(master: Path, wrapped: Path, stored: Path, target: Path) -> str:
    """Write the content of an encrypted object to a file; return its SHA-256."""
    told = json.loads(wrapped.read_bytes())
    key = aes_key_unwrap(bytes.fromhex(master.read_text().strip()), bytes.fromhex(told["wrapped"]))
    digest = hashlib.sha256()
    with stored.open("rb") as source, target.open("wb") as out:
        header = source.read(48)
        magic, size, sha256 = struct.unpack(">8sQ32s", header)
        if magic != b"KHOAES01":
            raise SystemExit(f"{stored} is not an encrypted package")
        derived = HKDF(SHA256(), 32, salt=sha256, info=b"kho package aes-256-gcm 1").derive(key)
        cipher = AESGCM(derived)
        for number in range(-(-size // 65_536)):
            sealed = source.read(65_536 + 16)
            piece = cipher.decrypt(number.to_bytes(12, "big"), sealed, header)
            digest.update(piece)
            out.write(piece)
    if digest.digest() != sha256:
        raise SystemExit(f"{stored}: the content is not what was stored")
    return digest.hexdigest()


if __name__ == "__main__":
    if len(sys.argv) != 5:
        raise SystemExit(__doc__)
    sys.stdout.write(decrypt(*map(Path, sys.argv[1:])) + "\n")
