import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import numpy as np
import pytest

from chat_requests import body, data_url, question
from doctorsun.image.raster import encode_png
from doctorsun.processor.processor import Processor
from doctorsun.serve.abstention import Calibration
from doctorsun.serve.app import create_app
from doctorsun.serve.settings import ServeSettings
from serve_fakes import ScriptedEngine, ThreadedChat, serving

ANSWER = "<ref>nodule</ref><box>[[250, 250, 500, 750]]</box> and <box>[[0, 0, 1000, 1000]]</box>"
WIDE, TALL = (encode_png(np.zeros(shape, np.uint8)) for shape in ((100, 200), (300, 150)))
Ask = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def boxing(processor: Processor) -> ScriptedEngine:
    """An engine that answers with boxes."""
    ids = processor.tokenizer.encode(ANSWER, add_special_tokens=False).ids
    return ScriptedEngine(ids, end_id=processor.stop_ids[0])


@pytest.fixture(scope="module")
def url(boxing: ScriptedEngine, processor: Processor) -> Iterator[str]:
    calibration = Calibration(temperatures={"closed": 1.0}, thresholds={"closed": 0.8}, target_risk=0.1)
    settings = ServeSettings(model_name="sun", revision="r")
    chat = ThreadedChat(boxing, processor)
    with serving(create_app(chat, settings, images=processor.images, calibration=calibration)) as url:
        yield url


