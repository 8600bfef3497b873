"""The layouts that are known, and reading weights by the one that fits."""

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from doctorsun.errors import WeightsError
from doctorsun.storage.store_folder import store_is_complete
from doctorsun.weights.layouts import (
    clip,
    enhanced_llava,
    language_model,
    llava_hf,
    llava_legacy,
    mm_projector,
    peft_adapter,
    xtuner_checkpoint,
    xtuner_folder,
)
from doctorsun.weights.lazy import LazyTensor
from doctorsun.weights.parts import Published, ReadOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One way in which somebody publishes weights.

    Attributes:
        name: as ``weights inspect`` prints it.
        summary: what it is, in one line.
        matches: whether a file or folder has it; looks at names and configurations only.
        read: reads headers and configurations into parts; opens no contents.
    """

    name: str
    summary: str
    matches: Callable[[Path], bool]
    read: Callable[[Path, ReadOptions], Published]


LAYOUTS: tuple[Layout, ...] = (
    Layout(name=mm_projector.NAME, summary=mm_projector.SUMMARY, matches=mm_projector.matches, read=mm_projector.read),
    Layout(name=peft_adapter.NAME, summary=peft_adapter.SUMMARY, matches=peft_adapter.matches, read=peft_adapter.read),
    Layout(
        name=xtuner_folder.NAME, summary=xtuner_folder.SUMMARY, matches=xtuner_folder.matches, read=xtuner_folder.read
    ),
    Layout(
        name=xtuner_checkpoint.NAME,
        summary=xtuner_checkpoint.SUMMARY,
        matches=xtuner_checkpoint.matches,
        read=xtuner_checkpoint.read,
    ),
    Layout(name=llava_legacy.NAME, summary=llava_legacy.SUMMARY, matches=llava_legacy.matches, read=llava_legacy.read),
    Layout(
        name=enhanced_llava.NAME,
        summary=enhanced_llava.SUMMARY,
        matches=enhanced_llava.matches,
        read=enhanced_llava.read,
    ),
    Layout(name=llava_hf.NAME, summary=llava_hf.SUMMARY, matches=llava_hf.matches, read=llava_hf.read),
    Layout(name=clip.NAME, summary=clip.SUMMARY, matches=clip.matches, read=clip.read),
    Layout(
        name=language_model.NAME,
        summary=language_model.SUMMARY,
        matches=language_model.matches,
        read=language_model.read,
    ),
)
"""The first that matches is taken, so narrow ones stand before wide ones."""


def find_layout(path: Path) -> Layout:
    """Return the layout of a file or folder.

    Raises:
        WeightsError: nothing is there, or nobody knows it.
    """
    for layout in LAYOUTS:
        if path.exists() and layout.matches(path):
            return layout
    checkpoints = sorted(path.glob("*.pth")) if path.is_dir() else []
    expected = ", ".join(layout.name for layout in LAYOUTS)
    if store_is_complete(path) and (path / "shards").is_dir():
        do = f"see what is in it with: doctorsun data stats {shlex.quote(f'{path}')}"
        raise WeightsError(f"{path}", got="a store of samples, no weights", expected=expected, do=do)
    raise WeightsError(
        f"{path}",
        got="no known layout of weights" if path.exists() else "no such file or folder",
        expected=expected,
        do=(
            f"name the file of the checkpoint: {checkpoints[-1]}"
            if checkpoints
            else "name the folder that holds config.json, or the file of the checkpoint"
        ),
    )


def read_published(path: Path, options: ReadOptions | None = None) -> Published:
    """Read what published weights hold, from names, headers and configurations alone.

    Raises:
        WeightsError: no layout fits, a file is damaged, a setting is missing, or a tensor is of no known use or no
            floating-point type.
    """
    published = find_layout(path).read(path, options or ReadOptions())
    used = {name for tensor in _lazy_tensors(published) for name in tensor.sources}
    unknown = sorted(published.tensors.keys() - used - published.left_over.keys())
    if unknown:
        raise WeightsError(
            f"{path}",
            got=f"{len(unknown)} tensors of no known use, the first {unknown[0]}",
            expected=f"the tensors of the layout {published.layout}",
            do="check that the files belong together, or tell us of the layout",
        )
    _require_real_numbers(path, published)
    return published


def _require_real_numbers(path: Path, published: Published) -> None:
    """Require that every tensor of a part or a change holds floating-point numbers."""
    for tensor in _lazy_tensors(published):
        if not tensor.header.dtype.is_floating_point:
            raise WeightsError(
                f"{path}: tensor {tensor.sources[0]}",
                got=f"{tensor.header.dtype}",
                expected="floating-point numbers",
                do="name weights as they were trained: quantised or damaged ones cannot be taken",
            )


def _lazy_tensors(published: Published) -> Iterator[LazyTensor]:
    for part in (published.vision, published.projector, published.language):
        yield from part.tensors.values() if part is not None else ()
    for adapter in published.adapters:
        yield from adapter.replaced.values()
        for pair in adapter.pairs.values():
            yield from (pair.down, pair.up)
