import re
from dataclasses import replace

import pytest

from answer_alone import answer_alone
from doctorsun.errors import DataError
from doctorsun.generate.chat import answer_samples
from doctorsun.generate.engine import LocalEngine
from doctorsun.generate.prompting import shown_images
from doctorsun.generate.request import Request
from doctorsun.image.raster import image_record
from doctorsun.processor.processor import Processor
from doctorsun.schema import Message, Sample, Source, image_part, text_part


def asked(text: str, png: bytes | None = None, reply: str = "yes") -> Sample:
    images = (image_record(png),) if png else ()
    parts = (image_part(), text_part(text)) if png else (text_part(text),)
    return Sample(
        id=text,
        messages=(Message(role="user", content=parts), Message(role="assistant", content=(text_part(reply),))),
        source=Source(dataset="test"),
        images=images,
    )


class StoppingProcessor(Processor):
    """A processor that ends answers at a token of the test's choice."""

    def __init__(self, processor: Processor, stop_id: int) -> None:
        super().__init__(processor.tokenizer, processor.template, processor.images, processor.num_visual_tokens)
        self.stop_ids = (stop_id,)


@pytest.fixture
def samples(png: bytes) -> list[Sample]:
    return [asked("有结节吗？", png), asked("What is this?"), asked("Is there a nodule?", png), asked("Is it left?")]


def test_every_sample_is_answered_once(engine: LocalEngine, processor: Processor, samples: list[Sample]) -> None:
    answers = list(answer_samples(engine, processor, samples, 6))
    assert sorted(answer.index for answer in answers) == [0, 1, 2, 3]
    assert all(answer.truncated and answer.num_tokens == 6 for answer in answers)
    for answer in answers:
        messages = samples[answer.index].messages[:1]
        images = shown_images(samples[answer.index], messages)
        assert answer_alone(engine, processor, messages, images, 6) == answer.text


def test_a_question_that_is_too_long_fails_and_the_others_are_answered(
    engine: LocalEngine, processor: Processor, samples: list[Sample]
) -> None:
    long = asked("Is there a nodule? " * engine.max_length)
    answers = {answer.index: answer for answer in answer_samples(engine, processor, [long, *samples], 6)}
    assert sorted(answers) == [0, 1, 2, 3, 4]
    assert [answer.error is None for _, answer in sorted(answers.items())] == [False, True, True, True, True]
    assert re.match(r"length of prompt and answer: got \d+ \+ 6 tokens", answers[0].error.text())


def test_the_known_reply_is_not_shown_to_the_model(engine: LocalEngine, processor: Processor, png: bytes) -> None:
    texts = {next(answer_samples(engine, processor, [asked("Q?", png, reply)], 5)).text for reply in ("yes", "no no")}
    assert len(texts) == 1


def test_the_stop_token_is_neither_counted_nor_shown(
    engine: LocalEngine, processor: Processor, samples: list[Sample]
) -> None:
    prompt = tuple(processor.prompt(samples[1].messages[:1]))
    free = [token.id for token in engine.generate([Request(prompt_ids=prompt, max_tokens=6)])]
    stopping = StoppingProcessor(processor, free[3])
    expected = free[: free.index(free[3])]
    answer = next(answer_samples(engine, stopping, [samples[1]], 6))
    assert (answer.num_tokens, answer.truncated, answer.text) == (len(expected), False, processor.decode(expected))
    assert answer_alone(engine, stopping, samples[1].messages[:1], (), 6) == answer.text


def test_an_image_that_is_only_a_reference_is_refused(
    engine: LocalEngine, processor: Processor, samples: list[Sample]
) -> None:
    lost = replace(samples[0], images=(replace(samples[0].images[0], bytes=None),))
    with pytest.raises(DataError, match="images of sample 有结节吗？: got the bytes of 0, expected the bytes of 1"):
        list(answer_samples(engine, processor, [lost], 3))


def test_an_image_that_cannot_be_read_fails_alone(
    engine: LocalEngine, processor: Processor, samples: list[Sample]
) -> None:
    image = samples[0].images[0]
    broken = replace(samples[0], images=(replace(image, bytes=(image.bytes or b"")[:200]),))
    answers = {each.index: each for each in answer_samples(engine, processor, [samples[1], broken, samples[2]], 3)}
    assert str(answers[1].error).startswith("the picture is damaged")
    assert (answers[0].error, answers[2].error) == (None, None)
    assert answers[0].num_tokens == answers[2].num_tokens == 3
