"""VinDr-CXR as published (Nguyen et al., Scientific Data 9:429, 2022; https://physionet.org/content/vindr-cxr/1.0.0).

Quirks kept: DICOM files named ``.dicom``; three of the radiologists R1 to R17 per training image, each with boxes and
labels of their own; one row per box, ``No finding`` rows without coordinates; test tables made by consensus, without
``rad_id``; the last global label is ``Other diseases`` in the training table and ``Other disease`` in the test table.
"""

from pathlib import Path

import pydicom
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from carriers.pictures import grey, write_table

LOCAL = (
    "Aortic enlargement", "Atelectasis", "Calcification", "Cardiomegaly", "Clavicle fracture", "Consolidation",
    "Edema", "Emphysema", "Enlarged PA", "ILD", "Infiltration", "Lung Opacity", "Lung cavity", "Lung cyst",
    "Mediastinal shift", "Nodule/Mass", "Pleural effusion", "Pleural thickening", "Pneumothorax",
    "Pulmonary fibrosis", "Rib fracture", "Other lesion",
)  # fmt: skip
GLOBAL = ("COPD", "Lung tumor", "Pneumonia", "Tuberculosis")
BOX = ("x_min", "y_min", "x_max", "y_max")
ILL, WELL, TESTED = (
    "000434271f63a053c4128a0ba6352c7f",
    "00053190460d56c53cc3e57321387478",
    "002a34c58c5b758217ed1f584ccbcfe9",
)
TRAIN_BOXES = (  # two see the enlarged heart at about one place, one a nodule more, one nothing
    (ILL, "R10", "Cardiomegaly", 10, 12, 30, 22),
    (ILL, "R8", "Cardiomegaly", 11, 12, 30, 23),
    (ILL, "R8", "Nodule/Mass", 2, 3, 6, 8),
    (ILL, "R9", "No finding", "", "", "", ""),
    (WELL, "R1", "No finding", "", "", "", ""),
    (WELL, "R2", "No finding", "", "", "", ""),
    (WELL, "R3", "No finding", "", "", "", ""),
)
TEST_BOXES = ((TESTED, "Pleural effusion", 4, 14, 12, 22.5),)


def write_vindr_cxr(root: Path) -> None:
    """Write the folder."""
    for seed, (folder, name) in enumerate((("train", ILL), ("train", WELL), ("test", TESTED))):
        _write_dicom(root / folder / f"{name}.dicom", seed)
    annotations = root / "annotations"
    write_table(annotations / "annotations_train.csv", [("image_id", "rad_id", "class_name", *BOX), *TRAIN_BOXES])
    write_table(annotations / "annotations_test.csv", [("image_id", "class_name", *BOX), *TEST_BOXES])
    train = [("image_id", "rad_id", *LOCAL, *GLOBAL, "Other diseases", "No finding")]
    for image, reader in dict.fromkeys((row[0], row[1]) for row in TRAIN_BOXES):
        seen = {row[2] for row in TRAIN_BOXES if row[:2] == (image, reader)}
        train.append(
            (image, reader, *(int(name in seen) for name in (*LOCAL, *GLOBAL, "Other diseases", "No finding")))
        )
    write_table(annotations / "image_labels_train.csv", train)
    test = (TESTED, *(int(name == "Pleural effusion") for name in LOCAL), 0, 0, 1, 0, 0, 0)
    write_table(
        annotations / "image_labels_test.csv", [("image_id", *LOCAL, *GLOBAL, "Other disease", "No finding"), test]
    )


def _write_dicom(path: Path, seed: int) -> None:
    """Write a radiograph of 12 bits, bright air (MONOCHROME1) in every second one, as the set's files differ."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.1.1"  # digital X-ray, for presentation
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[str(seed)])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    file.SOPClassUID, file.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    file.Modality, file.PatientSex = "DX", "O"
    file.Rows, file.Columns, file.SamplesPerPixel = 24, 32, 1
    file.PhotometricInterpretation = "MONOCHROME1" if seed % 2 else "MONOCHROME2"
    file.BitsAllocated, file.BitsStored, file.HighBit, file.PixelRepresentation = 16, 12, 11, 0
    file.WindowCenter, file.WindowWidth = 2048, 4096
    file.PixelSpacing = [0.139, 0.139]
    file.PixelData = (grey(seed).astype("uint16") * 16).tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    pydicom.dcmwrite(path, file, enforce_file_format=True)
