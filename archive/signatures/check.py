"""The signature check: PDFs in, verdicts out, in child processes that can be killed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from archive.errors import UnsafeInput
from archive.model import Indication, PackagePath, Verdict
from archive.sandbox import Limits as SandboxLimits
from archive.sandbox import Sandbox
from archive.signatures import verdicts as verdict_json
from archive.signatures import worker
from archive.signatures.trust import TrustStore


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
    refused: str | None = None
    """Why nothing in the file could be checked: no PDF, a limit, a crash; else None."""


class Checker:
    """Checks files against one trust store. Safe to use from many threads; close it."""

    def __init__(
        self, trust: TrustStore, *, workers: int | None = None, limits: Limits | None = None
    ) -> None:
        """Make a checker with at most `workers` children (one per core by default)."""
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
    ) -> CheckResult:
        """Check every signature in a PDF.

        Args:
            path_on_disk: the file; it is only read.
            package_path: its name in the package, for the verdicts.
            at: the time of validation.
            known_at: a time at which the whole file is known to have existed, from a
                seal or evidence record; it counts like a timestamp over the file.

        Returns:
            One verdict per signature. A file that breaks a limit or the reader gets one
            indeterminate verdict with the reason; a file without signatures gets none.
        """
        from archive.signatures.pdf_scan import may_have_signatures

        if not may_have_signatures(path_on_disk):
            return CheckResult(())
        try:
            answer = self._ask(path_on_disk, package_path, at, known_at)
        except UnsafeInput as error:
            reason = f"the check was stopped: {error.message}"
            return CheckResult((_not_finished(package_path, reason),), refused=reason)
        read = verdict_json.from_json
        return CheckResult(
            tuple(read(package_path, one) for one in answer["verdicts"]),
            answer["material"],
            answer["refused"],
        )

    def close(self) -> None:
        """End the child processes."""
        self._sandbox.close()

    def __enter__(self) -> Checker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(
        self, file: Path, path: PackagePath, at: datetime, known_at: datetime | None
    ) -> dict[str, Any]:
        """Ask a child; send the trust store along only if the child does not know it."""
        rest = (
            str(file.resolve()),
            str(path),
            at.isoformat(),
            known_at.isoformat() if known_at is not None else None,
            self._limits.file_bytes,
        )
        answer: dict[str, Any] = self._sandbox.run(worker.check, self._digest, None, *rest)
        if answer.get("unknown_trust"):
            if self._stated is None:
                self._stated = self._trust.to_json()
            answer = self._sandbox.run(worker.check, self._digest, self._stated, *rest)
        return answer


def _not_finished(path: PackagePath, reason: str) -> Verdict:
    """Return the verdict on a file whose check was stopped."""
    return Verdict(
        path=path,
        field="",
        kind="signature",
        format="PDF-NOT-ETSI",
        indication=Indication.INDETERMINATE,
        sub_indication="GENERIC",
        intact=None,
        covers_whole_file=None,
        modified_after_signing="none",
        signed_by=None,
        signed_at_claimed=None,
        proven_at=None,
        reasons=(reason,),
        to_do="open the file on another machine and have a person judge it",
    )
