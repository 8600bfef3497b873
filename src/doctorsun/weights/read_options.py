"""What a user says of weights on the command line or in a recipe, from files and words to `ReadOptions`."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from doctorsun.errors import RecipeError
from doctorsun.weights.lora_alpha import read_alpha
from doctorsun.weights.parts import ReadOptions
from doctorsun.weights.rope import LLAMA_3_1_SCALING, plain_rope, scaling_kind, wanted_scaling

SCALINGS: Mapping[str, Mapping[str, Any] | None] = {"llama3": LLAMA_3_1_SCALING, "none": None}
"""Words that ``--rope-scaling`` takes beside JSON."""

NO_SETTINGS = frozenset({"architectures", "auto_map", "model_type", "torch_dtype", "dtype", "transformers_version"})
"""What a configuration says of its own weights, which another one's do not have to share."""


def read_options(
    *,
    vision_config: Path | None = None,
    text_config: Path | None = None,
    rope_theta: float | None = None,
    rope_scaling: str | None = None,
    lora_alpha: Sequence[str] = (),
) -> ReadOptions:
    """Return what a user says where a layout cannot tell.

    Args:
        vision_config: JSON file with settings of the vision tower, alone or below ``vision_config``.
        text_config: JSON file with settings of the language model, alone or below ``text_config``.
        rope_theta: base of the rotary positions.
        rope_scaling: ``llama3``, ``none``, or the JSON of a ``rope_scaling``.
        lora_alpha: of LoRAs that stand without their settings: one number, or ``PART=N`` for each.

    Raises:
        RecipeError: a file is not there or not a JSON object, a base or an alpha is no number above zero, or a scaling
            is none of those.
    """
    text: dict[str, Any] = {}
    if text_config is not None:
        text = plain_rope(_settings(text_config, "text_config", "--text-config"))
    if rope_theta is not None:
        if not 0 < rope_theta < math.inf:
            raise RecipeError(
                "--rope-theta", got=f"{rope_theta}", expected="a number above zero", do="500000 is Llama 3's"
            )
        text["rope_theta"] = rope_theta
    if rope_scaling is not None:
        text["rope_scaling"] = _scaling(rope_scaling)
    return ReadOptions(
        vision_config=vision_config and _settings(vision_config, "vision_config", "--vision-config"),
        lora_alpha=read_alpha(lora_alpha),
        text_config={name: value for name, value in text.items() if name not in NO_SETTINGS},
    )


def _settings(path: Path, below: str, option: str) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise _wrong(f"{option} {path}", str(error)) from error
    settings = content.get(below, content) if isinstance(content, dict) else content
    if not isinstance(settings, dict):
        raise _wrong(f"{option} {path}", f"a {type(settings).__name__}")
    return settings


def _wrong(what: str, got: str) -> RecipeError:
    return RecipeError(what, got=got, expected="a JSON object", do="name the config.json of the part")


def _scaling(text: str) -> dict[str, Any] | None:
    if text in SCALINGS:
        scaling = SCALINGS[text]
        return None if scaling is None else dict(scaling)
    try:
        scaling = json.loads(text)
    except ValueError:
        scaling = None
    wanted = wanted_scaling(scaling or 0)  # 'none' says that there is no scaling
    if isinstance(scaling, dict) and scaling_kind(scaling) == "default" and "factor" in scaling:
        wanted = "a factor of another kind than default"
    if wanted:
        raise RecipeError(
            "--rope-scaling",
            got=repr(text),
            expected=f"{', '.join(SCALINGS)}, or as JSON {wanted}",
            do="copy it from the config.json of the language model that the weights were trained from",
        )
    return scaling
