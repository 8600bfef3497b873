"""Folders of GMAI-VL: ``enhanced_llava``, the stock names around a language model that may be an InternLM2.

Names and settings: uni-medical/GMAI-VL@32934ef, xtuner/_lite/modelings/llava/{modeling,configuration}_llava.py. Its
``auto_map`` names code; nothing of it is run.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from doctorsun.weights.internlm2 import MODEL_TYPE as INTERNLM2
from doctorsun.weights.internlm2 import llama_settings, llama_tensors
from doctorsun.weights.language_part import language_part
from doctorsun.weights.layouts.llava_hf import (
    PROJECTOR_RULE,
    VISION_RULES,
    stock_projector,
    stock_vision,
    text_settings,
)
from doctorsun.weights.part_names import GroupedTensors, NameRule, group_tensors
from doctorsun.weights.parts import LanguagePart, Published, ReadOptions
from doctorsun.weights.rope import strange_rope
from doctorsun.weights.settings_files import read_image_settings, read_settings, strange_files, strange_tokenizer
from doctorsun.weights.tensors.open import open_tensors
from doctorsun.weights.tensors.tensor_files import strange_names

NAME = "enhanced_llava"
SUMMARY = "GMAI-VL's folder (enhanced_llava), with InternLM2 or a Llama inside"

RULES = (*VISION_RULES, PROJECTOR_RULE, NameRule("language", re.compile(r"language_model\.(.*)"), r"\1"))


def matches(path: Path) -> bool:
    """Return whether a folder's configuration is GMAI-VL's."""
    return path.is_dir() and read_settings(path, "config.json").get("model_type") == "enhanced_llava"


def read(path: Path, options: ReadOptions) -> Published:
    """Read a folder.

    Raises:
        WeightsError: the tower or the language model is another, or a tensor or a setting does not fit.
    """
    files, config = open_tensors(path), read_settings(path, "config.json")
    grouped = group_tensors(files, RULES, where=f"{path}")
    images = read_image_settings(path)
    language = _language(grouped, path, config, options)
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


def _language(grouped: GroupedTensors, path: Path, config: Mapping[str, Any], options: ReadOptions) -> LanguagePart:
    text = text_settings(config, path)
    if text["model_type"] != INTERNLM2:
        return language_part(grouped, folder=path, config=text, options=options)
    grouped.language = llama_tensors(grouped.language, text, where=f"{path}")
    return language_part(grouped, folder=path, config=llama_settings(text), options=options, chat="chatml")
