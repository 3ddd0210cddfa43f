"""Whatever other systems send, the API answers as its contract says, and never with a failure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.web import world as worlds
from tests.web.systems import a_token
from tests.web.world import World

CONTRACT = Path(__file__).resolve().parents[2] / "schemas" / "openapi-1.json"
METHODS = {"get", "post", "put", "delete", "patch"}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world of its own: what is sent here takes in, holds and asks at random."""
    archive, people, ids = worlds.build(tmp_path_factory.mktemp("fuzzed"))
    with worlds.served(archive.settings.home) as told:
        yield World(archive.settings.home, told["address"], archive, people, ids)
    archive.close()


@pytest.fixture(scope="module")
def secret(fuzzed: World) -> str:
    return a_token(fuzzed.archive, name="Ngẫu nhiên")


_contract = json.loads(CONTRACT.read_text("utf-8"))
schema = schemathesis.openapi.from_dict(_contract)
schema.config.update(base_url="http://127.0.0.1")  # each call names the real one


def _test_of(label: str) -> Any:
    """Return the test of one operation, `GET /api/v1/…`."""

    @schema.include(name=label).parametrize()
    @settings(
        max_examples=12,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    def answers_as_the_contract_says(case, secret: str, fuzzed: World):
        headers = {"Authorization": f"Bearer {secret}"}
        case.call_and_validate(base_url=fuzzed.base, headers=headers, checks=CHECKS, timeout=60)

    return answers_as_the_contract_says


# One function for each, because what schemathesis makes of one function shares one id, and
# of tests with the same id only one is run by several workers.
for _path, _methods in _contract["paths"].items():
    for _method in sorted(METHODS & _methods.keys()):
        _name = re.sub(r"\W+", "_", f"test_{_method}{_path}").rstrip("_")
        globals()[_name] = _test_of(f"{_method.upper()} {_path}")
