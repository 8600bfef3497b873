import json
from pathlib import Path

import pytest

from doctorsun.errors import WeightsError
from doctorsun.processor.config_files import IMAGE_FILE, PROCESSOR_FILE, read_geometry, save_processor_configs
from doctorsun.processor.image_processor import Fit, ImageProcessor


@pytest.mark.parametrize("fit", ["crop", "pad"])
def test_saved_settings_are_read_back(tmp_path: Path, fit: Fit) -> None:
    images = ImageProcessor(size=42, fit=fit, mean=(0.1, 0.2, 0.3), std=(0.4, 0.5, 0.6))
    save_processor_configs(tmp_path, images, patch_size=7)
    geometry = read_geometry(tmp_path)
    assert geometry.images == images
    assert geometry.num_visual_tokens == 36


def test_image_settings_may_stand_inside_those_of_the_processor(tmp_path: Path) -> None:
    images = ImageProcessor(size=42)
    save_processor_configs(tmp_path, images, patch_size=7)
    nested = json.loads((tmp_path / PROCESSOR_FILE).read_text())
    nested["image_processor"] = json.loads((tmp_path / IMAGE_FILE).read_text())
    (tmp_path / PROCESSOR_FILE).write_text(json.dumps(nested))
    (tmp_path / IMAGE_FILE).unlink()
    assert read_geometry(tmp_path).images == images


def test_a_class_token_that_is_kept_is_counted(tmp_path: Path) -> None:
    save_processor_configs(tmp_path, ImageProcessor(size=42), patch_size=7)
    config = json.loads((tmp_path / PROCESSOR_FILE).read_text()) | {"vision_feature_select_strategy": "full"}
    (tmp_path / PROCESSOR_FILE).write_text(json.dumps(config))
    assert read_geometry(tmp_path).num_visual_tokens == 37


@pytest.mark.parametrize(
    ("name", "content", "got"),
    [
        (IMAGE_FILE, None, "FileNotFoundError"),
        (PROCESSOR_FILE, None, "FileNotFoundError"),
        (IMAGE_FILE, "{", "JSONDecodeError"),
        (PROCESSOR_FILE, "[]", "TypeError: list instead of an object"),
        (IMAGE_FILE, '{"image_mean": []}', "KeyError: 'crop_size'"),
        (IMAGE_FILE, '{"crop_size": {"height": 8}, "image_mean": [1], "image_std": [1]}', "ValueError"),
        (PROCESSOR_FILE, "{}", "KeyError: 'patch_size'"),
        (PROCESSOR_FILE, '{"patch_size": 8}', "KeyError: 'vision_feature_select_strategy'"),
    ],
)
def test_a_missing_or_damaged_file_is_named(tmp_path: Path, name: str, content: str | None, got: str) -> None:
    save_processor_configs(tmp_path, ImageProcessor(size=42), patch_size=7)
    if content is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_text(content)
    expected = rf"{name}: got {got}.*, expected the configuration of a LLaVA processor; name a folder"
    with pytest.raises(WeightsError, match=expected):
        read_geometry(tmp_path)
