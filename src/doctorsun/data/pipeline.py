"""Source settings to stores: every item once, in order, resumable."""

import json
import shutil
from collections.abc import Callable, Iterable
from contextlib import closing
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from doctorsun.config.data import PhantomSource, PhantomTextSource, ShapesSource, SourceSection, Split, VqaRadSource
from doctorsun.data.readers.item import Dropped, Reader
from doctorsun.data.readers.phantom import DrawnReader, phantom_item, phantom_text_item, shapes_item
from doctorsun.data.readers.vqa_rad import VqaRadReader
from doctorsun.data.workers import MadeItem, made_items
from doctorsun.errors import DataError
from doctorsun.storage.inputs import inputs_sha256_of
from doctorsun.storage.store import Store, StoreWriter, store_is_complete, store_steps

Progress = Callable[[int, int | None], None]
GeneratedSource = PhantomSource | PhantomTextSource | ShapesSource


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
    if store_is_complete(folder):
        return Store(folder)
    reader, total = _open(section, split, seed)
    return read_into(
        folder,
        reader,
        name=f"{name}/{split}",
        step=step,
        compared=False,
        on_progress=lambda done, _: on_progress(done, total),
    )


def read_into(
    folder: Path,
    reader: Reader[Any],
    *,
    name: str,
    step: dict[str, Any],
    workers: int = 1,
    compared: bool = True,
    on_progress: Progress,
) -> Store:
    """Make a store of everything that a reader reads, or go on where a killed run stopped.

    Args:
        folder: where the store goes.
        reader: the opened source.
        name: of the store.
        step: what the store depends on: the source and its settings.
        workers: processes that make items; the store is the same whatever their number.
        compared: note what the source lists, and refuse to go on, or to call a store complete, where that has changed.
        on_progress: called with items done and None.

    Raises:
        DataError: the source cannot be read, or the folder holds another store, or one of other inputs.
        MachineError: a worker process was killed, or the disk is full; complete shards stay.
    """
    if store_is_complete(folder):
        if store_steps(folder) == (json.loads(json.dumps(step)),):
            store = Store(folder)
            if compared and store.manifest.inputs_sha256:
                found = inputs_sha256_of(reader.pending())
                _compare(folder, found, store.manifest.inputs_sha256, "was made from other inputs")
            return store
        raise DataError(
            f"{folder} is the complete store of another source, or of other settings",
            got=f"the name '{Store(folder).manifest.name}'",
            expected="a new folder",
            do="name another one, or remove it to write it again",
        )
    with StoreWriter(folder, name=name, step=step) as writer:
        pending = reader.pending()
        found = inputs_sha256_of(islice(pending, writer.num_items_done))
        _compare(folder, found, writer.inputs_sha256, "was begun from other inputs")
        with closing(made_items(reader, pending, workers)) as items:
            _write(writer, items, compared=compared, on_progress=on_progress)
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


def _write(writer: StoreWriter, items: Iterable[MadeItem], *, compared: bool, on_progress: Progress) -> None:
    for count, item in enumerate(items, start=writer.num_items_done + 1):
        made_from = item.made_from if compared else None
        if isinstance(item.rows, Dropped):
            writer.drop(item.rows.original_id, item.rows.reason, item.rows.detail, made_from)
        else:
            writer.add_rows(item.rows, made_from)
        on_progress(count, None)


def _compare(folder: Path, found: str, made: str, what: str) -> None:
    """Refuse to go on where the inputs are not those that a store was made from.

    Raises:
        DataError: they are others.
    """
    if made and found != made:
        raise DataError(
            f"{folder} {what}",
            got=f"source items that differ (hash {made[:12]} then, {found[:12] or 'none'} now)",
            expected="the records, rows and file names that it was made from",
            do="choose another --out, or remove the folder to read the source as it is now",
        )


def _open(section: GeneratedSource | VqaRadSource, split: Split, seed: int) -> tuple[Reader[Any], int | None]:
    """Return the reader of one split of a source, and the number of its items where it is known."""
    match section:
        case PhantomSource():
            draw = partial(phantom_item, seed, split, modalities=section.modalities)
            return DrawnReader(draw, section.num_images[split]), section.num_images[split]
        case ShapesSource():
            return DrawnReader(partial(shapes_item, seed, split), section.num_images[split]), section.num_images[split]
        case PhantomTextSource():
            num = section.num_documents[split]
            return DrawnReader(partial(phantom_text_item, seed, split), num), num
        case VqaRadSource():
            return VqaRadReader(Path(section.root or "."), split), None
