"""What the OpenAPI description says of the chat route: its body, which the route reads itself, and its answers."""

from typing import Any

from fastapi import FastAPI

from doctorsun.serve.openai.answers import ChatCompletion, refusals
from doctorsun.serve.openai.body import ChatBody


def chat_description(model_name: str) -> dict[str, Any]:
    """Return the arguments that describe the chat route.

    Args:
        model_name: the only model that can be asked.
    """
    schema = ChatBody.model_json_schema()
    schema["properties"]["model"]["enum"] = [model_name]
    body = {"content": {"application/json": {"schema": _inlined(schema, schema.pop("$defs"))}}, "required": True}
    answer = {
        "model": ChatCompletion,
        "description": "The answer; with 'stream': true its parts as server-sent events.",
        "content": {"text/event-stream": {}},
    }
    return {
        "responses": {200: answer, **refusals(400, 401, 404, 408, 413, 415, 429, 503)},
        "openapi_extra": {"requestBody": body},
    }


def _inlined(value: Any, definitions: dict[str, Any]) -> Any:
    """Return a schema in which every reference is replaced by what it points to."""
    if isinstance(value, list):
        return [_inlined(each, definitions) for each in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        return _inlined(definitions[value["$ref"].rpartition("/")[2]], definitions)
    # References in the mapping of a discriminator are left out: the constant types tell the same.
    return {key: _inlined(each, definitions) for key, each in value.items() if key != "discriminator"}


def leave_out_422(app: FastAPI) -> None:
    """Let the description of an application not speak of a status that it never gives: wrong parameters get 400."""
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        schema = describe()
        for path in schema["paths"].values():
            for route in path.values():
                route["responses"].pop("422", None)
        for name in ("HTTPValidationError", "ValidationError"):
            schema.get("components", {}).get("schemas", {}).pop(name, None)
        return schema

    app.openapi = openapi
