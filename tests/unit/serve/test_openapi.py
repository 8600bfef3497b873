from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from chat_requests import body, with_image
from doctorsun.serve.openai.answers import ChatCompletion, ErrorBody, Health, ModelCard, ModelList
from doctorsun.serve.openai.described import chat_description
from serve_fakes import ScriptedEngine


@pytest.fixture
def http(server: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server, timeout=10) as client:
        yield client


def test_the_description_names_every_route_with_its_refusals(http: httpx.Client) -> None:
    paths = http.get("/openapi.json").json()["paths"]
    chat = paths["/v1/chat/completions"]["post"]
    assert sorted(chat["responses"]) == ["200", "400", "401", "404", "408", "413", "415", "429", "503"]
    assert set(chat["responses"]["200"]["content"]) == {"application/json", "text/event-stream"}
    assert {"/v1/models", "/healthz", "/readyz", "/metrics"} <= set(paths)
    assert "422" not in http.get("/openapi.json").text


def test_there_is_no_page_that_loads_scripts_from_elsewhere(http: httpx.Client) -> None:
    assert {http.get(path).status_code for path in ("/docs", "/redoc")} == {404}


def test_answers_are_as_described(http: httpx.Client, scripted: ScriptedEngine, png: bytes) -> None:
    scripted.option_logprobs = (-0.1, -3.0)
    asked = body(messages=with_image(png), logprobs=True, top_logprobs=2, options=["yes", "no"])
    answer = ChatCompletion.model_validate(http.post("/v1/chat/completions", json=asked).json())
    assert answer.choices[0].message.confidence is not None
    assert answer.choices[0].logprobs is not None
    ModelList.model_validate(http.get("/v1/models").json())
    ModelCard.model_validate(http.get("/v1/models/sun").json())
    ErrorBody.model_validate(http.get("/v1/models/moon").json())
    Health.model_validate(http.get("/healthz").json())
    Health.model_validate(http.get("/readyz").json())
    ErrorBody.model_validate(http.post("/v1/chat/completions", json=body(model="moon")).json())


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    description = chat_description("sun")["openapi_extra"]["requestBody"]["content"]["application/json"]["schema"]
    Draft202012Validator.check_schema(description)
    return Draft202012Validator(description)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"stop": ["a"]},
        {"stop": "a"},
        {"options": ["a", "b"]},
        {"temperature": 0.5},
        {"seed": None},
        {"top_logprobs": None},
    ],
    ids=str,
)
def test_what_is_taken_is_described(http: httpx.Client, schema: Draft202012Validator, fields: dict[str, Any]) -> None:
    assert schema.is_valid(body(**fields))
    assert http.post("/v1/chat/completions", json=body(**fields)).status_code == 200


@pytest.mark.parametrize(
    "fields",
    [
        {"model": "moon"},
        {"messages": []},
        {"tools": []},
        {"stop": list("abcde")},
        {"options": ["a"]},
        {"temperature": -1},
        {"top_p": 0},
        {"seed": 2**63},
        {"n": 2},
        {"top_logprobs": 1},
        {"options": ["a", "a"]},
        {"messages": [{"role": "user", "content": [{"type": "video"}]}]},
    ],
    ids=str,
)
def test_what_is_refused_is_not_described(
    http: httpx.Client, schema: Draft202012Validator, fields: dict[str, Any]
) -> None:
    assert not schema.is_valid(body(**fields))
    assert http.post("/v1/chat/completions", json=body(**fields)).status_code in (400, 404)
