"""Settings that nobody says: told with the values that transformers takes."""

from typing import Any

import pytest
from transformers import AutoConfig

from doctorsun.weights.parts import LanguagePart, ProjectorPart
from doctorsun.weights.unsaid import LANGUAGE, strange_silence

SAID: dict[str, Any] = {"rms_norm_eps": 1e-5, "rope_theta": 500000.0, "max_position_embeddings": 8192}


def language(model_type: str = "llama", **config: Any) -> LanguagePart:
    return LanguagePart(tensors={}, config={"model_type": model_type, **config}, tokenizer_folder=None)


@pytest.mark.parametrize("model_type", LANGUAGE)
def test_the_values_are_those_that_transformers_takes(model_type: str) -> None:
    taken = AutoConfig.for_model(model_type)
    values = {**taken.to_dict(), "rope_theta": taken.rope_parameters["rope_theta"]}
    assert {name: values[name] for name in LANGUAGE[model_type]} == LANGUAGE[model_type]


def test_each_setting_that_is_missing_is_told() -> None:
    assert strange_silence(language(), None) == (
        "nothing says rms_norm_eps: 1e-06 is taken, as transformers does; --text-config if it was another",
        "nothing says rope_theta: 10000.0 is taken, as transformers does; --rope-theta if it was another",
        "nothing says max_position_embeddings: 2048 is taken, as transformers does; --text-config if it was another",
    )
    (note,) = strange_silence(language("qwen2", **SAID | {"max_position_embeddings": None}), None)
    assert note.startswith("nothing says max_position_embeddings: 32768 is taken")


def test_a_projector_without_settings_is_told() -> None:
    assert strange_silence(None, ProjectorPart(tensors={})) == (
        "nothing says how images entered: crop is taken; --fit pad if they were padded to squares",
        "nothing says which layer of the tower the projector reads: -2 is taken, as LLaVA-1.5 does",
    )


def test_what_is_said_is_not_told() -> None:
    assert strange_silence(language(**SAID), ProjectorPart(tensors={}, feature_layer=-2, fit="pad")) == ()
    assert strange_silence(None, None) == ()
