"""Tests of the adapters of MIMIC-CXR and OpenI, whose pictures have reports, on miniatures of the published folders."""

from pathlib import Path

import pytest

from carriers.mimic_cxr import IMAGES, REPORTS, write_mimic_cxr
from carriers.openi import write_openi
from carriers.road import Converted, convert
from doctorsun.errors import DataError


def image_of(dicom_id: str) -> str:
    _, study, patient, *_ = next(each for each in IMAGES if each[0] == dicom_id)
    return f"files/p{patient[:2]}/p{patient}/s{study}/{dicom_id}.jpg"


def human_reports(converted: Converted, name: str) -> set[str]:
    """Return the reports that people wrote of an image."""
    return {
        sample.messages[-1].content[0].text
        for sample in converted.of(name)
        if sample.made_by.method == "human" and sample.language == "en"
    }


def test_mimic_cxr_joins_labels_of_the_study_to_its_images(tmp_path: Path) -> None:
    write_mimic_cxr(tmp_path / "raw")
    converted = convert("mimic_cxr", tmp_path / "raw", tmp_path / "store")
    assert [converted.labels()[image_of(each[0])] for each in IMAGES] == [
        ("no_finding",),
        ("no_finding",),
        ("pulmonary_oedema", "support_device"),
        (),
    ]
    images = converted.images()
    third = images[image_of(IMAGES[2][0])]
    assert '"name":"pneumothorax","present":false' in third.facts
    assert "pneumonia" not in third.facts  # uncertain
    assert [images[image_of(each[0])].source.split for each in IMAGES] == ["train", "train", "validation", "test"]
    assert (third.groups.patient, third.groups.study) == ("10000764", "53189527")


def test_mimic_cxr_tells_the_view_where_it_is_known(tmp_path: Path) -> None:
    write_mimic_cxr(tmp_path / "raw")
    images = convert("mimic_cxr", tmp_path / "raw", tmp_path / "store").images()
    planes = [images[image_of(each[0])].facts.split('"plane":"')[1].split('"')[0] for each in IMAGES]
    assert planes == ["frontal", "lateral", "frontal", ""]


def test_mimic_cxr_reports_are_findings_and_impression_as_people_wrote_them(tmp_path: Path) -> None:
    write_mimic_cxr(tmp_path / "raw")
    converted = convert("mimic_cxr", tmp_path / "raw", tmp_path / "store")
    assert human_reports(converted, image_of(IMAGES[0][0])) == {
        (
            "FINDINGS: There is no focal consolidation, pleural effusion or pneumothorax. Bilateral nodular opacities "
            "that most likely represent nipple shadows.\nIMPRESSION: No acute cardiopulmonary process."
        )
    }
    assert human_reports(converted, image_of(IMAGES[2][0])) == {"IMPRESSION: Pulmonary edema. No pneumothorax."}
    assert human_reports(converted, image_of(IMAGES[3][0])) == set()
    assert "___" in REPORTS["50414267"]  # what was removed stands in sections that are not taken


def test_mimic_cxr_without_a_label_column_is_told(tmp_path: Path) -> None:
    write_mimic_cxr(tmp_path / "raw", missing="Edema")
    with pytest.raises(DataError, match=r"no column Edema"):
        convert("mimic_cxr", tmp_path / "raw", tmp_path / "store")


def test_a_new_view_of_mimic_cxr_is_told(tmp_path: Path) -> None:
    write_mimic_cxr(tmp_path / "raw")
    import gzip

    path = tmp_path / "raw/mimic-cxr-2.0.0-metadata.csv.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b",AP,", b",UPSIDE DOWN,")))
    with pytest.raises(
        DataError, match=r"plane of files.*'UPSIDE DOWN'.*add the line 'UPSIDE DOWN: VALUE' under plane"
    ):
        convert("mimic_cxr", tmp_path / "raw", tmp_path / "store")


def test_openi_reports_go_with_every_picture_that_they_name(tmp_path: Path) -> None:
    write_openi(tmp_path / "raw")
    converted = convert("openi", tmp_path / "raw", tmp_path / "store")
    names = sorted(converted.images())
    assert names == ["CXR1_1_IM-0001-3001.png", "CXR1_1_IM-0001-4001.png", "CXR2_IM-0652-1001.png",
                     "CXR3_IM-1384-1001.png"]  # fmt: skip
    first = {
        (
            "FINDINGS: The cardiac silhouette and mediastinum size are within normal limits. There is no pulmonary "
            "edema.\nIMPRESSION: Normal chest x-XXXX."
        )
    }
    assert [human_reports(converted, name) for name in names[:2]] == [first, first]
    assert human_reports(converted, names[2]) == {
        "FINDINGS: Borderline cardiomegaly. Sternotomy & clips.\nIMPRESSION: No acute process."
    }
    assert human_reports(converted, names[3]) == set()


def test_openi_pictures_of_one_report_are_of_one_patient(tmp_path: Path) -> None:
    write_openi(tmp_path / "raw")
    images = convert("openi", tmp_path / "raw", tmp_path / "store").images()
    assert [images[name].groups.patient for name in sorted(images)] == ["1", "1", "2", "3"]
    assert {sample.source.licence for sample in images.values()} == {"CC-BY-NC-ND-4.0"}


def test_a_report_of_openi_that_is_cut_off_is_told(tmp_path: Path) -> None:
    write_openi(tmp_path / "raw")
    path = tmp_path / "raw/ecgen-radiology/2.xml"
    path.write_text(path.read_text()[:300])
    with pytest.raises(DataError, match=r"2\.xml.*expected an XML document"):
        convert("openi", tmp_path / "raw", tmp_path / "store")


def test_a_picture_of_openi_that_is_not_there_is_dropped(tmp_path: Path) -> None:
    write_openi(tmp_path / "raw")
    (tmp_path / "raw/NLMCXR_png/CXR2_IM-0652-1001.png").unlink()
    store = convert("openi", tmp_path / "raw", tmp_path / "store").store
    assert store.manifest.dropped_reasons == {"no_file": 1}
