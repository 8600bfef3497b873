"""APTOS 2019 as published (https://www.kaggle.com/c/aptos2019-blindness-detection/data).

``train.csv`` has the grade of the international scale in ``diagnosis`` (0 no retinopathy, 1 mild, 2 moderate, 3 severe,
4 proliferative); ``test.csv`` has names alone; pictures of different sizes.
"""

from pathlib import Path

from carriers.pictures import colour, write_picture, write_table

GRADES = {"000c1434d8d7": 2, "001639a390f0": 4, "0024cdab0c1e": 1, "002c21358ce6": 0, "005b95c28852": 0}


def write_aptos(root: Path, grades: dict[str, int] = GRADES, *, column: str = "diagnosis") -> None:
    """Write the folder."""
    write_table(root / "train.csv", [("id_code", column), *grades.items()])
    write_table(root / "test.csv", [("id_code",), ("0005cfc8afb6",)])
    for seed, name in enumerate(grades):
        write_picture(root / "train_images" / f"{name}.png", colour(seed, 24 + seed, 32 + seed))
    write_picture(root / "test_images" / "0005cfc8afb6.png", colour(99))
