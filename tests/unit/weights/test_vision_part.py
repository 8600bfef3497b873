"""Where nobody tells the heads of a tower, every layout says so late: the tower may come from elsewhere."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from checkpoints.clip import CLIP_L_336, MEAN, TowerSizes, tower_config, tower_shapes, write_tower
from checkpoints.enhanced_llava import write_enhanced_llava
from checkpoints.llava_hf import write_llava_hf
from checkpoints.llava_legacy import write_doctor_sun
from checkpoints.shapes_only import shapes_only
from checkpoints.weight_files import write_json
from checkpoints.xtuner import XtunerTraining, write_converted, write_iteration, write_iteration_of_ranks
from doctorsun.errors import WeightsError
from doctorsun.weights.complete import complete
from doctorsun.weights.import_weights import ImportRequest, settle
from doctorsun.weights.inspect import inspect
from doctorsun.weights.parts import ReadOptions
from doctorsun.weights.published import read_published
from doctorsun.weights.settings_files import ImageSettings
from doctorsun.weights.vision_part import vision_part

TRAINED = XtunerTraining(tower="whole")


def silent(write: Callable[[Path], Any]) -> Callable[[Path], None]:
    """Return what writes a checkpoint, and takes the settings of the tower out of its own."""

    def written(path: Path) -> None:
        write(path)
        config = json.loads((path / "config.json").read_text(encoding="utf-8"))
        del config["vision_config"]
        write_json(path / "config.json", config)

    return written


UNTOLD: dict[str, Callable[[Path], Any]] = {
    "llava_legacy": write_doctor_sun,
    "llava_hf": silent(write_llava_hf),
    "enhanced_llava": silent(write_enhanced_llava),
    "xtuner_checkpoint": lambda path: write_iteration(path, TRAINED),
    "xtuner_checkpoint of ranks": lambda path: write_iteration_of_ranks(path, TRAINED),
}
MISTOLD: dict[str, tuple[Callable[[Path], Any], str, str]] = {
    "clip": (write_tower, "config.json", "part"),
    "xtuner_folder": (lambda path: write_converted(path, TRAINED), "visual_encoder/config.json", "import"),
}


@pytest.mark.parametrize("name", UNTOLD)
def test_heads_that_nobody_tells_are_asked_for_with_what_else_is_missing(name: str, tmp_path: Path) -> None:
    path = tmp_path / "iter_9.pth"
    UNTOLD[name](path)
    published = read_published(path)
    assert published.layout == name.partition(" ")[0]
    with pytest.raises(WeightsError) as error:
        complete(published)
    asked = error.value.do
    assert "give --vision-config FILE (the config.json of the tower)" in asked
    assert ("--language FOLDER" in asked) == (published.language is None)
    loads = inspect(path)["loads"]
    assert loads["how"] == "import"
    assert "--vision-config FILE" in loads["options"]
    told = read_published(path, ReadOptions(vision_config=tower_config())).vision
    assert told is not None
    assert (told.fault, told.config["num_attention_heads"]) == (None, 4)


@pytest.mark.parametrize("name", MISTOLD)
def test_heads_that_cannot_be_are_told_with_what_else_is_missing(name: str, tmp_path: Path) -> None:
    write, file, how = MISTOLD[name]
    write(tmp_path)
    config = json.loads((tmp_path / file).read_text(encoding="utf-8"))
    write_json(tmp_path / file, config | {"num_attention_heads": 5})
    with pytest.raises(
        WeightsError, match=r"no language model and .*num_attention_heads: 5, .*; and give --vision-con"
    ):
        complete(read_published(tmp_path))
    loads = inspect(tmp_path)["loads"]
    assert loads["how"] == how
    assert "num_attention_heads: got 5, expected a divisor of the hidden size 24" in loads["why"]


@pytest.mark.parametrize("name", [name for name in UNTOLD if "llava" in name])
def test_a_tower_from_elsewhere_tells_the_heads_or_takes_the_place(name: str, tmp_path: Path) -> None:
    UNTOLD[name](tmp_path / "in")
    write_tower(tmp_path / "clip")
    stock, _ = settle(tmp_path / "in", ImportRequest(vision=tmp_path / "clip"))
    assert stock.config.to_dict()["vision_config"]["num_attention_heads"] == 4


def test_what_is_told_stands_in_the_part() -> None:
    tensors, options = shapes_only(tower_shapes()), ReadOptions(vision_config=tower_config())
    part = vision_part(tensors, where="here", config=None, options=options, images=ImageSettings(mean=MEAN))
    assert (part.fault, part.image_mean, part.image_std) == (None, MEAN, None)
    assert part.config["num_attention_heads"] == 4
    large = vision_part(shapes_only(tower_shapes(CLIP_L_336)), where="here", config=None, options=ReadOptions())
    assert (large.fault, large.config["num_attention_heads"]) == (None, 16)
    at_224 = TowerSizes(hidden=1024, wide=4096, layers=24, heads=16, patch=14, image=224)
    other = vision_part(shapes_only(tower_shapes(at_224)), where="here", config=None, options=ReadOptions())
    assert other.config["image_size"] == 224
    assert "nobody says how many heads" in f"{other.fault}"
