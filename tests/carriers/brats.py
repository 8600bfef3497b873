"""BraTS as published: 2020 and 2021 (Baid et al., arXiv:2107.02314) and 2023 (https://www.synapse.org/brats2023).

Quirks kept: every volume has the name of its folder; 2020 comes as .nii, 2021 as .nii.gz; the label map of
BraTS20_Training_355 is called W39_1998.09.19_Segm.nii; the enhancing tumour is 4 until 2021 and 3 since 2023, when
sequences got other names, too; a patient of 2023 may have several scans; validation cases have no label map; the first
stored axis runs to the patient's left (LPS affine).
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from carriers.volumes import write_nifti

SHAPE = (24, 20, 16)
CORE, OEDEMA = 1, 2


def tumour(enhancing: int) -> NDArray[np.uint8]:
    """Return a label map [to the right, to the front, to the head] with a tumour in the left half, slices 5 to 11."""
    labels = np.zeros(SHAPE, dtype=np.uint8)
    labels[3:10, 5:15, 5:12] = OEDEMA
    labels[5:9, 7:13, 6:11] = enhancing
    labels[6:8, 8:12, 7:10] = CORE
    return labels


def brain(seed: int) -> NDArray[np.int16]:
    """Return a brain without its skull: zero around it."""
    values = np.zeros(SHAPE, dtype=np.int16)
    values[2:-2, 2:-2, 1:-1] = np.random.default_rng(seed).integers(200, 900, (20, 16, 14))
    return values


def write_brats_2021(root: Path) -> None:
    """Write a case of 2020, the one with the odd name, one of 2021 and one without a label map."""
    for case, suffix, mask in (
        ("BraTS20_Training_001", ".nii", "BraTS20_Training_001_seg"),
        ("BraTS20_Training_355", ".nii", "W39_1998.09.19_Segm"),
        ("BraTS2021_00002", ".nii.gz", "BraTS2021_00002_seg"),
        ("BraTS20_Validation_001", ".nii", ""),
    ):
        for seed, sequence in enumerate(("flair", "t1", "t1ce", "t2")):
            write_nifti(root / case / f"{case}_{sequence}{suffix}", brain(seed), axes="LPS", spacing_mm=(1, 1, 1))
        if mask:
            write_nifti(root / case / f"{mask}{suffix}", tumour(4), axes="LPS", spacing_mm=(1, 1, 1))


def write_brats_2023(root: Path) -> None:
    """Write two scans of one patient."""
    for case in ("BraTS-GLI-00008-000", "BraTS-GLI-00008-001"):
        for seed, sequence in enumerate(("t1n", "t1c", "t2w", "t2f")):
            path = root / case / f"{case}-{sequence}.nii.gz"
            write_nifti(path, brain(seed), axes="LPS", spacing_mm=(1, 1, 1))
        write_nifti(root / case / f"{case}-seg.nii.gz", tumour(3), axes="LPS", spacing_mm=(1, 1, 1))
