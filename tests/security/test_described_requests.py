"""Requests made from the server's own description, right and wrong ones: no fault of ours, and answers as described."""

from collections.abc import Iterator

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS

from attacked_server import KEY, Ward, attacked_server

OPERATIONS = [
    "GET /healthz",
    "GET /metrics",
    "GET /readyz",
    "GET /v1/models",
    "GET /v1/models/{name}",
    "GET /v1/studies/{study_id}",
    "GET /v1/studies/{study_id}/slices/{index}",
    "GET /v1/studies/{study_id}/slices/{index}/model",
    "DELETE /v1/studies/{study_id}",
    "POST /v1/chat/completions",
    "POST /v1/reports",
    "POST /v1/studies",
]
CAN_BE_WRONG = [label for label in OPERATIONS if "slices" in label or label.endswith(("completions", "reports"))]
RIGHT_AND_WRONG = [
    *((label, GenerationMode.POSITIVE) for label in OPERATIONS),
    *((label, GenerationMode.NEGATIVE) for label in CAN_BE_WRONG),
]
AS_DESCRIBED = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
]


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ward, schemathesis.BaseSchema]]:
    with attacked_server(tmp_path_factory.mktemp("state")) as ward:
        yield ward, schemathesis.openapi.from_url(f"{ward.url}/openapi.json")


def test_every_operation_is_tried(described: tuple[Ward, schemathesis.BaseSchema]) -> None:
    found = [result.ok().label for result in described[1].get_all_operations()]
    assert sorted(found) == sorted(OPERATIONS)


@pytest.mark.parametrize(("label", "mode"), RIGHT_AND_WRONG)
def test_requests_made_from_the_description(
    described: tuple[Ward, schemathesis.BaseSchema], label: str, mode: GenerationMode
) -> None:
    ask(described, label, mode, max_examples=15)


@pytest.mark.slow  # many more
@pytest.mark.parametrize(("label", "mode"), RIGHT_AND_WRONG)
def test_many_requests_made_from_the_description(
    described: tuple[Ward, schemathesis.BaseSchema], label: str, mode: GenerationMode
) -> None:
    ask(described, label, mode, max_examples=400)


def ask(
    described: tuple[Ward, schemathesis.BaseSchema], label: str, mode: GenerationMode, *, max_examples: int
) -> None:
    ward, schema = described
    method, _, path = label.partition(" ")
    checks = CHECKS.get_by_names(AS_DESCRIBED)
    with requests.Session() as session:

        @settings(max_examples=max_examples, database=None, suppress_health_check=list(HealthCheck))
        @given(case=schema[path][method].as_strategy(generation_mode=mode))
        def one(case: schemathesis.Case) -> None:
            headers = {"Authorization": f"Bearer {KEY}"}
            case.call_and_validate(base_url=ward.url, session=session, headers=headers, checks=checks, timeout=30)

        one()
