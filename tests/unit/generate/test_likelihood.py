from typing import Any

import pytest
import torch

from doctorsun.errors import RequestError
from doctorsun.generate.engine import LocalEngine
from doctorsun.generate.likelihood import option_logprobs
from doctorsun.generate.request import Request
from doctorsun.processor.processor import Processor


@torch.inference_mode()
def test_options_score_as_in_one_full_pass(engine: LocalEngine, processor: Processor, pictures: list[Any]) -> None:
    prompt = (1, 2, *([processor.image_token_id] * 16), 40, 41)
    options = [[50], [51, 52, 53], [54, 55], [50, 60]]
    request = Request(prompt_ids=prompt, pixels=(pictures[0],), max_tokens=1)
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (processor.images.mean, processor.images.std))
    pixel_values = ((torch.from_numpy(pictures[0]) / 255 - mean) / std)[None]
    expected: list[float] = []
    for option in options:
        ids = torch.tensor([[*prompt, *option]])
        logprobs = engine.network.model(input_ids=ids, pixel_values=pixel_values).logits[0].log_softmax(dim=-1)
        rows = torch.arange(len(prompt) - 1, len(prompt) - 1 + len(option))
        expected.append(float(logprobs[rows, option].sum()))
    assert option_logprobs(engine, request, options) == pytest.approx(expected, abs=1e-3)


def test_an_option_without_tokens_is_refused(engine: LocalEngine) -> None:
    request = Request(prompt_ids=(1, 2), max_tokens=1)
    with pytest.raises(RequestError, match=r"options: got \[\[5\], \[\]\], expected at least one token in each"):
        option_logprobs(engine, request, [[5], []])
    with pytest.raises(RequestError, match=r"options: got \[\], expected at least one token in each"):
        option_logprobs(engine, request, [])


def test_options_beyond_the_context_are_refused(engine: LocalEngine) -> None:
    with pytest.raises(RequestError, match=r"got 2047 \+ 2 tokens"):
        option_logprobs(engine, Request(prompt_ids=(5,) * 2047, max_tokens=1), [[5], [5, 6]])
