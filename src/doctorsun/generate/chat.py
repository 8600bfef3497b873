"""Answers as text: from samples or a conversation to prompts, and from tokens back to words."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from doctorsun.errors import DoctorSunError, ImageError, RequestError
from doctorsun.generate.engine import LocalEngine
from doctorsun.generate.prompting import requests_for
from doctorsun.generate.request import Request
from doctorsun.generate.thread_share import ThreadShare
from doctorsun.processor.processor import Processor
from doctorsun.schema import Sample


class TextAnswer(NamedTuple):
    """The answer to one sample.

    Attributes:
        index: which sample it answers.
        num_tokens: new tokens, the stop token not counted.
        truncated: whether the answer was cut at the most tokens allowed.
        error: why there is no answer: the prompt is too long for the model, an image cannot be read, a server failed.
        option_logprobs: how likely each option was, where the sample offers some and the engine tells.
    """

    index: int  # pyright: ignore[reportIncompatibleMethodOverride] (nobody searches in an answer)
    text: str
    num_tokens: int
    truncated: bool
    option_logprobs: tuple[float, ...] = ()
    error: DoctorSunError | None = None


def answer_samples(
    engine: LocalEngine, processor: Processor, samples: Sequence[Sample], max_tokens: int
) -> Iterator[TextAnswer]:
    """Answer the last question of every sample, greedily; answers come in any order, as soon as each is ready.

    Questions about the same images are asked side by side, which is much faster. The likelihoods of the options that
    a sample's ``answer`` offers come with it.

    Raises:
        DataError: a sample lacks an image.
        RequestError: an image does not fit the model.
    """
    order = _side_by_side(samples)
    asked: list[int] = []
    refused: list[TextAnswer] = []

    def fitting(cores: ThreadShare) -> Iterator[Request]:
        prepared = requests_for(processor, [samples[index] for index in order], max_tokens, cores)
        for index, wanted in zip(order, prepared, strict=True):
            try:
                if isinstance(wanted, ImageError):
                    raise wanted
                wanted.check_length(engine.max_length)
            except (ImageError, RequestError) as error:
                refused.append(TextAnswer(index, "", 0, truncated=False, error=error))
                continue
            asked.append(index)
            yield wanted

    new_ids: dict[int, list[int]] = {}
    logprobs: dict[int, tuple[float, ...]] = {}
    with ThreadShare(engine.network.model) as cores:
        for token in engine.generate(fitting(cores)):
            ids = new_ids.setdefault(token.request, [])
            if token.option_logprobs:
                logprobs[token.request] = token.option_logprobs
            if token.finish != "stop":
                ids.append(token.id)
            if token.finish:
                del new_ids[token.request]
                text, truncated = processor.decode(ids), token.finish == "length"
                yield TextAnswer(asked[token.request], text, len(ids), truncated, logprobs.pop(token.request, ()))
    yield from refused


def _side_by_side(samples: Sequence[Sample]) -> list[int]:
    first_seen: dict[tuple[bytes | None, ...], int] = {}
    for index, sample in enumerate(samples):
        first_seen.setdefault(tuple(image.bytes for image in sample.images), index)
    return sorted(range(len(samples)), key=lambda i: first_seen[tuple(image.bytes for image in samples[i].images)])
