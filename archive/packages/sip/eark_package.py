"""A dossier packed as an E-ARK SIP with one representation, by our own rules without a warning.

Source: CSIP 2.1.0, sections 4 and 5; SIP 2.1.0.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.resources import files
from pathlib import PurePosixPath

from archive.events import Event, EventType
from archive.fixity import sha256_of
from archive.model import DigitalFile, DossierId, PackagePath
from archive.packages import codes, ead, mets, premis
from archive.packages.aip import companions
from archive.packages.dossier_json import FILE_NAME
from archive.packages.mets import Agent, Group, Reference

README = "documentation/README.txt"
NOTE = """Gói hồ sơ nộp lưu (E-ARK SIP), do kho sip new lập.
Kiểm tra: kho sip validate ‹thư mục này›

A submission (E-ARK SIP), made by kho sip new.
To check it: kho sip validate ‹this folder›

METS.xml                         what is in the package, each file with its SHA-256
metadata/descriptive/            the description of the dossier
metadata/preservation/           how the package came to be (PREMIS 3)
representations/rep1/data/       the documents
""".encode()
"""What lies in `documentation/`; a depositor's own files may lie beside it."""

_DESCRIPTION = f"metadata/descriptive/{FILE_NAME}"
_PREMIS = "metadata/preservation/PREMIS.xml"
_SIP_PROFILE = "https://earksip.dilcis.eu/profile/E-ARK-SIP.xml"
_AGENT = "kho sip new"
_TYPES = {
    ".pdf": "application/pdf",
    ".json": "application/json",
    ".xml": "text/xml",
    ".xsd": "application/xml",
}


def written(
    name: str,
    described: Mapping[str, bytes],
    data: Mapping[str, bytes],
    *,
    at: datetime,
    data_described: Mapping[str, bytes] | None = None,
) -> dict[str, bytes]:
    """Return the files of the package, by path.

    Args:
        name: of the package's folder, which is also its id.
        described: the package's descriptive metadata, by path in the package.
        data: the documents by name.
        at: when it was made.
        data_described: the representation's descriptive metadata, by path in it; what
            `dossier.json` says of each document if None.
    """
    about = _about(name, described)
    if data_described is None:
        data_described = _documents(about.documents)
    data = {f"data/{path}": content for path, content in data.items()}
    inner_premis = {_PREMIS: premis.write_representation(about.id, _objects(name, data))}
    inner = mets.Mets(
        id="rep1",
        label="Bản số hóa",
        profile=mets.CSIP_PROFILE,
        created_at=at,
        record_status="NEW",
        version=1,
        agents=(
            Agent("CREATOR", _AGENT, "1", software=True),
            Agent("ARCHIVIST", *about.agency),
            Agent("CREATOR", *about.agency),
        ),
        descriptive=_references(data_described, "DC"),
        preservation=_references(inner_premis, "PREMIS"),
        groups=(Group("Data", _references(data)),),
        described={},
        package_type="SIP",
    )
    representation = {"representations/rep1/METS.xml": mets.write(inner)}
    outer_premis = {_PREMIS: premis.write_package(about.id, about.code, [_made(about.id, at)])}
    notes, schemas = {README: NOTE}, _schemas()
    outer = replace(
        inner,
        id=name,
        label=about.title,
        profile=_SIP_PROFILE,
        descriptive=_references(described),
        preservation=_references(outer_premis, "PREMIS"),
        groups=(
            Group("Documentation", _references(notes)),
            Group("Schemas", _references(schemas)),
            Group("Representations/rep1", _references(representation), pointer=True),
        ),
    )
    below = {**data_described, **inner_premis, **data}
    return {
        "METS.xml": mets.write(outer),
        **described,
        **outer_premis,
        **notes,
        **schemas,
        **representation,
        **{f"representations/rep1/{path}": content for path, content in below.items()},
    }


@dataclass(frozen=True, slots=True)
class _About:
    """What a package's METS and PREMIS repeat from the description."""

    id: DossierId
    code: str
    title: str
    agency: tuple[str, str]
    """Its name and its code."""
    documents: Sequence[Mapping[str, object]]


def _about(name: str, described: Mapping[str, bytes]) -> _About:
    """Read the description as far as it can be read; validation says what is wrong with it."""
    try:
        stated = json.loads(described[_DESCRIPTION])
        tthc = stated["tthc"]
        agency, code = str(tthc["agencyCode"]), str(tthc["dossierCode"])
        return _About(
            codes.dossier_id(agency, code),
            code,
            str(stated["dossier"]["title"]),
            (str(tthc.get("agencyName") or agency), agency),
            [dict(document) for document in stated["documents"]],
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        return _About(codes.dossier_id("", name), name, name, (name, name), ())


def _documents(described: Sequence[Mapping[str, object]]) -> dict[str, bytes]:
    """Return the documents' own descriptions, as Circular 05/2025/TT-BNV names them."""
    written = {}
    for number, document in enumerate(described, start=1):
        own = document.get("fields")
        stated = own if isinstance(own, dict) else {}
        fields = {"subject": document.get("title", ""), "docOrdinal": number, **stated}
        path = f"metadata/descriptive/EAD_doc_{number:03}.xml"
        written[path] = ead.write({str(code): str(value) for code, value in fields.items()})
    return written


def _objects(name: str, data: Mapping[str, bytes]) -> list[premis.FileObject]:
    """Return the documents as PREMIS describes them."""
    return [
        premis.FileObject(
            f"urn:kho:sip:{name}/{path}",
            DigitalFile(PackagePath(path), len(content), sha256_of(content), _media_type(path)),
        )
        for path, content in data.items()
    ]


def _made(dossier: DossierId, at: datetime) -> Event:
    return Event(EventType.PACKAGE_CREATION, at, "success", _AGENT, dossier)


def _schemas() -> dict[str, bytes]:
    own = files("schemas").joinpath("dossier-1.schema.json").read_bytes()
    return {"schemas/dossier-1.schema.json": own, **dict(companions.schemas(all_schemas=False))}


def _references(contents: Mapping[str, bytes], kind: str = "") -> tuple[Reference, ...]:
    return tuple(
        Reference(
            path,
            len(content),
            sha256_of(content),
            _media_type(path),
            kind or (PurePosixPath(path).stem.upper() if "metadata/" in path else ""),
        )
        for path, content in contents.items()
    )


def _media_type(name: str) -> str:
    return _TYPES.get(PurePosixPath(name).suffix, "text/plain")
