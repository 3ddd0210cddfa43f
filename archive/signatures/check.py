"""The signature check: files in, verdicts out, in child processes that can be killed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from archive.errors import UnsafeInput
from archive.model import PackagePath, Verdict
from archive.sandbox import Limits as SandboxLimits
from archive.sandbox import Sandbox, together
from archive.signatures import verdicts as verdict_json
from archive.signatures import worker
from archive.signatures.asked import SIGNED_FILE
from archive.signatures.grounds import Grounds
from archive.signatures.kinds import Kind, kind_of
from archive.signatures.pairing import signed_by
from archive.signatures.readers import Names
from archive.signatures.trust import TrustStore

if TYPE_CHECKING:
    from archive.signatures.carried import RecordReader
    from archive.signatures.xades import XmlReader


_ANSWER_BYTES = 192 << 20
"""Material that comes back: with the largest CRLs that are read."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost."""

    cpu_seconds: int = 20
    wall_seconds: float = 60.0
    memory_bytes: int = 1536 << 20
    """Address space of the child, its libraries included."""
    file_bytes: int = 256 << 20
    """Larger files are not checked."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check found in one file."""

    verdicts: tuple[Verdict, ...]
    """One for each signature and document timestamp, in order; none if there are none."""
    material: Mapping[str, bytes] = field(default_factory=dict)
    """Certificates, CRLs, OCSP answers and timestamps; see `material`."""
    grounds: tuple[Grounds, ...] = ()
    """What each verdict rests on, in the same order."""
    refused: str | None = None
    """Why nothing in the file could be checked: no PDF, a limit, a crash; else None."""


