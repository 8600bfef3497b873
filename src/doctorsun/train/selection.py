"""Which samples of a store a mixture entry takes: by question, language, domain and data set; and how often."""

import hashlib
import math
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Int64

from doctorsun.storage.store import Store


def select_rows(
    store: Store,
    *,
    tasks: Sequence[str] | None = None,
    languages: Sequence[str] | None = None,
    domains: Sequence[str] | None = None,
    datasets: Sequence[str] | Mapping[str, float] | None = None,
    has_pairs: bool = False,
) -> Int64[np.ndarray, " rows"]:
    """Return the positions of the samples that are wanted in every respect; None wants all.

    Args:
        store: the samples.
        tasks: families of questions.
        languages: of the words.
        domains: medical or general.
        datasets: by their names.
        has_pairs: only those with rejected replies.
    """
    keep = np.ones(len(store), dtype=bool)
    if tasks is not None:
        keep &= np.array([task.partition(":")[0] in tasks for task in store.column("task")], dtype=bool)
    for name, wanted in (("language", languages), ("domain", domains), ("source.dataset", datasets)):
        if wanted is not None:
            keep &= np.array([value in wanted for value in store.column(name)], dtype=bool)
    if has_pairs:
        keep &= np.array([bool(rejected) for rejected in store.column("rejected")], dtype=bool)
    return np.flatnonzero(keep)


def image_keys(store: Store) -> list[str]:
    """Return for each sample what those about one image share: the hash of the first, or what the row alone has."""
    return [hashes[0] if hashes else f"row {row}" for row, hashes in enumerate(store.column("images.sha256"))]


def repeat_datasets(
    store: Store, rows: Int64[np.ndarray, " rows"], keys: Sequence[str], ratios: Mapping[str, float]
) -> tuple[Int64[np.ndarray, " taken"], Int64[np.ndarray, " taken"]]:
    """Take each data set as often as its ratio says: 2 is every sample twice, 0.05 is 5 % of them.

    A fraction takes the images whose hashes come first, whatever seed, order and epoch are, with as many of their
    questions as make the number exact; it is at least one sample, except of ratio 0.

    Args:
        store: what the rows are positions in.
        rows: the selected samples.
        keys: of all samples of the store, by `image_keys`.
        ratios: of every data set among the rows.

    Returns:
        Positions in the store, and for each which repetition it is, from 0.
    """
    names = store.column("source.dataset")
    taken: list[Int64[np.ndarray, " part"]] = []
    repetitions: list[Int64[np.ndarray, " part"]] = []
    for name, ratio in ratios.items():
        own = [int(row) for row in rows if names[row] == name]
        ranked = sorted(own, key=lambda row: (hashlib.sha256(keys[row].encode()).digest(), row))
        number = max(1, math.floor(ratio * len(own) + 0.5)) if own and ratio else 0
        for repetition, start in enumerate(range(0, number, max(1, len(own)))):
            part = np.sort(np.array(ranked[: number - start], dtype=np.int64))
            taken.append(part)
            repetitions.append(np.full(len(part), repetition, dtype=np.int64))
    empty = np.empty(0, dtype=np.int64)
    return np.concatenate([empty, *taken]), np.concatenate([empty, *repetitions])
