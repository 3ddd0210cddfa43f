"""Every command with --json: one document on stdout that its schema describes, nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from archive.errors import ExitCode
from tests.cli.samples import SAMPLES
from tests.cli.world import CODE, NAME, NUMBER, ROOT, SIGNED, Answer, every_command, kho

SCHEMAS = ROOT / "schemas"
COMMANDS = every_command()
ALWAYS = {ExitCode.DONE, ExitCode.UNEXPECTED, ExitCode.USAGE, ExitCode.INTERRUPTED}
WITHOUT_PERSONS = ("journal list", "journal verify", "doctor", "fixity run", "fixity status")


def documents() -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in [*SCHEMAS.glob("*.schema.json"), *(SCHEMAS / "commands").glob("*.json")]:
        yield path, json.loads(path.read_text(encoding="utf-8"))


@cache
def registry() -> Registry:
    found = ((d["$id"], Resource.from_contents(d)) for _, d in documents())
    return Registry().with_resources(found)


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(
        {"$ref": name}, registry=registry(), format_checker=Draft202012Validator.FORMAT_CHECKER
    )


def broken(answer: Answer, name: str) -> list[str]:
    """Return where the document is not as its schema says."""
    errors = validator(name).iter_errors(answer.json())
    return [f"{error.json_path}: {error.message}" for error in errors]


def call(place: str, arguments: tuple[str, ...], facts: dict[str, str], cwd: Path) -> Answer:
    filled = [each.format_map(facts) if "{" in each else each for each in arguments]
    return kho(*place.split(), *filled, "--json", cwd=cwd)


def schema_of(place: str) -> str:
    return f"urn:kho:schema:command:{place.replace(' ', '-')}"


def test_every_command_has_a_schema_and_a_sample_of_its_calls():
    named = {path.name.removesuffix(".schema.json") for path, _ in documents()}

    assert [p for p in COMMANDS if p.replace(" ", "-") not in named] == []
    assert [p for p in COMMANDS if p not in SAMPLES and p not in ("demo", "serve")] == []


@pytest.mark.parametrize(("path", "schema"), [*documents()], ids=lambda v: getattr(v, "stem", ""))
def test_every_schema_is_one(path: Path, schema: dict[str, Any]):
    Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("place", SAMPLES)
def test_a_call_that_works_prints_the_document_of_its_schema(
    place: str, here: Path, facts: dict[str, str]
):
    sample = SAMPLES[place]

    answer = call(place, sample.works, facts, here)

    assert (answer.code, answer.err) == (sample.works_with, ""), answer.out
    assert broken(answer, schema_of(place)) == []


@pytest.mark.parametrize("place", SAMPLES)
def test_a_call_that_fails_prints_one_problem(place: str, here: Path, facts: dict[str, str]):
    sample = SAMPLES[place]

    answer = call(place, sample.fails, facts, here)

    assert (answer.code, answer.err) == (sample.code, ""), answer.out
    assert answer.code in {*COMMANDS[place].exits, *ALWAYS}
    assert broken(answer, schema_of(place) if sample.reports else "urn:kho:schema:problem") == []
    if not sample.reports:
        assert answer.json()["exit_code"] == sample.code


@pytest.mark.parametrize("place", COMMANDS)
def test_a_wrong_call_is_a_problem_with_what_to_try(place: str, tmp_path: Path):
    answer = kho(*place.split(), "--no-such-option", "--json", cwd=tmp_path)

    assert (answer.code, answer.err) == (2, "")
    assert broken(answer, "urn:kho:schema:problem") == []
    assert answer.json()["hint"] == f"kho {place} --help"


@pytest.mark.parametrize("place", WITHOUT_PERSONS)
def test_what_operators_look_at_names_no_person(place: str, here: Path):
    answer = kho(*place.split(), "--json", cwd=here)

    assert answer.code == 0
    assert [word for word in (NAME, NUMBER, "Thử") if word in answer.out] == []


def test_lists_of_hits_show_no_identity_number_and_the_dossier_does(here: Path):
    found = kho("search", NUMBER, "--json", cwd=here)
    shown = kho("show", CODE, "--json", cwd=here)

    assert found.json()["total"] == 2
    assert NUMBER not in found.out
    assert NUMBER in shown.out


def test_warnings_that_were_asked_for_are_one_document_and_exit_12(here: Path):
    (here / "new" / "dossier.json").write_text(
        (here / "new" / "dossier.json").read_text("utf-8").replace(NUMBER, "999099000001"), "utf-8"
    )

    answer = kho("sip", "validate", "new", "--fail-on", "warning", "--json", cwd=here)

    assert answer.code == ExitCode.FINDINGS
    assert broken(answer, schema_of("sip validate")) == []


def test_a_file_does_not_go_to_stdout_beside_a_document(here: Path):
    answers = [kho("aip", "cat", CODE, "METS.xml", "--json", cwd=here)]
    answers.append(kho("get", CODE, SIGNED, "--json", cwd=here))
    answers.append(kho("get", CODE, SIGNED, "--json", cwd=here))
    answers.append(kho("get", CODE, SIGNED, "--json", "--yes", cwd=here))

    assert [answer.code for answer in answers] == [2, 0, 2, 0]
    assert (here / SIGNED).read_bytes() == (here / "sip" / "signed" / SIGNED).read_bytes()


def test_a_document_is_the_same_in_both_languages(here: Path):
    spoken = [
        kho("retention", "explain", CODE, "--json", "--lang", each, cwd=here)
        for each in ("vi", "en")
    ]

    assert spoken[0] == spoken[1]


def test_a_document_goes_to_the_file_that_is_named(here: Path):
    answer = kho("show", CODE, "--json", "-o", "shown.json", cwd=here)

    assert (answer.code, answer.out) == (0, "")
    written = Answer(0, (here / "shown.json").read_text("utf-8"), "")
    assert broken(written, schema_of("show")) == []


def test_lint_names_the_procedures_in_use_that_have_no_row(here: Path):
    inside = kho("rule", "lint", "vn-2026-1", "--json", cwd=here).json()
    outside = kho("rule", "lint", "vn-2026-1", "--json", cwd=here.parent).json()

    def without(found: Any) -> list[str]:
        return [each["row"] for each in found["problems"] if each["rule"] == "KHO-RULE-NO-ROW"]

    assert "1.009999" in without(inside)
    assert without(outside) == []
