"""The leak check: a store that one may learn from, searched for the questions and images of tests."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyarrow import compute

from doctorsun.config.load import SUFFIXES
from doctorsun.data.leak.found import FoundLeaks, LeakedTest
from doctorsun.data.leak.search import LeakSearch
from doctorsun.data.leak.store_rows import StoreRows, store_traces
from doctorsun.data.leak.tested import Tested
from doctorsun.data.leak.verdict import Verdict
from doctorsun.errors import DataError
from doctorsun.eval.tasks.load import task_named
from doctorsun.recipes.task_facts import split_asked
from doctorsun.recipes.task_store import read_questions
from doctorsun.storage.atomic import atomic_path, disk_errors, write_json
from doctorsun.storage.only_writer import one_writer
from doctorsun.storage.real_path import real_path
from doctorsun.storage.store import Store
from doctorsun.storage.store_folder import MANIFEST
from doctorsun.storage.store_part import StorePart

LEAKS, LEAK_ROWS = "leaks.json", "leaks.jsonl"

pc: Any = compute
"""Its functions are made when it is imported, where no type checker sees them."""

SearchProgress = Callable[[str, int, int], None]


def tested_sets(tests: Mapping[str, Path], cache: Path, tell: Callable[[str], None]) -> list[Tested]:
    """Return the tests that a store is searched for.

    Args:
        tests: a task, a page of one, or any name; and the task's files as users download them, or a store, of which
            ``test`` is taken where it has several splits.
        cache: keeps the stores that are read from files.
        tell: told what is read.

    Raises:
        RecipeError: there is no such task, and the folder is no store.
        DataError: there is nothing at a path, or the questions cannot be read.
    """
    return [_tested(name, path, cache, tell) for name, path in tests.items()]


def find_leaks(folder: Path, tests: Sequence[Tested], cache: Path, on_progress: SearchProgress) -> FoundLeaks:
    """Search a store for tests.

    What is learnt from is searched: samples marked ``test`` are passed over where the store has other splits. Memory
    does not grow with the store but by its leaks, and the traces of a store are made once.

    Args:
        folder: the store.
        tests: see `tested_sets`.
        cache: keeps traces by the store's hash.
        on_progress: told the store's name, samples searched and samples in all.

    Raises:
        DataError: there is no complete store, or it is damaged or empty.
    """
    store = Store(folder)
    if not len(store):
        raise DataError(
            f"nothing to search in {folder}", got="a store without samples", do="name a store that holds some"
        )
    is_searched = _is_searched(store)
    searches = [(LeakSearch(tested), Verdict(tested)) for tested in tests]
    with_looks = any(image.fingerprints for tested in tests for image in tested.images)
    first = 0
    for traces in store_traces(store, cache / "traces" / store.sha256, with_looks=with_looks):
        for search, verdict in searches:
            contacts = search.look_through(traces, StoreRows(store, first))
            verdict.add([each for each in contacts if is_searched[first + each.place]], first)
        first += len(traces)
        on_progress(folder.name, first, len(store))
    found = [LeakedTest(verdict.tested, list(verdict.leaks())) for _, verdict in searches]
    return FoundLeaks(store, int(is_searched.sum()), found)


def open_out(out: Path) -> None:
    """Make the folder of a report, before the search, which may be long.

    Raises:
        MachineError: the disk is full.
        DataError: the folder cannot be made.
    """
    with disk_errors(out):
        out.mkdir(parents=True, exist_ok=True)


def write_leaks(found: FoundLeaks, out: Path) -> None:
    """Write ``leaks.json``, the facts, and ``leaks.jsonl``, every sample that gives a question away.

    Raises:
        MachineError: the disk is full.
        DataError: the folder cannot be written.
    """
    write_json(out / LEAKS, found.facts())
    with atomic_path(out / LEAK_ROWS) as path, path.open("w", encoding="utf-8") as file:
        for row in found.rows():
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _tested(name: str, path: Path, cache: Path, tell: Callable[[str], None]) -> Tested:
    if (path / MANIFEST).is_file():
        title = task_named(name).name if name.endswith(SUFFIXES) else name
        return Tested(title, _test_part(Store(path)))
    if not path.exists():
        raise DataError(f"{path}", got="nothing there", expected="a file or a folder", do="check the path")
    task = task_named(name)
    place = hashlib.sha256(str(real_path(path)).encode()).hexdigest()[:16]
    folder = cache / "tests" / f"{task.name}-{place}"
    with one_writer(folder, "data leak"):
        store, _ = read_questions(task, path, folder, tell)
    kinds = Counter(kind for kind in store.column("answer.kind") if kind is not None)
    for line in task.differences(len(store), kinds, split_asked(store)):
        tell(line)
    return Tested(task.name, store)


def _test_part(store: Store) -> Store:
    """Return the samples that are asked, those too whose images are not here."""
    held = store.counts("split")
    if len(held) < 2 or "test" not in held:  # noqa: PLR2004 (several)
        return store
    rows = [row for row, split in enumerate(store.column("source.split")) if split == "test"]
    return StorePart(store.folder, "test", rows, 0)


def _is_searched(store: Store) -> NDArray[np.bool_]:
    if len(store.counts("split")) < 2:  # noqa: PLR2004 (several)
        return np.ones(len(store), dtype=bool)
    splits = [table.column("source").combine_chunks().field("split") for table in store.tables(["source.split"])]
    return np.concatenate([np.asarray(pc.not_equal(each, "test")) for each in splits])
