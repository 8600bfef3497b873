from typing import Any

import pytest
from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig

from doctorsun.errors import WeightsError
from doctorsun.weights.portable_names import expected_headers, portable_name
from doctorsun.weights.tensors.number_type import NumberType


@pytest.mark.parametrize(
    ("in_memory", "on_disk"),
    [
        (
            "model.language_model.layers.0.input_layernorm.weight",
            "language_model.model.layers.0.input_layernorm.weight",
        ),
        ("lm_head.weight", "language_model.lm_head.weight"),
        ("model.multi_modal_projector.linear_1.bias", "multi_modal_projector.linear_1.bias"),
        ("model.vision_tower.embeddings.class_embedding", "vision_tower.vision_model.embeddings.class_embedding"),
        (
            "model.vision_tower.vision_model.post_layernorm.bias",  # transformers before 5.6
            "vision_tower.vision_model.post_layernorm.bias",
        ),
        ("language_model.lm_head.weight", "language_model.lm_head.weight"),
    ],
)
def test_names_in_memory_have_one_name_on_disk(in_memory: str, on_disk: str) -> None:
    assert portable_name(in_memory) == on_disk


def config(**text: Any) -> LlavaConfig:
    sizes = {"hidden_size": 48, "intermediate_size": 80, "num_attention_heads": 6, "num_hidden_layers": 1}
    tower = {"hidden_size": 24, "intermediate_size": 40, "num_attention_heads": 4, "num_hidden_layers": 2}
    return LlavaConfig(vision_config=CLIPVisionConfig(**tower), text_config=LlamaConfig(**sizes, vocab_size=64, **text))


def test_every_tensor_of_the_network_is_expected() -> None:
    headers = expected_headers(config(), NumberType.FLOAT16)
    assert len(headers) == 7 + 2 * 16 + 4 + 3 + 9
    assert headers["language_model.lm_head.weight"].shape == (64, 48)
    assert headers["multi_modal_projector.linear_1.weight"].shape == (48, 24)
    assert {header.dtype for header in headers.values()} == {NumberType.FLOAT16}
    assert {name.partition(".")[0] for name in headers} == {"vision_tower", "multi_modal_projector", "language_model"}


def test_a_tied_head_is_not_expected() -> None:
    assert "language_model.lm_head.weight" not in expected_headers(config(tie_word_embeddings=True), NumberType.FLOAT16)


@pytest.mark.parametrize("setting", [{"rope_theta": "big"}, {"hidden_act": "sigmoid?"}])
def test_settings_that_make_no_network_are_refused(setting: dict[str, Any]) -> None:
    refusal = r"the configuration of these weights: got \w+Error: .*, expected settings of which transformers makes"
    with pytest.raises(WeightsError, match=refusal):
        expected_headers(config(**setting), NumberType.FLOAT16)
