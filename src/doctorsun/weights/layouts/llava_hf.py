"""Folders of transformers' LlavaForConditionalGeneration, by the names and settings of any of its versions.

Names: on disk ``language_model.model.X`` and ``vision_tower.vision_model.X``, without ``vision_model`` from 5.6 on; in
memory from 4.52 on ``model.language_model.X``, ``model.vision_tower.X`` and ``lm_head.weight`` (transformers,
conversion_mapping.py and models/llava/modeling_llava.py), as people save who write ``state_dict()`` themselves.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from doctorsun.errors import WeightsError
from doctorsun.weights.language_part import language_part
from doctorsun.weights.part_names import GroupedTensors, NameRule, clip_rules, group_tensors
from doctorsun.weights.parts import FeatureStrategy, ProjectorPart, Published, ReadOptions, VisionPart
from doctorsun.weights.projector_part import projector_part
from doctorsun.weights.rope import strange_rope
from doctorsun.weights.settings_files import (
    ImageSettings,
    read_image_settings,
    read_section,
    read_settings,
    strange_files,
    strange_tokenizer,
)
from doctorsun.weights.tensors.open import open_tensors
from doctorsun.weights.tensors.tensor_files import strange_names
from doctorsun.weights.vision_part import vision_part

NAME = "llava_hf"
SUMMARY = "transformers' LlavaForConditionalGeneration, of any version"

TOWER = "clip_vision_model"
STRATEGIES: tuple[FeatureStrategy, ...] = ("default", "full")
VISION_RULES = clip_rules(r"(?:model\.)?vision_tower\.")
PROJECTOR_RULE = NameRule("projector", re.compile(r"(?:model\.)?multi_modal_projector\.(.*)"), r"\1")
RULES = (
    *VISION_RULES,
    PROJECTOR_RULE,
    NameRule("language", re.compile(r"language_model\.((?:model|lm_head)\..*)"), r"\1"),
    NameRule("language", re.compile(r"(?:model\.)?language_model\.((?:embed_tokens|layers|norm)\..*)"), r"model.\1"),
    NameRule("language", re.compile(r"lm_head\..*"), r"\g<0>"),
)


def matches(path: Path) -> bool:
    """Return whether a folder's configuration is that of transformers' LLaVA."""
    return path.is_dir() and read_settings(path, "config.json").get("model_type") == "llava"


def read(path: Path, options: ReadOptions) -> Published:
    """Read a folder.

    Raises:
        WeightsError: the tower is not CLIP's, the projector is another, or a tensor or a setting does not fit.
    """
    files, config = open_tensors(path), read_settings(path, "config.json")
    grouped = group_tensors(files, RULES, where=f"{path}")
    images = read_image_settings(path)
    language = language_part(grouped, folder=path, config=text_settings(config, path), options=options)
    return Published(
        layout=NAME,
        tensors=files.headers,
        vision=stock_vision(grouped, path, config, images, options),
        projector=stock_projector(grouped, path, config, images),
        language=language,
        left_over=grouped.left_over,
        strange=(
            *strange_rope(language.config),
            *strange_tokenizer(path),
            *strange_files(path),
            *strange_names(files),
        ),
    )


def stock_vision(
    grouped: GroupedTensors, path: Path, config: Mapping[str, Any], images: ImageSettings, options: ReadOptions
) -> VisionPart:
    """Return the tower of a folder whose configuration holds a ``vision_config``.

    Raises:
        WeightsError: it is not CLIP's, or a tensor or a setting does not fit.
    """
    said = read_section(config, "vision_config", f"{path / 'config.json'}")
    kind = (said or {}).get("model_type", TOWER)
    if kind != TOWER:
        raise _refused(path, "vision_config.model_type", kind, repr(TOWER))
    return vision_part(grouped.vision, where=f"{path}", config=said, options=options, images=images)


def stock_projector(
    grouped: GroupedTensors, path: Path, config: Mapping[str, Any], images: ImageSettings
) -> ProjectorPart:
    """Return the projector of a folder with the settings of LlavaConfig.

    Raises:
        WeightsError: its activation is not GELU, it reads several layers of the tower, or it has other layers.
    """
    activation = config.get("projector_hidden_act", "gelu")
    if activation != "gelu":
        raise _refused(path, "projector_hidden_act", activation, "'gelu'")
    layer = config.get("vision_feature_layer", -2)
    if type(layer) is not int:
        raise _refused(path, "vision_feature_layer", layer, "one whole number")
    strategy = config.get("vision_feature_select_strategy", "default")
    if strategy not in STRATEGIES:
        raise _refused(path, "vision_feature_select_strategy", strategy, " or ".join(map(repr, STRATEGIES)))
    return projector_part(
        grouped.projector, where=f"{path}", feature_layer=layer, feature_strategy=strategy, fit=images.fit
    )


def text_settings(config: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return the settings of the language model, with those that transformers 5 keeps on the outer configuration.

    Raises:
        WeightsError: something else than settings stands at ``text_config``.
    """
    text = dict(read_section(config, "text_config", f"{path / 'config.json'}") or {})
    text.setdefault("model_type", "llama")
    if config.get("tie_word_embeddings"):
        text["tie_word_embeddings"] = True
    for name in ("torch_dtype", "dtype", "quantization_config"):
        if name in config:
            text.setdefault(name, config[name])
    return text


def _refused(path: Path, name: str, got: object, expected: str) -> WeightsError:
    return WeightsError(
        f"{path}: config.json: {name}",
        got=f"{got!r}",
        expected=expected,
        do="name weights that were trained so",
    )
