"""Published weights, whatever their layout, to one stock folder: read, complete, assemble."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from doctorsun.weights.assemble import Watch, write_stock
from doctorsun.weights.complete import PARTS, complete, unused
from doctorsun.weights.given_tokenizer import require_tokenizer
from doctorsun.weights.lora_alpha import require_use
from doctorsun.weights.parts import ImageFit, Parts, ProjectorPart, Published, ReadOptions
from doctorsun.weights.published import read_published
from doctorsun.weights.random_projector import random_projector
from doctorsun.weights.stock_folder import StockFolder, stock_folder
from doctorsun.weights.tensors.number_type import NumberType
from doctorsun.weights.tensors.shard_writer import SHARD_BYTES

SourceName = Literal["source", "vision", "projector", "language", "tokenizer"]
DtypeName = Literal["float16", "bfloat16", "float32"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequest:
    """What a user asks of an import, besides the weights.

    Attributes:
        vision: where the vision tower comes from, instead of the weights' own.
        projector: as ``vision``.
        language: as ``vision``.
        tokenizer: folder of the tokenizer, instead of the language model's own.
        read: what the user says where a layout cannot tell.
        chat: name of the chat template; None: as the weights tell.
        fit: how images enter; None: as the weights tell, and ``crop``, CLIP's own, where they do not.
        dtype: type of every tensor; None: the language model's.
        projector_seed: where no ``projector`` is given, a random one by this seed takes the place of the weights' own;
            None: the weights' own.
        addresses: what the user called each source, with its revision, where it is not the path.
    """

    vision: Path | None = None
    projector: Path | None = None
    language: Path | None = None
    tokenizer: Path | None = None
    read: ReadOptions = field(default_factory=ReadOptions)
    chat: str | None = None
    fit: ImageFit | None = None
    dtype: DtypeName | None = None
    projector_seed: int | None = None
    addresses: Mapping[SourceName, str] = field(default_factory=dict[SourceName, str])


def import_weights(
    source: Path,
    out: Path,
    request: ImportRequest | None = None,
    *,
    watch: Watch | None = None,
    shard_bytes: int = SHARD_BYTES,
) -> dict[str, Any]:
    """Write published weights as one stock folder, and return what its ``import.json`` holds.

    Tensors pass one at a time. A run that was killed goes on where it stopped when the same import is asked again.

    Args:
        source: file or folder of the weights.
        out: the folder; nothing may be there.
        request: what the user asks for.
        watch: is told of the progress.
        shard_bytes: most bytes of one file; what is whole survives a kill.

    Raises:
        WeightsError: the weights are damaged, a part or a setting is missing, or the parts do not fit.
        DataError: there is something at ``out`` already.
        MachineError: the disk is full; what is written stays for the next call.
    """
    request = request or ImportRequest()
    stock, origin = settle(source, request)
    contents = state_of(_paths(source, request).values())
    return write_stock(stock, out, origin=origin, contents=contents, watch=watch, shard_bytes=shard_bytes)


def settle(source: Path, request: ImportRequest) -> tuple[StockFolder, dict[str, Any]]:
    """Return the folder that an import makes, and where it comes from as ``import.json`` says; only headers are read.

    Raises:
        WeightsError: as for `import_weights`.
    """
    paths = _paths(source, request)
    published = _with_random_projector(_read(paths, request.read), request)
    require_use(request.read.lora_alpha, published.values())
    parts = complete(published["source"], **{name: published.get(name) for name in PARTS})
    if request.tokenizer is not None:
        require_tokenizer(request.tokenizer, parts.language)
    dtype = NumberType(request.dtype) if request.dtype else None
    stock = stock_folder(_with_request(parts, request), dtype=dtype, chat=request.chat)
    told = {name: _told(name, published, paths, request) for name in paths}
    return stock, {"sources": told, "options": _options(request)}


def _paths(source: Path, request: ImportRequest) -> dict[SourceName, Path]:
    paths: dict[SourceName, Path | None] = {
        "source": source,
        "vision": request.vision,
        "projector": request.projector,
        "language": request.language,
        "tokenizer": request.tokenizer,
    }
    return {name: path for name, path in paths.items() if path is not None}


def _read(paths: Mapping[SourceName, Path], options: ReadOptions) -> dict[SourceName, Published]:
    """Read every source; a tower that is given also tells the heads of one that its shapes fit."""
    published: dict[SourceName, Published] = {
        name: read_published(path, options) for name, path in paths.items() if name in PARTS
    }
    tower = published["vision"].vision if "vision" in published else None
    if tower is not None and tower.fault is None and options.vision_config is None:
        options = replace(options, vision_config=tower.config)
    return {"source": read_published(paths["source"], options), **published}


def _with_random_projector(
    published: dict[SourceName, Published], request: ImportRequest
) -> dict[SourceName, Published]:
    if request.projector_seed is None or "projector" in published:
        return published
    vision = published.get("vision", published["source"]).vision
    language = published.get("language", published["source"]).language
    if vision is None or language is None:  # told when the parts are put together, where no projector is missed
        drawn = Published(layout=published["source"].layout, tensors={}, projector=ProjectorPart(tensors={}))
    else:
        drawn = random_projector(vision, language, seed=request.projector_seed)
    return {**published, "projector": drawn}


def _with_request(parts: Parts, request: ImportRequest) -> Parts:
    language, projector = parts.language, parts.projector
    return replace(
        parts,
        language=replace(language, tokenizer_folder=request.tokenizer or language.tokenizer_folder),
        projector=replace(projector, fit=request.fit or projector.fit),
    )


def _told(
    name: SourceName,
    published: Mapping[SourceName, Published],
    paths: Mapping[SourceName, Path],
    request: ImportRequest,
) -> dict[str, Any]:
    """Return what ``import.json`` says of a source: each of its tensors is used or stands here with the reason."""
    told: dict[str, Any] = {"from": request.addresses.get(name, f"{paths[name]}")}
    if name not in published:
        return told
    own = published[name]
    left_over = dict(own.left_over)
    for part in PARTS:
        if name == "source" and part in published:
            left_over |= unused(own, [part], f"--{part} takes its place", joins=True)
        elif name not in {"source", part}:
            left_over |= unused(own, [part], f"not asked of --{name}", joins=False)
    return told | told_of(own, left_over)


def told_of(published: Published, left_over: Mapping[str, str]) -> dict[str, Any]:
    """Return what ``import.json`` says of weights: layout, what is strange, and tensors by the reason not to use them.

    Args:
        published: the weights.
        left_over: reasons, by name in the files.
    """
    reasons = sorted(set(left_over.values()))
    by_reason = {reason: sorted(tensor for tensor in left_over if left_over[tensor] == reason) for reason in reasons}
    return {"layout": published.layout, "strange": list(published.strange), "left_over": by_reason}


def _options(request: ImportRequest) -> dict[str, Any]:
    options = {
        "vision_config": request.read.vision_config,
        "text_config": request.read.text_config,
        "lora_alpha": request.read.lora_alpha,
        "chat": request.chat,
        "fit": request.fit,
        "dtype": request.dtype,
        "projector_seed": request.projector_seed,
    }
    return {name: value for name, value in options.items() if value not in (None, {})}


def state_of(paths: Iterable[Path]) -> str:
    """Return what changes when a file of sources does: a digest of names, sizes and times of change."""
    lines = [f"{file} {(stat := file.stat()).st_size} {stat.st_mtime_ns}" for path in paths for file in _files(path)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _files(path: Path) -> list[Path]:
    return sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
