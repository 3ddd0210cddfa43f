"""What lies in every package for whoever opens it without Kho: a note and schemas."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from archive.fixity import sha256_of
from archive.model import PackagePath

_OWN = {
    "schemas/EAD.xsd": "ead-aip-1.xsd",
    "schemas/EAD_doc.xsd": "ead-doc-aip-1.xsd",
    "schemas/tthc-1.xsd": "tthc-1.xsd",
}
_STANDARDS = {
    "schemas/METS.xsd": "standards/mets-1.12.xsd",
    "schemas/xlink.xsd": "standards/xlink.xsd",
    "schemas/premis-3.0.xsd": "standards/premis-3.0.xsd",
    "schemas/DILCISExtensionMETS.xsd": "eark/DILCISExtensionMETS.xsd",
}
_ADDRESSES = {
    "schemas/METS.xsd": "http://www.loc.gov/standards/mets/version112/mets.xsd",
    "schemas/xlink.xsd": "http://www.loc.gov/standards/xlink/xlink.xsd",
    "schemas/premis-3.0.xsd": "http://www.loc.gov/standards/premis/v3/premis-v3-0.xsd",
    "schemas/DILCISExtensionMETS.xsd": "https://earkcsip.dilcis.eu/schema/DILCISExtensionMETS.xsd",
}


@cache
def schemas(*, all_schemas: bool) -> tuple[tuple[PackagePath, bytes], ...]:
    """Return the schemas for a package, by path.

    The standards' own schemas come to 190 KB, an eighth of a usual dossier; unless they are
    wanted, a note names them with their digests, and Kho's own schemas are all there are.
    """
    chosen = _OWN | (_STANDARDS if all_schemas else {})
    found = [(PackagePath(path), _schema(name)) for path, name in chosen.items()]
    if not all_schemas:
        found.append((PackagePath("schemas/README.txt"), _schemas_note()))
    return tuple(found)


@cache
def readme() -> bytes:
    """Return the note on how to check a package with unzip, sha256sum and openssl."""
    return files("archive.packages.aip").joinpath("readme.txt").read_bytes()


def digest_list(digests: Iterable[tuple[PackagePath, str]]) -> bytes:
    """Return paths with their SHA-256 in the form that `sha256sum -c` reads."""
    return "".join(f"{digest}  {path}\n" for path, digest in digests).encode()


@cache
def _schema(name: str) -> bytes:
    return files("schemas").joinpath(name).read_bytes()


def _schemas_note() -> bytes:
    lines = [
        "Các lược đồ XSD của tiêu chuẩn quốc tế không nằm trong gói; đây là địa chỉ và mã băm SHA-256.",
        "The standards' own schemas are not in the package; these are their addresses and SHA-256.",
        "",
    ]
    for path, name in _STANDARDS.items():
        lines += [_ADDRESSES[path], f"  {sha256_of(_schema(name))}  {path}"]
    return ("\n".join(lines) + "\n").encode()
