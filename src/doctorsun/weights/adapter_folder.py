"""Adapters as a folder that peft and vLLM read: ``adapter_config.json`` and ``adapter_model.safetensors``.

Names are those of transformers' LLaVA (5.6 and later): ``PeftModel.from_pretrained(LLaVA, folder)`` takes any part's
folder onto the stock folder that the stage started from, so that all parts' adapters can be loaded one after the other,
and vLLM maps ``model.language_model.`` to its own names (vllm/model_executor/models/llava.py, hf_to_vllm_mapper), where
it wants full names whose last word is a linear layer of its network (vllm/lora/lora_model.py). Of towers vLLM's names
differ (``vision_model``): serve the stage's weights, which have the changes in them.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from doctorsun.config import LoraSection
from doctorsun.model.adapters import Adapted
from doctorsun.storage.atomic import atomic_folder, write_json
from doctorsun.weights.disk import safetensors_as_os_errors

CONFIG, TENSORS = "adapter_config.json", "adapter_model.safetensors"
PREFIX = "base_model.model."
"""Stands before every name in files of peft (its ``PeftModel`` and ``LoraModel``)."""


def write_adapter(folder: Path, layers: Sequence[Adapted], lora: LoraSection, *, base: Path) -> None:
    """Write the adapters of a part, complete or not at all.

    Args:
        folder: nothing may be there.
        layers: with their factors.
        lora: settings that they were trained with.
        base: stock folder that they change, for the reader of the settings.

    Raises:
        DataError: there is something at ``folder`` already.
        MachineError: the disk is full; nothing is left at ``folder``.
    """
    from safetensors.torch import save_file

    factors = {PREFIX + name: p.detach().cpu() for layer in layers for name, p in layer.parameters.items()}
    with atomic_folder(folder) as partial:
        with safetensors_as_os_errors():
            save_file(factors, partial / TENSORS, metadata={"format": "pt"})
        write_json(partial / CONFIG, adapter_config([layer.name for layer in layers], lora, base=f"{base}"))


def adapter_config(names: Sequence[str], lora: LoraSection, *, base: str) -> dict[str, Any]:
    """Return the settings in peft's words; ``target_modules`` holds the layers' full names."""
    from peft import LoraConfig

    alpha = int(lora.alpha) if lora.alpha == int(lora.alpha) else lora.alpha
    config = LoraConfig(
        r=lora.r,
        lora_alpha=alpha,  # pyright: ignore[reportArgumentType]
        lora_dropout=lora.dropout,
        target_modules=list(names),
        base_model_name_or_path=base,
        inference_mode=True,
    )
    told = {name: sorted(value) if isinstance(value, set) else value for name, value in config.to_dict().items()}
    return told | {"peft_type": "LORA", "target_modules": sorted(names)}
