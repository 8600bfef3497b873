"""Writing tensors as safetensors shards, one tensor in memory at a time; a write that was killed goes on."""

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import torch

from doctorsun.errors import MachineError, WeightsError
from doctorsun.storage.atomic import atomic_path, disk_errors, sha256_file, unfinished_path, write_json
from doctorsun.storage.size import told_size
from doctorsun.weights.lazy import LazyTensor, LazyTensors
from doctorsun.weights.tensors.safetensors_file import DTYPES, LENGTH_BYTES, open_safetensors

SINGLE, SHARD, INDEX = "model.safetensors", "model-{:05d}-of-{:05d}.safetensors", "model.safetensors.index.json"
PROGRESS = "shards.json"
"""What is written already; the caller removes it when the folder is whole."""

SHARD_BYTES = 2 * 10**9
CHUNK_BYTES = 2**24  # written and hashed at once
KINDS = {dtype: kind for kind, dtype in DTYPES.items()}


@dataclass(frozen=True, slots=True)
class _Shard:
    """One file to be written, its contents in this order."""

    name: str
    tensors: LazyTensors

    @property
    def size_bytes(self) -> int:
        return len(_encoded_header(self.tensors)) + sum(each.header.size_bytes for each in self.tensors.values())


def write_shards(
    tensors: LazyTensors, folder: Path, *, shard_bytes: int = SHARD_BYTES, identity: str = ""
) -> dict[str, str]:
    """Write tensors as ``model.safetensors``, or as shards with ``model.safetensors.index.json``.

    After a kill or a full disk, the same call again keeps the shards that are whole, checked by their SHA-256.

    Args:
        tensors: by their names on disk; each is computed once, and then forgotten.
        folder: where the files go; it is made where it is missing. ``PROGRESS`` stays in it until the caller removes
            it.
        shard_bytes: most bytes of one file, unless a single tensor has more.
        identity: what tells these contents from others of the same names and shapes.

    Returns:
        The SHA-256 of every file by its name.

    Raises:
        WeightsError: a source is damaged, or computed a tensor of another type or shape than it said.
        MachineError: the disk is too small or full; finished shards stay.
    """
    shards = _plan(tensors, shard_bytes)
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        progress = _begin(folder, shards, _fingerprint(tensors, shard_bytes, identity))
        done: dict[str, str | None] = progress["files"]
        _check_disk(folder, sum(shard.size_bytes for shard in shards if done[shard.name] is None))
        for shard in shards:
            if done[shard.name] is None:
                done[shard.name] = _write_shard(shard, folder / shard.name)
                write_json(folder / PROGRESS, progress)
        sums = {name: digest for name, digest in done.items() if digest is not None}
        if len(shards) > 1:
            _write_index(shards, folder / INDEX)
            sums[INDEX] = sha256_file(folder / INDEX)
    return sums


def in_order_of_files(tensors: LazyTensors, *, shard_bytes: int = SHARD_BYTES) -> list[str]:
    """Return the names of tensors in the order in which ``write_shards`` computes them."""
    return [name for shard in _plan(tensors, shard_bytes) for name in shard.tensors]


def _plan(tensors: LazyTensors, shard_bytes: int) -> list[_Shard]:
    """Fill shards one after the other; within each, large numbers stand first, so that all contents are aligned."""
    groups: list[dict[str, LazyTensor]] = [{}]
    filled = 0
    for name, tensor in tensors.items():
        size = tensor.header.size_bytes
        if groups[-1] and filled + size > shard_bytes:
            groups.append({})
            filled = 0
        groups[-1][name] = tensor
        filled += size
    ordered = [dict(sorted(group.items(), key=lambda item: -item[1].header.dtype.itemsize)) for group in groups]
    if len(ordered) == 1:
        return [_Shard(SINGLE, ordered[0])]
    return [_Shard(SHARD.format(number, len(ordered)), group) for number, group in enumerate(ordered, 1)]


