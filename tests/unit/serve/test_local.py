import asyncio
from contextlib import aclosing

import pytest

from doctorsun.errors import ImageError, RequestError
from doctorsun.generate.engine import LocalEngine
from doctorsun.model.build import build_model
from doctorsun.model.presets import PRESETS
from doctorsun.processor.chat_template import ChatTemplate
from doctorsun.processor.processor import Processor
from doctorsun.schema import Message, image_part, text_part
from doctorsun.serve.engine import EngineFailure, Piece, Question
from serve_fakes import ScriptedEngine, ThreadedChat

TEXT = "左肺有结节。The left lung."
ASKED = (Message(role="user", content=(text_part("Left?"),)),)


@pytest.fixture
def engine(processor: Processor) -> ScriptedEngine:
    ids = processor.tokenizer.encode(TEXT, add_special_tokens=False).ids
    return ScriptedEngine(ids, end_id=processor.stop_ids[0])


@pytest.fixture
def chat(engine: ScriptedEngine, processor: Processor) -> ThreadedChat:
    return ThreadedChat(engine, processor, default_max_tokens=50)


async def all_of(chat: ThreadedChat, *questions: Question) -> list[list[Piece]]:
    """Start the engine, ask all at once, and stop it."""

    async def pieces(question: Question) -> list[Piece]:
        return [piece async for piece in chat.answer(question)]

    await chat.start()
    try:
        return await asyncio.gather(*map(pieces, questions))
    finally:
        await chat.close()


def answer(chat: ThreadedChat, **fields: object) -> list[Piece]:
    question = Question(**{"messages": ASKED, **fields})  # type: ignore[arg-type]
    return asyncio.run(all_of(chat, question))[0]


def test_pieces_hold_whole_characters_and_counts(chat: ThreadedChat, engine: ScriptedEngine) -> None:
    found = answer(chat)
    assert "".join(piece.text for piece in found) == TEXT
    assert not any("\N{REPLACEMENT CHARACTER}" in piece.text for piece in found)
    assert [piece.finish for piece in found if piece.finish] == ["stop"]
    assert found[-1].finish == "stop"
    assert found[-1].num_tokens == len(engine.answer)
    assert {piece.num_prompt_tokens for piece in found} == {len(engine.asked[0].prompt_ids)}


def test_a_question_becomes_a_request(
    chat: ThreadedChat, engine: ScriptedEngine, png: bytes, processor: Processor
) -> None:
    messages = (Message(role="user", content=(image_part(), text_part("Left?"))),)
    answer(chat, messages=messages, images=(png,), temperature=0.5, top_p=0.7, seed=3, max_tokens=9, top_logprobs=2)
    (request,) = engine.asked
    assert request.prompt_ids == tuple(processor.prompt(messages))
    assert [pixels.shape for pixels in request.pixels] == [(3, 32, 32)]
    assert (request.temperature, request.top_p, request.seed, request.max_tokens) == (0.5, 0.7, 3, 9)
    assert (request.num_top, request.stop_ids) == (2, processor.stop_ids)


@pytest.mark.parametrize(("room", "expected"), [(90, 50), (40, 40)])
def test_the_room_that_is_left_bounds_the_default(
    chat: ThreadedChat, engine: ScriptedEngine, processor: Processor, room: int, expected: int
) -> None:
    engine.max_length = len(processor.prompt(ASKED)) + room
    answer(chat)
    assert engine.asked[0].max_tokens == expected


def test_a_prompt_that_leaves_no_room_is_refused(
    chat: ThreadedChat, engine: ScriptedEngine, processor: Processor
) -> None:
    engine.max_length = len(processor.prompt(ASKED))
    with pytest.raises(RequestError, match="length of prompt and answer"):
        answer(chat)


def test_a_stop_text_ends_the_answer_before_it(chat: ThreadedChat, engine: ScriptedEngine) -> None:
    found = answer(chat, stops=("肺有",))
    assert "".join(piece.text for piece in found) == "左"
    assert found[-1].finish == "stop"
    assert found[-1].num_tokens < len(engine.answer)
    assert engine.idle.wait(30)


def test_a_cut_answer_says_so(chat: ThreadedChat) -> None:
    assert answer(chat, max_tokens=2)[-1].finish == "length"


