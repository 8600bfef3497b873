"""CheXpert as published (Irvin et al., AAAI 2019; https://stanfordmlgroup.github.io/competitions/chexpert).

Quirks kept: ``Path`` begins with the folder of the release (``CheXpert-v1.0-small/`` or ``CheXpert-v1.0/``), in which
the tables themselves lie; values 1.0 (present), 0.0 (absent), -1.0 (uncertain) and blank (not mentioned, hence not
known); ``AP/PA`` is blank on lateral views; one study has several views; ``valid.csv`` has neither blanks nor -1.
"""

from pathlib import Path

from carriers.pictures import grey, write_picture, write_table

OBSERVATIONS = (
    "No Finding", "Enlarged Cardiomediastinum", "Cardiomegaly", "Lung Opacity", "Lung Lesion", "Edema",
    "Consolidation", "Pneumonia", "Atelectasis", "Pneumothorax", "Pleural Effusion", "Pleural Other", "Fracture",
    "Support Devices",
)  # fmt: skip
HEADER = ("Path", "Sex", "Age", "Frontal/Lateral", "AP/PA", *OBSERVATIONS)
TRAIN = (
    ("train/patient00001/study1/view1_frontal.jpg", "Female", 68, "Frontal", "AP", {"No Finding": 1.0}),
    ("train/patient00002/study2/view1_frontal.jpg", "Female", 87, "Frontal", "AP",
     {"Enlarged Cardiomediastinum": -1.0, "Lung Opacity": 1.0, "Edema": -1.0, "Pneumothorax": 0.0}),
    ("train/patient00002/study2/view2_lateral.jpg", "Female", 87, "Lateral", "",
     {"Enlarged Cardiomediastinum": -1.0, "Lung Opacity": 1.0, "Edema": -1.0, "Pneumothorax": 0.0}),
)  # fmt: skip
VALID = (
    ("valid/patient64541/study1/view1_frontal.jpg", "Male", 73, "Frontal", "AP",
     dict.fromkeys(OBSERVATIONS, 0.0) | {"Cardiomegaly": 1.0, "Enlarged Cardiomediastinum": 1.0}),
)  # fmt: skip


def write_chexpert(root: Path, release: str = "CheXpert-v1.0-small", *, missing: str = "") -> None:
    """Write the folder of a release; ``missing`` leaves one column out of the tables."""
    header = [name for name in HEADER if name != missing]
    for table, rows in (("train.csv", TRAIN), ("valid.csv", VALID)):
        lines: list[list[object]] = [list(header)]
        for path, sex, age, direction, projection, values in rows:
            known = {"Path": f"{release}/{path}", "Sex": sex, "Age": age, "Frontal/Lateral": direction} | {
                "AP/PA": projection,
                **values,
            }
            lines.append([known.get(name, "") for name in header])
            write_picture(root / path, grey(len(path) + age))
        write_table(root / table, lines)
