"""The JSON files beside weights that describe the processor, as ``AutoProcessor`` reads and writes them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from doctorsun.errors import WeightsError
from doctorsun.processor.image_processor import ImageProcessor
from doctorsun.processor.tokenizer import IMAGE
from doctorsun.storage.atomic import write_json

IMAGE_FILE, PROCESSOR_FILE = "preprocessor_config.json", "processor_config.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """How images enter a model, and how many tokens each becomes."""

    images: ImageProcessor
    num_visual_tokens: int


def save_processor_configs(
    folder: Path, images: ImageProcessor, patch_size: int, *, strategy: Literal["default", "full"] = "default"
) -> None:
    """Write the configurations that ``AutoProcessor`` and ``AutoImageProcessor`` read.

    Args:
        folder: is there.
        images: how images enter.
        patch_size: of the vision tower, in pixels.
        strategy: ``full`` where the class token of the tower becomes a visual token, too.
    """
    image_config: dict[str, Any] = {
        "image_processor_type": "LlavaImageProcessor" if images.fit == "pad" else "CLIPImageProcessor",
        "processor_class": "LlavaProcessor",
        "do_convert_rgb": True,
        "do_resize": True,
        "size": {"shortest_edge": images.size},
        "resample": 3,
        "do_center_crop": True,
        "crop_size": {"height": images.size, "width": images.size},
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": list(images.mean),
        "image_std": list(images.std),
    }
    if images.fit == "pad":
        image_config["do_pad"] = True
    write_json(folder / IMAGE_FILE, image_config)
    processor_config = {
        "processor_class": "LlavaProcessor",
        "image_token": IMAGE,
        "patch_size": patch_size,
        "num_additional_image_tokens": 1,
        "vision_feature_select_strategy": strategy,
    }
    write_json(folder / PROCESSOR_FILE, processor_config)


def read_geometry(folder: Path) -> Geometry:
    """Read how a folder's processor treats images.

    The image settings stand in a file of their own, or, as ``AutoProcessor.save_pretrained`` writes them, inside the
    processor's.

    Raises:
        WeightsError: a file is missing, is not JSON, or lacks a setting.
    """
    processor = _read(folder / PROCESSOR_FILE)
    nested = processor.get("image_processor")
    image_path = folder / (PROCESSOR_FILE if nested else IMAGE_FILE)
    image = nested or _read(image_path)
    try:
        images = ImageProcessor(
            size=int(image["crop_size"]["height"]),
            fit="pad" if image.get("do_pad") else "crop",
            mean=_three(image["image_mean"]),
            std=_three(image["image_std"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _unusable(image_path, error) from error
    try:
        side = images.size // int(processor["patch_size"])
        additional = int(processor.get("num_additional_image_tokens", 0))
        is_class_dropped = processor["vision_feature_select_strategy"] == "default"
    except (KeyError, TypeError, ValueError) as error:
        raise _unusable(folder / PROCESSOR_FILE, error) from error
    return Geometry(images=images, num_visual_tokens=side * side + additional - is_class_dropped)


def _read(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise _unusable(path, error) from error
    if not isinstance(config, dict):
        raise _unusable(path, TypeError(f"{type(config).__name__} instead of an object"))
    return config


def _three(values: Any) -> tuple[float, float, float]:
    red, green, blue = (float(value) for value in values)
    return red, green, blue


def _unusable(path: Path, error: Exception) -> WeightsError:
    return WeightsError(
        f"{path}",
        got=f"{type(error).__name__}: {error}",
        expected="the configuration of a LLaVA processor",
        do="name a folder that 'doctorsun run' or save_pretrained made",
    )
