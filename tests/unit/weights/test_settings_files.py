import json
from pathlib import Path
from typing import Any

import pytest

from checkpoints.clip import MEAN, STD, write_preprocessor
from checkpoints.weight_files import write_json
from doctorsun.errors import WeightsError
from doctorsun.weights.settings_files import (
    ImageSettings,
    knows_token,
    read_image_settings,
    read_section,
    read_settings,
    strange_files,
    strange_tokenizer,
    tokenizer_folder,
)


def test_a_missing_file_says_nothing(tmp_path: Path) -> None:
    assert read_settings(tmp_path, "config.json") == {}
    assert read_image_settings(tmp_path) == ImageSettings()


@pytest.mark.parametrize("text", ["{", "[1, 2]", "null", "\udcff"])
def test_a_file_that_is_no_object_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(WeightsError, match=r"config[.]json: got .*, expected a JSON object; fetch or write"):
        read_settings(tmp_path, "config.json")


@pytest.mark.parametrize(("do_pad", "fit"), [(None, "crop"), (False, "crop"), (True, "pad")])
def test_images_come_from_the_image_processor(tmp_path: Path, do_pad: Any, fit: Any) -> None:
    write_preprocessor(tmp_path, do_pad=do_pad)
    assert read_image_settings(tmp_path) == ImageSettings(mean=MEAN, std=STD, fit=fit)


def test_images_come_from_inside_the_processor(tmp_path: Path) -> None:
    write_json(tmp_path / "processor_config.json", {"image_processor": {"image_mean": [0, 0.5, 1], "do_pad": True}})
    assert read_image_settings(tmp_path) == ImageSettings(mean=(0.0, 0.5, 1.0), fit="pad")


@pytest.mark.parametrize("mean", [[0.5, 0.5], 0.5, ["red", 0, 0], ["nan", 0, 0], [0, 0, 1e999]])
def test_a_mean_of_other_than_three_numbers_is_refused(tmp_path: Path, mean: Any) -> None:
    write_json(tmp_path / "preprocessor_config.json", {"image_mean": mean})
    with pytest.raises(WeightsError, match=r"image_mean: got .*, expected three numbers: red, green, blue"):
        read_image_settings(tmp_path)


def test_a_deviation_of_nothing_is_refused(tmp_path: Path) -> None:
    write_json(tmp_path / "preprocessor_config.json", {"image_mean": [0, 0, 0], "image_std": [1, 1, 0]})
    with pytest.raises(WeightsError, match=r"image_std: got \[1, 1, 0\], expected three numbers: red, green, blue"):
        read_image_settings(tmp_path)


def test_settings_inside_settings_are_settings(tmp_path: Path) -> None:
    assert read_section({}, "text_config", "config.json") is None
    assert read_section({"text_config": {"a": 1}}, "text_config", "config.json") == {"a": 1}
    write_json(tmp_path / "processor_config.json", {"image_processor": "LlavaImageProcessor"})
    with pytest.raises(
        WeightsError, match=r"processor_config[.]json: image_processor: got str, expected a JSON object"
    ):
        read_image_settings(tmp_path)


def test_a_tokenizer_is_found_by_its_files(tmp_path: Path) -> None:
    assert tokenizer_folder(tmp_path) is None
    assert strange_tokenizer(tmp_path) == ("no tokenizer in the folder",)
    (tmp_path / "tokenizer.model").write_bytes(b"")
    assert tokenizer_folder(tmp_path) == tmp_path
    assert strange_tokenizer(tmp_path) == ("the tokenizer names no token for padding",)
    write_json(tmp_path / "special_tokens_map.json", {"pad_token": "<unk>"})
    assert strange_tokenizer(tmp_path) == ()


def test_a_token_is_found_in_either_file(tmp_path: Path) -> None:
    assert not knows_token(tmp_path, "<|eot_id|>")
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"eos_token": "<|eot_id|>"}))
    assert knows_token(tmp_path, "<|eot_id|>")


def test_what_is_not_read_is_named(tmp_path: Path) -> None:
    read = ("model-00001-of-00002.safetensors", "pytorch_model.bin", "config.json")
    for name in (*read, "training_args.bin", "rng_state_0.pth", "optimizer.pt", "trainer_state.json"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "global_step1150").mkdir()
    assert strange_files(tmp_path)[0].removeprefix("beside the weights, not read: ").split(", ") == [
        "global_step1150",
        "optimizer.pt",
        "rng_state_0.pth",
        "trainer_state.json",
        "training_args.bin",
    ]


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="this system has no file that nobody can read")
def test_a_file_that_cannot_be_read_speaks_of_permissions(tmp_path: Path) -> None:
    (tmp_path / "config.json").symlink_to("/proc/self/mem")
    with pytest.raises(WeightsError, match=r"config\.json: got .*, expected a file that can be read; check its perm"):
        read_settings(tmp_path, "config.json")
