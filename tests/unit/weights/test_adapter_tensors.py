"""Names of peft to changes of parts, by every network that people train, and tensors of other kinds of adapters."""

import pytest
import torch
from torch import Tensor

from doctorsun.errors import WeightsError
from doctorsun.weights.adapter_tensors import sort_adapter
from doctorsun.weights.lazy import LazyTensor
from doctorsun.weights.lora_settings import LoraSettings
from doctorsun.weights.parts import Adapter
from doctorsun.weights.tensors.number_type import NumberType
from doctorsun.weights.tensors.tensor_files import TensorHeader

SETTINGS = LoraSettings(alpha=4, where="here")


def lazy(tensor: Tensor, name: str) -> LazyTensor:
    return LazyTensor(TensorHeader(NumberType.of(tensor.dtype), tuple(tensor.shape)), lambda: tensor, (name,))


def lazies(*names: str) -> dict[str, LazyTensor]:
    return {name: lazy(torch.zeros(2, 2), name) for name in names}


def adapters(*names: str) -> tuple[Adapter, ...]:
    return sort_adapter(lazies(*names), where="lora").adapters(lambda _: SETTINGS, where="lora")


@pytest.mark.parametrize(
    ("module", "part", "name"),
    [
        ("model.layers.0.self_attn.q_proj", "language", "model.layers.0.self_attn.q_proj"),
        ("layers.0.mlp.up_proj", "language", "model.layers.0.mlp.up_proj"),
        ("lm_head", "language", "lm_head"),
        ("output", "language", "output"),
        ("language_model.model.layers.0.mlp.up_proj", "language", "model.layers.0.mlp.up_proj"),
        ("language_model.lm_head", "language", "lm_head"),
        ("model.language_model.layers.0.mlp.up_proj", "language", "model.layers.0.mlp.up_proj"),
        ("vision_model.encoder.layers.0.mlp.fc1", "vision", "vision_model.encoder.layers.0.mlp.fc1"),
        ("encoder.layers.0.mlp.fc1", "vision", "vision_model.encoder.layers.0.mlp.fc1"),
        ("vision_tower.vision_model.encoder.layers.0.mlp.fc1", "vision", "vision_model.encoder.layers.0.mlp.fc1"),
        ("model.vision_tower.vision_model.encoder.layers.0.mlp.fc1", "vision", "vision_model.encoder.layers.0.mlp.fc1"),
        ("model.vision_tower.encoder.layers.0.mlp.fc1", "vision", "vision_model.encoder.layers.0.mlp.fc1"),
        ("model.vision_tower.vision_tower.vision_model.post_layernorm", "vision", "vision_model.post_layernorm"),
        ("multi_modal_projector.linear_1", "projector", "linear_1"),
        ("model.multi_modal_projector.linear_2", "projector", "linear_2"),
        ("model.mm_projector.0", "projector", "linear_1"),
        ("model.mm_projector.2", "projector", "linear_2"),
    ],
)
@pytest.mark.parametrize("adapter_name", ["", ".default"])
def test_a_module_of_every_network_is_found(module: str, part: str, name: str, adapter_name: str):
    (adapter,) = adapters(*(f"base_model.model.{module}.lora_{side}{adapter_name}.weight" for side in "AB"))
    (pair,) = adapter.pairs.items()
    assert (adapter.part, pair[0], pair[1].scale) == (part, f"{name}.weight", 2)
    assert pair[1].down.sources[0].endswith(f"lora_A{adapter_name}.weight")


@pytest.mark.parametrize(
    ("published", "name"),
    [
        ("base_model.model.model.norm.weight", "model.norm.weight"),
        ("base_model.model.model.norm.modules_to_save.weight", "model.norm.weight"),
        ("base_model.model.model.norm.modules_to_save.default.weight", "model.norm.weight"),
        ("base_model.model.model.layers.0.self_attn.q_proj.base_layer.bias", "model.layers.0.self_attn.q_proj.bias"),
        ("base_model.model.model.layers.0.self_attn.q_proj.bias", "model.layers.0.self_attn.q_proj.bias"),
        ("model.embed_tokens.weight", "model.embed_tokens.weight"),
    ],
)
def test_what_was_trained_whole_replaces(published: str, name: str):
    (adapter,) = adapters(published)
    assert list(adapter.replaced) == [name]


def test_an_embedding_changes_by_its_factors_turned():
    down, up = torch.randn(2, 7), torch.randn(3, 2)  # [rank, vocabulary] and [hidden, rank]
    tensors = {
        "model.embed_tokens.lora_embedding_A": lazy(down, "a"),
        "model.embed_tokens.lora_embedding_B": lazy(up, "b"),
    }
    (adapter,) = sort_adapter(tensors, where="lora").adapters(lambda _: SETTINGS, where="lora")
    pair = adapter.pairs["model.embed_tokens.weight"]
    assert torch.equal(pair.up.compute() @ pair.down.compute(), down.T @ up.T)
    assert (pair.up.header.shape, pair.down.header.shape, pair.scale) == ((7, 2), (2, 3), 2)


def test_what_changes_no_part_is_left_over():
    sorted_ = sort_adapter(
        lazies(
            "base_model.model.text_model.encoder.layers.0.mlp.fc1.lora_A.weight",
            "base_model.model.model.norm.original_module.weight",
            "vision_model.embeddings.position_ids",
            "model.layers.0.self_attn.rotary_emb.inv_freq",
            "model.norm.weight",
            "model.norm.modules_to_save.default.weight",
        ),
        where="lora",
    )
    assert len(sorted_.left_over) == 5
    assert list(sorted_.replaced["language"]) == ["model.norm.weight"]


@pytest.mark.parametrize(
    "end",
    [
        "lora_magnitude_vector",
        "lora_magnitude_vector.default.weight",
        "lora_B.bias",
        "lora_A.other.weight",
        "token_adapter.trainable_tokens_delta",
        "ia3_l",
    ],
)
def test_other_kinds_of_adapters_are_refused(end: str):
    with pytest.raises(WeightsError, match=r"lora: base_model.*: got a tensor of another kind of adapter"):
        adapters(f"base_model.model.model.layers.0.self_attn.q_proj.{end}")


def test_a_factor_alone_is_told():
    with pytest.raises(WeightsError, match="lora: lm_head: got lora_A alone, expected both factors"):
        adapters("lm_head.lora_A.weight")


def test_a_tensor_that_stands_twice_is_told():
    with pytest.raises(WeightsError, match=r"got the tensor model.norm.weight, which .* holds too"):
        adapters("model.norm.weight", "base_model.model.model.norm.weight")


def test_a_lora_without_settings_asks_for_its_alpha():
    sorted_ = sort_adapter(lazies("lm_head.lora_A.weight", "lm_head.lora_B.weight"), where="lora")
    with pytest.raises(WeightsError, match=r"got a LoRA without its settings, .*; give it with --lora-alpha N, or"):
        sorted_.adapters(lambda _: None, where="lora", ask="--lora-alpha N")


def test_each_part_has_its_own_settings():
    names = [f"{module}.lora_{side}.weight" for module in ("lm_head", "encoder.layers.0.mlp.fc1") for side in "AB"]
    sorted_ = sort_adapter(lazies(*names), where="lora")
    alphas = {"vision": 6, "language": 16}
    vision, language = sorted_.adapters(lambda part: LoraSettings(alpha=alphas[part], where="here"), where="lora")
    assert [pair.scale for pair in vision.pairs.values()] == [3]
    assert [pair.scale for pair in language.pairs.values()] == [8]
    assert {vision.lora, language.lora} == {"lora"}