@pytest.fixture(params=["whole", "stream"])
def ask(request: pytest.FixtureRequest, url: str, boxing: ScriptedEngine) -> Iterator[Ask]:
    """Ask, and get the message with its extras, or the same put together from the chunks of a stream."""
    boxing.reset()
    boxing.asked.clear()
    with httpx.Client(base_url=url, timeout=10) as http:

        def whole(**fields: Any) -> dict[str, Any]:
            return http.post("/v1/chat/completions", json=body(**fields)).json()["choices"][0]

        def streamed(**fields: Any) -> dict[str, Any]:
            lines = http.post("/v1/chat/completions", json=body(stream=True, **fields)).text.split("\n\n")
            chunks = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: {")]
            choices = [chunk["choices"][0] for chunk in chunks]
            text = "".join(choice["delta"].get("content", "") for choice in choices)
            last = choices[-1]
            return {
                "message": {"role": "assistant", "content": text, **last["delta"]},
                "finish_reason": last["finish_reason"],
            }

        yield whole if request.param == "whole" else streamed
    assert boxing.idle.wait(30)


def showing(*turns: list[bytes]) -> list[dict[str, Any]]:
    """Turns of a client that shows these images, each followed by an answer but the last."""
    messages: list[dict[str, Any]] = []
    for images in turns:
        parts: list[dict[str, Any]] = [{"type": "image_url", "image_url": {"url": data_url(image)}} for image in images]
        messages.append({"role": "user", "content": [*parts, {"type": "text", "text": "Where?"}]})
        messages.append({"role": "assistant", "content": "There."})
    return messages[:-1]


def test_boxes_come_in_pixels_of_the_image(ask: Ask) -> None:
    message = ask(messages=showing([WIDE]))["message"]
    # The square is padded to 200 x 200: the image lies from 50 to 150 in it.
    assert message["objects"] == [
        {"label": "nodule", "box_px": [50.0, 0.0, 100.0, 100.0], "image": 0},
        {"label": "", "box_px": [0.0, 0.0, 200.0, 100.0], "image": 0},
    ]
    assert message["content"] == ANSWER


@pytest.mark.parametrize(
    ("turns", "image", "width", "height"),
    [([[TALL, WIDE]], 0, 150, 300), ([[WIDE], [TALL]], 1, 150, 300), ([[TALL], []], 0, 150, 300)],
    ids=["two at once", "one after the other", "asked again"],
)
def test_boxes_are_on_the_first_image_of_the_last_turn_that_shows_one(
    ask: Ask, turns: list[list[bytes]], image: int, width: int, height: int
) -> None:
    found = ask(messages=showing(*turns))["message"]["objects"]
    assert found[1] == {"label": "", "box_px": [0.0, 0.0, width, height], "image": image}


def test_without_an_image_there_is_no_object(ask: Ask) -> None:
    assert ask()["message"] == {"role": "assistant", "content": ANSWER}


def test_a_sure_choice_is_told(ask: Ask, boxing: ScriptedEngine) -> None:
    boxing.option_logprobs = (-0.1, -4.1)
    choice = ask(options=["yes", "no"])
    assert choice["message"]["content"] == ANSWER
    assert choice["message"]["confidence"] == {
        "option": "yes",
        "probability": pytest.approx(0.982, abs=1e-3),
        "abstained": False,
        "withheld": None,
        "calibrated": True,
    }


@pytest.mark.parametrize(("words", "begins"), [("Nodule?", "I am not sure"), ("有结节吗？", "我对这个问题没有")])
def test_an_unsure_choice_is_withheld(ask: Ask, boxing: ScriptedEngine, words: str, begins: str) -> None:
    boxing.option_logprobs = (-1.0, -0.5)
    boxing.end_id, boxing.max_length = None, 10**9
    choice = ask(messages=question(words), options=["yes", "no"], max_tokens=10**6)
    assert choice["message"]["content"].startswith(begins)
    assert choice["finish_reason"] == "stop"
    assert choice["message"]["confidence"]["option"] == "no"
    confidence = choice["message"]["confidence"]
    assert (confidence["abstained"], confidence["withheld"]) == (True, "unsure")


def test_a_choice_of_a_kind_without_a_threshold_is_withheld_for_that(ask: Ask, boxing: ScriptedEngine) -> None:
    boxing.option_logprobs = (-0.001, -9.0)
    message = ask(options=["lung", "liver"])["message"]
    assert message["content"].startswith("For questions of this kind no confidence was found")
    assert message["confidence"]["withheld"] == "no_threshold"


def test_what_was_withheld_is_counted(url: str, boxing: ScriptedEngine) -> None:
    boxing.reset()
    with httpx.Client(base_url=url) as http:
        before = num_abstained(http.get("/metrics").text)
        http.post("/v1/chat/completions", json=body(options=["lung", "liver"]))
        assert num_abstained(http.get("/metrics").text) == before + 1


def num_abstained(metrics: str) -> float:
    found = re.search(r'^doctorsun_answers_total\{outcome="abstained"\} (\S+)$', metrics, re.MULTILINE)
    return float(found[1]) if found else 0


def test_the_risk_is_told_to_clients(url: str) -> None:
    (card,) = httpx.get(f"{url}/v1/models").json()["data"]
    assert card["abstention"] == {"target_risk": 0.1, "thresholds": {"closed": 0.8}}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"options": ["yes"]}, "options: got a list of 1, expected 2 or more of them; correct it"),
        ({"options": ["a"] * 27}, "options: got a list of 27, expected at most 26 of them; correct it"),
        ({"options": ["a", ""]}, "options.1: got '', expected text that is not empty; correct it"),
        ({"options": ["a", "b", "a"]}, "options: got the same one twice, expected each once; correct it"),
        ({"top_logprobs": 2}, "top_logprobs: got 2, expected 'logprobs': true beside it"),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs: got 21, expected at most 20; correct it"),
        ({"top_p": 0}, "top_p: got 0, expected more than 0; correct it"),
        ({"temperature": 1e999}, "temperature: got inf, expected a finite number; correct it"),
        ({"seed": 2**63}, "seed: got 9223372036854775808, expected less than 9.22337203685e+18; correct it"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_settings_out_of_range_are_refused(url: str, fields: dict[str, Any], message: str) -> None:
    sent = json.dumps(body(**fields))
    response = httpx.post(f"{url}/v1/chat/completions", content=sent, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["error"]["message"]) == (400, message)
