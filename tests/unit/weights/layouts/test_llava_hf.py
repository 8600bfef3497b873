from pathlib import Path
from typing import Any

import pytest
import torch

from checkpoints.llava_hf import Names, new_config, old_config, write_llava_hf
from checkpoints.weight_files import write_json
from doctorsun.errors import WeightsError
from doctorsun.weights.parts import Published
from doctorsun.weights.published import read_published

VERSIONS: tuple[Names, ...] = ("4.37", "5.6", "in memory 4.52", "in memory 5.6")


def part_tensors(published: Published) -> dict[str, torch.Tensor]:
    parts = (
        ("vision_tower.", published.vision),
        ("multi_modal_projector.", published.projector),
        ("language_model.", published.language),
    )
    return {
        f"{prefix}{name}": tensor.compute()
        for prefix, part in parts
        if part is not None
        for name, tensor in part.tensors.items()
    }


@pytest.mark.parametrize("names", VERSIONS)
def test_every_version_gives_the_same_tensors(tmp_path: Path, names: Names) -> None:
    expected = write_llava_hf(tmp_path, names=names)
    published = read_published(tmp_path)
    assert published.layout == "llava_hf"
    got = part_tensors(published)
    assert got.keys() == expected.keys()
    assert all(torch.equal(got[name], expected[name]) for name in expected)


def test_old_and_new_configurations_say_the_same(tmp_path: Path) -> None:
    write_llava_hf(tmp_path)
    old = read_published(tmp_path)
    write_json(tmp_path / "config.json", new_config())
    new = read_published(tmp_path)
    assert old.language is not None
    assert new.language is not None
    kinds = {"torch_dtype", "dtype"}
    assert {name: value for name, value in old.language.config.items() if name not in kinds} == {
        name: value for name, value in new.language.config.items() if name not in kinds
    }
    assert old.language.config["rope_theta"] == 500000.0
    assert old.vision == new.vision or old.vision is not None
    assert (old.language.chat, old.language.generation["eos_token_id"]) == (None, [301, 304])
    assert old.projector is not None
    assert (old.projector.feature_layer, old.projector.feature_strategy, old.projector.fit) == (-2, "default", "crop")


def test_a_tied_head_is_left_over_wherever_the_tie_is_said(tmp_path: Path) -> None:
    write_llava_hf(tmp_path, tie_word_embeddings=True)
    published = read_published(tmp_path)
    assert published.left_over == {"language_model.lm_head.weight": "the settings tie it to model.embed_tokens.weight"}
    assert published.language is not None
    assert published.language.config["tie_word_embeddings"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"vision_config": {"model_type": "siglip_vision_model"}},
            "model_type: got 'siglip_vision_model', expected 'clip",
        ),
        ({"vision_config": "clip"}, "config.json: vision_config: got str, expected a JSON object"),
        ({"text_config": ["llama"]}, "config.json: text_config: got list, expected a JSON object"),
        ({"projector_hidden_act": "relu"}, "projector_hidden_act: got 'relu', expected 'gelu'"),
        ({"vision_feature_layer": [-2, -4]}, "vision_feature_layer: got [-2, -4], expected one whole number"),
        ({"vision_feature_select_strategy": "cls"}, "got 'cls', expected 'default' or 'full'"),
        ({"text_config": {"model_type": "gemma"}}, "got model_type 'gemma', expected llama, mistral, qwen2"),
        ({"quantization_config": {"load_in_4bit": True}}, "got quantised weights"),
    ],
)
def test_what_this_project_does_not_hold_is_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    write_llava_hf(tmp_path)
    write_json(tmp_path / "config.json", {**old_config(), **changes})
    with pytest.raises(WeightsError) as error:
        read_published(tmp_path)
    assert message in str(error.value)


def test_a_silent_text_model_is_a_llama(tmp_path: Path) -> None:
    text = {name: value for name, value in old_config()["text_config"].items() if name != "model_type"}
    write_llava_hf(tmp_path, text_config=text, vision_feature_select_strategy="full")
    published = read_published(tmp_path)
    assert published.language is not None
    assert published.language.config["model_type"] == "llama"
    assert published.projector is not None
    assert published.projector.feature_strategy == "full"
