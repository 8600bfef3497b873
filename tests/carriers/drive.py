"""DRIVE as published (Staal et al., IEEE TMI 23(4), 2004; https://drive.grand-challenge.org).

Quirks kept: TIFF pictures, GIF masks, names that differ by folder (``21_training.tif``, ``21_manual1.gif``,
``21_training_mask.gif``); the test set has the mask of the field of view and no vessels.
"""

from pathlib import Path

from carriers.pictures import boxes_mask, colour, write_picture

VESSELS = ((4, 2, 6, 20), (6, 10, 28, 12))


def write_drive(root: Path) -> None:
    """Write the folder with two training pictures and one of the test set."""
    for name in ("21", "22"):
        folder = root / "training"
        write_picture(folder / "images" / f"{name}_training.tif", colour(int(name)))
        write_picture(folder / "1st_manual" / f"{name}_manual1.gif", boxes_mask(VESSELS))
        write_picture(folder / "mask" / f"{name}_training_mask.gif", boxes_mask([(1, 1, 31, 23)]))
    write_picture(root / "test" / "images" / "01_test.tif", colour(1))
    write_picture(root / "test" / "mask" / "01_test_mask.gif", boxes_mask([(1, 1, 31, 23)]))
