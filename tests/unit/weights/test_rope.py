from typing import Any

import pytest

from doctorsun.weights.rope import LLAMA_3_1_SCALING, plain_rope, strange_rope

LLAMA_3_1 = {"vocab_size": 128256, "rope_theta": 500000.0, "max_position_embeddings": 131072}


def test_the_new_form_becomes_the_old_one() -> None:
    new = {"rope_parameters": {"rope_theta": 500000.0, **LLAMA_3_1_SCALING}, "hidden_size": 8}
    assert plain_rope(new) == {"rope_theta": 500000.0, "rope_scaling": dict(LLAMA_3_1_SCALING), "hidden_size": 8}
    default = {"rope_parameters": {"rope_theta": 10000.0, "rope_type": "default"}}
    assert plain_rope(default) == {"rope_theta": 10000.0, "rope_scaling": None}
    assert plain_rope({"rope_parameters": {"type": "linear", "factor": 2.0}, "rope_theta": 1.0}) == {
        "rope_theta": 1.0,
        "rope_scaling": {"type": "linear", "factor": 2.0},
    }


def test_the_old_form_stays() -> None:
    old = {"rope_theta": 1000000.0, "rope_scaling": {"type": "dynamic", "factor": 2.0}}
    assert plain_rope(old) == old
    assert plain_rope({"rope_parameters": None}) == {}


def test_llama_3_1_without_its_scaling_is_strange() -> None:
    assert strange_rope(LLAMA_3_1) == (
        "Llama 3.1 shapes, RoPE without scaling: give --rope-scaling llama3 if it was edited out",
    )
    dynamic = {**LLAMA_3_1, "rope_scaling": {"type": "dynamic", "factor": 8.0}}
    assert "RoPE with scaling 'dynamic'" in strange_rope(dynamic)[0]


@pytest.mark.parametrize("scaling", [{}, {"rope_scaling": None}])
def test_llama_3_and_an_edited_3_1_cannot_be_told_apart(scaling: dict[str, Any]) -> None:
    settings = {**LLAMA_3_1, "max_position_embeddings": 8192, **scaling}
    note = "Llama 3 or an edited 3.1: cannot be told apart; --rope-scaling llama3 for 3.1"
    assert strange_rope(settings) == (note,)


@pytest.mark.parametrize(
    "settings",
    [
        {**LLAMA_3_1, "rope_scaling": LLAMA_3_1_SCALING},
        {**LLAMA_3_1, "max_position_embeddings": 8192, "rope_scaling": LLAMA_3_1_SCALING},
        {**LLAMA_3_1, "max_position_embeddings": 8192, "rope_scaling": {"type": "dynamic", "factor": 8.0}},
        {**LLAMA_3_1, "max_position_embeddings": 4096},
        {**LLAMA_3_1, "max_position_embeddings": 8192, "vocab_size": 32000},
        {**LLAMA_3_1, "vocab_size": 32000},
        {**LLAMA_3_1, "rope_theta": 10000.0},
        {"vocab_size": 128256, "rope_theta": None},
        {**LLAMA_3_1, "max_position_embeddings": "131072"},
    ],
)
def test_other_settings_are_not(settings: dict[str, Any]) -> None:
    assert strange_rope(settings) == ()
