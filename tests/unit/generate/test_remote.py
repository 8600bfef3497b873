import json
from collections.abc import Callable

import httpx
import pytest

from doctorsun.endpoint.client import Endpoint, EndpointClient
from doctorsun.errors import DataError, RequestError
from doctorsun.generate.remote import answer_samples_remotely
from doctorsun.image.raster import image_record
from doctorsun.schema import Message, Sample, Source, image_part, text_part


def client_of(handler: Callable[[httpx.Request], httpx.Response]) -> EndpointClient:
    endpoint = Endpoint(url="http://server/v1", model="m", max_attempts=1)
    return EndpointClient(endpoint, transport=httpx.MockTransport(handler))


def asked(text: str, png: bytes) -> Sample:
    question = Message(role="user", content=(image_part(), text_part(text)))
    reply = Message(role="assistant", content=(text_part("the truth"),))
    source = Source(dataset="test")
    return Sample(id=text, messages=(question, reply), source=source, images=(image_record(png),))


def echo(request: httpx.Request) -> httpx.Response:
    body = json.loads(request.content)
    assert (body["max_tokens"], body["temperature"], len(body["messages"])) == (9, 0.0, 1)
    words = body["messages"][0]["content"][1]["text"]
    choice = {"message": {"content": words.upper()}, "finish_reason": "length" if "long" in words else "stop"}
    return httpx.Response(200, json={"choices": [choice], "usage": {"completion_tokens": len(words)}})


def test_samples_are_answered_by_the_server(png: bytes) -> None:
    samples = [asked(text, png) for text in ("left?", "long?", "right?")]
    with client_of(echo) as client:
        answers = sorted(answer[:4] for answer in answer_samples_remotely(client, samples, 9))
    assert answers == [(0, "LEFT?", 5, False), (1, "LONG?", 5, True), (2, "RIGHT?", 6, False)]


def test_a_refusal_ends_the_rest(png: bytes) -> None:
    num_asked: list[int] = []

    def refuse(_request: httpx.Request) -> httpx.Response:
        num_asked.append(1)
        return httpx.Response(400, json={"error": {"message": "no"}})

    with client_of(refuse) as client, pytest.raises(RequestError, match="status 400: no"):
        list(answer_samples_remotely(client, [asked(str(i), png) for i in range(200)], 9, num_parallel=1))
    assert len(num_asked) < 200


def test_a_question_about_a_box_is_refused(png: bytes) -> None:
    with client_of(echo) as client, pytest.raises(DataError, match="got a question about a box, expected words and im"):
        list(answer_samples_remotely(client, [asked("What is <box>#0</box>?", png)], 9))
