"""Install what the tests need from the system on Debian, and name it elsewhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NEEDED = {
    "openssl": "openssl",
    "unzip": "unzip",
    "clamd": "clamav-daemon",
    "pdftoppm": "poppler-utils",
    "javac": "default-jdk-headless",
    "/usr/share/java/bcpkix.jar": "libbcpkix-java",
    "/usr/share/java/preflight.jar": "libpdfbox2-java",
    "/usr/share/java/javax.activation.jar": "libactivation-java",
    "/usr/share/java/jaxb-api.jar": "libjaxb-api-java",
    "chromium": "chromium",
    "/usr/lib/softhsm/libsofthsm2.so": "softhsm2",
    "xmlsec1": "xmlsec1",
    "go": "golang-go",
    "/usr/share/gocode/src/golang.org/x/mod/sumdb/tlog/tlog.go": "golang-golang-x-mod-dev",
}
"""Programs, or files by their full path, and the Debian packages that bring them."""


def missing() -> list[str]:
    """Return the Debian packages whose program or file is not on this machine."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"

    def present(name: str) -> bool:
        return Path(name).is_file() if name.startswith("/") else bool(shutil.which(name, path=path))

    return sorted({package for name, package in NEEDED.items() if not present(name)})


def main() -> int:
    """Install what is missing; exit 1 and name it where that cannot be done."""
    wanted = missing()
    if not wanted:
        return 0
    apt, root = shutil.which("apt-get"), os.geteuid() == 0
    sudo = [] if root else ["sudo", "-n"]
    if apt and (root or shutil.which("sudo")):
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(
            [*sudo, apt, "update", "-q"], env=environment, check=False, stdout=sys.stderr
        )
        subprocess.run(
            [*sudo, apt, "install", "-y", "-q", "--no-install-recommends", *wanted],
            env=environment,
            check=False,
            stdout=sys.stderr,
        )
        wanted = missing()
    if wanted:
        sys.stderr.write(
            f"the tests need these programs (Debian package names): {' '.join(wanted)}\n"
        )
    return 1 if wanted else 0


if __name__ == "__main__":
    sys.exit(main())
