"""Folders that peft saves: LoRA changes of a CLIP, of a language model or of a whole LLaVA, and their settings.

LLaVA's own LoRA folders (haotian-liu/LLaVA@c121f04, llava/train/train.py) are such, with the projector that was trained
beside the changes in ``non_lora_trainables.bin``.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from doctorsun.errors import WeightsError
from doctorsun.weights.adapter_tensors import AdapterTensors, sort_adapter
from doctorsun.weights.layouts.legacy_settings import legacy_projector
from doctorsun.weights.layouts.llava_legacy import is_legacy
from doctorsun.weights.lazy import lazy_tensor
from doctorsun.weights.lora_alpha import FOR_ONE
from doctorsun.weights.lora_settings import LoraSettings, lora_settings
from doctorsun.weights.part_names import PartName
from doctorsun.weights.parts import ProjectorPart, Published, ReadOptions
from doctorsun.weights.projector_part import LAYERS, projector_part
from doctorsun.weights.settings_files import read_settings, tokenizer_folder
from doctorsun.weights.tensors.open import open_tensors
from doctorsun.weights.tensors.tensor_files import ManyTensorFiles, TensorFiles, strange_names

NAME = "peft_adapter"
SUMMARY = "LoRA changes as peft saves them, to be joined into a base (weights merge, or --vision and --language)"

SETTINGS = "adapter_config.json"
FILES = ("adapter_model.safetensors", "adapter_model.bin")
"""What peft looks for, safetensors first."""
WHOLE_BESIDE = "non_lora_trainables.bin"


def matches(path: Path) -> bool:
    """Return whether changes lie in a folder."""
    return path.is_dir() and any((path / name).is_file() for name in (SETTINGS, *FILES))


def read(path: Path, options: ReadOptions) -> Published:
    """Read the changes; the base that their settings name is never followed.

    Raises:
        WeightsError: the adapter is no plain LoRA, a factor stands alone, or a file is missing or damaged.
    """
    files, config = _open(path), read_settings(path, SETTINGS)
    tensors = {name: lazy_tensor(files, name) for name in files.headers}
    sorted_ = sort_adapter(tensors, where=f"{path}")
    projector, strange = _projector(sorted_, path)
    return Published(
        layout=NAME,
        tensors=files.headers,
        projector=projector,
        adapters=sorted_.adapters(lambda part: _settings(config, path, options, part), where=f"{path}", ask=FOR_ONE),
        left_over=sorted_.left_over,
        strange=(*strange, *_strange(config, path), *strange_names(files)),
    )


def _open(path: Path) -> TensorFiles:
    file = next((path / name for name in FILES if (path / name).is_file()), None)
    if file is None:
        raise WeightsError(
            f"{path}",
            got=f"{SETTINGS} without the changes",
            expected=" or ".join(FILES),
            do="fetch that file, too, or remove the settings if the changes are joined already",
        )
    beside = path / WHOLE_BESIDE
    return ManyTensorFiles((open_tensors(file), open_tensors(beside))) if beside.is_file() else open_tensors(file)


def _settings(config: Mapping[str, Any], path: Path, options: ReadOptions, part: PartName) -> LoraSettings | None:
    alpha = options.alpha_of(part)
    if config:
        return lora_settings(config, where=f"{path / SETTINGS}", alpha=alpha)
    return None if alpha is None else LoraSettings(alpha=alpha, where="--lora-alpha")


def _projector(sorted_: AdapterTensors, path: Path) -> tuple[ProjectorPart | None, tuple[str, ...]]:
    """Return the projector that LLaVA's code saved whole, with the settings that stand beside it."""
    config = read_settings(path, "config.json")
    if not is_legacy(config) or "projector" not in sorted_.replaced:
        return None, ()
    legacy = legacy_projector(config, where=f"{path}: config.json")
    tensors = sorted_.replaced.pop("projector")
    part = projector_part(
        tensors,
        where=f"{path}",
        layers=LAYERS,
        feature_layer=legacy.feature_layer,
        feature_strategy=legacy.feature_strategy,
        fit=legacy.fit,
    )
    return part, legacy.strange


def _strange(config: Mapping[str, Any], path: Path) -> Iterator[str]:
    if base := config.get("base_model_name_or_path"):
        yield f"base_model_name_or_path {base!r} is not followed: name the base yourself"
    if config.get("fan_in_fan_out"):
        yield "fan_in_fan_out is set aside, as peft does: the weights of these networks are linear layers"
    if tokenizer_folder(path):
        yield "a tokenizer lies beside the changes and is not read: the base's stays"
