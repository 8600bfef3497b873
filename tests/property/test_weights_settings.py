"""Whatever stands in a configuration, a layout reads it or refuses it with an error of ours."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from checkpoints.clip import tower_config, write_tower
from checkpoints.enhanced_llava import write_enhanced_llava
from checkpoints.llava_hf import write_llava_hf
from checkpoints.llava_legacy import write_doctor_sun
from checkpoints.weight_files import write_json
from doctorsun.errors import WeightsError
from doctorsun.weights.parts import ReadOptions
from doctorsun.weights.published import read_published
from doctorsun.weights.settings_files import read_settings

JUNK: tuple[Any, ...] = (None, "x", -1, 1.5, {"x": 1}, [[]])
WRITERS: Mapping[str, Callable[..., Any]] = {
    "legacy": write_doctor_sun,
    "stock": write_llava_hf,
    "gmai": write_enhanced_llava,
    "tower": write_tower,
}


@pytest.mark.parametrize("layout", WRITERS)
def test_no_setting_of_another_kind_breaks_the_reading(tmp_path: Path, layout: str) -> None:
    WRITERS[layout](tmp_path)
    config = read_settings(tmp_path, "config.json")
    changes = [{name: junk} for name in config for junk in JUNK]
    for outer in ("text_config", "vision_config"):
        inner = config.get(outer, {})
        changes += [{outer: {**inner, name: junk}} for name in inner for junk in JUNK]
    refused = 0
    for change in changes:
        write_json(tmp_path / "config.json", {**config, **change})
        try:
            read_published(tmp_path, ReadOptions(vision_config=tower_config()))
        except WeightsError:
            refused += 1
    assert 0 < refused < len(changes)