class Checker:
    """Checks files against one trust store. Safe to use from many threads; close it."""

    def __init__(
        self,
        trust: TrustStore,
        *,
        workers: int | None = None,
        limits: Limits | None = None,
        xml: XmlReader | None = None,
        records: RecordReader | None = None,
        children: Sandbox | None = None,
    ) -> None:
        """Make a checker.

        Args:
            trust: roots, CAs and revocation answers.
            workers: most children at a time; one per core by default.
            limits: what one file may cost.
            xml: the module that reads XML signatures and manifests; without one, they are
                indeterminate. A module, because the children import it by its name.
            records: the module that reads evidence records inside CMS signatures; without
                one, they are no proof.
            children: the processes to use instead of `workers` own ones; whoever made them
                ends them. One takes half a second to start, and knows several trust stores.
        """
        self._readers: Names = (_name(xml), _name(records))
        self._limits = limits or Limits()
        self._trust = trust
        self._digest = trust.digest
        self._stated: dict[str, object] | None = None
        self._each = SandboxLimits(
            cpu_seconds=self._limits.cpu_seconds,
            wall_seconds=self._limits.wall_seconds,
            memory_bytes=self._limits.memory_bytes,
            answer_bytes=_ANSWER_BYTES,
        )
        self._sandbox = children or Sandbox(workers=workers)
        self._own = children is None

    @property
    def trust(self) -> TrustStore:
        """The trust store that verdicts rest on."""
        return self._trust

    def check(
        self,
        path_on_disk: Path,
        package_path: PackagePath,
        *,
        at: datetime,
        known_at: datetime | None = None,
        sunset: bool = False,
        others: Mapping[PackagePath, Path] | None = None,
        content: Path | None = None,
    ) -> CheckResult:
        """Check every signature in a file: PDF, CMS, XML or ASiC container.

        Args:
            path_on_disk: the file; it is only read.
            package_path: its name in the package, for the verdicts.
            at: the time of validation.
            known_at: a time at which the whole file is known to have existed, from a
                seal or evidence record; it counts like a timestamp over the file.
            sunset: whether to find out until when what passes can be proven; it costs a
                few more checks of the file.
            others: the files of the package by their names: detached signatures are over
                one of them (see `pairing`).
            content: the file that a detached CMS signature is over, if it is known.

        Returns:
            One verdict per signature. A file that breaks a limit or the reader gets one
            indeterminate verdict with the reason; a file without signatures gets none.
        """
        kind = kind_of(path_on_disk, package_path)
        if kind is None:
            return CheckResult(())
        referred = _referred(kind, package_path, others or {}, content)
        known = known_at.isoformat() if known_at is not None else None
        place, limit = str(path_on_disk.absolute()), self._limits.file_bytes
        rest = (at.isoformat(), known, limit, referred, self._readers, sunset)
        try:
            answer = self._ask(worker.check, kind.value, place, str(package_path), *rest)
        except UnsafeInput as error:
            reason = f"the check was stopped: {error.message}"
            unread = verdict_json.unread(package_path, reason, kind)
            return CheckResult((unread,), grounds=(Grounds(),), refused=reason)
        return _result(package_path, answer)

    def check_all(
        self, files: Mapping[PackagePath, Path], *, at: datetime, sunset: bool = False
    ) -> dict[PackagePath, CheckResult]:
        """Check every file of a package; answers as `check` gives for each, in their order.

        Small PDFs are handed to a child together.

        Args:
            files: the package's files by their names.
            at: see `check`.
            sunset: see `check`.
        """
        found: dict[PackagePath, CheckResult] = {}
        names = list(files)
        for group in together([files[name].stat().st_size for name in names]):
            found |= self._checked(names[group.start : group.stop], files, at, sunset)
        return found

    def _checked(
        self,
        names: list[PackagePath],
        files: Mapping[PackagePath, Path],
        at: datetime,
        sunset: bool,
    ) -> dict[PackagePath, CheckResult]:
        asked = [(str(files[name].absolute()), str(name)) for name in names]
        rest = (asked, at.isoformat(), self._limits.file_bytes, sunset)
        answers: list[dict[str, Any] | None]
        try:
            answers = self._ask(worker.check_pdfs, *rest)["answers"]
        except UnsafeInput:
            answers = [{"kind": "unknown"}] * len(names)  # each by itself: one of them did it
        return {
            name: self.check(files[name], name, at=at, sunset=sunset, others=files)
            if answer is not None and "kind" in answer
            else _result(name, answer)
            for name, answer in zip(names, answers, strict=True)
        }

    def under(self, trust: TrustStore) -> Checker:
        """Return a checker with the same children and another trust; close only this one."""
        other = copy(self)
        other._trust, other._digest, other._stated = trust, trust.digest, None  # noqa: SLF001
        return other

    def close(self) -> None:
        """End the child processes, if they are this checker's own."""
        if self._own:
            self._sandbox.close()

    def __enter__(self) -> Checker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, function: Callable[..., dict[str, Any]], *rest: object) -> dict[str, Any]:
        """Ask a child; send the trust store along only if the child does not know it."""
        run, each = self._sandbox.run, self._each
        answer: dict[str, Any] = run(function, self._digest, None, *rest, limits=each)
        if answer.get("unknown_trust"):
            if self._stated is None:
                self._stated = self._trust.to_json()
            answer = run(function, self._digest, self._stated, *rest, limits=each)
        return answer


def _name(module: object) -> str | None:
    return None if module is None else module.__name__  # type: ignore[attr-defined]


def _result(path: PackagePath, answer: Mapping[str, Any] | None) -> CheckResult:
    """Return what a child has told; None is a file without signatures."""
    if answer is None:
        return CheckResult(())
    return CheckResult(
        tuple(verdict_json.from_json(path, one) for one in answer["verdicts"]),
        answer["material"],
        tuple(Grounds.from_json(one) for one in answer["grounds"]),
        answer["refused"],
    )


def _referred(
    kind: Kind, path: PackagePath, others: Mapping[PackagePath, Path], content: Path | None
) -> dict[str, str]:
    """Return the files that a file may refer to, under the names that it may use."""
    if kind is Kind.CMS:
        paired = signed_by(path, others)
        found = content or (others[PackagePath(paired)] if paired is not None else None)
        return {} if found is None else {SIGNED_FILE: str(found.resolve())}
    if kind is not Kind.XML:
        return {}
    folder = PurePosixPath(path).parent
    named = {
        str(PurePosixPath(name).relative_to(folder)): place
        for name, place in others.items()
        if name != path and PurePosixPath(name).is_relative_to(folder)
    }
    if content is not None:
        named[content.name] = content
    return {name: str(place.resolve()) for name, place in named.items()}
