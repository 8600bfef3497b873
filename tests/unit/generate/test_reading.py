import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import nn
from transformers import LlavaForConditionalGeneration

from doctorsun.generate.cache import SlotCache
from doctorsun.generate.network import RaggedNetwork, Span, picture
from doctorsun.processor.processor import Processor

SPANS = [Span(row=0, start=0, ids=(5, 6, 7, 8)), Span(row=1, start=0, ids=(9, 10))]


@contextmanager
def counting(module: nn.Module) -> Iterator[list[int]]:
    """Collect how many rows a module is given in each call."""
    seen: list[int] = []
    hook = module.register_forward_pre_hook(lambda _module, args: seen.append(args[0].shape[:-1].numel()))
    yield seen
    hook.remove()


@torch.inference_mode()
def test_the_last_layer_computes_only_what_is_asked(network: RaggedNetwork) -> None:
    first, last = network.model.model.language_model.layers
    with counting(first.mlp) as of_first, counting(last.mlp) as of_last, counting(last.self_attn.k_proj) as keys:
        network.next_logits(SlotCache(), SPANS)
        list(network.read(SlotCache(), SPANS))
    assert (of_first, of_last, keys) == ([6, 6], [2, 6], [6, 6])


@torch.inference_mode()
def test_what_was_read_is_read_on_from(network: RaggedNetwork) -> None:
    cache = SlotCache()
    network.next_logits(cache, SPANS)
    rest = [Span(row=0, start=4, ids=(11, 12)), Span(row=1, start=2, ids=(13,))]
    whole = [Span(row=0, start=0, ids=(5, 6, 7, 8, 11, 12)), Span(row=1, start=0, ids=(9, 10, 13))]
    torch.testing.assert_close(network.next_logits(cache, rest), network.next_logits(SlotCache(), whole))


@torch.inference_mode()
def test_no_block_of_the_tower_runs_in_vain(network: RaggedNetwork, processor: Processor, pictures: list[Any]) -> None:
    ids = (processor.image_token_id,) * 16
    *_, before_last, last = network.model.model.vision_tower.encoder.layers
    with counting(before_last.mlp) as used, counting(last.mlp) as unused:
        network.next_logits(SlotCache(), [Span(row=0, start=0, ids=ids, pictures=(picture(pictures[0]),))])
    assert (used, unused) == ([17], [])


@torch.inference_mode()
@pytest.mark.parametrize("change", ["eager", "several layers of the tower"])
def test_what_is_not_known_runs_as_transformers_runs_it(
    model: LlavaForConditionalGeneration, processor: Processor, pictures: list[Any], change: str
) -> None:
    other = copy.deepcopy(model)
    if change == "eager":
        other.set_attn_implementation("eager")
    else:
        other.config.vision_feature_layer = [-2]
    means = {"image_mean": processor.images.mean, "image_std": processor.images.std}
    ids = (1, *(processor.image_token_id,) * 16, 7)
    spans = [Span(row=0, start=0, ids=ids, pictures=(picture(pictures[0]),)), Span(row=1, start=0, ids=(5, 6))]
    logits, expected = (RaggedNetwork(each, **means).next_logits(SlotCache(), spans) for each in (other, model))
    torch.testing.assert_close(logits, expected, rtol=1e-5, atol=1e-5)
