from typing import Any

import pytest

from checkpoints.llama import LLAMA_CONFIG, llama_shapes
from checkpoints.shapes_only import shapes_only
from doctorsun.errors import WeightsError
from doctorsun.weights.language_geometry import language_config

FIRST = "model.layers.0"


def settings(config: dict[str, Any] | None = None, *, given: dict[str, Any] | None = None, **said: Any) -> Any:
    built = {**LLAMA_CONFIG, **(config or {})}
    said = {**built, **said}
    return language_config(shapes_only(llama_shapes(built)), where="here", config=said, given=given)


def refusal(config: dict[str, Any] | None = None, **said: Any) -> str:
    with pytest.raises(WeightsError) as error:
        settings(config, **said)
    return str(error.value)


@pytest.mark.parametrize("model_type", ["llama", "mistral", "qwen2"])
def test_settings_of_each_kind_are_kept(model_type: str) -> None:
    said = settings({"model_type": model_type})
    assert said["model_type"] == model_type
    assert (said["vocab_size"], said["hidden_size"], said["rope_theta"]) == (305, 48, 500000.0)
    assert "architectures" not in said
    assert "transformers_version" not in said


def test_silent_sizes_are_measured() -> None:
    silent = {name: value for name, value in LLAMA_CONFIG.items() if "size" not in name and "num_h" not in name}
    silent.pop("num_key_value_heads")
    said = language_config(shapes_only(llama_shapes(LLAMA_CONFIG)), where="here", config=silent)
    assert {name: said[name] for name in ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers")} == {
        "vocab_size": 305,
        "hidden_size": 48,
        "intermediate_size": 80,
        "num_hidden_layers": 2,
    }
    assert said["num_key_value_heads"] == 3


def test_silent_heads_are_32_as_the_classes_take() -> None:
    shapes = llama_shapes({**LLAMA_CONFIG, "hidden_size": 64, "num_attention_heads": 32, "num_key_value_heads": 32})
    said = language_config(shapes_only(shapes), where="here", config={"model_type": "llama"})
    assert (said["num_attention_heads"], said["num_key_value_heads"]) == (32, 32)


def test_heads_may_be_wider_than_their_share() -> None:
    assert settings({"head_dim": 16})["head_dim"] == 16


def test_a_setting_of_null_stays() -> None:
    assert settings({"model_type": "mistral", "sliding_window": None})["sliding_window"] is None


def test_what_the_user_says_stands_against_the_folder() -> None:
    said = settings(given={"rope_theta": 10000.0, "rope_scaling": None})
    assert (said["rope_theta"], said["rope_scaling"]) == (10000.0, None)


def test_biases_belong_to_their_kinds() -> None:
    llama = {**LLAMA_CONFIG, "attention_bias": True, "mlp_bias": True}
    shapes = llama_shapes(llama)
    for index in range(2):
        for name, rows in (("gate_proj", 80), ("up_proj", 80), ("down_proj", 48)):
            shapes[f"model.layers.{index}.mlp.{name}.bias"] = (rows,)
    assert language_config(shapes_only(shapes), where="here", config=llama)["mlp_bias"]
    assert f"{FIRST}.self_attn.k_proj.bias: got shape [24], expected the tensors of a llama of 2 layers" in refusal(
        {"model_type": "qwen2"}, model_type="llama"
    )


def test_a_missing_head_must_be_tied() -> None:
    assert settings({"tie_word_embeddings": True})["tie_word_embeddings"]
    message = refusal({"tie_word_embeddings": True}, tie_word_embeddings=False)
    assert "here: lm_head.weight: got no such tensor, expected shape [305, 48]" in message


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"model_type": "gpt2"}, "here: the language model: got model_type 'gpt2', expected llama, mistral, qwen2"),
        ({"quantization_config": {"bits": 4}}, "got quantised weights, expected floating-point weights"),
        ({"vocab_size": 32000}, "here: vocab_size: got 32000, expected 305, as the shapes say"),
        ({"num_hidden_layers": 3}, "here: num_hidden_layers: got 3, expected 2, as the shapes say"),
        ({"num_attention_heads": 8}, "got 8 of queries and 3 of keys, each of 6, expected 48 and 24 rows in all"),
        ({"num_key_value_heads": 6}, "got 6 of queries and 6 of keys, each of 8, expected 48 and 24 rows in all"),
        ({"num_attention_heads": -6}, "here: num_attention_heads: got -6, expected a whole number above zero"),
        ({"num_attention_heads": "six"}, "here: num_attention_heads: got 'six', expected a whole number above zero"),
        ({"num_key_value_heads": {}}, "here: num_key_value_heads: got {}, expected a whole number above zero"),
        (
            {"rope_scaling": "x"},
            "here: rope_scaling: got 'x', expected null, or settings with a 'rope_type' of default",
        ),
        (
            {"rope_scaling": {"rope_type": "llama3"}},
            "expected numbers for factor, low_freq_factor, high_freq_factor, o",
        ),
        (
            {"rms_norm_eps": None},
            "here: rms_norm_eps: got None, expected a number above zero, with a point in it; check that the files",
        ),
        ({"layer_types": ["full_attention"]}, "here: layer_types: got 1, expected 2, one a layer"),
        ({"head_dim": 8.0}, "here: head_dim: got 8.0, expected a whole number above zero"),
        ({"num_attention_heads": 64}, "got 64 of queries and 3 of keys, each of 0, expected 48 and 24 rows in all"),
    ],
)
def test_settings_that_stand_against_the_shapes_are_refused(said: dict[str, Any], message: str) -> None:
    assert message in refusal(**said)


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        ("model.embed_tokens.weight", None, "got no such tensor, expected a matrix"),
        ("model.embed_tokens.weight", (305,), "got shape [305], expected a matrix"),
        (f"{FIRST}.mlp.gate_proj.weight", None, "got no such tensor, expected a matrix"),
        ("model.layers.1.mlp.down_proj.weight", None, "got no such tensor, expected shape [48, 80]"),
        ("lm_head.weight", (306, 48), "got shape [306, 48], expected shape [305, 48]"),
        (
            "model.layers.0.self_attn.q_proj.lora_A.weight",
            (8, 48),
            "got shape [8, 48], expected the tensors of a llama of 2 layers",
        ),
    ],
)
def test_every_tensor_has_its_place_and_shape(name: str, shape: tuple[int, ...] | None, message: str) -> None:
    shapes = llama_shapes(LLAMA_CONFIG) | ({name: shape} if shape else {})
    if shape is None:
        del shapes[name]
    with pytest.raises(WeightsError, match="belong together") as error:
        language_config(shapes_only(shapes), where="here", config=LLAMA_CONFIG)
    assert f"here: {name}: {message}" in str(error.value)


@pytest.mark.parametrize("theta", [0, -5.0, float("nan"), "500000", True])
def test_a_base_of_the_rotary_positions_is_a_number_above_zero(theta: Any) -> None:
    assert "here: rope_theta: got" in refusal(rope_theta=theta)
    assert "expected a number above zero" in refusal(given={"rope_theta": theta})
