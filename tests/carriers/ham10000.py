"""HAM10000 as published (Tschandl et al., Scientific Data 5:180161, 2018; https://doi.org/10.7910/DVN/DBW86T).

Quirks kept: two folders of images; several images of one lesion; an age that is not known; lesion masks as PNG in a
folder of their own, a file per image.
"""

from pathlib import Path

from carriers.pictures import boxes_mask, colour, write_picture, write_table

HEADER = ("lesion_id", "image_id", "dx", "dx_type", "age", "sex", "localization")
ROWS = (
    ("HAM_0000118", "ISIC_0027419", "bkl", "histo", "80.0", "male", "scalp"),
    ("HAM_0000118", "ISIC_0025030", "bkl", "histo", "80.0", "male", "scalp"),
    ("HAM_0003871", "ISIC_0024306", "nv", "follow_up", "", "unknown", "back"),
    ("HAM_0000871", "ISIC_0031633", "mel", "histo", "75.0", "female", "ear"),
)
SECOND_FOLDER = ("ISIC_0031633",)
LESION = (8, 6, 20, 18)


def write_ham10000(root: Path, rows: tuple[tuple[str, ...], ...] = ROWS, header: tuple[str, ...] = HEADER) -> None:
    """Write the folder with the masks of the lesions."""
    write_table(root / "HAM10000_metadata.csv", [header, *rows])
    for seed, row in enumerate(ROWS):
        folder = "HAM10000_images_part_2" if row[1] in SECOND_FOLDER else "HAM10000_images_part_1"
        write_picture(root / folder / f"{row[1]}.jpg", colour(seed))
        masks = root / "HAM10000_segmentations_lesion_tschandl"
        write_picture(masks / f"{row[1]}_segmentation.png", boxes_mask([LESION]))
