import shutil
from pathlib import Path

import pytest
import torch

from checkpoints.mm_projector import write_mm_projector
from doctorsun.errors import WeightsError
from doctorsun.weights.published import read_published


def test_the_folder_of_a_first_stage_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "stage1"
    tensors = write_mm_projector(folder)
    published = read_published(folder)
    assert (published.layout, published.strange, published.left_over) == ("mm_projector", (), {})
    assert published.vision is published.language is None
    projector = published.projector
    assert projector is not None
    assert torch.equal(projector.tensors["linear_2.weight"].compute(), tensors["model.mm_projector.2.weight"])
    assert (projector.feature_layer, projector.feature_strategy, projector.fit) == (-2, "default", "crop")


def test_the_file_knows_what_lies_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "stage1"
    write_mm_projector(folder, image_aspect_ratio="pad", mm_vision_select_feature="cls_patch")
    projector = read_published(folder / "mm_projector.bin").projector
    assert projector is not None
    assert (projector.feature_strategy, projector.fit) == ("full", "pad")


def test_a_file_alone_says_nothing_of_images(tmp_path: Path) -> None:
    folder = tmp_path / "stage1"
    write_mm_projector(folder)
    shutil.copyfile(folder / "mm_projector.bin", tmp_path / "my_mm_projector.bin")
    published = read_published(tmp_path / "my_mm_projector.bin")
    assert published.strange == ("no config.json of LLaVA beside it: feature layer and fit unknown",)
    assert published.projector is not None
    assert (published.projector.feature_layer, published.projector.fit) == (None, None)


def test_a_file_under_another_name_is_known_by_its_tensors(tmp_path: Path) -> None:
    write_mm_projector(tmp_path / "stage1", with_embeddings=True)
    shutil.copyfile(tmp_path / "stage1" / "mm_projector.bin", tmp_path / "stage1_final.bin")
    assert read_published(tmp_path / "stage1_final.bin").layout == "mm_projector"


def test_other_tensors_in_a_file_are_no_projector(tmp_path: Path) -> None:
    torch.save(
        {"model.mm_projector.0.weight": torch.ones(2, 2), "lm_head.weight": torch.ones(2, 2)}, tmp_path / "w.bin"
    )
    with pytest.raises(WeightsError, match="no known layout of weights"):
        read_published(tmp_path / "w.bin")


def test_a_file_from_before_pytorch_1_6_says_how_to_save_it_anew(tmp_path: Path) -> None:
    tensors = {"model.mm_projector.0.weight": torch.ones(2, 2)}
    torch.save(tensors, tmp_path / "old.bin", _use_new_zipfile_serialization=False)
    with pytest.raises(WeightsError, match="a bare pickle"):
        read_published(tmp_path / "old.bin")


def test_embeddings_in_the_file_are_left_over(tmp_path: Path) -> None:
    folder = tmp_path / "stage1"
    write_mm_projector(folder, with_embeddings=True, mm_use_im_start_end=True)
    published = read_published(folder)
    assert published.left_over == {
        "model.embed_tokens.weight": "the embeddings of <im_start> and <im_end>: the language model brings its own"
    }
    assert published.strange == (
        "mm_use_im_start_end: images stood between <im_start> and <im_end>: say so in the template",
    )


def test_another_kind_of_projector_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "stage1"
    write_mm_projector(folder, mm_projector_type="mlp3x_gelu")
    with pytest.raises(WeightsError, match="mm_projector_type: got 'mlp3x_gelu', expected 'mlp2x_gelu'"):
        read_published(folder)
