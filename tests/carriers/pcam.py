"""PatchCamelyon as published (Veeling et al., MICCAI 2018; https://github.com/basveeling/pcam).

Quirks kept: ``x`` uint8 [N, 96, 96, 3] and ``y`` uint8 [N, 1, 1, 1] in files of their own; the validation split is
named valid; the slide of each patch stands in a table in the order of the patches.
"""

from pathlib import Path

import h5py
import numpy as np

from carriers.pictures import write_table

LABELS = {"train": (1, 0, 1), "valid": (0,), "test": (1, 0)}
SLIDES = {"train": ("tumor_002", "normal_033", "tumor_002"), "valid": ("normal_101",), "test": ("001", "001")}


def write_pcam(root: Path) -> None:
    """Write the folder."""
    root.mkdir(parents=True, exist_ok=True)
    for seed, (split, labels) in enumerate(LABELS.items()):
        stem = f"camelyonpatch_level_2_split_{split}"
        patches = np.random.default_rng(seed).integers(0, 256, (len(labels), 96, 96, 3), dtype=np.uint8)
        with h5py.File(root / f"{stem}_x.h5", "w") as file:
            file.create_dataset("x", data=patches, chunks=(1, 96, 96, 3))
        with h5py.File(root / f"{stem}_y.h5", "w") as file:
            file.create_dataset("y", data=np.array(labels, np.uint8).reshape(-1, 1, 1, 1))
        part = "test" if split == "test" else "train"
        header = ("", "coord_y", "coord_x", "tumor_patch", "center_tumor_patch", "wsi")
        rows = (
            (number, 1000, 2000, bool(label), bool(label), f"camelyon16_{part}_{slide}")
            for number, (label, slide) in enumerate(zip(labels, SLIDES[split], strict=True))
        )
        write_table(root / f"{stem}_meta.csv", [header, *rows])
