"""Opening tensors wherever they lie: one file, the shards of a folder, or the parts of a training's ranks."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from doctorsun.errors import WeightsError
from doctorsun.weights.tensors.byte_range import first_bytes
from doctorsun.weights.tensors.safetensors_file import open_safetensors
from doctorsun.weights.tensors.tensor_files import ManyTensorFiles, TensorFiles
from doctorsun.weights.tensors.torch_file import open_torch
from doctorsun.weights.tensors.zero_checkpoint import open_zero_checkpoint
from doctorsun.weights.tensors.zero_ranks import is_zero_checkpoint

TORCH_SUFFIXES = (".bin", ".pth", ".pt")
FOLDER_FILES = (
    "model.safetensors.index.json",
    "model.safetensors",
    "pytorch_model.bin.index.json",
    "pytorch_model.bin",
)
"""What transformers looks for, safetensors first, which hold the same tensors where both are there."""
INDEX_SUFFIX = ".index.json"


def open_tensors(path: Path) -> TensorFiles:
    """Open a file of tensors, or those of a folder: by transformers' names, or as DeepSpeed's ranks wrote them.

    Raises:
        WeightsError: nothing is there, a shard of the index is missing, or a file is damaged.
    """
    if not path.is_dir():
        return _open_file(path)
    for name in FOLDER_FILES:
        if (path / name).is_file():
            return _open_index(path / name) if name.endswith(INDEX_SUFFIX) else _open_file(path / name)
    if is_zero_checkpoint(path):
        return open_zero_checkpoint(path)
    raise WeightsError(
        f"{path}",
        got="a folder without weights",
        expected=f"one of {', '.join(FOLDER_FILES)}",
        do="name the folder or the file that holds the weights",
    )


def _open_file(path: Path) -> TensorFiles:
    if path.suffix == ".safetensors":
        return open_safetensors(path)
    if path.suffix in TORCH_SUFFIXES:
        return open_torch(path)
    first_bytes(path, 1)
    expected = f".safetensors, {', '.join(TORCH_SUFFIXES)}"
    raise WeightsError(f"{path}", got=f"a file '*{path.suffix}'", expected=expected, do="name a file of tensors")


def _open_index(index: Path) -> TensorFiles:
    weight_map = _read_weight_map(index)
    shards = {name: _open_file(index.with_name(name)) for name in sorted(set(weight_map.values()))}
    holders: dict[str, str] = {}
    for shard, files in shards.items():
        for name in files.headers:
            if name in holders:
                got = f"in {holders[name]} and in {shard}"
                raise WeightsError(f"{index}: tensor {name}", got=got, expected="it once", do="fetch the folder again")
            holders[name] = shard
    for name, shard in weight_map.items():
        if holders.get(name) != shard:
            got = f"in {holders[name]}" if name in holders else "it nowhere"
            raise WeightsError(f"{index}: tensor {name}", got=got, expected=f"in {shard}", do="fetch the folder again")
    return ManyTensorFiles(tuple(shards.values()))


def _read_weight_map(index: Path) -> Mapping[str, str]:
    """Return the file of every tensor, each the plain name of a file that lies beside the index."""
    weight_map = _json(index).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise WeightsError(f"{index}", got="no weight_map", expected="tensor: file", do="fetch the file again")
    files = {name: str(shard) for name, shard in weight_map.items()}
    for shard in sorted(set(files.values())):
        if shard in {"", ".."} or Path(shard).name != shard or "\\" in shard:
            raise WeightsError(f"{index}", got=f"the file {shard!r}", expected="plain names of files", do="mistrust it")
        if not index.with_name(shard).is_file():
            got = f"no file {shard}"
            raise WeightsError(f"{index}", got=got, expected="every shard that it names", do="fetch that file, too")
    return files


def _json(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8-sig")))
    except (OSError, ValueError, TypeError) as error:
        raise WeightsError(f"{path}", got=str(error), expected="a JSON object", do="fetch the file again") from error