def _fingerprint(tensors: LazyTensors, shard_bytes: int, identity: str) -> str:
    headers = [(name, f"{each.header.dtype}", each.header.shape, each.sources) for name, each in tensors.items()]
    return hashlib.sha256(json.dumps([identity, shard_bytes, headers]).encode()).hexdigest()


def _begin(folder: Path, shards: list[_Shard], fingerprint: str) -> dict[str, Any]:
    """Return the progress of this very write; what another write left is removed."""
    files: dict[str, str | None] = {shard.name: None for shard in shards}
    try:
        left = json.loads((folder / PROGRESS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        left = {"files": {}}
    for name, digest in left["files"].items():
        if left["fingerprint"] == fingerprint and _is_whole(folder / name, digest):
            files[name] = digest
        else:
            (folder / name).unlink(missing_ok=True)
        unfinished_path(folder / name).unlink(missing_ok=True)
    progress = {"fingerprint": fingerprint, "files": files}
    write_json(folder / PROGRESS, progress)
    return progress


def _is_whole(path: Path, digest: str | None) -> bool:
    return digest is not None and path.is_file() and sha256_file(path) == digest


def _check_disk(folder: Path, num_bytes: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < num_bytes:
        raise MachineError(
            f"no room on the disk for {folder}",
            got=f"{told_size(free)} free",
            expected=told_size(num_bytes),
            do="free some space, or name a folder on another disk",
        )


def _write_shard(shard: _Shard, path: Path) -> str:
    """Write one file, prove it readable, and return its SHA-256."""
    with atomic_path(path) as unfinished:
        digest = hashlib.sha256()
        with unfinished.open("wb") as file:
            _append(file, digest.update, memoryview(_encoded_header(shard.tensors)))
            for name, tensor in shard.tensors.items():
                _append(file, digest.update, _contents(name, tensor))
        written = open_safetensors(unfinished).headers
        if written != {name: tensor.header for name, tensor in shard.tensors.items()}:
            raise WeightsError(
                f"{path}", got="other tensors than were written", expected="the same", do="check disk and memory"
            )
    return digest.hexdigest()


def _append(file: BinaryIO, add_to_digest: Callable[[memoryview], None], contents: memoryview) -> None:
    for start in range(0, len(contents), CHUNK_BYTES):
        chunk = contents[start : start + CHUNK_BYTES]
        add_to_digest(chunk)
        file.write(chunk)


def _contents(name: str, tensor: LazyTensor) -> memoryview:
    """Compute a tensor and return its bytes, which live no longer than they are used."""
    computed = tensor.compute().detach()
    if (computed.dtype, tuple(computed.shape)) != (tensor.header.dtype.torch, tensor.header.shape):
        raise WeightsError(
            f"tensor {name}",
            got=f"{computed.dtype} {list(computed.shape)}".removeprefix("torch."),
            expected=f"{tensor.header.dtype} {list(tensor.header.shape)}",
            do="tell us of these weights",
        )
    return computed.contiguous().reshape(-1).view(torch.uint8).numpy().data


def _encoded_header(tensors: Mapping[str, LazyTensor]) -> bytes:
    """Return length and JSON of the header, filled up with spaces so that the contents begin at a multiple of 8."""
    entries: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, tensor in tensors.items():
        start, end = end, end + tensor.header.size_bytes
        if tensor.header.dtype not in KINDS:
            got, expected = f"{tensor.header.dtype}", "a type of safetensors"
            raise WeightsError(f"tensor {name}", got=got, expected=expected, do="name one with --dtype")
        kind, shape = KINDS[tensor.header.dtype], list(tensor.header.shape)
        entries[name] = {"dtype": kind, "shape": shape, "data_offsets": [start, end]}
    encoded = json.dumps(entries, ensure_ascii=False, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % LENGTH_BYTES)
    return len(encoded).to_bytes(LENGTH_BYTES, "little") + encoded


def _write_index(shards: list[_Shard], path: Path) -> None:
    weight_map = {name: shard.name for shard in shards for name in shard.tensors}
    size = sum(tensor.header.size_bytes for shard in shards for tensor in shard.tensors.values())
    write_json(path, {"metadata": {"total_size": size}, "weight_map": weight_map})