def test_likelihoods_of_options_come_with_the_first_piece(chat: ThreadedChat, engine: ScriptedEngine) -> None:
    engine.option_logprobs = (-0.1, -2.5)
    found = answer(chat, options=("yes", "no"))
    assert [piece.option_logprobs for piece in found] == [(-0.1, -2.5)] + [()] * (len(found) - 1)
    assert [len(forms) for forms in engine.asked[0].options] == [4, 4]


def test_logprobs_stay_with_their_characters(chat: ThreadedChat) -> None:
    found = answer(chat, top_logprobs=0)
    for piece in found:
        assert b"".join(token.data or b"" for token in piece.logprobs).decode() == piece.text
        assert all(token.top == () for token in piece.logprobs)


def test_a_picture_that_cannot_be_read_is_refused(chat: ThreadedChat) -> None:
    messages = (Message(role="user", content=(image_part(),)),)
    with pytest.raises(ImageError, match="not a picture"):
        answer(chat, messages=messages, images=(b"no picture",))


def test_turns_that_the_template_refuses_are_refused(engine: ScriptedEngine, processor: Processor) -> None:
    strict = ChatTemplate("{{ raise_exception('roles must take turns') }}")
    picky = Processor(processor.tokenizer, strict, processor.images, processor.num_visual_tokens)
    with pytest.raises(RequestError, match=r"messages: got .*roles must take turns"):
        answer(ThreadedChat(engine, picky))


def test_a_question_that_is_given_up_costs_one_step_at_most(chat: ThreadedChat, engine: ScriptedEngine) -> None:
    engine.end_id, engine.max_length = None, 10**9

    async def leave() -> int:
        await chat.start()
        async with aclosing(chat.answer(Question(messages=ASKED, max_tokens=10**6))) as pieces:
            await anext(pieces)
            assert (chat.num_running, chat.num_waiting) == (1, 0)
        before = engine.num_steps
        assert (chat.num_running, chat.num_waiting) == (0, 0)
        await asyncio.to_thread(engine.idle.wait, 30)
        await chat.close()
        return engine.num_steps - before

    assert asyncio.run(leave()) <= 1


def test_questions_wait_until_their_first_piece(chat: ThreadedChat, engine: ScriptedEngine) -> None:
    engine.going.clear()

    async def look() -> tuple[int, int]:
        await chat.start()
        asking = [asyncio.ensure_future(anext(chat.answer(Question(messages=ASKED)))) for _ in range(2)]
        await asyncio.to_thread(engine.submitted.wait, 30)
        counts = chat.num_running, chat.num_waiting
        engine.going.set()
        await asyncio.gather(*asking)
        await chat.close()
        return counts

    assert asyncio.run(look()) == (0, 2)


def test_an_engine_that_cannot_take_a_question_goes_on(chat: ThreadedChat, engine: ScriptedEngine) -> None:
    async def ask_twice() -> str:
        await chat.start()
        engine.refusal = MemoryError("no memory left")
        with pytest.raises(EngineFailure, match="the engine failed; send the request again"):
            await anext(chat.answer(Question(messages=ASKED)))
        text = "".join([piece.text async for piece in chat.answer(Question(messages=ASKED))])
        await chat.close()
        return text

    assert asyncio.run(ask_twice()) == TEXT


def test_a_closed_engine_is_not_ready(chat: ThreadedChat) -> None:
    assert not chat.is_ready
    assert answer(chat)[-1].finish == "stop"
    assert not chat.is_ready
    with pytest.raises(EngineFailure, match="the engine is not ready"):
        asyncio.run(anext(chat.answer(Question(messages=ASKED))))


def test_options_of_a_model_are_weighed(processor: Processor) -> None:
    model = build_model(PRESETS["micro"], processor, seed=1)
    engine = LocalEngine(model, image_mean=processor.images.mean, image_std=processor.images.std, max_batch=8)
    question = Question(messages=ASKED, options=("left", "right"), max_tokens=3, top_logprobs=1)
    alone, beside = asyncio.run(
        all_of(ThreadedChat(engine, processor), question, Question(messages=ASKED, max_tokens=3))
    )
    assert len(alone[0].option_logprobs) == 2
    assert all(logprob < 0 for logprob in alone[0].option_logprobs)
    assert beside[0].option_logprobs == ()
    assert [piece.text for piece in beside if piece.text] == [piece.text for piece in alone if piece.text]
