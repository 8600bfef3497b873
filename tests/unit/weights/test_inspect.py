"""What ``weights inspect`` tells of each layout, of stock folders and of what cannot be read; from headers alone."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from checkpoints.clip import CLIP_L_336, tower_config, tower_shapes, write_tower, write_whole_clip
from checkpoints.llama import LLAMA_CONFIG, llama_shapes, write_llama2, write_llama3
from checkpoints.llava_hf import write_llava_hf
from checkpoints.llava_legacy import (
    DOCTOR_SUN,
    projector_shapes,
    write_doctor_sun,
    write_llava_med,
    write_qilin_med_vl,
)
from checkpoints.tokenizer_files import write_llama3_tokenizer
from checkpoints.weight_files import write_json
from doctorsun.errors import WeightsError
from doctorsun.weights.inspect import inspect
from doctorsun.weights.parts import ReadOptions
from small_model import MICRO, assistant, sample, save_small, small_model, write_store

WITH_HEADS = ReadOptions(vision_config=tower_config())


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_small(tmp_path_factory.mktemp("stock") / "weights")


def test_a_stock_folder_is_described_as_the_network_that_it_is(stock: Path):
    facts, model = inspect(stock), small_model()
    assert facts["layout"] == "llava_hf"
    assert facts["loads"] == {"how": "as it is", "why": "", "options": ()}
    assert facts["architecture"] == "LlavaForConditionalGeneration"
    assert facts["parameters"] == sum(each.numel() for each in model.parameters())
    assert facts["parameters_by_part"]["projector"] == sum(
        each.numel() for each in model.model.multi_modal_projector.parameters()
    )
    assert (facts["tensors"], facts["dtype"]) == (len(model.state_dict()), "float32")
    assert facts["language"] == {
        "model_type": "llama",
        "hidden_size": MICRO.hidden_size,
        "layers": MICRO.num_layers,
        "heads": MICRO.num_heads,
        "kv_heads": MICRO.num_key_value_heads,
        "positions": MICRO.max_positions,
        "tied": False,
    }
    image = facts["image"]
    assert (image["size_px"], image["patch_px"], image["fit"]) == (MICRO.image_size, MICRO.patch_size, "crop")
    assert (image["visual_tokens"], image["feature_layer"]) == (MICRO.num_visual_tokens, -2)
    assert facts["special_tokens"]["image"] == {"token": "<image>", "id": 305}
    assert facts["chat"] == "llama3"
    assert (facts["left_over"], facts["strange"]) == ({}, ())
    assert facts["files_bytes"]["model.safetensors"] == (stock / "model.safetensors").stat().st_size


def test_the_facts_are_json(stock: Path):
    assert json.loads(json.dumps(inspect(stock)))["parameters"] > 0


def test_llavas_own_folder_wants_an_import(tmp_path: Path):
    tensors = write_doctor_sun(tmp_path)
    facts = inspect(tmp_path, WITH_HEADS)
    assert facts["layout"] == "llava_legacy"
    assert facts["loads"]["how"] == "import"
    assert facts["loads"]["why"] == "the layout llava_legacy, which stock readers do not know"
    assert facts["parameters"] == sum(each.numel() for each in tensors.values())
    assert facts["vision"] == {"hidden_size": 24, "layers": 3, "heads": 4, "activation": "quick_gelu"}
    assert facts["rope"] == {"theta": 500000.0, "scaling": None}
    assert facts["special_tokens"]["eos"] == {"token": "<|eot_id|>", "id": 304}
    assert facts["special_tokens"]["pad"] is None
    assert facts["image"]["fit"] == "pad"
    assert facts["strange"][0].startswith("mm_vision_tower './iter_23226_visual_encoder' is not followed")


def test_a_tower_whose_heads_nobody_counts_is_told_as_far_as_headers_go(tmp_path: Path):
    tensors = write_doctor_sun(tmp_path)
    facts = inspect(tmp_path)
    assert facts["loads"]["how"] == "import"
    assert facts["loads"]["options"] == ("--vision-config FILE",)
    assert "nobody says how many heads" in facts["loads"]["why"]
    assert facts["parameters"] == sum(each.numel() for each in tensors.values())
    assert facts["vision"] == {"hidden_size": 24, "layers": 3, "heads": None, "activation": None}
    assert (facts["image"]["fit"], facts["chat"]) == ("pad", "llama3")
    assert facts["rope"] == {"theta": 500000.0, "scaling": None}
    assert facts["special_tokens"]["eos"] == {"token": "<|eot_id|>", "id": 304}
    assert facts["strange"][0].startswith("mm_vision_tower './iter_23226_visual_encoder' is not followed")


def test_a_tower_that_is_elsewhere_is_asked_for(tmp_path: Path):
    write_qilin_med_vl(tmp_path)
    facts = inspect(tmp_path)
    assert facts["loads"] == {"how": "import", "why": "no vision tower", "options": ("--vision FOLDER",)}
    assert facts["parameters_by_part"]["vision"] == 0
    assert facts["image"] == {"fit": "pad", "feature_layer": -2, "feature_strategy": "default"}
    assert facts["vocabulary"] == {
        "file": "tokenizer.model", "tokens": 290, "highest_id": 289, "embedding_rows": 290
    }  # fmt: skip
    assert facts["left_over"] == {
        "rotary frequencies, computed from the settings": {
            "tensors": 2,
            "first": "model.layers.0.self_attn.rotary_emb.inv_freq",
        }
    }


def test_mistrals_heads_and_template_are_told(tmp_path: Path):
    write_llava_med(tmp_path)
    facts = inspect(tmp_path, WITH_HEADS)
    assert (facts["language"]["model_type"], facts["language"]["kv_heads"]) == ("mistral", 3)
    assert facts["chat"] == "mistral_instruct"


@pytest.mark.parametrize(
    ("write", "part", "size"), [(write_tower, "vision", 17496), (write_whole_clip, "vision", 17496),
                                (write_llama3, "language", 66384), (write_llama2, "language", 69552)]
)  # fmt: skip
def test_one_part_alone_is_to_be_given_as_that_part(write: Any, part: str, size: int, tmp_path: Path):
    write(tmp_path)
    facts = inspect(tmp_path)
    assert facts["loads"]["how"] == "part"
    assert facts["loads"]["options"] == (f"--{part}",)
    assert facts["parameters"] == facts["parameters_by_part"][part] == size


def test_ids_that_are_not_the_tokenizers_are_told(tmp_path: Path):
    write_llama3(tmp_path)
    (tmp_path / "generation_config.json").unlink()
    config = json.loads((tmp_path / "config.json").read_text())
    assert inspect(tmp_path)["special_tokens"]["stop_ids"] == [304, 301]
    write_json(tmp_path / "config.json", {**config, "eos_token_id": 287})
    assert "config.json names eos 287, the tokenizer 304, 301" in inspect(tmp_path)["strange"]


def test_where_nobody_says_how_images_entered_the_default_is_told(tmp_path: Path):
    write_llava_hf(tmp_path)
    (tmp_path / "preprocessor_config.json").unlink()
    told = "nothing says how images entered: crop is taken; --fit pad if they were padded to squares"
    assert told in inspect(tmp_path)["strange"]


def test_left_over_tensors_stand_by_their_reason(tmp_path: Path):
    write_whole_clip(tmp_path)
    left_over = inspect(tmp_path)["left_over"]
    assert left_over["the text tower of CLIP"]["tensors"] == 4


def test_several_types_are_counted(tmp_path: Path):
    write_llama2(tmp_path)
    assert inspect(tmp_path)["dtype"] == {"float16": 21, "float32": 2}


def test_a_stock_network_without_its_image_token_wants_an_import(tmp_path: Path):
    write_llava_hf(tmp_path)
    loads = inspect(tmp_path)["loads"]
    assert (loads["how"], loads["why"]) == ("import", "no chat_template.jinja and no processor_config.json")


def test_files_in_folders_are_named_and_hidden_ones_not(stock: Path, tmp_path: Path):
    for path in stock.iterdir():
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets/plot.png").write_bytes(b"12345")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/HEAD").write_bytes(b"ref")
    files = inspect(tmp_path)["files_bytes"]
    assert files["assets/plot.png"] == 5
    assert not [name for name in files if "git" in name]


def test_a_cut_shard_is_an_error(tmp_path: Path):
    write_doctor_sun(tmp_path)
    shard = tmp_path / "model-00002-of-00003.safetensors"
    shard.write_bytes(shard.read_bytes()[:-9])
    with pytest.raises(WeightsError, match=r"model-00002-of-00003\.safetensors: got .*; copy the file again"):
        inspect(tmp_path)


def test_an_unknown_folder_is_an_error(tmp_path: Path):
    with pytest.raises(WeightsError, match="got no known layout of weights"):
        inspect(tmp_path)
    (tmp_path / "iter_100.pth").touch()
    with pytest.raises(WeightsError, match=r"; name the file of the checkpoint: .*iter_100\.pth$"):
        inspect(tmp_path)


def test_a_store_is_told_as_one(tmp_path: Path):
    write_store(tmp_path / "a store", [sample("a", assistant("Text."))])
    store = re.escape(f"{tmp_path}/a store")
    message = (
        rf"^{store}: got a store of samples, no weights, .*; see what is in it with: doctorsun data stats '{store}'$"
    )
    with pytest.raises(WeightsError, match=message):
        inspect(tmp_path / "a store")


@pytest.mark.parametrize("names", [3, "LlavaLlamaForCausalLM", [], None])
def test_architectures_that_are_no_list_are_not_named(names: object, tmp_path: Path):
    write_qilin_med_vl(tmp_path, architectures=names)
    assert inspect(tmp_path)["architecture"] is None


def test_a_damaged_tokenizer_is_told(tmp_path: Path):
    write_llama3(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{")
    facts = inspect(tmp_path)
    assert "tokenizer.json: got " in facts["vocabulary"]["fault"]
    assert facts["special_tokens"] is None


def test_sixteen_gigabytes_are_described_without_reading_them(tmp_path: Path):
    shapes = {
        **llama_shapes({**LLAMA_CONFIG, **LLAMA_3_8B}),
        **{f"model.vision_tower.vision_tower.{name}": shape for name, shape in tower_shapes(CLIP_L_336).items()},
        **{f"model.mm_projector.{name}": shape for name, shape in projector_shapes(4096, 1024).items()},
    }
    size = write_holes(tmp_path / "model.safetensors", shapes)
    write_json(tmp_path / "config.json", {**DOCTOR_SUN, **LLAMA_3_8B})
    write_llama3_tokenizer(tmp_path)
    inspect(save_small(tmp_path / "small"))  # modules are read by now
    before = bytes_read()
    facts = inspect(tmp_path)
    assert bytes_read() - before < 2**20
    assert size > 16e9
    assert (facts["tensors"], facts["parameters"]) == (686, 8_354_748_416)
    assert facts["vision"]["heads"] == 16  # exactly CLIP-L/14-336
    assert facts["image"]["visual_tokens"] == 576
    assert any("RoPE without scaling" in strange for strange in facts["strange"])


LLAMA_3_8B: Mapping[str, Any] = {
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
    "max_position_embeddings": 131072,
    "mm_hidden_size": 1024,
}


def write_holes(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> int:
    """Write a safetensors file whose header is true and whose contents are holes; return its size in bytes."""
    entries: dict[str, Any] = {}
    end = 0
    for name, shape in shapes.items():
        start, end = end, end + 2 * torch.Size(shape).numel()
        entries[name] = {"dtype": "F16", "shape": list(shape), "data_offsets": [start, end]}
    header = json.dumps(entries).encode()
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + end)
    return path.stat().st_size


def bytes_read() -> int:
    """Return the bytes that this process has asked the system for so far."""
    counters = Path("/proc/self/io")
    if not counters.is_file():
        pytest.skip("this system does not count what a process reads")
    return int(dict(line.split(": ") for line in counters.read_text().splitlines())["rchar"])
