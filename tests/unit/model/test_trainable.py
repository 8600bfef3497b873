import re

import pytest
import torch
from torch import nn

from doctorsun.config import LoraSection, PartName
from doctorsun.model.parts import modules_of, num_used_vision_layers
from doctorsun.model.trainable import hold_frozen, learning, set_trainable
from small_model import MICRO, small_model

LORA = LoraSection(r=4, alpha=8)
LAST = f"model.vision_tower.encoder.layers.{MICRO.vision_layers - 1}."


def test_what_is_not_named_is_frozen() -> None:
    model = small_model()
    chosen = set_trainable(model, ["projector"])
    learning = {name for name, p in model.named_parameters() if p.requires_grad}
    assert learning == set(chosen["projector"])
    assert all(name.startswith("model.multi_modal_projector.") for name in learning)


def test_a_part_that_learned_before_is_frozen_again() -> None:
    model = small_model()
    set_trainable(model, ["vision", "projector", "language"])
    set_trainable(model, ["projector"])
    assert not any(p.requires_grad for p in model.model.language_model.parameters())


def test_what_feeds_nothing_stays_frozen() -> None:
    names = set(set_trainable(small_model(), ["vision"])["vision"])
    assert not any(name.startswith((LAST, "model.vision_tower.post_layernorm")) for name in names)
    assert any(name.startswith(f"model.vision_tower.encoder.layers.{MICRO.vision_layers - 2}.") for name in names)
    assert any("pre_layrnorm" in name for name in names)


def test_names_are_those_of_the_model() -> None:
    model = small_model()
    named = dict(model.named_parameters())
    for part in set_trainable(model, ["vision", "projector", "language"]).values():
        assert all(named[name] is parameter for name, parameter in part.items())


def test_the_parts_are_the_whole_model() -> None:
    model = small_model()
    parts = [
        p
        for part in ("vision", "projector", "language")
        for m in modules_of(model, part).values()
        for p in m.parameters()
    ]
    assert {id(p) for p in parts} == {id(p) for p in model.parameters()}


@pytest.mark.parametrize(("layer", "used"), [(-1, 3), (-2, 2), (0, 0), (2, 2), (3, 3)])
def test_the_feature_layer_tells_how_many_blocks_are_used(layer: int, used: int) -> None:
    model = small_model()
    model.config.vision_feature_layer = layer
    assert num_used_vision_layers(model) == used


def test_of_a_part_with_adapters_only_these_learn_under_the_names_of_their_files() -> None:
    model = small_model()
    chosen = set_trainable(model, ["vision", "projector"], {"vision": LORA})
    assert all(re.fullmatch(r"model\.vision_tower\..*\.lora_[AB]\.weight", name) for name in chosen["vision"])
    learning_here = {id(p) for p in model.parameters() if p.requires_grad}
    assert learning_here == {id(p) for named in chosen.values() for p in named.values()}
    assert not any(name.startswith(LAST) for name in chosen["vision"])


@pytest.mark.parametrize("adapters", [{}, {"vision": LORA}, {"language": LORA, "projector": LORA}])
def test_what_learns_can_be_found_again(adapters: dict[PartName, LoraSection]) -> None:
    model = small_model()
    chosen = set_trainable(model, ["language", *adapters], adapters)
    found = learning(model)
    assert {part: list(named) for part, named in found.items()} == {part: list(named) for part, named in chosen.items()}
    assert all(found[part][name] is p for part, named in chosen.items() for name, p in named.items())


def test_a_head_that_is_the_embedding_learns_once() -> None:
    model = small_model()
    model.lm_head.register_parameter("weight", model.model.language_model.embed_tokens.weight)
    chosen = set_trainable(model, ["language"])["language"]
    assert "model.language_model.embed_tokens.weight" in chosen
    assert "lm_head.weight" not in chosen


def test_what_learns_is_held_in_float32_whatever_the_weights_are() -> None:
    model = small_model()
    nn.Module.to(model, torch.bfloat16)
    set_trainable(model, ["projector", "vision"], {"vision": LORA})
    hold_frozen(model, bf16=False)
    assert {p.dtype for p in model.parameters()} == {torch.float32}


def test_frozen_matrices_are_held_in_bf16_where_that_is_computed() -> None:
    model = small_model()
    set_trainable(model, ["projector", "vision"], {"vision": LORA})
    hold_frozen(model, bf16=True)
    halves = {name for name, p in model.named_parameters() if p.dtype == torch.bfloat16}
    assert {name for name in halves if "norm" in name or "embed_tokens" in name or "lora" in name} == set()
    assert "lm_head.weight" in halves
    assert "model.vision_tower.embeddings.patch_embedding.weight" in halves
    assert "model.vision_tower.encoder.layers.0.mlp.fc1.base_layer.bias" in halves
    assert not any("projector" in name for name in halves)
    large = sum(p.numel() for name, p in model.named_parameters() if name in halves)
    assert large > 0.6 * sum(p.numel() for p in model.parameters() if not p.requires_grad)


def test_a_frozen_embedding_that_is_the_head_keeps_its_precision() -> None:
    model = small_model()
    model.lm_head.register_parameter("weight", model.model.language_model.embed_tokens.weight)
    set_trainable(model, ["projector"])
    hold_frozen(model, bf16=True)
    assert model.lm_head.weight is model.get_input_embeddings().weight
    assert model.lm_head.weight.dtype == torch.float32
