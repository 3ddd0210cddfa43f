"""The signature check: files in, verdicts out, in child processes that can be killed."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from archive.errors import UnsafeInput
from archive.model import PackagePath, Verdict
from archive.sandbox import Limits as SandboxLimits
from archive.sandbox import Sandbox
from archive.signatures import verdicts as verdict_json
from archive.signatures import worker
from archive.signatures.asked import SIGNED_FILE
from archive.signatures.grounds import Grounds
from archive.signatures.kinds import Kind, kind_of
from archive.signatures.pairing import signed_by
from archive.signatures.trust import TrustStore

if TYPE_CHECKING:
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
    ) -> None:
        """Make a checker.

        Args:
            trust: roots, CAs and revocation answers.
            workers: most children at a time; one per core by default.
            limits: what one file may cost.
            xml: the module that reads XML signatures and manifests; without one, they are
                indeterminate. A module, because the children import it by its name.
        """
        self._xml: str | None = None if xml is None else xml.__name__  # type: ignore[attr-defined]
        self._limits = limits or Limits()
        self._trust = trust
        self._digest = trust.digest
        self._stated: dict[str, object] | None = None
        self._sandbox = Sandbox(
            workers=workers,
            limits=SandboxLimits(
                cpu_seconds=self._limits.cpu_seconds,
                wall_seconds=self._limits.wall_seconds,
                memory_bytes=self._limits.memory_bytes,
                answer_bytes=_ANSWER_BYTES,
            ),
        )

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
        try:
            answer = self._ask(
                kind, path_on_disk, package_path, at, known_at, referred, sunset=sunset
            )
        except UnsafeInput as error:
            reason = f"the check was stopped: {error.message}"
            unread = verdict_json.unread(package_path, reason, kind)
            return CheckResult((unread,), grounds=(Grounds(),), refused=reason)
        read = verdict_json.from_json
        return CheckResult(
            tuple(read(package_path, one) for one in answer["verdicts"]),
            answer["material"],
            tuple(Grounds.from_json(one) for one in answer["grounds"]),
            answer["refused"],
        )

    def under(self, trust: TrustStore) -> Checker:
        """Return a checker with the same children and another trust; close only this one."""
        other = copy(self)
        other._trust, other._digest, other._stated = trust, trust.digest, None  # noqa: SLF001
        return other

    def close(self) -> None:
        """End the child processes."""
        self._sandbox.close()

    def __enter__(self) -> Checker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(
        self,
        kind: Kind,
        file: Path,
        path: PackagePath,
        at: datetime,
        known_at: datetime | None,
        others: Mapping[str, str],
        *,
        sunset: bool,
    ) -> dict[str, Any]:
        """Ask a child; send the trust store along only if the child does not know it."""
        rest = (
            kind.value,
            str(file.resolve()),
            str(path),
            at.isoformat(),
            known_at.isoformat() if known_at is not None else None,
            self._limits.file_bytes,
            others,
            self._xml,
            sunset,
        )
        answer: dict[str, Any] = self._sandbox.run(worker.check, self._digest, None, *rest)
        if answer.get("unknown_trust"):
            if self._stated is None:
                self._stated = self._trust.to_json()
            answer = self._sandbox.run(worker.check, self._digest, self._stated, *rest)
        return answer


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
