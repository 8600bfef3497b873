"""Folders of a CLIP vision tower, alone or inside a whole CLIP, by the names of any transformers.

Names: transformers, models/clip/modeling_clip.py (CLIPModel, CLIPVisionModel, CLIPVisionModelWithProjection).
"""

from collections.abc import Mapping
from pathlib import Path

from doctorsun.weights.part_names import clip_rules, group_tensors
from doctorsun.weights.parts import Published, ReadOptions
from doctorsun.weights.settings_files import read_image_settings, read_section, read_settings, strange_files
from doctorsun.weights.tensors.open import open_tensors
from doctorsun.weights.tensors.tensor_files import strange_names
from doctorsun.weights.vision_part import vision_part

NAME = "clip"
SUMMARY = "CLIP vision tower, or a whole CLIP whose vision tower is taken"

MODEL_TYPES = ("clip", "clip_vision_model")
RULES = clip_rules("")
NOT_VISION: Mapping[str, str] = {
    "text_model.": "the text tower of CLIP",
    "text_projection.": "into the space that CLIP's towers share",
    "visual_projection.": "into the space that CLIP's towers share",
    "logit_scale": "the temperature of CLIP's own training",
}


def matches(path: Path) -> bool:
    """Return whether a folder's configuration is CLIP's."""
    return path.is_dir() and read_settings(path, "config.json").get("model_type") in MODEL_TYPES


def read(path: Path, options: ReadOptions) -> Published:
    """Read the tower of a folder.

    Raises:
        WeightsError: a file is damaged, a tensor is missing or of the wrong shape, or a setting stands against one.
    """
    files, config = open_tensors(path), read_settings(path, "config.json")
    grouped = group_tensors(files, RULES, where=f"{path}")
    rest = {name: why for name in files.headers for start, why in NOT_VISION.items() if name.startswith(start)}
    vision = vision_part(
        grouped.vision,
        where=f"{path}",
        config=read_section(config, "vision_config", f"{path / 'config.json'}") or config,
        options=options,
        images=read_image_settings(path),
    )
    return Published(
        layout=NAME,
        tensors=files.headers,
        vision=vision,
        left_over=rest | grouped.left_over,
        strange=(*strange_files(path), *strange_names(files)),
    )
