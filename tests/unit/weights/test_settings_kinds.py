"""Settings that shapes do not prove: what headers let pass is what transformers makes a network of."""

from copy import deepcopy
from typing import Any

import pytest
from transformers import LlamaConfig
from transformers.activations import ACT2FN
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

from checkpoints.llama import LLAMA_CONFIG
from doctorsun.errors import WeightsError
from doctorsun.weights.rope import FACTORS
from doctorsun.weights.settings_kinds import ACTIVATIONS, KINDS, require_kinds

VALUES: tuple[Any, ...] = (None, "x", "silu", -1, 0, 1, 16, 0.5, 1.5, True, False, [], [1], ["full_attention"] * 2, {})


def is_taken(name: str, value: Any) -> bool:
    try:
        require_kinds({name: value}, "here")
    except WeightsError:
        return False
    return True


@pytest.mark.parametrize("name", sorted(set(KINDS) - {"layer_norm_eps"}))
def test_what_passes_is_what_transformers_takes(name: str) -> None:
    passed = [value for value in VALUES if is_taken(name, value)]
    assert passed
    for value in passed:
        LlamaConfig(**deepcopy({**LLAMA_CONFIG, name: value}))  # it writes into the scaling that it is given


@pytest.mark.parametrize("name", sorted(KINDS))
def test_another_kind_is_refused_by_its_name(name: str) -> None:
    with pytest.raises(WeightsError, match=rf"^here: {name}: got {{'a': 1}}, expected .*; check that the files belong"):
        require_kinds({name: {"a": 1}}, "here")


@pytest.mark.parametrize("name", ["rms_norm_eps", "rope_theta", "max_position_embeddings", "hidden_act"])
def test_a_null_is_no_number_and_what_is_not_said_is_right(name: str) -> None:
    assert not is_taken(name, None)
    require_kinds({}, "here")


def test_activations_and_scalings_are_those_of_transformers() -> None:
    assert set(ACT2FN) - set(ACTIVATIONS) == {"prelu", "xielu"}  # which have tensors
    assert set(ACTIVATIONS) <= set(ACT2FN)
    assert set(FACTORS) - {"default"} <= set(ROPE_INIT_FUNCTIONS)
