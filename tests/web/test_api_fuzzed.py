"""Whatever other systems send, the API answers as its contract says, and never with a failure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.web.systems import a_token
from tests.web.world import World

CONTRACT = Path(__file__).resolve().parents[2] / "schemas" / "openapi-1.json"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def secret(world: World) -> str:
    return a_token(world.archive, name="Ngẫu nhiên")


schema = schemathesis.openapi.from_dict(json.loads(CONTRACT.read_text("utf-8")))
schema.config.update(base_url="http://127.0.0.1")  # each call names the real one


@schema.parametrize()
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_every_address_answers_as_the_contract_says(case, secret: str, world: World):
    headers = {"Authorization": f"Bearer {secret}"}
    case.call_and_validate(base_url=world.base, headers=headers, checks=CHECKS, timeout=60)
