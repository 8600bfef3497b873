import base64
import io
import json
from collections.abc import Callable

import httpx
import PIL.Image
import pytest

from doctorsun.endpoint.client import Endpoint, EndpointClient
from doctorsun.errors import RequestError
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


def test_many_refusals_in_a_row_end_the_rest(png: bytes) -> None:
    num_asked: list[int] = []

    def refuse(_request: httpx.Request) -> httpx.Response:
        num_asked.append(1)
        return httpx.Response(400, json={"error": {"message": "no"}})

    samples = [asked(str(i), png) for i in range(200)]
    answers: list[str] = []
    with client_of(refuse) as client, pytest.raises(RequestError, match="status 400: no"):
        answers.extend(str(answer.error) for answer in answer_samples_remotely(client, samples, 9, num_parallel=1))
    assert len(answers) == 16
    assert len(num_asked) < 200


def test_a_question_about_a_box_fails_alone(png: bytes) -> None:
    samples = [asked(f"What is <box>#{i}</box>?", png) for i in range(20)] + [asked("left?", png)]
    with client_of(echo) as client:
        answers = sorted(answer_samples_remotely(client, samples, 9), key=lambda answer: answer.index)
    assert all("got a question about a box, expected words and im" in str(answer.error) for answer in answers[:20])
    assert (answers[20].text, answers[20].error) == ("LEFT?", None)


def test_pictures_of_other_formats_are_sent_as_png() -> None:
    file = io.BytesIO()
    PIL.Image.new("L", (9, 5), 77).save(file, "BMP")

    def shown(request: httpx.Request) -> httpx.Response:
        url = json.loads(request.content)["messages"][0]["content"][0]["image_url"]["url"]
        data = base64.b64decode(url.removeprefix("data:image/png;base64,"))
        text = str(PIL.Image.open(io.BytesIO(data)).getpixel((8, 4)))
        return httpx.Response(200, json={"choices": [{"message": {"content": text}, "finish_reason": "stop"}]})

    with client_of(shown) as client:
        assert next(answer_samples_remotely(client, [asked("?", file.getvalue())], 9)).text == "77"
