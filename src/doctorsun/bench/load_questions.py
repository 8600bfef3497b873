"""Requests that a load is made of: questions in both languages, short and long, each about a picture of its own."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from doctorsun.data.readers.phantom import phantom_item
from doctorsun.endpoint.messages import chat_messages
from doctorsun.schema import Sample


def load_questions(num: int, *, seed: int, max_tokens: int) -> list[dict[str, Any]]:
    """Return the fields of greedy requests about phantoms; half of them ask for the longest answer about their picture.

    No two show the same picture, which is the dearest load: nothing that was read of one serves another.

    Args:
        num: how many.
        seed: other seeds draw other pictures.
        max_tokens: the most that each answer may have.
    """
    rng = np.random.default_rng(seed)
    limits = {"max_tokens": max_tokens, "temperature": 0.0}
    chosen = [_choose(phantom_item(seed, "test", number), rng, want_long=number % 2 == 1) for number in range(num)]
    return [{"messages": _messages(sample), **limits} for sample in chosen]


def _choose(samples: Sequence[Sample], rng: np.random.Generator, *, want_long: bool) -> Sample:
    wanted = ("zh", "en")[int(rng.integers(2))]
    alike = [sample for sample in samples if sample.language == wanted]
    if want_long:
        return max(alike, key=lambda sample: len(sample.messages[-1].text))
    return alike[int(rng.integers(len(alike)))]


def _messages(sample: Sample) -> list[dict[str, Any]]:
    *asked, _reply = sample.messages
    return chat_messages(asked, [image.bytes for image in sample.images if image.bytes is not None])
