"""Real keys elsewhere: a SoftHSM2 token in a folder of its own, and a signing service on loopback."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pkcs11
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, mldsa, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import pkcs12
from pkcs11 import Attribute, ObjectClass

from archive.signatures.keys import DIGEST_OIDS, FileKey

PIN, LABEL = "246813", "Kho thử"
LIBRARIES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so")


@dataclass(frozen=True)
class Token:
    """A SoftHSM2 token; one per test process, because a library is set up once."""

    module: Path
    folder: Path

    @property
    def variables(self) -> dict[str, str]:
        """What another process needs in its environment."""
        return {"SOFTHSM2_CONF": str(self.folder / "softhsm2.conf")}

    def source(self, name: str) -> str:
        """Return the PKCS#11 URI of a key."""
        return f"pkcs11:token=Kho%20th%E1%BB%AD;object={name}?module-path={self.module}"

    def put(self, name: str, key: FileKey) -> str:
        """Put a key and its certificates into the token; return its URI."""
        path = self.folder / f"{name}.pem"
        path.write_bytes(
            key.key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        number = hashlib.sha256(name.encode()).hexdigest()[:8]
        _util("--import", path, "--token", LABEL, "--label", name, "--id", number, "--pin", PIN)
        path.unlink()
        with self._opened() as session:
            names = (name, *(f"{name}-{n}" for n in range(len(key.chain))))
            for label, content in zip(names, (key.certificate, *key.chain), strict=True):
                session.create_object(
                    {
                        Attribute.CLASS: ObjectClass.CERTIFICATE,
                        Attribute.CERTIFICATE_TYPE: pkcs11.CertificateType.X_509,
                        Attribute.TOKEN: True,
                        Attribute.LABEL: label,
                        Attribute.SUBJECT: b"",
                        Attribute.VALUE: content,
                    }
                )
        return self.source(name)

    def _opened(self) -> Any:
        """Return a session that may write; who is logged in already is not asked again."""
        token = _library(self.module).get_token(token_label=LABEL)
        try:
            return token.open(rw=True, user_pin=PIN)
        except pkcs11.UserAlreadyLoggedIn:
            return token.open(rw=True)


def pkcs12_file(path: Path, key: FileKey, secret: bytes | None = None) -> Path:
    """Write a key, its certificate and its chain as PKCS#12."""
    chain = [x509.load_der_x509_certificate(one) for one in key.chain]
    protection: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if secret:
        protection = serialization.BestAvailableEncryption(secret)
    own = x509.load_der_x509_certificate(key.certificate)
    assert not isinstance(key.key, mldsa.MLDSA65PrivateKey)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        pkcs12.serialize_key_and_certificates(b"seal", key.key, own, chain, protection)
    )
    return path


def _library(module: Path):
    return pkcs11.lib(str(module))


def _util(*arguments: object) -> None:
    subprocess.run(
        ["softhsm2-util", *map(str, arguments)], check=True, capture_output=True, timeout=60
    )


@cache
def a_token(folder: Path) -> Token:
    """Make a token; the process's `SOFTHSM2_CONF` names its own folder from here on."""
    module = next(Path(one) for one in LIBRARIES if Path(one).exists())
    (folder / "tokens").mkdir(parents=True)
    conf = folder / "softhsm2.conf"
    conf.write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(conf)
    _util("--init-token", "--free", "--label", LABEL, "--pin", PIN, "--so-pin", "13572468")
    return Token(module, folder)


@dataclass
class Service:
    """What a signing service has and how it behaves."""

    key: FileKey
    bearer: str = "geheim-token"
    url: str = ""
    status: int = 200
    plain: bool = False
    """Whether ECDSA signatures come as r and s side by side."""
    lies: bool = False
    asked: list[str] = field(default_factory=list)

    def answer(self, method: str, question: dict) -> dict:
        self.asked.append(method)
        if question.get("credentialID") != "seal-1":
            return {"error": "invalid_request", "error_description": "Invalid credentialID"}
        if method == "credentials/info":
            found = [base64.b64encode(c).decode() for c in (self.key.certificate, *self.key.chain)]
            return {"key": {"status": "enabled"}, "cert": {"certificates": found}}
        (hashed,) = (base64.b64decode(one) for one in question["hashes"])
        name = {oid: name for name, oid in DIGEST_OIDS.items()}[question["hashAlgorithmOID"]]
        chosen = utils.Prehashed({"sha256": hashes.SHA256(), "sha384": hashes.SHA384()}[name])
        if self.lies:
            hashed = bytes(len(hashed))
        key = self.key.key
        if isinstance(key, rsa.RSAPrivateKey):
            signature = key.sign(hashed, padding.PKCS1v15(), chosen)
        else:
            assert isinstance(key, ec.EllipticCurvePrivateKey)
            signature = key.sign(hashed, ec.ECDSA(chosen))
            if self.plain:
                size = (key.key_size + 7) // 8
                numbers = utils.decode_dss_signature(signature)
                signature = b"".join(one.to_bytes(size, "big") for one in numbers)
        return {"signatures": [base64.b64encode(signature).decode()]}


@contextmanager
def a_service(key: FileKey) -> Iterator[Service]:
    """Run a signing service (CSC API v2: credentials/info, signatures/signHash) on loopback."""
    service = Service(key)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status = service.status
            if self.headers.get("Authorization") != f"Bearer {service.bearer}":
                status, told = 401, {"error": "access_denied"}
            else:
                told = service.answer(self.path.removeprefix("/csc/v2/"), question)
                status = 400 if "error" in told else status
            content = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    service.url = f"csc:http://127.0.0.1:{server.server_address[1]}/csc/v2?credentialID=seal-1"
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
