"""The settings of a LoRA: scales by module, and adapters that are no plain LoRA."""

from typing import Any

import pytest

from checkpoints.peft import SETTINGS
from doctorsun.errors import WeightsError
from doctorsun.weights.lora_settings import LoraSettings, lora_settings

MODULE = "model.layers.1.self_attn.q_proj"


def read(**settings: Any) -> LoraSettings:
    return lora_settings({**SETTINGS, **settings}, where="adapter_config.json")


@pytest.mark.parametrize(
    ("settings", "scale"),
    [
        ({}, 2.0),
        ({"use_rslora": True}, 16 / 8**0.5),
        ({"alpha_pattern": {"q_proj": 4}}, 0.5),
        ({"alpha_pattern": {"k_proj": 4}}, 2.0),
        ({"alpha_pattern": {"proj": 4}}, 2.0),
        ({"alpha_pattern": {r"layers\.[01]\..*q_proj": 4}}, 0.5),
        ({"r": 4, "rank_pattern": {"self_attn.q_proj": 8}}, 2.0),
    ],
)
def test_the_scale_of_a_module(settings: dict[str, Any], scale: float):
    assert read(**settings).scale(MODULE, 8) == pytest.approx(scale)


def test_an_alpha_of_the_users_fills_a_missing_one_and_stands_against_no_other():
    silent = {name: value for name, value in SETTINGS.items() if name != "lora_alpha"}
    assert lora_settings(silent, where="adapter_config.json", alpha=6).alpha == 6
    assert lora_settings(SETTINGS, where="adapter_config.json", alpha=16) == read()
    with pytest.raises(WeightsError, match=r"--lora-alpha: got 6, expected 16, as adapter_config\.json says; leave it"):
        lora_settings(SETTINGS, where="adapter_config.json", alpha=6)


def test_without_settings_the_shapes_tell_the_rank():
    assert LoraSettings(alpha=6, where="--lora-alpha").scale(MODULE, 3) == 2


@pytest.mark.parametrize("settings", [{"r": 4}, {"rank_pattern": {"q_proj": 2}}])
def test_settings_of_another_rank_are_told(settings: dict[str, Any]):
    with pytest.raises(WeightsError, match=rf"the rank of {MODULE}: got [24], expected 8, as its factors have"):
        read(**settings).scale(MODULE, 8)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"peft_type": "IA3"}, "peft_type: got 'IA3', expected 'LORA'"),
        ({"use_dora": True}, "use_dora: got True, expected a plain LoRA, without it"),
        ({"lora_bias": True}, "lora_bias: got True"),
        ({"layer_replication": [[0, 2], [1, 2]]}, "layer_replication: got"),
        ({"some_day": {"a": 1}}, "some_day: got"),
        ({"init_lora_weights": "pissa"}, "init_lora_weights: got 'pissa', expected an adapter whose start left"),
        ({"init_lora_weights": "olora"}, "init_lora_weights: got 'olora'"),
    ],
)
def test_other_kinds_are_refused(settings: dict[str, Any], message: str):
    with pytest.raises(WeightsError, match=f"adapter_config.json: {message}.*merge_and_unload"):
        read(**settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lora_alpha": "16"}, "lora_alpha: got '16', expected a positive number"),
        ({"lora_alpha": True}, "lora_alpha: got True"),
        ({"r": 0}, "r: got 0"),
        ({"r": float("inf")}, "r: got inf"),
        ({"rank_pattern": [1]}, r"rank_pattern: got \[1\], expected numbers by patterns of modules"),
        ({"alpha_pattern": {"q_proj": None}}, "alpha_pattern: got None, expected a positive number"),
        ({"alpha_pattern": {"(": 2}}, r"alpha_pattern: got '\(', expected regular expressions"),
    ],
)
def test_settings_of_the_wrong_type_are_told(settings: dict[str, Any], message: str):
    with pytest.raises(WeightsError, match=f"adapter_config.json: {message}"):
        read(**settings)
