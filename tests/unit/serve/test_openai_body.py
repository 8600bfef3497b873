import json
from typing import Any

import pytest

from doctorsun.errors import RequestError
from doctorsun.serve.openai.body import read_body


def body(**changes: Any) -> bytes:
    return json.dumps({"model": "sun", "messages": [{"role": "user", "content": "?"}], **changes}).encode()


def showing(*parts: Any) -> bytes:
    return body(messages=[{"role": "user", "content": list(parts)}])


def refusal(data: bytes) -> str:
    with pytest.raises(RequestError) as error:
        read_body(data)
    return error.value.text()


def test_a_right_body_is_read() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:", "detail": "low"}}
    read = read_body(showing({"type": "text", "text": "?"}, image))
    assert [part.type for part in read.messages[0].content if not isinstance(part, str)] == ["text", "image_url"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tools": []}, "tools: got a field that is not supported; leave it out"),
        ({"messages": []}, "messages: got a list of 0, expected 1 or more of them; correct it"),
        ({"messages": ["a"]}, "messages.0: got 'a', expected an object; correct it"),
        ({"messages": [{"role": "user"}]}, "messages.0.content: got no such field, expected it to be there; add it"),
        (
            {"messages": [{"role": "tool", "content": "x"}]},
            "messages.0.role: got 'tool', expected 'system', 'user' or 'assistant'; correct it",
        ),
        ({"messages": [{"role": "user", "content": 5}]}, "messages.0.content: got 5, expected text, or a list"),
        ({"temperature": "hot"}, "temperature: got 'hot', expected a number; correct it"),
        ({"seed": 1.5}, "seed: got 1.5, expected a whole number; correct it"),
        ({"stream": "yes"}, "stream: got 'yes', expected true or false; correct it"),
        ({"stop": ["a", 5]}, "stop.1: got 5, expected text; correct it"),
        ({"stop": list("abcde")}, "stop: got a list of 5, expected text, or at most 4 of them; correct it"),
        ({"stream_options": {"x": 1}}, "stream_options.x: got a field that is not supported; leave it out"),
        ({"model": "\ud800"}, "request body: got no JSON at line 1 column 1"),
    ],
)
def test_a_wrong_field_is_named_with_what_was_sent_and_what_is_taken(changes: dict[str, Any], message: str) -> None:
    assert refusal(body(**changes)).startswith(message)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (5, "messages.0.content.1: got 5, expected an object; correct it"),
        ({"type": "video"}, "messages.0.content.1: got the type 'video', expected one of 'text', 'image_url'"),
        (
            {"text": "a"},
            "messages.0.content.1: got the type nothing, expected an object with the type 'text' or 'image_url'",
        ),
        ({"type": "text"}, "messages.0.content.1.text: got no such field, expected it to be there; add it"),
        ({"type": "text", "text": "a", "b": 1}, "messages.0.content.1.b: got a field that is not supported"),
        ({"type": "text", "text": 5}, "messages.0.content.1.text: got 5, expected text; correct it"),
        (
            {"type": "image_url", "image_url": {"url": 5}},
            "messages.0.content.1.image_url.url: got 5, expected text; correct it",
        ),
        (
            {"type": "image_url", "image_url": {"url": "data:", "detail": "all"}},
            "messages.0.content.1.image_url.detail: got 'all', expected 'auto', 'low' or 'high'; correct it",
        ),
    ],
)
def test_a_wrong_part_of_a_message_is_named_by_its_place(part: object, message: str) -> None:
    assert refusal(showing({"type": "text", "text": "?"}, part)).startswith(message)


@pytest.mark.parametrize(
    ("data", "got"),
    [(b"", "nothing"), (b"{", "no JSON at line 1 column 1"), (b'{\n"a": x}', "no JSON at line 2 column 6")],
)
def test_what_is_no_json_is_told_with_its_place(data: bytes, got: str) -> None:
    assert refusal(data) == f"request body: got {got}, expected a JSON object"


@pytest.mark.parametrize(("data", "got"), [(b"[]", "a list of 0"), (b"5", "5")])
def test_a_body_is_one_object(data: bytes, got: str) -> None:
    assert refusal(data) == f"request body: got {got}, expected an object; correct it"


def test_a_long_value_is_cut_in_the_message() -> None:
    assert len(refusal(body(temperature="x" * 100_000))) < 200
