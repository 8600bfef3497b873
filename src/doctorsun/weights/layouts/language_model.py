"""Folders of a causal language model: Llama 2 and 3, Mistral, Qwen2, InternLM2 and 2.5.

Names: transformers, LlamaForCausalLM and its like; InternLM2's in `doctorsun.weights.internlm2`.
"""

import re
from pathlib import Path

from doctorsun.errors import WeightsError
from doctorsun.weights import internlm2
from doctorsun.weights.language_geometry import LANGUAGE_MODELS
from doctorsun.weights.language_part import language_part
from doctorsun.weights.part_names import NameRule, group_tensors
from doctorsun.weights.parts import Published, ReadOptions
from doctorsun.weights.rope import strange_rope
from doctorsun.weights.settings_files import architecture, read_settings, strange_files, strange_tokenizer
from doctorsun.weights.tensors.open import open_tensors
from doctorsun.weights.tensors.tensor_files import strange_names

NAME = "language_model"
SUMMARY = "causal language model: Llama 2 or 3, Mistral, Qwen2, InternLM2 or 2.5"

KNOWN = (*LANGUAGE_MODELS, internlm2.MODEL_TYPE)
CAUSAL = re.compile(r"\w+ForCausalLM")
RULES = (
    NameRule("language", re.compile(r"(?:model|lm_head|output)\..*"), r"\g<0>"),
    NameRule("language", re.compile(r"(?:embed_tokens|layers|norm|tok_embeddings)\..*"), r"model.\g<0>"),
)


def matches(path: Path) -> bool:
    """Return whether a folder's configuration is that of a causal language model, of a known kind or not."""
    if not path.is_dir():
        return False
    config = read_settings(path, "config.json")
    return config.get("model_type") in KNOWN or CAUSAL.fullmatch(architecture(config)) is not None


def read(path: Path, options: ReadOptions) -> Published:
    """Read a folder.

    Raises:
        WeightsError: the model is of another kind, a file is damaged, or tensors and settings do not fit together.
    """
    config = read_settings(path, "config.json")
    if config.get("model_type") not in KNOWN:
        raise WeightsError(
            f"{path}: config.json: model_type",
            got=f"{config.get('model_type')!r}",
            expected=", ".join(KNOWN),
            do="name a language model of one of these kinds",
        )
    files = open_tensors(path)
    grouped = group_tensors(files, RULES, where=f"{path}")
    if config["model_type"] == internlm2.MODEL_TYPE:
        grouped.language = internlm2.llama_tensors(grouped.language, config, where=f"{path}")
        config = internlm2.llama_settings(config)
    language = language_part(grouped, folder=path, config=config, options=options)
    return Published(
        layout=NAME,
        tensors=files.headers,
        language=language,
        left_over=grouped.left_over,
        strange=(
            *strange_rope(language.config),
            *strange_tokenizer(path),
            *strange_files(path),
            *strange_names(files),
        ),
    )
