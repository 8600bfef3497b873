"""What LLaVA's flat configuration says of the projector and of the way that images take to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from doctorsun.errors import WeightsError
from doctorsun.weights.lazy import LazyTensors
from doctorsun.weights.parts import FeatureStrategy, ImageFit, ProjectorPart
from doctorsun.weights.projector_part import SEQUENTIAL, projector_part

PROJECTOR = "mlp2x_gelu"
STRATEGIES: Mapping[str, FeatureStrategy] = {"patch": "default", "cls_patch": "full"}
FITS: Mapping[str, ImageFit] = {"square": "crop", "pad": "pad"}
NOT_OF_LLAVA = ("mm_resampler_type", "s2")

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacyProjector:
    """The settings, and what is strange about them."""

    feature_layer: int | None
    feature_strategy: FeatureStrategy
    fit: ImageFit
    strange: tuple[str, ...]

    def part(self, tensors: LazyTensors, *, where: str) -> ProjectorPart:
        """Return the projector with these settings.

        Raises:
            WeightsError: the tensors are not those of two layers.
        """
        return projector_part(
            tensors,
            where=where,
            layers=SEQUENTIAL,
            feature_layer=self.feature_layer,
            feature_strategy=self.feature_strategy,
            fit=self.fit,
        )


def legacy_projector(config: Mapping[str, Any], *, where: str) -> LegacyProjector:
    """Read the settings of a projector and of images.

    Args:
        config: LLaVA's flat configuration.
        where: its place, for messages.

    Raises:
        WeightsError: transformers' LLaVA has no such projector, or no such way of images.
    """
    for name in NOT_OF_LLAVA:
        if config.get(name):
            raise _refused(where, name, config[name], "none")
    return LegacyProjector(
        feature_layer=_feature_layer(config, where),
        feature_strategy=_one_of(config, "mm_vision_select_feature", STRATEGIES, "patch", where),
        fit=_one_of(config, "image_aspect_ratio", FITS, "square", where),
        strange=_strange(config, where),
    )


def _feature_layer(config: Mapping[str, Any], where: str) -> int | None:
    layer = config.get("mm_vision_select_layer")
    if layer is not None and type(layer) is not int:
        raise _refused(where, "mm_vision_select_layer", layer, "one whole number")
    return layer


def _one_of(config: Mapping[str, Any], name: str, values: Mapping[str, Value], default: str, where: str) -> Value:
    said = config.get(name) or default
    if not isinstance(said, str) or said not in values:
        raise _refused(where, name, said, " or ".join(map(repr, values)))
    return values[said]


def _strange(config: Mapping[str, Any], where: str) -> tuple[str, ...]:
    if config.get("mm_projector_type") not in (None, PROJECTOR):
        raise _refused(where, "mm_projector_type", config["mm_projector_type"], repr(PROJECTOR))
    notes: list[str] = []
    if config.get("mm_use_im_start_end"):
        notes.append("mm_use_im_start_end: images stood between <im_start> and <im_end>: say so in the template")
    if config.get("mm_use_im_patch_token"):
        notes.append("mm_use_im_patch_token: the vocabulary holds <im_patch>, which nothing needs")
    return tuple(notes)


def _refused(where: str, name: str, got: object, expected: str) -> WeightsError:
    return WeightsError(
        f"{where}: {name}",
        got=f"{got!r}",
        expected=f"{expected}: transformers' LLaVA has no other",
        do="name weights that were trained so",
    )
