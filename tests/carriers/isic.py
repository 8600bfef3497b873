"""ISIC challenges 2018 (task 3) and 2019 as published (https://challenge.isic-archive.com/data), and the archive's own
table (https://www.isic-archive.com, ``metadata.csv`` of a download).

Quirks kept: one column per class with 1.0 or 0.0; ``AKIEC`` of 2018 is ``AK`` and ``SCC`` in 2019; ``UNK`` only in the
test set of 2019; lesions told for some images only; names with ``_downsampled``; licences by image in the archive.
"""

from pathlib import Path

from carriers.pictures import colour, write_picture, write_table

CLASSES_2018 = ("MEL", "NV", "BCC", "AKIEC", "BKL", "DF", "VASC")
CLASSES_2019 = ("MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC", "UNK")


def write_isic_2018(root: Path) -> None:
    """Write the folders of task 3 with two training images of one lesion, one validation and one test image."""
    parts = {
        "Training": (("ISIC_0024306", "NV"), ("ISIC_0024307", "NV"), ("ISIC_0024313", "MEL")),
        "Validation": (("ISIC_0034321", "AKIEC"),),
        "Test": (("ISIC_0034524", "BKL"),),
    }
    for part, images in parts.items():
        truth = f"ISIC2018_Task3_{part}_GroundTruth"
        write_table(root / truth / f"{truth}.csv", [("image", *CLASSES_2018), *_one_hot(images, CLASSES_2018)])
        for name, _ in images:
            write_picture(root / f"ISIC2018_Task3_{part}_Input" / f"{name}.jpg", colour(int(name[-4:])))
    write_table(
        root / "ISIC2018_Task3_Training_LesionGroupings.csv",
        [
            ("image", "lesion_id", "diagnosis_confirm_type"),
            ("ISIC_0024306", "HAM_0000550", "serial imaging showing no change"),
            ("ISIC_0024307", "HAM_0000550", "serial imaging showing no change"),
            ("ISIC_0024313", "HAM_0003402", "histopathology"),
        ],
    )


def write_isic_2019(root: Path) -> None:
    """Write the folders of 2019; one training image has no lesion."""
    train = (("ISIC_0000000", "NV"), ("ISIC_0000001_downsampled", "MEL"), ("ISIC_0053453", "SCC"))
    test = (("ISIC_0034321", "UNK"), ("ISIC_0034322", "AK"))
    lesions = {"ISIC_0053453": "BCN_0002343", "ISIC_0000001_downsampled": "MSK4_0011169"}
    write_table(root / "ISIC_2019_Training_GroundTruth.csv", [("image", *CLASSES_2019), *_one_hot(train, CLASSES_2019)])
    write_table(
        root / "ISIC_2019_Training_Metadata.csv",
        [
            ("image", "age_approx", "anatom_site_general", "lesion_id", "sex"),
            *((name, 55.0, "anterior torso", lesions.get(name, ""), "female") for name, _ in train),
        ],
    )
    write_table(root / "ISIC_2019_Test_GroundTruth.csv", [("image", *CLASSES_2019), *_one_hot(test, CLASSES_2019)])
    for folder, images in (("ISIC_2019_Training_Input", train), ("ISIC_2019_Test_Input", test)):
        for seed, (name, _) in enumerate(images):
            write_picture(root / folder / f"{name}.jpg", colour(seed + len(folder)))


def write_isic_archive(root: Path) -> None:
    """Write a download of the archive: ``metadata.csv`` and the images beside it."""
    rows = (
        ("ISIC_0052212", "ISIC Archive", "CC-0", "IP_0000001", "Benign", "Nevus"),
        ("ISIC_0068279", "Hospital Clinic de Barcelona", "CC-BY-NC", "IP_0000002", "Malignant", "Melanoma, NOS"),
        ("ISIC_0074542", "Memorial Sloan Kettering Cancer Center", "CC-BY", "IP_0000002", "Benign", "Nevus"),
    )
    header = ("isic_id", "attribution", "copyright_license", "patient_id", "diagnosis_1", "diagnosis_3")
    write_table(root / "metadata.csv", [header, *rows])
    for seed, row in enumerate(rows):
        write_picture(root / f"{row[0]}.jpg", colour(seed))


def _one_hot(images: tuple[tuple[str, str], ...], classes: tuple[str, ...]) -> list[tuple[object, ...]]:
    return [(name, *(float(each == label) for each in classes)) for name, label in images]
