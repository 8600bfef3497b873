import asyncio
from collections.abc import Iterator
from math import log

import openai
import pytest

from chat_requests import question, with_image
from doctorsun.generate.engine import LocalEngine
from doctorsun.model.build import build_model
from doctorsun.model.presets import PRESETS
from doctorsun.processor.processor import Processor
from doctorsun.serve.app import create_app
from doctorsun.serve.settings import ServeSettings
from serve_fakes import ScriptedEngine, ThreadedChat, serving

SENTENCE = "左肺有结节。The left lung."


@pytest.fixture
def client(server: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server}/v1", api_key="none", max_retries=0, timeout=10) as client:
        yield client


@pytest.fixture(scope="module")
def model_url(processor: Processor) -> Iterator[str]:
    """A server of a small network."""
    model = build_model(PRESETS["micro"], processor, seed=1)
    engine = LocalEngine(model, image_mean=processor.images.mean, image_std=processor.images.std, max_batch=8)
    app = create_app(ThreadedChat(engine, processor), ServeSettings(model_name="sun", revision="r"))
    with serving(app) as url:
        yield url


@pytest.fixture
def model_client(model_url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{model_url}/v1", api_key="none", max_retries=0, timeout=30) as client:
        yield client


def test_the_openai_client_gets_an_answer(client: openai.OpenAI, scripted: ScriptedEngine, png: bytes) -> None:
    answer = client.chat.completions.create(
        model="sun", messages=with_image(png), max_tokens=60, seed=4, temperature=0.5
    )
    assert answer.choices[0].message.content == SENTENCE
    assert answer.choices[0].finish_reason == "stop"
    assert (answer.system_fingerprint, answer.model_extra) == ("abc123", {"research_use_only": True})
    (request,) = scripted.asked
    assert (request.seed, request.temperature, request.max_tokens, len(request.pixels)) == (4, 0.5, 60, 1)
    assert answer.usage is not None
    assert answer.usage.prompt_tokens == len(request.prompt_ids)
    assert answer.usage.completion_tokens == len(scripted.answer)


def test_the_openai_client_finds_the_model_by_its_name_and_no_other(client: openai.OpenAI) -> None:
    assert client.models.retrieve("sun") == client.models.list().data[0]
    with pytest.raises(openai.NotFoundError, match="model: got 'moon', expected 'sun'"):
        client.models.retrieve("moon")


def test_the_openai_client_gets_a_stream(client: openai.OpenAI, scripted: ScriptedEngine) -> None:
    stream = client.chat.completions.create(
        model="sun", messages=question(), stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    pieces = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(pieces) == SENTENCE
    assert len(pieces) > 5
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    usage = chunks[-1].usage
    assert usage is not None
    assert usage.completion_tokens == len(scripted.answer)


def test_stop_texts_end_both_kinds_of_answer(client: openai.OpenAI, scripted: ScriptedEngine) -> None:
    whole = client.chat.completions.create(model="sun", messages=question(), stop=["left"])
    stream = client.chat.completions.create(model="sun", messages=question(), stop="left", stream=True)
    assert whole.choices[0].message.content == "左肺有结节。The "
    assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == "左肺有结节。The "
    assert scripted.idle.wait(30)


def test_too_few_tokens_cut_the_answer(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="sun", messages=question(), max_tokens=1)
    assert answer.choices[0].finish_reason == "length"


def test_an_asynchronous_client_gets_both_kinds_of_answer(server: str, scripted: ScriptedEngine) -> None:
    async def ask() -> tuple[str | None, str]:
        async with openai.AsyncOpenAI(base_url=f"{server}/v1", api_key="none", max_retries=0, timeout=10) as client:
            whole = await client.chat.completions.create(model="sun", messages=question())
            stream = await client.chat.completions.create(model="sun", messages=question(), stream=True)
            pieces = [chunk.choices[0].delta.content or "" async for chunk in stream]
        return whole.choices[0].message.content, "".join(pieces)

    assert asyncio.run(ask()) == (SENTENCE, SENTENCE)
    assert len(scripted.asked) == 2


def test_logprobs_come_for_every_token_but_the_stop_token(client: openai.OpenAI, scripted: ScriptedEngine) -> None:
    answer = client.chat.completions.create(model="sun", messages=question(), logprobs=True, top_logprobs=3)
    assert answer.choices[0].logprobs is not None
    tokens = answer.choices[0].logprobs.content or []
    assert len(tokens) == len(scripted.answer)
    assert b"".join(bytes(token.bytes or []) for token in tokens).decode() == SENTENCE
    assert {token.logprob for token in tokens} == {-0.5}
    assert [[top.logprob for top in token.top_logprobs] for token in tokens] == [[-0.5, -1.5, -2.5]] * len(tokens)
    assert all(token.top_logprobs[0].token == token.token for token in tokens)


def test_logprobs_of_a_stream_are_those_of_the_whole_answer(client: openai.OpenAI) -> None:
    whole = client.chat.completions.create(model="sun", messages=question(), logprobs=True)
    stream = client.chat.completions.create(model="sun", messages=question(), logprobs=True, stream=True)
    found = [chunk.choices[0].logprobs for chunk in stream]
    streamed = [token for logprobs in found if logprobs for token in logprobs.content or []]
    assert whole.choices[0].logprobs is not None
    assert streamed == whole.choices[0].logprobs.content
    assert all(token.top_logprobs == [] for token in streamed)


def test_without_being_asked_nothing_is_said_of_logprobs(client: openai.OpenAI, scripted: ScriptedEngine) -> None:
    answer = client.chat.completions.create(model="sun", messages=question())
    assert answer.choices[0].logprobs is None
    assert scripted.asked[0].num_top == 0


@pytest.mark.parametrize(
    ("status", "error"),
    [("model", openai.NotFoundError), ("length", openai.BadRequestError), ("engine", openai.InternalServerError)],
)
def test_the_client_raises_its_own_errors(
    client: openai.OpenAI, scripted: ScriptedEngine, status: str, error: type[openai.APIStatusError]
) -> None:
    scripted.failure = MemoryError("no memory left") if status == "engine" else None
    with pytest.raises(error):
        client.chat.completions.create(
            model="moon" if status == "model" else "sun",
            messages=question(),
            max_tokens=10**6 if status == "length" else 5,
        )


def test_an_engine_that_fails_on_the_way_raises_in_the_stream(client: openai.OpenAI, scripted: ScriptedEngine) -> None:
    scripted.end_id, scripted.max_length = None, 10**9
    stream = client.chat.completions.create(model="sun", messages=question(), stream=True, max_tokens=10**6)
    next(stream)
    scripted.failure = MemoryError("no memory left")
    with pytest.raises(openai.APIError, match="the engine failed; send the request again"):
        list(stream)


def test_a_seed_repeats_the_draws_of_a_model(model_client: openai.OpenAI) -> None:
    def draw(seed: int) -> str | None:
        answer = model_client.chat.completions.create(
            model="sun", messages=question("Left?"), seed=seed, temperature=2.0, top_p=0.9, max_tokens=12
        )
        return answer.choices[0].message.content

    first = draw(7)
    assert draw(7) == first
    assert {draw(seed) for seed in range(3)} != {first}


@pytest.mark.parametrize("settings", [{"temperature": 1e-40}, {"temperature": 1.0, "top_p": 1e-300}])
def test_the_least_settings_take_the_likeliest_tokens(model_client: openai.OpenAI, settings: dict[str, float]) -> None:
    greedy = model_client.chat.completions.create(model="sun", messages=question("Left?"), max_tokens=8)
    drawn = model_client.chat.completions.create(model="sun", messages=question("Left?"), max_tokens=8, **settings)
    assert drawn.choices[0].message.content == greedy.choices[0].message.content


def test_a_models_likeliest_tokens_come_in_order(model_client: openai.OpenAI, processor: Processor) -> None:
    answer = model_client.chat.completions.create(
        model="sun", messages=question("Left?"), max_tokens=4, logprobs=True, top_logprobs=20
    )
    assert answer.choices[0].logprobs is not None
    for token in answer.choices[0].logprobs.content or []:
        logprobs = [top.logprob for top in token.top_logprobs]
        assert logprobs == sorted(logprobs, reverse=True)
        assert (len(logprobs), logprobs[0]) == (20, token.logprob)
        assert token.logprob > log(1 / processor.tokenizer.get_vocab_size())
