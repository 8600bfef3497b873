from typing import Any

import pytest

from doctorsun.weights.rope import LLAMA_3_1_SCALING, plain_rope, strange_rope, wanted_scaling

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


@pytest.mark.parametrize(
    "scaling",
    [
        *(None, {}, {"rope_type": "default"}, {"type": "linear", "factor": 1}, {"rope_type": "yarn", "factor": 4.0}),
        *(dict(LLAMA_3_1_SCALING), {"rope_type": "longrope", "short_factor": [1.0, 1.5], "long_factor": [2, 4]}),
    ],
)
def test_scalings_that_transformers_computes_are_as_wanted(scaling: object) -> None:
    assert wanted_scaling(scaling) == ""


@pytest.mark.parametrize(
    "scaling", ["x", 8, [], True, {"factor": 2.0}, {"rope_type": "foo", "factor": 2}, {"type": [1]}]
)
def test_a_scaling_of_no_known_kind_is_not_wanted(scaling: object) -> None:
    assert wanted_scaling(scaling) == (
        "null, or settings with a 'rope_type' of default, linear, dynamic, yarn, llama3, longrope"
    )


@pytest.mark.parametrize("factor", [None, "2", True, 0.5, 0, -1, float("inf"), float("nan"), [], ["2"]])
def test_a_scaling_without_its_factor_is_not_wanted(factor: object) -> None:
    expected = "numbers for factor, as linear needs them: above zero, and a factor of 1 or more"
    assert wanted_scaling({"rope_type": "linear", "factor": factor}) == expected
    assert wanted_scaling({"rope_type": "linear"}) == expected
    for name in set(LLAMA_3_1_SCALING) - {"rope_type"}:
        without = {key: value for key, value in LLAMA_3_1_SCALING.items() if key != name}
        assert "as llama3 needs them" in wanted_scaling(without)
