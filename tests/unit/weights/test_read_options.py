"""What a user says of weights: files of settings, rotary positions, LoRA's alpha."""

import json
from pathlib import Path
from typing import Any

import pytest

from doctorsun.errors import RecipeError
from doctorsun.weights.parts import ReadOptions
from doctorsun.weights.read_options import read_options
from doctorsun.weights.rope import LLAMA_3_1_SCALING


def written(tmp_path: Path, content: Any) -> Path:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_nothing_said_is_nothing():
    assert read_options() == ReadOptions()


def test_a_config_alone_and_one_inside_another_say_the_same(tmp_path: Path):
    tower = {"num_attention_heads": 16}
    alone = read_options(vision_config=written(tmp_path, tower))
    inside = read_options(vision_config=written(tmp_path, {"model_type": "clip", "vision_config": tower}))
    assert alone.vision_config == inside.vision_config == tower


def test_settings_of_the_language_model_leave_out_what_a_folder_says_of_itself(tmp_path: Path):
    path = written(tmp_path, {"model_type": "llama", "torch_dtype": "float16", "rms_norm_eps": 1e-6})
    assert read_options(text_config=path).text_config == {"rms_norm_eps": 1e-6}


def test_new_rotary_settings_of_a_file_are_read_as_old_ones(tmp_path: Path):
    parameters = {"rope_theta": 1000.0, "rope_type": "default"}
    path = written(tmp_path, {"text_config": {"rope_parameters": parameters}})
    assert read_options(text_config=path).text_config == {"rope_theta": 1000.0, "rope_scaling": None}


def test_words_win_over_the_file(tmp_path: Path):
    path = written(tmp_path, {"rope_theta": 1000.0, "rope_scaling": {"rope_type": "dynamic", "factor": 2.0}})
    said = read_options(text_config=path, rope_theta=500000.0, rope_scaling="llama3")
    assert said.text_config == {"rope_theta": 500000.0, "rope_scaling": LLAMA_3_1_SCALING}


@pytest.mark.parametrize(
    ("text", "scaling"),
    [("none", None), ('{"rope_type": "linear", "factor": 2}', {"rope_type": "linear", "factor": 2})],
)
def test_a_scaling_is_a_word_or_json(text: str, scaling: object):
    assert read_options(rope_scaling=text).text_config == {"rope_scaling": scaling}


def test_alpha_is_kept():
    assert read_options(lora_alpha=["16"]).lora_alpha == 16.0


@pytest.mark.parametrize(
    "text",
    [
        *("llama4", "8", "[]", "", "null", '{"factor": 2}', '{"type": "linear"}', '{"type": "linear", "factor": "2"}'),
        *('{"rope_type": "foo", "factor": 2}', '{"rope_type": "default", "factor": 2}', '{"rope_type": "llama3"}'),
    ],
)
def test_another_scaling_is_refused(text: str):
    with pytest.raises(RecipeError, match=r"--rope-scaling: got '.*', expected llama3, none, or as JSON "):
        read_options(rope_scaling=text)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(
        RecipeError, match=r"--vision-config .*none\.json: got .*No such file.*, expected a JSON object"
    ):
        read_options(vision_config=tmp_path / "none.json")


@pytest.mark.parametrize("content", [[], {"text_config": 3}])
def test_a_file_that_is_no_object_is_refused(content: Any, tmp_path: Path):
    with pytest.raises(
        RecipeError, match=r"--text-config .*: got a (list|int), expected a JSON object; name the config"
    ):
        read_options(text_config=written(tmp_path, content))


@pytest.mark.parametrize("base", [0.0, -5.0, float("nan"), float("inf")])
def test_a_base_that_is_no_number_above_zero_is_refused(base: float):
    with pytest.raises(RecipeError, match=r"--rope-theta: got .*, expected a number above zero"):
        read_options(rope_theta=base)
