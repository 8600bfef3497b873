"""Folders of LoRA changes as peft saves them: ``adapter_config.json``, ``adapter_model.safetensors`` or ``.bin``.

Names: huggingface/peft@v0.9.0, src/peft/utils/save_and_load.py (``get_peft_model_state_dict``: without the name of the
adapter) and tuners/lora/config.py. Quirks kept: the settings hold what has no bearing on the weights, and the path of a
base on somebody else's machine.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from checkpoints.unmerged import Changes
from checkpoints.weight_files import Kind, write_file, write_json

SETTINGS: Mapping[str, Any] = {
    "alpha_pattern": {},
    "auto_mapping": {"base_model_class": "CLIPVisionModel", "parent_library": "transformers.models.clip.modeling_clip"},
    "base_model_name_or_path": "/data/base",
    "bias": "none",
    "fan_in_fan_out": False,
    "inference_mode": True,
    "init_lora_weights": True,
    "layers_pattern": None,
    "layers_to_transform": None,
    "loftq_config": {},
    "lora_alpha": 16,
    "lora_dropout": 0.05,
    "megatron_config": None,
    "megatron_core": "megatron.core",
    "modules_to_save": None,
    "peft_type": "LORA",
    "r": 8,
    "rank_pattern": {},
    "revision": None,
    "target_modules": ["q_proj", "v_proj"],
    "task_type": None,
    "use_dora": False,
    "use_rslora": False,
}


def adapter_tensors(changes: Changes, *, before: str = "", name: str = "") -> dict[str, Tensor]:
    """Return the factors of changes by peft's names.

    Args:
        changes: by module of the network.
        before: what stands before peft's own prefix, as in the state of a whole training.
        name: of the adapter with a dot before it, as in the state of a training.
    """
    return {
        f"{before}base_model.model.{module}.lora_{side}{name}.weight": factor
        for module, (down, up, _) in changes.items()
        for side, factor in (("A", down), ("B", up))
    }


def write_adapter(
    folder: Path, tensors: Mapping[str, Tensor], settings: Mapping[str, Any], *, kind: Kind = "safetensors"
) -> None:
    """Write a folder; ``settings`` go over what peft writes of its own accord."""
    folder.mkdir(parents=True, exist_ok=True)
    write_file(folder / f"adapter_model.{kind}", tensors)
    write_json(folder / "adapter_config.json", {**SETTINGS, **settings})
    (folder / "README.md").write_text("---\nlibrary_name: peft\n---\n")
