"""Checkpoints of xtuner: what was trained is found, what was frozen is absent, and what cannot be used is told."""

from pathlib import Path

import pytest
import torch

from checkpoints.clip import tower_config
from checkpoints.xtuner import (
    LANGUAGE_ALPHA,
    LANGUAGE_RANK,
    TOWER_ALPHA,
    TOWER_RANK,
    WRITTEN,
    XtunerTraining,
    write_iteration,
    write_iteration_of_ranks,
)
from doctorsun.errors import WeightsError
from doctorsun.weights.layouts import xtuner_checkpoint
from doctorsun.weights.parts import ReadOptions
from doctorsun.weights.published import read_published

NAME = "iter_10.pth"
QUERY = "model.layers.0.self_attn.q_proj.weight"


def test_a_first_stage_is_a_projector_with_its_settings(tmp_path: Path):
    write_iteration(tmp_path / NAME, XtunerTraining(pads=False, layer=-3))
    published = read_published(tmp_path / NAME)
    assert published.layout == xtuner_checkpoint.NAME
    assert published.projector is not None
    assert (published.projector.feature_layer, published.projector.fit) == (-3, "crop")
    assert (published.vision, published.language, published.adapters) == (None, None, ())


@pytest.mark.parametrize("is_folder", [True, False])
def test_file_and_folder_of_ranks_say_the_same(tmp_path: Path, *, is_folder: bool):
    write = write_iteration_of_ranks if is_folder else write_iteration
    write(tmp_path / NAME, XtunerTraining(tower="lora", language="lora"))
    published = read_published(tmp_path / NAME)
    assert [adapter.part for adapter in published.adapters] == ["vision", "language"]
    assert published.adapters[1].pairs[QUERY].scale == LANGUAGE_ALPHA / LANGUAGE_RANK
    assert published.projector is not None
    assert published.projector.fit == "pad"


def test_a_language_model_that_was_trained_whole_changes_the_one_that_is_given(tmp_path: Path):
    write_iteration(tmp_path / NAME, XtunerTraining(language="whole"))
    published = read_published(tmp_path / NAME)
    (adapter,) = published.adapters
    assert (adapter.part, len(adapter.replaced), len(adapter.pairs)) == ("language", 21, 0)
    assert published.language is None
    assert "the language model was trained whole and lies here in float32" in published.strange[-2]


def test_a_tower_that_was_trained_whole_needs_its_heads(tmp_path: Path):
    write_iteration(tmp_path / NAME, XtunerTraining(tower="whole"))
    untold = read_published(tmp_path / NAME).vision
    assert untold is not None
    assert "nobody says how many heads" in f"{untold.fault}"
    vision = read_published(tmp_path / NAME, ReadOptions(vision_config=tower_config())).vision
    assert vision is not None
    assert vision.config["num_attention_heads"] == 4


def test_the_configuration_may_stand_beside_the_file(tmp_path: Path):
    training = XtunerTraining(language="lora")
    write_iteration(tmp_path / NAME, training, with_config=False)
    with pytest.raises(WeightsError, match="got a LoRA without its settings"):
        read_published(tmp_path / NAME)
    assert read_published(tmp_path / NAME, ReadOptions(lora_alpha=10)).adapters[0].pairs[QUERY].scale == 2
    (tmp_path / "finetune.py").write_text(training.config(WRITTEN))
    scale = read_published(tmp_path / NAME).adapters[0].pairs[QUERY].scale
    assert scale == LANGUAGE_ALPHA / LANGUAGE_RANK


def test_two_loras_without_a_configuration_have_each_its_alpha(tmp_path: Path):
    write_iteration(tmp_path / NAME, XtunerTraining(tower="lora", language="lora"), with_config=False)
    asked = "give it with --lora-alpha vision=N --lora-alpha language=N, or"
    with pytest.raises(WeightsError, match=asked):
        read_published(tmp_path / NAME)
    with pytest.raises(WeightsError, match="give it with --lora-alpha language=N, or"):
        read_published(tmp_path / NAME, ReadOptions(lora_alpha={"vision": TOWER_ALPHA}))
    alphas = ReadOptions(lora_alpha={"vision": TOWER_ALPHA, "language": LANGUAGE_ALPHA})
    tower, language = read_published(tmp_path / NAME, alphas).adapters
    assert {pair.scale for pair in tower.pairs.values()} == {TOWER_ALPHA / TOWER_RANK}
    assert {pair.scale for pair in language.pairs.values()} == {LANGUAGE_ALPHA / LANGUAGE_RANK}
    assert tower.lora != language.lora


def test_another_training_is_told(tmp_path: Path):
    torch.save({"state_dict": {"model.norm.weight": torch.ones(3)}}, tmp_path / NAME)
    with pytest.raises(WeightsError, match=r"got no tensors projector.model.\*, expected a checkpoint of xtuner"):
        read_published(tmp_path / NAME)


def test_a_tensor_alone_is_told(tmp_path: Path):
    torch.save(torch.ones(3), tmp_path / NAME)
    with pytest.raises(WeightsError, match=r"got no tensors projector.model.\*"):
        read_published(tmp_path / NAME)


def test_another_projector_is_told(tmp_path: Path):
    state = {f"projector.model.{index}.weight": torch.ones(4, 4) for index in (0, 2, 4)}
    torch.save({"state_dict": state, "meta": {}}, tmp_path / NAME)
    with pytest.raises(WeightsError, match=r"got tensors 0.weight, 2.weight, 4.weight, expected two layers"):
        read_published(tmp_path / NAME)


def test_a_part_of_no_known_use_is_told(tmp_path: Path):
    state = {f"projector.model.{name}": each for name, each in XtunerTraining().projector.items()}
    torch.save({"state_dict": {**state, "long_net.weight": torch.ones(2)}}, tmp_path / NAME)
    with pytest.raises(WeightsError, match=r"got 1 tensors of no known use, the first long_net.weight"):
        read_published(tmp_path / NAME)


def test_a_file_that_is_cut_is_told(tmp_path: Path):
    write_iteration(tmp_path / NAME, XtunerTraining())
    whole = (tmp_path / NAME).read_bytes()
    (tmp_path / NAME).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(WeightsError, match=r"expected a whole torch.save archive"):
        read_published(tmp_path / NAME)
