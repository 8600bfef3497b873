"""MedMNIST as published: one npz file per set (Yang et al., Scientific Data 10:41, 2023, https://medmnist.com).

Each file holds ``{train,val,test}_images`` (uint8 [N, 28, 28], [N, 28, 28, 3] or [N, 28, 28, 28]; 64, 128 and 224 in
files such as ``pathmnist_224.npz``) and ``{train,val,test}_labels`` (uint8 [N, 1]; ChestMNIST has [N, 14], one column
per finding). What a number means stands in ``INFO`` of the publisher's package alone (medmnist/info.py).
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

SPLITS = ("train", "val", "test")


def write_medmnist(
    root: Path, name: str, labels: Mapping[str, object], *, shape: tuple[int, ...] = (28, 28), drop: str = ""
) -> None:
    """Write ``{name}.npz``: labels are [N] numbers or [N, findings] flags; ``drop`` leaves a key out."""
    arrays: dict[str, np.ndarray] = {}
    for seed, split in enumerate(SPLITS):
        values = np.atleast_1d(np.asarray(labels[split], np.uint8))
        values = values[:, None] if values.ndim == 1 else values
        rng = np.random.default_rng(seed)
        arrays[f"{split}_images"] = rng.integers(0, 256, (len(values), *shape), dtype=np.uint8)
        arrays[f"{split}_labels"] = values
    arrays.pop(drop, None)
    root.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(root / f"{name}.npz", **arrays)
