"""Folders that LLaVA's own code writes: one flat configuration, a tower inside a tower, ``mm_projector``.

Names and settings: haotian-liu/LLaVA@c121f04, llava/model/llava_arch.py, language_model/llava_{llama,mistral}.py,
multimodal_encoder/clip_encoder.py, multimodal_projector/builder.py. So are published: Doctor Sun (by xtuner's
convert_xtuner_weights_to_llava.py), Qilin-Med-VL (williamliujl/Qilin-Med-VL@05d04ae) and LLaVA-Med 1.5
(microsoft/LLaVA-Med@821e1c7, llava_mistral).
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from doctorsun.errors import WeightsError
from doctorsun.weights.language_geometry import SETTINGS
from doctorsun.weights.language_part import language_part
from doctorsun.weights.layouts.legacy_settings import legacy_projector
from doctorsun.weights.part_names import NameRule, clip_rules, group_tensors
from doctorsun.weights.parts import LanguagePart, Published, ReadOptions
from doctorsun.weights.rope import strange_rope
from doctorsun.weights.settings_files import (
    architecture,
    knows_token,
    read_image_settings,
    read_settings,
    strange_files,
    strange_tokenizer,
)
from doctorsun.weights.tensors.open import open_tensors
from doctorsun.weights.tensors.tensor_files import strange_names
from doctorsun.weights.vision_part import vision_part

NAME = "llava_legacy"
SUMMARY = "LLaVA's own folder (LlavaLlamaForCausalLM and such): Doctor Sun, Qilin-Med-VL, LLaVA-Med 1.5"

BY_ARCHITECTURE: Mapping[str, str] = {
    "LlavaLlamaForCausalLM": "llama",
    "LlavaMistralForCausalLM": "mistral",
    "LlavaQwenForCausalLM": "qwen2",
    "LlavaQwen2ForCausalLM": "qwen2",
}
"""The kind of the language model; LLaVA-NeXT's LlavaQwen is a Qwen2."""
BY_MODEL_TYPE: Mapping[str, str] = {"llava": "llama", "llava_llama": "llama", "llava_mistral": "mistral"}
"""The same for configurations that name no architecture."""

RULES = (
    *clip_rules(r"model\.vision_tower\.vision_tower\."),
    NameRule("projector", re.compile(r"model\.mm_projector\.(.*)"), r"\1"),
    NameRule("language", re.compile(r"(?:model\.(?:embed_tokens|layers|norm)|lm_head)\..*"), r"\g<0>"),
)
BESIDE_LORA = "non_lora_trainables.bin"
CHATS: Mapping[str, str] = {"<|eot_id|>": "llama3", "<|im_end|>": "chatml"}
"""Chat templates by the token that ends a turn in them; LLaVA tunes other Llamas with its ``v1``, Vicuna's."""
OF_LLAVA = re.compile(
    r"_.*|architectures|auto_map|model_type|rope_parameters|transformers_version|max_sequence_length|use_mm_proj"
    r"|(mm|tune|freeze|unfreeze|image|tokenizer|pretrain_mm|vision)_.*|s2|s2_scales"
)
"""Settings that are read elsewhere, or that tell of training alone."""


def matches(path: Path) -> bool:
    """Return whether a folder's configuration is one of LLaVA's own, and more than a projector stands beside it."""
    return path.is_dir() and is_legacy(read_settings(path, "config.json")) and not is_projector_alone(path)


def is_legacy(config: Mapping[str, Any]) -> bool:
    """Return whether a configuration is one of LLaVA's own: transformers' LLaVA is ForConditionalGeneration."""
    if named := architecture(config):
        return re.fullmatch(r"Llava\w*ForCausalLM", named) is not None
    return f"{config.get('model_type')}" in BY_MODEL_TYPE and "mm_vision_tower" in config


def is_projector_alone(path: Path) -> bool:
    """Return whether a folder holds a projector and no model beside it."""
    return (path / "mm_projector.bin").is_file() and not any(
        file.name.startswith(("model", "pytorch_model", "adapter")) for file in path.iterdir()
    )


