"""KiTS, LiTS, MSD and AMOS as published.

KiTS: https://github.com/neheller/kits19 (shape: slices, rows, columns; from head to feet). LiTS: Bilic et al., Medical
Image Analysis 84:102680 (2023). MSD: Antonelli et al., Nature Communications 13:4128 (2022); the archives hold hidden
"._" files, as macOS writes them. AMOS: Ji et al., arXiv:2206.08023; its dataset.json writes "arota".
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from carriers.volumes import write_nifti

SHAPE = (20, 18, 24)
LEFT, RIGHT = slice(2, 7), slice(13, 18)  # along the first axis, which runs to the patient's right
AMOS_LABELS = [
    "background",
    "spleen",
    "right kidney",
    "left kidney",
    "gall bladder",
    "esophagus",
    "liver",
    "stomach",
    "arota",
    "postcava",
    "pancreas",
    "right adrenal gland",
    "left adrenal gland",
    "duodenum",
    "bladder",
    "prostate/uterus",
]


def body(seed: int = 0) -> NDArray[np.int16]:
    """Return Hounsfield units [to the right, to the front, to the head]: a body in air."""
    values = np.full(SHAPE, -1000, dtype=np.int16)
    values[1:-1, 1:-1] = np.random.default_rng(seed).integers(0, 100, (18, 16, 24))
    return values


def labels(*parts: tuple[int, tuple[slice, slice, slice]]) -> NDArray[np.uint8]:
    """Return a label map; later parts lie over earlier ones."""
    values = np.zeros(SHAPE, dtype=np.uint8)
    for value, place in parts:
        values[place] = value
    return values


def write_kits(root: Path) -> None:
    """Write a case with a tumour and a cyst in the left kidney, a case of 2019 without, and a test case."""
    left, right = (LEFT, slice(4, 10), slice(4, 20)), (RIGHT, slice(4, 10), slice(4, 20))
    tumour, cyst = (slice(3, 6), slice(5, 8), slice(14, 18)), (slice(3, 5), slice(5, 7), slice(6, 8))
    masks = (labels((1, left), (1, right), (2, tumour), (3, cyst)), labels((1, left), (1, right)), None)
    for number, mask in enumerate(masks):
        folder = root / f"case_{number:05d}"
        write_nifti(folder / "imaging.nii.gz", body().astype(np.float32), axes="IPL", spacing_mm=(0.8, 0.8, 3))
        if mask is not None:
            write_nifti(folder / "segmentation.nii.gz", mask, axes="IPL", spacing_mm=(0.8, 0.8, 3))


def write_lits(root: Path) -> None:
    """Write one volume of each batch, two tumours in the first, and a test volume."""
    liver = (slice(8, 18), slice(3, 15), slice(6, 20))
    first = (slice(14, 17), slice(4, 7), slice(8, 12)), (slice(10, 12), slice(10, 12), slice(16, 18))
    for folder, number, parts in (("Training Batch 1", 0, first), ("Training Batch 2", 28, ())):
        mask = labels((1, liver), *((2, place) for place in parts))
        write_nifti(root / folder / f"volume-{number}.nii", body(), spacing_mm=(0.7, 0.7, 5))
        write_nifti(root / folder / f"segmentation-{number}.nii", mask, spacing_mm=(0.7, 0.7, 5))
    write_nifti(root / "test/test-volume-0.nii", body())


def write_task(root: Path, name: str, values: NDArray[Any], mask: NDArray[Any], names: tuple[str, ...]) -> None:
    """Write a task of the Decathlon with one case, a hidden file beside its label map, and a test image."""
    case = name.split("_")[1].lower() + "_1"
    write_nifti(root / name / f"imagesTr/{case}.nii.gz", values)
    write_nifti(root / name / f"labelsTr/{case}.nii.gz", mask)
    write_nifti(root / name / f"imagesTs/{case[:-1]}2.nii.gz", values)
    (root / name / f"labelsTr/._{case}.nii.gz").write_bytes(b"\0\5\x16\7Mac OS X")
    told = {str(value): text for value, text in enumerate(("background", *names))}
    content = {"name": name, "labels": told, "training": [{"image": f"./imagesTr/{case}.nii.gz"}]}
    (root / name / "dataset.json").write_text(json.dumps(content))


def write_msd(root: Path) -> None:
    """Write three tasks: four sequences in one file, a lesion in an organ, and a lesion of the same name elsewhere."""
    place = (slice(4, 16), slice(4, 14), slice(6, 18))
    inner, core = (slice(6, 10), slice(6, 10), slice(9, 14)), (slice(7, 9), slice(7, 9), slice(10, 12))
    sequences = np.stack([body(seed) + 2000 * seed for seed in range(4)], axis=-1)
    names = ("edema", "non-enhancing tumor", "enhancing tumour")
    write_task(root, "Task01_BrainTumour", sequences, labels((1, place), (2, inner), (3, core)), names)
    write_task(root, "Task03_Liver", body(), labels((1, place), (2, inner)), ("liver", "cancer"))
    write_task(root, "Task06_Lung", body(), labels((1, inner)), ("cancer",))


def write_amos(root: Path) -> None:
    """Write a CT and an MR for training, a CT for validation, and a test image."""
    organs = [(6, (RIGHT, slice(4, 14), slice(8, 20))), (8, (slice(9, 11), slice(3, 5), slice(2, 22))),
              (3, (LEFT, slice(4, 8), slice(6, 14))), (2, (RIGHT, slice(2, 4), slice(6, 14)))]  # fmt: skip
    for part, case in (("Tr", "0001"), ("Tr", "0507"), ("Va", "0008")):
        write_nifti(root / f"images{part}/amos_{case}.nii.gz", body(), spacing_mm=(0.7, 0.7, 5))
        write_nifti(root / f"labels{part}/amos_{case}.nii.gz", labels(*organs), spacing_mm=(0.7, 0.7, 5))
    write_nifti(root / "imagesTs/amos_0009.nii.gz", body())
    content = {"labels": {str(value): name for value, name in enumerate(AMOS_LABELS)}, "modality": {"0": "CT"}}
    (root / "dataset.json").write_text(json.dumps(content))
