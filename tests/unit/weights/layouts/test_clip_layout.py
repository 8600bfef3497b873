from pathlib import Path

import pytest

from checkpoints.clip import MEAN, STD, tower_config, write_tower, write_whole_clip
from checkpoints.weight_files import write_file
from doctorsun.errors import WeightsError
from doctorsun.weights.parts import ReadOptions
from doctorsun.weights.published import find_layout, read_published


@pytest.mark.parametrize("old_names", [True, False])
def test_a_tower_is_read_by_old_and_new_names(tmp_path: Path, *, old_names: bool) -> None:
    tensors = write_tower(tmp_path, old_names=old_names, kind="safetensors")
    published = read_published(tmp_path)
    assert published.layout == "clip"
    assert published.projector is published.language is None
    vision = published.vision
    assert vision is not None
    assert {name: each.compute().tolist() for name, each in vision.tensors.items()} == {
        name: each.tolist() for name, each in tensors.items()
    }
    assert vision.config["num_attention_heads"] == 4
    assert (vision.image_mean, vision.image_std) == (MEAN, STD)


def test_the_tower_of_a_whole_clip_is_taken(tmp_path: Path) -> None:
    tensors = write_whole_clip(tmp_path)
    published = read_published(tmp_path)
    assert published.vision is not None
    assert published.vision.tensors.keys() == tensors.keys()
    assert published.vision.config["num_attention_heads"] == 4
    assert published.left_over["logit_scale"] == "the temperature of CLIP's own training"
    assert published.left_over["text_model.embeddings.token_embedding.weight"] == "the text tower of CLIP"
    assert published.left_over["visual_projection.weight"] == "into the space that CLIP's towers share"
    assert published.left_over["vision_model.embeddings.position_ids"] == "numbers of the places, counted anew"
    assert len(published.left_over) == 9


def test_a_configuration_of_the_user_must_agree(tmp_path: Path) -> None:
    write_tower(tmp_path)
    with pytest.raises(WeightsError, match="--vision-config: num_attention_heads: got 8, expected 4"):
        read_published(tmp_path, ReadOptions(vision_config=tower_config() | {"num_attention_heads": 8}))


def test_a_vision_config_is_an_object(tmp_path: Path) -> None:
    write_tower(tmp_path, config={"vision_config": 3})
    with pytest.raises(WeightsError, match=r"config[.]json: vision_config: got int, expected a JSON object"):
        read_published(tmp_path)


def test_other_towers_are_no_clip(tmp_path: Path) -> None:
    write_tower(tmp_path, config={"model_type": "siglip_vision_model"})
    with pytest.raises(WeightsError, match="no known layout of weights"):
        find_layout(tmp_path)


def test_a_tensor_of_no_use_is_told(tmp_path: Path) -> None:
    tensors = write_tower(tmp_path)
    write_file(
        tmp_path / "pytorch_model.bin", tensors | {"classifier.weight": tensors["vision_model.pre_layrnorm.bias"]}
    )
    with pytest.raises(WeightsError, match=r"1 tensors of no known use, the first classifier[.]weight"):
        read_published(tmp_path)