def read(path: Path, options: ReadOptions) -> Published:
    """Read a folder; the path in ``mm_vision_tower`` is never followed.

    Raises:
        WeightsError: the language model, the projector or the way of images is none that transformers' LLaVA has; the
            folder holds changes instead of weights; or a tensor or a setting does not fit.
    """
    _require_weights(path)
    files, config = open_tensors(path), read_settings(path, "config.json")
    text_config = {**config, "model_type": _language_model(config, path)}
    projector = legacy_projector(config, where=f"{path}: config.json")
    grouped = group_tensors(files, RULES, where=f"{path}")
    chat = _chat(path, text_config["model_type"])
    language = language_part(grouped, folder=path, config=text_config, options=options, chat=chat)
    return Published(
        layout=NAME,
        tensors=files.headers,
        vision=(
            vision_part(grouped.vision, where=f"{path}", config=None, options=options, images=read_image_settings(path))
            if grouped.vision
            else None
        ),
        projector=projector.part(grouped.projector, where=f"{path}"),
        language=language,
        left_over=grouped.left_over,
        strange=(
            *_strange_tower(config, has_tower=bool(grouped.vision)),
            *projector.strange,
            *_strange_language(config, language),
            *strange_tokenizer(path),
            *strange_files(path),
            *strange_names(files),
        ),
    )


def _require_weights(path: Path) -> None:
    if re.search(r"(^|[-_.])delta([-_.]|$)", path.resolve().name, re.IGNORECASE):
        raise WeightsError(
            f"{path}",
            got="a delta: what has to be added to LLaMA's weights",
            expected="weights",
            do="add it to its base with LLaVA's apply_delta, and rename the folder if that was done",
        )
    if (path / BESIDE_LORA).exists():
        raise WeightsError(
            f"{path}",
            got=f"{BESIDE_LORA}, which LLaVA saves beside changes of weights, and no changes",
            expected="weights, or changes of them",
            do="fetch adapter_config.json and adapter_model.safetensors, too",
        )


def _language_model(config: Mapping[str, Any], path: Path) -> str:
    named = architecture(config)
    if named in BY_ARCHITECTURE:
        return BY_ARCHITECTURE[named]
    if not named:
        return BY_MODEL_TYPE[config["model_type"]]
    raise WeightsError(
        f"{path}: config.json: architectures",
        got=named,
        expected=", ".join(BY_ARCHITECTURE),
        do="name weights with such a language model",
    )


def _chat(path: Path, model_type: str) -> str:
    if model_type == "mistral":
        return "mistral_instruct"
    known = (chat for token, chat in CHATS.items() if knows_token(path, token))
    return "chatml" if model_type == "qwen2" else next(known, "vicuna_v1")


def _strange_tower(config: Mapping[str, Any], *, has_tower: bool) -> tuple[str, ...]:
    named = config.get("mm_vision_tower") or config.get("vision_tower")
    if has_tower:
        return (f"mm_vision_tower {named!r} is not followed: the tower is in the files",)
    tuned = " (that very one: it was trained, too)" if config.get("unfreeze_mm_vision_tower") else ""
    return (f"mm_vision_tower {named!r} is not followed, and no tower is in the files: give --vision{tuned}",)


def _strange_language(config: Mapping[str, Any], language: LanguagePart) -> tuple[str, ...]:
    unknown = sorted(name for name in config if name not in SETTINGS and not OF_LLAVA.fullmatch(name))
    notes = [f"settings of no known use: {', '.join(unknown)}"] if unknown else []
    said = str(config.get("dtype") or config.get("torch_dtype") or "")
    kinds = sorted({each.header.dtype for each in language.tensors.values()})
    if said and kinds != [said]:
        notes.append(f"config.json says {said}, the language model is {' and '.join(kinds)}")
    return (*notes, *strange_rope(language.config))
