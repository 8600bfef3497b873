"""Source settings to stores: every item once, in order, resumable."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from doctorsun.config.data import PhantomSource, PhantomTextSource, ShapesSource, SourceSection, Split, VqaRadSource
from doctorsun.data.readers.item import Dropped, Item
from doctorsun.data.readers.phantom import phantom_item, phantom_text_item, shapes_item
from doctorsun.data.readers.vqa_rad import read_vqa_rad
from doctorsun.schema import Sample
from doctorsun.storage.store import Store, StoreWriter, store_is_complete, store_steps

Progress = Callable[[int, int | None], None]
GeneratedSource = PhantomSource | PhantomTextSource | ShapesSource
ItemMaker = Callable[[int], Sequence[Sample]]


def splits_of(section: SourceSection) -> tuple[Split, ...]:
    """Return the splits that a source has."""
    match section:
        case PhantomSource() | ShapesSource():
            return tuple(section.num_images)
        case PhantomTextSource():
            return tuple(section.num_documents)
        case VqaRadSource():
            return ("train", "validation", "test")
        case _:
            return tuple(section.splits)


def build_store(
    name: str,
    section: GeneratedSource | VqaRadSource,
    split: Split,
    folder: Path,
    *,
    seed: int,
    on_progress: Progress,
) -> Store:
    """Make the store of one split of one source, or go on where a killed run stopped; one of other settings goes.

    Args:
        name: the source's name.
        section: its settings.
        split: which of its splits.
        folder: where the store goes.
        seed: of generated sources; an item depends on seed, split and its number alone.
        on_progress: called with items done and, where it is known, items in all.

    Raises:
        DataError: the raw files cannot be read.
    """
    step = _step(section, split, seed)
    if _steps_in(folder) not in ((), (step,)):
        shutil.rmtree(folder)
    if not store_is_complete(folder):
        with StoreWriter(folder, name=f"{name}/{split}", step=step) as writer:
            if isinstance(section, VqaRadSource):
                _write_read(writer, read_vqa_rad(Path(section.root or "."), split), on_progress)
            else:
                make, total = _item_maker(section, split, seed)
                _write_made(writer, make, total, on_progress)
    return Store(folder)


def is_made(section: GeneratedSource | VqaRadSource, split: Split, folder: Path, *, seed: int) -> bool:
    """Tell whether the store of a split is complete and was made with these settings.

    Raises:
        DataError: its manifest is damaged.
    """
    return store_is_complete(folder) and _steps_in(folder) == (_step(section, split, seed),)


def _step(section: GeneratedSource | VqaRadSource, split: Split, seed: int) -> dict[str, Any]:
    """Return what the store of one split depends on; the sizes of other splits are none of it."""
    return _of_split({"step": "read", **section.model_dump(mode="json"), "split": split, "seed": seed})


def _steps_in(folder: Path) -> tuple[dict[str, Any], ...]:
    return tuple(_of_split(step) for step in store_steps(folder))


def _of_split(step: dict[str, Any]) -> dict[str, Any]:
    split = step.get("split")
    sizes = {key: {split: step[key][split]} for key in ("num_images", "num_documents") if key in step}
    return step | sizes


def _write_read(writer: StoreWriter, items: Iterator[Item], on_progress: Progress) -> None:
    done = writer.num_items_done
    for count, item in enumerate(islice(items, done, None), start=done + 1):
        if isinstance(item, Dropped):
            writer.drop(item.original_id, item.reason, item.detail)
        else:
            writer.add(item)
        on_progress(count, None)


def _write_made(writer: StoreWriter, make: ItemMaker, total: int, on_progress: Progress) -> None:
    # One process: an item is made in about the time that its samples take to travel between two.
    for number in range(writer.num_items_done, total):
        writer.add(make(number))
        on_progress(number + 1, total)


def _item_maker(section: GeneratedSource, split: Split, seed: int) -> tuple[ItemMaker, int]:
    """Return what makes an item from its number, and how many there are."""
    match section:
        case PhantomSource():
            modalities = section.modalities
            return lambda number: phantom_item(seed, split, number, modalities), section.num_images[split]
        case ShapesSource():
            return lambda number: shapes_item(seed, split, number), section.num_images[split]
        case PhantomTextSource():
            return lambda number: phantom_text_item(seed, split, number), section.num_documents[split]
