"""The engine against ``generate`` of transformers, on a small random LLaVA with grouped key and value heads."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

from doctorsun.generate.engine import LocalEngine, Request
from doctorsun.generate.request import Forms

IMAGE_ID, NUM_VISUAL, MEAN, STD = 3, 16, (0.5, 0.4, 0.3), (0.25, 0.2, 0.3)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Products this small are slower on two threads, by far so on a busy machine."""
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(num_threads)


@pytest.fixture(params=["sdpa", "eager"])
def model(request: pytest.FixtureRequest) -> LlavaForConditionalGeneration:
    torch.manual_seed(0)
    vision = CLIPVisionConfig(
        hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2, image_size=32, patch_size=8
    )
    text = LlamaConfig(
        hidden_size=64, intermediate_size=112, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2,
        head_dim=32, vocab_size=288, max_position_embeddings=512,
    )  # fmt: skip
    config = LlavaConfig(
        vision_config=vision, text_config=text, image_token_id=IMAGE_ID, image_seq_length=NUM_VISUAL,
        attn_implementation=request.param,
    )  # fmt: skip
    model = LlavaForConditionalGeneration(config).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(4 if weight.ndim > 1 else 1)
    return model


def prompts() -> list[Request]:
    """Prompts with no, one and two images, words before, between and after them."""
    random = np.random.default_rng(1)
    pictures = random.integers(0, 256, (4, 3, 32, 32), dtype=np.uint8)
    made: list[Request] = []
    for i in range(16):
        words = [tuple(int(word) for word in random.integers(4, 288, length)) for length in (1 + i % 3, i % 4, 1 + i)]
        images = tuple(pictures[(i + k) % 4] for k in range(i % 3))
        visual = [(IMAGE_ID,) * NUM_VISUAL if k < len(images) else () for k in range(2)]
        ids = (*words[0], *visual[0], *words[1], *visual[1], *words[2])
        stops = tuple(range(100, 130)) if i % 2 else ()
        made.append(Request(prompt_ids=ids, pixels=images, max_tokens=1 + 3 * i % 13, stop_ids=stops))
    return made


@torch.inference_mode()
def transformers_answer(model: LlavaForConditionalGeneration, request: Request) -> list[int]:
    ids = torch.tensor([request.prompt_ids])
    images = {}
    if request.pixels:
        scaled = torch.from_numpy(np.stack(request.pixels)).float() / 255
        mean, std = (torch.tensor(values).view(3, 1, 1) for values in (MEAN, STD))
        images["pixel_values"] = (scaled - mean) / std
    output = model.generate(
        input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=request.max_tokens, do_sample=False,
        eos_token_id=list(request.stop_ids) or None, pad_token_id=0, **images,
    )  # fmt: skip
    return output[0, ids.shape[1] :].tolist()


def test_greedy_answers_equal_those_of_transformers(model: LlavaForConditionalGeneration) -> None:
    requests = prompts()
    engine = LocalEngine(model, image_mean=MEAN, image_std=STD, max_batch=6)
    answers: dict[int, list[int]] = defaultdict(list)
    for token in engine.generate(requests):
        answers[token.request].append(token.id)
    assert [answers[i] for i in range(len(requests))] == [transformers_answer(model, request) for request in requests]
    assert len({tuple(answer) for answer in answers.values()}) > 8


@torch.inference_mode()
def transformers_likelihood(model: LlavaForConditionalGeneration, request: Request, option: Forms) -> float:
    """Return the log of the summed probabilities of an option's forms, by one whole pass for each."""
    images = {}
    if request.pixels:
        scaled = torch.from_numpy(np.stack(request.pixels)).float() / 255
        mean, std = (torch.tensor(values).view(3, 1, 1) for values in (MEAN, STD))
        images["pixel_values"] = (scaled - mean) / std
    sums: list[Tensor] = []
    for form in option:
        ids = torch.tensor([[*request.prompt_ids, *form]])
        before = len(request.prompt_ids) - 1
        logprobs = model(input_ids=ids, **images).logits[0, before:-1].log_softmax(dim=-1)
        sums.append(logprobs[range(len(form)), form].sum())
    return float(torch.stack(sums).logsumexp(dim=0))


def test_options_are_as_likely_as_by_whole_passes(model: LlavaForConditionalGeneration) -> None:
    options = (((40,), (41, 42)), ((43, 44, 45, 46),), ((47, 48), (41, 49, 50), (51,)), ((52,),))
    requests = [replace(each, options=options[: 1 + i % 4]) for i, each in enumerate(prompts())]
    engine = LocalEngine(model, image_mean=MEAN, image_std=STD, max_batch=6)
    answers: dict[int, list[int]] = defaultdict(list)
    found: dict[int, tuple[float, ...]] = {}
    for token in engine.generate(requests):
        answers[token.request].append(token.id)
        found.setdefault(token.request, token.option_logprobs)
    for i, request in enumerate(requests):
        expected = [transformers_likelihood(model, request, option) for option in request.options]
        assert found[i] == pytest.approx(expected, abs=1e-3)
        assert answers[i] == transformers_answer(model, request)
