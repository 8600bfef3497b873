"""Exporting a store: the formats, and the folder that is complete or not there."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from doctorsun.config.suggest import did_you_mean
from doctorsun.data.export.hugging_face import HuggingFaceWriter
from doctorsun.data.export.llava import LlavaWriter
from doctorsun.data.export.messages import MessagesWriter
from doctorsun.data.export.webdataset import WebDatasetWriter
from doctorsun.data.export.writer import ExportFormat
from doctorsun.errors import DataError, RecipeError
from doctorsun.schema import Sample
from doctorsun.storage.atomic import atomic_folder, write_text
from doctorsun.storage.store import Store

EXPORT_FORMATS = (
    ExportFormat(
        "hf", "Hugging Face dataset: Parquet files with their features, and a card", HuggingFaceWriter, has_readme=True
    ),
    ExportFormat("llava", "LLaVA: JSON of conversations, and a folder of images", LlavaWriter),
    ExportFormat("messages", "OpenAI messages: JSON Lines of typed parts, and a folder of images", MessagesWriter),
    ExportFormat("webdataset", "WebDataset: tar archives of about 1 GB", WebDatasetWriter),
)


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export holds.

    Attributes:
        num_samples: per split.
        num_references: samples of which an image is a reference only.
    """

    num_samples: dict[str, int]
    num_references: int


def export_format(name: str) -> ExportFormat:
    """Return the format of a name.

    Raises:
        RecipeError: there is no such format.
    """
    for each in EXPORT_FORMATS:
        if each.name == name:
            return each
    known = [each.name for each in EXPORT_FORMATS]
    raise RecipeError(
        "export format", got=f"'{name}'", expected=f"one of {', '.join(known)}", do=did_you_mean(name, known)
    )


def export_store(
    store: Store,
    chosen: ExportFormat,
    out: Path,
    *,
    split: str | None = None,
    readme: Callable[[Mapping[str, int]], str] | None = None,
    on_progress: Callable[[int, int], None],
) -> Exported:
    """Write the samples of a store, in its order, each split into files of its own.

    Args:
        store: what is exported.
        chosen: the format.
        out: the new folder; it takes its name once everything is written.
        split: the only one that is exported; all when None.
        readme: writes the README of a format that has one, from the number of samples of each split.
        on_progress: called with samples done and samples in all.

    Raises:
        DataError: there is no sample to export, one is not sound, ``out`` is there already, or the store is damaged.
        MachineError: the disk is full; nothing is left at ``out``.
    """
    rows = _rows(store, split)
    num_samples: Counter[str] = Counter()
    num_references = 0
    with atomic_folder(out) as folder, ExitStack() as files:
        writer = chosen.open(folder, files)
        for done, row in enumerate(rows, start=1):
            sample = store[row]
            _check_marks(sample)
            writer.add(sample)
            num_samples[sample.source.split] += 1
            num_references += any(image.bytes is None for image in sample.images)
            on_progress(done, len(rows))
        writer.finish()
        if readme is not None and chosen.has_readme:
            write_text(folder / "README.md", readme(dict(sorted(num_samples.items()))))
    return Exported(dict(sorted(num_samples.items())), num_references)


def _rows(store: Store, split: str | None) -> Sequence[int]:
    """Return the positions of the samples to export."""
    if split is None:
        rows: Sequence[int] = range(len(store))
    else:
        rows = [row for row, name in enumerate(store.column("source.split")) if name == split]
    if not rows:
        there = ", ".join(f"{number} {name}" for name, number in store.counts("split").items())
        raise DataError(
            f"{store.folder} has nothing to export",
            got=f"the splits {there}" if there else "no samples",
            expected=f"samples of the split '{split}'" if split else "at least one sample",
            do="choose another --split, or leave it out for all" if split and there else "choose another store",
        )
    return rows


def _check_marks(sample: Sample) -> None:
    num_marks = sum(turn.num_images for turn in sample.messages)
    if num_marks != len(sample.images):
        raise DataError(
            f"sample {sample.id}",
            got=f"{len(sample.images)} images, {num_marks} places for them in its messages",
            expected="equal numbers",
            do="mend what made the sample, and make the store again",
        )
