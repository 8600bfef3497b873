"""A CLIP vision tower from its tensors and settings, whatever the layout."""

from collections.abc import Mapping
from typing import Any

from doctorsun.weights.lazy import LazyTensors
from doctorsun.weights.parts import ReadOptions, VisionPart
from doctorsun.weights.settings_files import ImageSettings
from doctorsun.weights.vision_geometry import vision_settings


def vision_part(
    tensors: LazyTensors,
    *,
    where: str,
    config: Mapping[str, Any] | None,
    options: ReadOptions,
    images: ImageSettings | None = None,
) -> VisionPart:
    """Return a tower; where nobody tells its heads, with the fault that says so, because others may bring the tower.

    Args:
        tensors: of the whole tower, by the names of CLIPVisionModel before transformers 5.
        where: the file or folder, for messages.
        config: settings that stand beside the tensors; None where nothing does.
        options: what the user says.
        images: how images enter, where the folder says it.

    Raises:
        WeightsError: a tensor is missing, strange or of the wrong shape, or a configuration stands against the shapes
            or against the other.
    """
    settings, fault = vision_settings(tensors, where=where, config=config, given=options.vision_config)
    images = images or ImageSettings()
    return VisionPart(tensors=tensors, config=settings, image_mean=images.mean, image_std=images.std, fault=fault)
