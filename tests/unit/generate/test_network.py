import copy
from typing import Any

import numpy as np
import pytest
import torch
from transformers import LlavaForConditionalGeneration

from doctorsun.errors import RequestError, WeightsError
from doctorsun.generate.cache import SlotCache
from doctorsun.generate.network import RaggedNetwork, Span, picture
from doctorsun.generate.request import Request
from doctorsun.processor.processor import Processor


def test_a_prompt_beyond_the_context_is_refused(network: RaggedNetwork) -> None:
    network.check(Request(prompt_ids=(1,) * 2040, max_tokens=8))
    with pytest.raises(RequestError, match=r"length of prompt and answer: got 2040 \+ 9 tokens, expected at most 2048"):
        network.check(Request(prompt_ids=(1,) * 2040, max_tokens=9))


def test_pixels_of_another_size_or_type_are_refused(network: RaggedNetwork) -> None:
    wrong: list[tuple[Any, str]] = [
        (np.zeros((3, 16, 32), np.uint8), r"uint8 \(3, 16, 32\)"),
        (np.zeros((3, 32, 32), np.float32), r"float32 \(3, 32, 32\)"),
    ]
    for pixels, got in wrong:
        with pytest.raises(RequestError, match=rf"pixels of an image: got {got}, expected uint8 \(3, 32, 32\)"):
            network.check(Request(prompt_ids=(1,), pixels=(pixels,), max_tokens=1))


def test_image_tokens_without_their_image_are_refused(network: RaggedNetwork, processor: Processor) -> None:
    visual = (processor.image_token_id,) * 15
    with pytest.raises(RequestError, match=r"image tokens of a prompt with 0 image\(s\): got 15, expected 0"):
        network.check(Request(prompt_ids=visual, max_tokens=1))
    with pytest.raises(RequestError, match=r"image tokens of a prompt with 1 image\(s\): got 15, expected 16"):
        network.check(Request(prompt_ids=visual, pixels=(np.zeros((3, 32, 32), np.uint8),), max_tokens=1))


def with_text_settings(model: LlavaForConditionalGeneration, **settings: object) -> LlavaForConditionalGeneration:
    changed = copy.deepcopy(model)
    for name, value in settings.items():
        setattr(changed.config.text_config, name, value)
    return changed


def test_attention_that_takes_no_mask_is_refused(model: LlavaForConditionalGeneration) -> None:
    changed = with_text_settings(model, _attn_implementation="flash_attention_2")
    with pytest.raises(WeightsError, match="attention of the language model: got 'flash_attention_2', expected 'sdpa'"):
        RaggedNetwork(changed, image_mean=(0.5,) * 3, image_std=(0.5,) * 3)


def test_sliding_layers_are_refused(model: LlavaForConditionalGeneration) -> None:
    changed = with_text_settings(model, layer_types=["full_attention", "sliding_attention"])
    with pytest.raises(WeightsError, match=r"layers of the language model: got .*sliding_attention"):
        RaggedNetwork(changed, image_mean=(0.5,) * 3, image_std=(0.5,) * 3)


def test_the_prefix_ends_with_the_last_visual_token(network: RaggedNetwork, processor: Processor) -> None:
    image = processor.image_token_id
    assert network.prefix_length((1, image, 2, image, 3, 4)) == 4
    assert network.prefix_length((1, 2)) == 0
    assert network.prefix_length((1, image)) == 0


@torch.inference_mode()
def test_an_image_is_encoded_once(network: RaggedNetwork, processor: Processor, pictures: list[Any]) -> None:
    encoded: list[int] = []
    tower = network.model.model.vision_tower
    hook = tower.pre_layrnorm.register_forward_pre_hook(lambda _module, args: encoded.append(len(args[0])))
    ids = (processor.image_token_id,) * 16
    spans = [Span(row=i, start=0, ids=ids, pictures=(picture(pictures[i % 2].copy()),)) for i in range(6)]
    network.next_logits(SlotCache(), spans)
    network.next_logits(SlotCache(), spans)
    hook.remove()
    assert encoded == [2]


@torch.inference_mode()
def test_only_so_many_images_are_kept(network: RaggedNetwork, processor: Processor) -> None:
    images = np.random.default_rng(5).integers(0, 256, (300, 3, 32, 32), dtype=np.uint8)
    ids = (processor.image_token_id,) * 16
    for start in (0, 150):
        pixels = images[start : start + 150]
        spans = [Span(row=i, start=0, ids=ids, pictures=(picture(image),)) for i, image in enumerate(pixels)]
        network.next_logits(SlotCache(), spans)
    assert network.num_kept_images == 256


@torch.inference_mode()
def test_spans_of_any_length_read_like_each_alone(network: RaggedNetwork) -> None:
    lengths = (3, 900, 41, 1000, 870, 1, 900, 950)
    spans = [Span(row=i, start=0, ids=tuple(range(i, i + n))) for i, n in enumerate([n % 280 for n in lengths])]
    spans += [Span(row=8 + i, start=0, ids=(5, *([7] * n))) for i, n in enumerate(lengths)]
    together = network.next_logits(SlotCache(), spans)
    alone = torch.cat([network.next_logits(SlotCache(), [span]) for span in spans])
    assert torch.allclose(together, alone, atol=2e-4)
    assert len(list(network.read(SlotCache(), spans))) > 1


@pytest.mark.parametrize(("window", "longest"), [(None, 2048), (100, 100), (4096, 2048)])
def test_a_model_that_sees_a_window_is_asked_within_it(
    model: LlavaForConditionalGeneration, window: int | None, longest: int
) -> None:
    windowed = copy.copy(model)
    windowed.config = copy.deepcopy(model.config)
    windowed.config.text_config.sliding_window = window
    assert RaggedNetwork(windowed, image_mean=(0.5,) * 3, image_std=(0.5,) * 3).max_length == longest
