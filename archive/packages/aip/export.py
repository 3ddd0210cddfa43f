"""Making a version whole again: all its files, from all objects, as a folder or one ZIP."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from archive.errors import FixityMismatch, UsageError
from archive.packages import mets
from archive.packages.aip import layout
from archive.packages.aip.contents import AipFile, AipHead, Opener
from archive.packages.aip.read import Contents
from archive.packages.aip.source import read_pieces
from archive.packages.zipranges import ReadRange
from archive.packages.zipstore import ZipWriter


def export(
    head: AipHead,
    read: ReadRange,
    into: Path,
    *,
    earlier: Opener | None = None,
    as_zip: bool = False,
) -> Path:
    """Write a complete package into the folder `into` and return where it is.

    Every digest is checked on the way; what comes out bears the seal of its version, which
    covers the files of earlier versions too. Nothing is left behind by a failure.

    Args:
        earlier: opens the objects of earlier versions; needed if `head` refers to any.

    Raises:
        UsageError: the target exists already.
        FixityMismatch: a stored file is not what METS.xml says.
        IntegrityError: a file is missing, or an earlier version's object was not given.
    """
    folder_name = layout.root_folder(head.dossier.id).rstrip("/")
    zip_name = f"{folder_name}_{mets.version_label(head.version)}.zip"
    target = into / (zip_name if as_zip else folder_name)  # CSIPSTR2: named by the OBJID
    if target.exists():
        raise UsageError(f"{target.name} exists already", where=str(target))
    into.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".kho-export-", dir=into))
    try:
        _write_folder(head, Contents(head, read, earlier), scratch / folder_name)
        if as_zip:
            _write_zip(head, scratch, scratch / target.name)
        # Atomic: the target is either complete or not there.
        (scratch / (target.name if as_zip else folder_name)).rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return target


def _write_folder(head: AipHead, contents: Contents, folder: Path) -> None:
    for path, content in ((layout.METS, head.mets), (layout.SEAL, head.seal)):
        _made(folder / path).write_bytes(content)
    for file in head.files:
        _copy(file, contents, folder / file.path)


def _made(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _copy(file: AipFile, contents: Contents, target: Path) -> None:
    # Located first: only what lies in a ZIP under a safe name ever becomes a path here.
    read, entry = contents.located(file)
    digest = hashlib.sha256()
    with _made(target).open("xb") as stream:
        for piece in read_pieces(read, entry):
            digest.update(piece)
            stream.write(piece)
    if digest.hexdigest() != file.sha256:
        raise FixityMismatch(file.path, recorded=file.sha256, found=digest.hexdigest())


def _write_zip(head: AipHead, folder: Path, target: Path) -> None:
    root = layout.root_folder(head.dossier.id)
    writer = ZipWriter(head.created_at.astimezone(mets.VIETNAM))
    for path in _order(file.path for file in head.files):
        source = folder / root / path
        writer.add_file(root + path, source, size=source.stat().st_size)
    with writer.finished().open() as image, target.open("xb") as stream:
        shutil.copyfileobj(image, stream, 1 << 20)
        stream.flush()
        os.fsync(stream.fileno())


def _order(paths: Iterable[str]) -> list[str]:
    """Return paths as a package has them: what a head consists of comes last."""
    everything = dict.fromkeys([*paths, layout.METS, layout.SEAL])
    return sorted(everything, key=lambda path: path in layout.CORE)
