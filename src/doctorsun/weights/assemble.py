"""Three parts to one stock Hugging Face LLaVA folder: tensor by tensor, atomic, and resumable after a kill."""

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from torch import Tensor

from doctorsun.errors import WeightsError
from doctorsun.processor.processor import Processor
from doctorsun.storage.atomic import disk_errors, sync, unfinished_path, write_json
from doctorsun.storage.only_writer import only_writer
from doctorsun.storage.sums import write_sums
from doctorsun.weights.config_files import portable_config
from doctorsun.weights.lazy import LazyTensors
from doctorsun.weights.not_finite import NotFinite
from doctorsun.weights.parts import Parts
from doctorsun.weights.stock_folder import StockFolder, require_network, stock_folder
from doctorsun.weights.tensors.number_type import NumberType
from doctorsun.weights.tensors.open import open_tensors
from doctorsun.weights.tensors.shard_writer import PROGRESS, SHARD_BYTES, write_shards

Watch = Callable[[int, int], None]
"""Called with the bytes of tensors that were made, and the bytes of all."""

REPORT = "import.json"
LIBRARIES = ("doctorsun", "torch", "transformers", "tokenizers", "safetensors")


def assemble(
    parts: Parts,
    out: Path,
    *,
    dtype: NumberType | None = None,
    chat: str | None = None,
    origin: Mapping[str, Any],
    contents: str = "",
    watch: Watch | None = None,
) -> dict[str, Any]:
    """Write parts as one stock folder.

    Args:
        parts: complete, with their adapters joined.
        out: the folder; nothing may be there. Until it is whole it lies beside, hidden; the same call again goes on
            with what is written, another call begins anew.
        dtype: of every tensor; None: the language model's.
        chat: name of the chat template; None: the language model's own.
        origin: where the parts come from, for ``import.json``.
        contents: what tells these sources from others of the same names and shapes, such as hashes or revisions.
        watch: is told of the progress.

    Returns:
        What ``import.json`` holds.

    Raises:
        WeightsError: the parts do not fit, or a source is damaged.
        DataError: there is something at ``out`` already, or another process writes it.
        MachineError: the disk is full; what is written stays for the next call.
    """
    return write_stock(stock_folder(parts, dtype=dtype, chat=chat), out, origin=origin, contents=contents, watch=watch)


def write_stock(
    stock: StockFolder,
    out: Path,
    *,
    origin: Mapping[str, Any],
    contents: str = "",
    watch: Watch | None = None,
    shard_bytes: int = SHARD_BYTES,
) -> dict[str, Any]:
    """Write a settled folder, as `assemble` does; result and errors are the same.

    Args:
        stock: the folder.
        out: see `assemble`.
        origin: see `assemble`.
        contents: see `assemble`.
        watch: see `assemble`.
        shard_bytes: most bytes of one file; what is whole survives a kill.
    """
    config = portable_config(stock.config, stock.dtype)
    report = {**origin, **stock.notes, "versions": {name: version(name) for name in LIBRARIES}}
    unfinished = unfinished_path(out)
    with disk_errors(out), only_writer(out, "import"):
        try:
            if strange := stock.compare():
                report["strange"] = [*report.get("strange", ()), *strange]
            not_finite = NotFinite()
            tensors = _watched(not_finite.watched(stock.tensors), watch)
            identity = _identity(config, report, contents)
            sums = write_shards(tensors, unfinished, shard_bytes=shard_bytes, identity=identity)
            write_json(unfinished / "config.json", config)
            write_json(unfinished / "generation_config.json", dict(stock.generation))
            stock.write_processor(unfinished)
            not_finite.look_at_others(unfinished, stock.tensors)
            if strange := not_finite.told():
                report["strange"] = [*report.get("strange", ()), *strange]
            write_json(unfinished / REPORT, report)
            _prove(unfinished, stock)
        except WeightsError:
            shutil.rmtree(unfinished, ignore_errors=True)  # no later call can go on with it
            raise
        _finish(unfinished, sums, out)
    return report


def _identity(config: Mapping[str, Any], report: Mapping[str, Any], contents: str) -> str:
    """Return what tells this folder from every other one; names and shapes of the tensors come to it."""
    return hashlib.sha256(json.dumps([contents, report, config], sort_keys=True).encode()).hexdigest()


def _watched(tensors: LazyTensors, watch: Watch | None) -> LazyTensors:
    """Return the tensors, each telling when it was made."""
    if watch is None:
        return tensors
    total, done = sum(tensor.header.size_bytes for tensor in tensors.values()), 0

    def tell(made: Tensor) -> Tensor:
        nonlocal done
        done += made.nbytes
        watch(done, total)
        return made

    return {name: tensor.map(tell) for name, tensor in tensors.items()}


def _prove(folder: Path, stock: StockFolder) -> None:
    """Read back what was written: the network's tensors, and a processor that agrees with it."""
    require_network(open_tensors(folder).headers, stock.config, stock.dtype)
    processor = Processor.from_folder(folder)
    got = (processor.image_token_id, processor.num_visual_tokens)
    expected = (stock.config.image_token_id, stock.config.image_seq_length)
    if got != expected:
        raise WeightsError(
            f"{folder}: the processor",
            got=f"image token {got[0]}, {got[1]} visual tokens",
            expected=f"image token {expected[0]}, {expected[1]} visual tokens, as the configuration says",
            do="give the configuration of this very vision tower with --vision-config",
        )


def _finish(folder: Path, known: Mapping[str, str], out: Path) -> None:
    """Write ``SHA256SUMS`` over every file, and give the folder its name."""
    (folder / PROGRESS).unlink()
    write_sums(folder, known)
    for path in folder.iterdir():
        sync(path)
    sync(folder)
    folder.rename(out)
    sync(out.parent)
