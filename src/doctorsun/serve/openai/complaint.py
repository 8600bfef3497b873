"""What is wrong with a request body: pydantic's errors as field, got and expected, in our words."""

import json
import re
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from doctorsun.config.document import describe
from doctorsun.errors import RequestError

_KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a number of fewer digits",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "model_type": "an object",
    "dict_type": "an object",
    "finite_number": "a finite number",
    "string_too_short": "text that is not empty",
    "string_too_long": "text of at most {max_length} characters",
    "union_tag_not_found": "an object with the type 'text' or 'image_url'",
    "literal_error": "{expected}",
    "too_short": "{min_length} or more of them",
    "too_long": "at most {max_length} of them",
    "greater_than_equal": "{ge:.12g} or more",
    "greater_than": "more than {gt:.12g}",
    "less_than_equal": "at most {le:.12g}",
    "less_than": "less than {lt:.12g}",
    "union_tag_invalid": "one of {expected_tags}",
}
_Path = tuple[str | int, ...]


def refusal(error: ValidationError, body: bytes) -> RequestError:
    """Return the first thing that is wrong with a body.

    Args:
        error: what the model of the body says.
        body: what the client sent; short values from it are repeated, to their sender only.
    """
    details = error.errors(include_url=False)
    if details[0]["type"] == "json_invalid":
        return _no_json(body, str(details[0]["msg"]))
    sent = json.loads(body)
    placed = [(_place(sent, tuple(each["loc"])), each) for each in details]
    first = next(place for place, _ in placed if not any(_is_below(other, place) for other, _ in placed))
    return _refusal(first, [each for place, each in placed if place == first])


def _no_json(body: bytes, message: str) -> RequestError:
    position = re.search(r"line \d+ column \d+", message)
    got = f"no JSON at {position[0]}" if body and position else "no JSON" if body else "nothing"
    return RequestError("request body", got=got, expected="a JSON object")


def _place(sent: Any, location: _Path) -> _Path:
    """Leave out of a location the steps that name a member of a union and no key or index of what was sent."""
    place: list[str | int] = []
    value = sent
    for number, step in enumerate(location):
        is_tag = place[-2:-1] == ["content"] and location[number - 1] == place[-1]
        if isinstance(value, dict) and not is_tag and (step in value or number == len(location) - 1):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int):
            value = value[step]
        else:
            continue
        place.append(step)
    return tuple(place)


def _is_below(place: _Path, other: _Path) -> bool:
    return len(place) > len(other) and place[: len(other)] == other


def _refusal(place: _Path, details: Sequence[Any]) -> RequestError:
    what = ".".join(map(str, place)) or "request body"
    kind = details[0]["type"]
    if kind == "extra_forbidden":
        return RequestError(what, got="a field that is not supported", do="leave it out")
    if kind == "missing":
        return RequestError(what, got="no such field", expected="it to be there", do="add it")
    expected = ", or ".join(dict.fromkeys(expected_of(each) for each in details))
    return RequestError(what, got=_got(details[0]), expected=expected, do="correct it")


def _got(detail: Any) -> str:
    value = detail["input"]
    if detail["type"].startswith("union_tag"):
        return f"the type {describe(value.get('type'))}" if isinstance(value, dict) else describe(value)
    return "an object" if isinstance(value, dict) else describe(value)


def expected_of(detail: Any) -> str:
    """Return in our words what pydantic expected in one place."""
    return _KINDS.get(detail["type"], "a value of another kind").format_map(detail.get("ctx", {}))
