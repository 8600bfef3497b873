"""Bodies of every kind: read, or refused by name; nothing else happens."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doctorsun.errors import RequestError
from doctorsun.serve.openai.body import ChatBody, read_body
from doctorsun.serve.report_routes import ReportBody, read_report

PICTURE = {"type": "image_url", "image_url": {"url": "data:"}}
SOUND = {
    "model": "sun",
    "messages": [
        {"role": "system", "content": "s"},
        {
            "role": "user",
            "content": [{"type": "text", "text": "?"}, {"type": "image_url", "image_url": {"url": "data:"}}],
        },
    ],
    "max_tokens": 5,
    "temperature": 0.5,
    "top_p": 0.9,
    "seed": 3,
    "stop": ["a"],
    "stream": True,
    "stream_options": {"include_usage": True},
    "logprobs": True,
    "top_logprobs": 2,
    "options": ["yes", "no"],
    "user": "u",
}
NAMES = st.sampled_from([*SOUND, *ChatBody.model_fields, *ReportBody.model_fields, "type", "role", "url"]) | st.text()
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["user", "text"])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
)


def is_read_or_refused(data: bytes) -> None:
    for read in (read_body, read_report):
        try:
            read(data)
        except RequestError as error:
            told = error.text().encode()  # it can be sent
        else:
            continue
        assert len(told) < 1000


@given(st.binary() | st.text().map(str.encode) | VALUES.map(lambda value: json.dumps(value).encode()))
@settings(max_examples=300)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    is_read_or_refused(data)


def places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place, *(each for key, inner in below for each in places(inner, (*place, key)))]


def changed(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    if not place:
        return new
    inner = changed(value[place[0]], place[1:], new)
    if isinstance(value, dict):
        return {**value, place[0]: inner}
    return [inner if index == place[0] else each for index, each in enumerate(value)]


@given(st.sampled_from(places(SOUND)), VALUES)
@settings(max_examples=300)
def test_one_wrong_value_anywhere_is_read_or_refused(place: tuple[Any, ...], new: Any) -> None:
    is_read_or_refused(json.dumps(changed(SOUND, place, new)).encode())


@given(st.integers(0, len(json.dumps(SOUND))), st.binary(max_size=5))
@settings(max_examples=300)
def test_damaged_bytes_are_read_or_refused(place: int, new: bytes) -> None:
    data = json.dumps(SOUND).encode()
    is_read_or_refused(data[:place] + new + data[place + len(new) :])


def test_what_is_changed_is_read_as_it_stands() -> None:
    assert read_body(json.dumps(SOUND).encode()).model == "sun"


@pytest.mark.parametrize(
    "text",
    [
        '{"model":5,"seed":' + "9" * 5000 + "}",
        '{"model":"\\ud800"}',
        '{"a":' * 500,
        "[" * 5000,
        "\ufeff{}",
        '{"model":1e999}',
    ],
    ids=["digits", "half-a-character", "deep-objects", "deep-lists", "mark", "infinite"],
)
def test_what_breaks_readers_is_refused(text: str) -> None:
    with pytest.raises(RequestError):
        read_body(text.encode())
