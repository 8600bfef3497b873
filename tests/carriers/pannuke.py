"""PanNuke as published (Gamper et al., arXiv 2003.10778; https://warwick.ac.uk/fac/cross_fac/tia/data/pannuke).

Quirks kept: folders with a space (``Fold 1``); images and masks as float64; masks [N, height, width, 6], the first
five channels one kind of nucleus each, their values the number of the nucleus (not 1), the sixth the background;
tissue names such as ``Bile-duct`` and ``HeadNeck`` in types.npy. The real pictures have 256 pixels a side.
"""

from pathlib import Path

import numpy as np

SIDE = 32
KINDS = ("Neoplastic", "Inflammatory", "Connective", "Dead", "Epithelial")
TYPES = ("Breast", "HeadNeck", "Bile-duct")


def write_pannuke(root: Path, folds: tuple[int, ...] = (1, 2, 3)) -> None:
    """Write folds of two pictures: two neoplastic nuclei and an inflammatory one; and a picture without any."""
    for fold in folds:
        images = np.random.default_rng(fold).integers(0, 256, (2, SIDE, SIDE, 3)).astype(np.float64)
        masks = np.zeros((2, SIDE, SIDE, 6), np.float64)
        masks[0, 4:10, 3:11, 0] = 7.0
        masks[0, 20:26, 20:28, 0] = 9.0
        masks[0, 10:14, 11:16, 1] = 12.0
        masks[..., 5] = ~masks[..., :5].any(axis=-1)
        name = f"fold{fold}"
        for folder, arrays in (
            ("images", {"images": images, "types": np.array([TYPES[fold - 1], "Breast"])}),
            ("masks", {"masks": masks}),
        ):
            place = root / f"Fold {fold}" / folder / name
            place.mkdir(parents=True)
            for key, array in arrays.items():
                np.save(place / f"{key}.npy", array)
