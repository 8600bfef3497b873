from pathlib import Path

import pytest
import torch

from checkpoints.enhanced_llava import write_enhanced_llava
from checkpoints.internlm2 import INTERNLM2_CONFIG
from checkpoints.llama import LLAMA_CONFIG
from checkpoints.llava_hf import stock_tensors
from checkpoints.weight_files import write_tensors
from doctorsun.errors import WeightsError
from doctorsun.weights.published import read_published


def test_gmai_vl_is_read_with_its_internlm2_as_a_llama(tmp_path: Path) -> None:
    expected = write_enhanced_llava(tmp_path)
    published = read_published(tmp_path)
    assert (published.layout, published.left_over) == ("enhanced_llava", {})
    vision, projector, language = published.vision, published.projector, published.language
    assert vision is not None
    assert projector is not None
    assert language is not None
    got = {f"language_model.{name}": tensor.compute() for name, tensor in language.tensors.items()}
    got |= {f"vision_tower.{name}": tensor.compute() for name, tensor in vision.tensors.items()}
    got |= {f"multi_modal_projector.{name}": tensor.compute() for name, tensor in projector.tensors.items()}
    assert got.keys() == expected.keys()
    assert all(torch.equal(got[name], expected[name]) for name in expected)
    assert (language.config["model_type"], language.chat) == ("llama", "chatml")
    assert language.config["rope_scaling"] == {"factor": 2.0, "type": "dynamic"}
    assert vision.config["num_attention_heads"] == 4
    assert (projector.feature_layer, projector.fit) == (-2, "crop")


def test_a_llama_inside_keeps_its_names(tmp_path: Path) -> None:
    write_enhanced_llava(tmp_path, text_config=dict(LLAMA_CONFIG))
    for path in tmp_path.glob("model*"):
        path.unlink()
    write_tensors(tmp_path, stock_tensors(), kind="safetensors")
    language = read_published(tmp_path).language
    assert language is not None
    assert (language.config["rope_theta"], language.chat) == (500000.0, None)


def test_a_silent_internlm2_has_32_heads_of_4096(tmp_path: Path) -> None:
    silent = {name: value for name, value in INTERNLM2_CONFIG.items() if "size" not in name and "attention" not in name}
    write_enhanced_llava(tmp_path, text_config=silent)
    with pytest.raises(WeightsError, match=r"got 80 rows, expected 4608 for 32 heads of queries and 2 of keys"):
        read_published(tmp_path)


def test_rows_that_do_not_fit_the_heads_are_refused(tmp_path: Path) -> None:
    write_enhanced_llava(tmp_path, text_config={**INTERNLM2_CONFIG, "num_key_value_heads": 3})
    with pytest.raises(WeightsError, match=r"attention[.]wqkv[.]weight: got 80 rows"):
        read_published(tmp_path)
