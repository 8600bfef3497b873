from dataclasses import replace

import pytest
import torch
from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

from checkpoints.three_parts import write_three_parts
from doctorsun.weights.complete import complete
from doctorsun.weights.parts import ProjectorPart, Published
from doctorsun.weights.random_projector import random_projector


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Published]:
    return write_three_parts(tmp_path_factory.mktemp("parts"))


def projector(published: dict[str, Published], seed: int = 7) -> ProjectorPart:
    vision, language = published["vision"].vision, published["language"].language
    assert vision is not None
    assert language is not None
    part = random_projector(vision, language, seed=seed).projector
    assert part is not None
    return part


def test_it_fits_between_tower_and_language_model(published: dict[str, Published]) -> None:
    vision, language = published["vision"].vision, published["language"].language
    assert vision is not None
    assert language is not None
    given = random_projector(vision, language, seed=7)
    parts = complete(published["language"], vision=published["vision"], projector=given)
    shapes = {name: tuple(tensor.compute().shape) for name, tensor in parts.projector.tensors.items()}
    assert shapes == {name: tensor.header.shape for name, tensor in parts.projector.tensors.items()}
    assert shapes["linear_1.weight"] == (48, 24)


def test_the_seed_alone_settles_the_numbers(published: dict[str, Published]) -> None:
    first, again, other = (projector(published, seed).tensors for seed in (7, 7, 8))
    torch.manual_seed(1)
    assert all(torch.equal(first[name].compute(), again[name].compute()) for name in first)
    weights = [
        tensors[name].compute().flatten()[:999] for tensors in (first, other) for name in tensors if "weight" in name
    ]
    assert len({tuple(weight.tolist()) for weight in weights}) == 4


def test_it_begins_as_transformers_would_begin_it(published: dict[str, Published]) -> None:
    text = LlamaConfig(
        hidden_size=480, num_attention_heads=4, num_hidden_layers=1, vocab_size=64, initializer_range=0.03
    )
    tower = CLIPVisionConfig(hidden_size=240, num_attention_heads=4, num_hidden_layers=1, intermediate_size=8)
    stock = LlavaForConditionalGeneration(
        LlavaConfig(vision_config=tower, text_config=text)
    ).model.multi_modal_projector
    vision, language = published["vision"].vision, published["language"].language
    assert vision is not None
    assert language is not None
    wide = {"hidden_size": 480, "initializer_range": 0.03}
    ours = random_projector(
        replace(vision, config={"hidden_size": 240}), replace(language, config=wide), seed=3
    ).projector
    assert ours is not None
    for name, parameter in stock.named_parameters():
        drawn = ours.tensors[name].compute()
        assert drawn.shape == parameter.shape
        assert drawn.mean().item() == pytest.approx(parameter.mean().item(), abs=1e-3)
        assert drawn.std().item() == pytest.approx(parameter.std().item(), rel=0.02)
