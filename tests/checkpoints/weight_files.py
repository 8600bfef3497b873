"""The files that published weights come in: one of tensors, or shards with an index, and JSON beside them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors.torch import save_file
from torch import Tensor

Kind = Literal["bin", "safetensors"]
STEMS: Mapping[Kind, str] = {"bin": "pytorch_model", "safetensors": "model"}


def write_tensors(folder: Path, tensors: Mapping[str, Tensor], *, kind: Kind, num_shards: int = 1) -> None:
    """Write a folder's tensors as transformers does: one file, or shards with an index."""
    folder.mkdir(parents=True, exist_ok=True)
    if num_shards == 1:
        write_file(folder / f"{STEMS[kind]}.{kind}", tensors)
        return
    weight_map: dict[str, str] = {}
    for index in range(num_shards):
        shard = dict(list(tensors.items())[index::num_shards])
        name = f"{STEMS[kind]}-{index + 1:05d}-of-{num_shards:05d}.{kind}"
        write_file(folder / name, shard)
        weight_map |= dict.fromkeys(shard, name)
    size = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    write_json(
        folder / f"{STEMS[kind]}.{kind}.index.json", {"metadata": {"total_size": size}, "weight_map": weight_map}
    )


def write_file(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write one file of tensors, of the kind that its suffix tells."""
    if path.suffix == ".safetensors":
        save_file(dict(tensors), path, metadata={"format": "pt"})
    else:
        torch.save(dict(tensors), path)


def write_json(path: Path, settings: Mapping[str, Any]) -> None:
    """Write settings as transformers does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n", encoding="utf-8")
