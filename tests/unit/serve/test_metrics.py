import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from chat_requests import body, with_image
from doctorsun.processor.processor import Processor
from doctorsun.serve.answered import Answered
from doctorsun.serve.app import create_app
from doctorsun.serve.keys import one_key
from doctorsun.serve.metrics import Metrics
from doctorsun.serve.settings import ServeSettings
from serve_fakes import ScriptedEngine, ThreadedChat, serving


def numbers(text: str) -> dict[str, float]:
    """All numbers but the times of their making, by name and labels."""
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {
        "/".join([sample.name.removeprefix("doctorsun_"), *sample.labels.values()]): sample.value
        for sample in samples
        if not sample.name.endswith("_created")
    }


def answered(num_tokens: int, first_s: float | None) -> Answered:
    return Answered(
        request_id="req-1",
        client="default",
        images=("00", "11"),
        num_prompt_tokens=7,
        num_tokens=num_tokens,
        outcome="stop" if num_tokens else "failed",
        first_s=first_s,
        rest_s=0.3,
    )


def test_an_answer_is_counted_with_its_times() -> None:
    metrics = Metrics()
    metrics.count_answer(answered(4, 1.5))
    metrics.count_answer(answered(1, 0.15))
    metrics.count_answer(answered(0, None))
    found = numbers(metrics.text().decode())
    assert (found["answers_total/stop"], found["answers_total/failed"]) == (2, 1)
    assert (found["prompt_tokens_total"], found["tokens_total"], found["images_total"]) == (21, 5, 6)
    assert (found["first_token_seconds_bucket/0.2"], found["first_token_seconds_sum"]) == (1, 1.65)
    assert (found["token_seconds_count"], found["token_seconds_sum"]) == (1, pytest.approx(0.1))


def test_a_server_tells_its_numbers(server: str, scripted: ScriptedEngine, png: bytes) -> None:
    with httpx.Client(base_url=server) as http:
        before = numbers(http.get("/metrics").text)
        http.post("/v1/chat/completions", json=body(messages=with_image(png)))
        http.post("/v1/chat/completions", json=body(model="moon"))
        for path in ("/v1/models", f"/{'x' * 99}", "/x"):
            http.get(path)
        response = http.get("/metrics")
    assert response.headers["Content-Type"].startswith("text/plain; version=")
    after = numbers(response.text)
    changes = {name: value - before.get(name, 0) for name, value in after.items() if "seconds" not in name}
    assert {name: change for name, change in changes.items() if change} == {
        "requests_total//v1/chat/completions/200": 1,
        "requests_total//v1/chat/completions/404": 1,
        "requests_total//v1/models/200": 1,
        "requests_total/other/404": 2,
        "requests_total//metrics/200": 1,
        "answers_total/stop": 1,
        "images_total": 1,
        "prompt_tokens_total": len(scripted.asked[0].prompt_ids),
        "tokens_total": len(scripted.answer),
    }
    assert (after["running"], after["waiting"], after["places_taken"], after["engine_restarts"]) == (0, 0, 0, 0)


def test_running_answers_are_told(server: str, scripted: ScriptedEngine) -> None:
    scripted.end_id, scripted.max_length = None, 10**9
    with httpx.Client(base_url=server) as http:
        with http.stream("POST", "/v1/chat/completions", json=body(stream=True, max_tokens=10**6)) as response:
            lines = response.iter_lines()
            next(lines)
            found = numbers(http.get("/metrics").text)
        assert (found["running"], found["waiting"], found["places_taken"]) == (1, 0, 1)
        assert scripted.idle.wait(30)


def test_the_numbers_need_the_key_and_hold_no_words(processor: Processor) -> None:
    settings = ServeSettings(model_name="sun", revision="r", keys=one_key("secret"))
    chat = ThreadedChat(ScriptedEngine([5], end_id=processor.stop_ids[0]), processor)
    with serving(create_app(chat, settings)) as url, httpx.Client(base_url=url) as http:
        assert http.get("/metrics").status_code == 401
        key = {"Authorization": "Bearer secret"}
        http.post("/v1/chat/completions", json=body(messages=[{"role": "user", "content": "Zhang San"}]), headers=key)
        text = http.get("/metrics", headers=key).text
    assert "Zhang" not in text
    assert "secret" not in text
