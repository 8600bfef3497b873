"""MIMIC-CXR-JPG with the reports of MIMIC-CXR, as published (https://physionet.org/content/mimic-cxr-jpg/2.1.0,
https://physionet.org/content/mimic-cxr/2.1.0; Johnson et al., Scientific Data 6:317, 2019).

Quirks kept: compressed tables; labels per study, split and view per image; a study without labels; splits named train,
validate and test; folders by the first two digits of the patient; reports beside the folder of their study, with
ragged spaces, ``___`` for what was removed, sections in capitals, some without FINDINGS.
"""

from pathlib import Path

from carriers.pictures import grey, write_picture, write_table

LABELS = (
    "Atelectasis", "Cardiomegaly", "Consolidation", "Edema", "Enlarged Cardiomediastinum", "Fracture", "Lung Lesion",
    "Lung Opacity", "No Finding", "Pleural Effusion", "Pleural Other", "Pneumonia", "Pneumothorax", "Support Devices",
)  # fmt: skip
IMAGES = (  # dicom_id, study_id, subject_id, split, view
    ("02aa804e-bde0afdd-112c0b34-7bc16630-4e384014", "50414267", "10000032", "train", "PA"),
    ("174413ec-4ec4c1f7-34ea26b7-c5f994f8-79ef1962", "50414267", "10000032", "train", "LATERAL"),
    ("2a2277a9-b0ded155-c0de8eb9-c124d10e-82c5caab", "53189527", "10000764", "validate", "AP"),
    ("e084de3b-be89b11e-20fe3f9f-9c8d8dfe-4cfd202c", "53911762", "10001884", "test", ""),
)
STUDIES = {
    "50414267": {"No Finding": 1.0},
    "53189527": {"Edema": 1.0, "Pneumonia": -1.0, "Pneumothorax": 0.0, "Support Devices": 1.0},
}
REPORTS = {
    "50414267": """\
                                 FINAL REPORT
 EXAMINATION:  CHEST (PA AND LAT)

 INDICATION:  ___F with new onset ascites  // eval for infection

 TECHNIQUE:  Chest PA and lateral

 COMPARISON:  None.

 FINDINGS:

 There is no focal consolidation, pleural effusion or pneumothorax.  Bilateral
 nodular opacities that most likely represent nipple shadows.

 IMPRESSION:

 No acute cardiopulmonary process.
""",
    "53189527": """\
                                 FINAL REPORT
 HISTORY:  ___-year-old male with hypoxia.

 IMPRESSION:

 Pulmonary edema.  No pneumothorax.
""",
}


def write_mimic_cxr(root: Path, *, missing: str = "") -> None:
    """Write the folder; ``missing`` leaves one column out of the label table."""
    names = [name for name in LABELS if name != missing]
    studies: list[list[object]] = [["subject_id", "study_id", *names]]
    splits: list[list[object]] = [["dicom_id", "study_id", "subject_id", "split"]]
    metadata: list[list[object]] = [
        ["dicom_id", "subject_id", "study_id", "PerformedProcedureStepDescription", "ViewPosition", "Rows", "Columns"]
    ]
    for seed, (dicom_id, study_id, subject_id, split, view) in enumerate(IMAGES):
        folder = root / "files" / f"p{subject_id[:2]}" / f"p{subject_id}"
        write_picture(folder / f"s{study_id}" / f"{dicom_id}.jpg", grey(seed))
        splits.append([dicom_id, study_id, subject_id, split])
        metadata.append([dicom_id, subject_id, study_id, "CHEST (PA AND LAT)", view, 24, 32])
        if study_id in STUDIES and study_id not in [row[1] for row in studies]:
            studies.append([subject_id, study_id, *(STUDIES[study_id].get(name, "") for name in names)])
        if study_id in REPORTS:
            (folder / f"s{study_id}.txt").write_text(REPORTS[study_id])
    write_table(root / "mimic-cxr-2.0.0-chexpert.csv.gz", studies)
    write_table(root / "mimic-cxr-2.0.0-split.csv.gz", splits)
    write_table(root / "mimic-cxr-2.0.0-metadata.csv.gz", metadata)
