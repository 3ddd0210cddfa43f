"""Signature check in bulk: Kho beside pyHanko, poppler's pdfsig and the floor, per PAdES level.

    python -m benchmarks.signatures              2,000 PDFs of 300 KB: 500 of each level
    python -m benchmarks.signatures --quick      20 of each level, one round

What is counted is signatures and document timestamps that a side has verified: two in an
LTA file, of which pdfsig verifies one. Files are signed by 20 signers under 3 CAs. Each side runs in a process of its own, in
turns, with as many workers as there are cores; interpreters and libraries are started
before the clock, except where a command is started for each file.

kho            the checker in its sandboxed children: paths, revocation, times, changes
kho audit      the same with the sunset watch: until when, and which link ends it
pyhanko        as a library, called naively: validate, with AdES validation for LT and LTA
pyhanko cli    `pyhanko sign validate`, a process for each file; a sample
pdfsig         poppler's command, a process for each file; integrity and the signer's chain,
               no document timestamps, no validation at a past time
floor          the bytes hashed, the raw public-key operations; see `benchmarks.floor`
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.floor import Floor
from benchmarks.measure import in_own_process, keep, measured, medians, say, table
from benchmarks.signed_files import LEVELS, Signed, signed

NOW = datetime(2026, 3, 2, 2, tzinfo=UTC)
WORKERS = os.cpu_count() or 1
SAMPLE = {"pyhanko cli": 6, "pyhanko": 100}
"""Files that slow sides are measured on, at most."""


def kho(corpus: Signed, files: list[Path], *, sunset: bool) -> None:
    """Check every file and print what it took."""
    from archive.model import PackagePath
    from archive.signatures.check import Checker

    with Checker(corpus.trust(), workers=WORKERS) as checker:

        def check(place: Path) -> int:
            found = checker.check(place, PackagePath(place.name), at=NOW, sunset=sunset)
            assert found.verdicts, place
            assert all(v.indication.value == "passed" for v in found.verdicts), found
            return len(found.verdicts)

        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(check, files[: 4 * WORKERS]))
            counted: list[int] = []
            cost = measured(lambda: counted.extend(pool.map(check, files)))
            say(cost, verified=sum(counted))


def in_processes(corpus: Signed, files: list[Path], act: Callable[[tuple[str, str]], int]) -> None:
    """Do `act` for each file in worker processes and print what it took."""
    tasks = [(str(place), str(corpus.pki)) for place in files]
    with ProcessPoolExecutor(WORKERS, get_context("forkserver")) as pool:
        list(pool.map(act, tasks[: 4 * WORKERS]))
        counted: list[int] = []
        cost = measured(lambda: counted.extend(pool.map(act, tasks)))
        say(cost, verified=sum(counted))


@cache
def _floor_of(pki: str) -> Floor:
    from cryptography import x509

    made = Floor(Path(pki), Path(pki))
    root = x509.load_pem_x509_certificate((Path(pki) / "root.pem").read_bytes())
    made.add_issuer(root)
    return made


def _floor(task: tuple[str, str]) -> int:
    found = _floor_of(task[1]).verify(Path(task[0]).read_bytes())
    assert found >= 1
    return found


@cache
def _context(pki: str) -> Any:
    from pyhanko.keys import load_cert_from_pemder

    folder = Path(pki)
    root = load_cert_from_pemder(str(folder / "root.pem"))
    others = [
        load_cert_from_pemder(str(one)) for one in sorted((folder / "certificates").iterdir())
    ]
    crls = [one.read_bytes() for one in sorted((folder / "crls").iterdir())]
    return root, others, crls


def _pyhanko(task: tuple[str, str]) -> int:
    from pyhanko.pdf_utils.reader import PdfFileReader

    logging.disable(logging.CRITICAL)
    with Path(task[0]).open("rb") as stream:
        reader = PdfFileReader(stream)
        embedded = reader.embedded_regular_signatures
        for one in embedded:
            late = Path(task[0]).parent.name in ("LT", "LTA")
            status = _lta(one, task[1]) if late else _valid(one, task[1])
            assert status.intact, task
            assert status.valid, task
        # Long-term validation validates the document timestamps as well.
        return len(embedded) + len(reader.embedded_timestamp_signatures)


def _valid(one: Any, pki: str) -> Any:
    from asn1crypto import crl
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    root, others, crls = _context(pki)
    context = ValidationContext(
        trust_roots=[root],
        other_certs=others,
        crls=[crl.CertificateList.load(each) for each in crls],
        moment=NOW,
        revocation_mode="require",
    )
    return validate_pdf_signature(one, context)


def _lta(one: Any, pki: str) -> Any:
    from pyhanko.sign.validation.ades import ades_lta_validation
    from pyhanko.sign.validation.policy_decl import (
        CertificateFetchingRule,
        PdfSignatureValidationSpec,
        RevinfoOnlineFetchingRule,
        RevocationInfoGatheringSpec,
        SignatureValidationSpec,
    )
    from pyhanko_certvalidator.context import CertValidationPolicySpec
    from pyhanko_certvalidator.policy_decl import (
        CertRevTrustPolicy,
        FreshnessReqType,
        RevocationCheckingPolicy,
        RevocationCheckingRule,
    )
    from pyhanko_certvalidator.registry import SimpleTrustManager

    root, _, _ = _context(pki)
    rule = RevocationCheckingRule.CRL_REQUIRED
    policy = CertValidationPolicySpec(
        trust_manager=SimpleTrustManager.build([root]),
        revinfo_policy=CertRevTrustPolicy(
            RevocationCheckingPolicy(rule, rule),
            freshness_req_type=FreshnessReqType.MAX_DIFF_REVOCATION_VALIDATION,
        ),
    )
    offline = RevocationInfoGatheringSpec(
        online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY,
        certificate_fetching_rule=CertificateFetchingRule.NEVER_FETCH,
    )
    spec = PdfSignatureValidationSpec(
        SignatureValidationSpec(cert_validation_policy=policy, revinfo_gathering_policy=offline)
    )
    return asyncio.run(ades_lta_validation(one, spec)).api_status


def _cli(task: tuple[str, str]) -> int:
    root = str(Path(task[1]) / "root.pem")
    command = [str(Path(sys.executable).parent / "pyhanko"), "sign", "validate", "--trust", root]
    done = subprocess.run([*command, task[0]], capture_output=True, check=False)
    assert b"INTACT" in done.stdout, done.stdout + done.stderr
    return done.stdout.count(b"INTACT")


def _pdfsig(task: tuple[str, str]) -> int:
    done = subprocess.run(["pdfsig", task[0]], capture_output=True, check=False)
    assert b"Signature is Valid" in done.stdout, done.stdout
    return done.stdout.count(b"Signature is Valid")


SIDES: dict[str, Callable[[Signed, list[Path]], None]] = {
    "kho": lambda corpus, files: kho(corpus, files, sunset=False),
    "kho audit": lambda corpus, files: kho(corpus, files, sunset=True),
    "pyhanko": lambda corpus, files: in_processes(corpus, files, _pyhanko),
    "pyhanko cli": lambda corpus, files: in_processes(corpus, files, _cli),
    "pdfsig": lambda corpus, files: in_processes(corpus, files, _pdfsig),
    "floor": lambda corpus, files: in_processes(corpus, files, _floor),
}


def sides_here() -> list[str]:
    """Return the sides that this machine has the programs for, and say which are left out."""
    needed = {"pdfsig": shutil.which("pdfsig"), "pyhanko cli": _pyhanko_command()}
    for name, found in needed.items():
        if not found:
            print(f"{name} is not installed here and is left out")
    return [name for name in SIDES if needed.get(name, "x")]


def _pyhanko_command() -> str | None:
    place = Path(sys.executable).parent / "pyhanko"
    return str(place) if place.exists() else None


def compared(options: argparse.Namespace) -> dict[str, dict[str, dict[str, float]]]:
    """Measure all sides of all levels in turns; return figures by level and side."""
    signed(options.files, kib=options.kib)
    sides = options.sides.split(",") if options.sides else sides_here()
    shape = ("--files", options.files, "--kib", options.kib)
    figures: dict[str, dict[str, dict[str, float]]] = {}
    for level in options.levels.split(","):
        found: dict[str, list[dict[str, Any]]] = {side: [] for side in sides}
        for _ in range(options.rounds):
            for side in sides:
                call = ("--level", level, "--side", side)
                found[side].append(in_own_process("benchmarks.signatures", *shape, *call))
        figures[level] = {}
        for side, answers in found.items():
            cost, count = medians(answers), answers[0]["verified"]
            figures[level][side] = {
                "signatures_per_second": round(count / cost.wall_seconds, 1),
                "per_second_and_core": round(count / cost.cpu_seconds, 1)
                if cost.cpu_seconds
                else 0,
            }
    return figures


def shown(figures: dict[str, dict[str, dict[str, float]]]) -> None:
    """Print the figures and the ratios."""
    rows: list[list[object]] = [["", "signatures/s", "per core", "kho is, by time", "by CPU"]]
    for level, sides in figures.items():
        own = sides.get("kho")
        for side, each in sides.items():
            wall, core = each["signatures_per_second"], each["per_second_and_core"]
            row: list[object] = [f"{level} {side}", wall, core, "", ""]
            if own is not None and core:
                row[3] = f"{own['signatures_per_second'] / wall:.2f}"
                row[4] = f"{own['per_second_and_core'] / core:.2f}"
            rows.append(row)
    table(rows)


def main() -> None:
    """Measure and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=500, help="of each level")
    parser.add_argument("--kib", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--levels", default=",".join(LEVELS))
    parser.add_argument("--sides", help=f"of {', '.join(SIDES)}; comma between them")
    parser.add_argument("--level", choices=LEVELS, help=argparse.SUPPRESS)
    parser.add_argument("--side", choices=list(SIDES), help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="20 files of each level, one round")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    options = parser.parse_args()
    if options.side:
        corpus = signed(options.files, kib=options.kib)
        files = corpus.files(options.level)[: SAMPLE.get(options.side, options.files)]
        SIDES[options.side](corpus, files)
        sys.stdout.flush()
        return
    if options.quick:
        options.files, options.rounds = 20, 1
    figures = compared(options)
    print(
        f"signature check: {options.files} PDFs of {options.kib} KiB of each level; "
        f"{WORKERS} workers; medians of {options.rounds}"
    )
    shown(figures)
    keep(options.json, {"files": options.files, "levels": figures})


if __name__ == "__main__":
    main()
