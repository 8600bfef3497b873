import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from study_uploads import told, uploaded

from doctorsun.image.study.safe_facts import facts_of, modality_of, warnings_of
from planted_dicom import Markers, plant

pytestmark = pytest.mark.filterwarnings("ignore:Invalid value for VR")


@pytest.mark.parametrize("name", ["CT_small.dcm", "MR_small.dcm", "examples_palette.dcm", "JPEG2000.dcm"])
def test_no_planted_identifier_is_told(tmp_path: Path, shipped: Path, name: str) -> None:
    markers, planted = Markers(), tmp_path / "planted.dcm"
    plant(shipped / name, planted, markers)
    study = told(uploaded(tmp_path, planted.read_bytes()))
    assert len(markers.given) > 100
    assert markers.found_in(json.dumps(study, ensure_ascii=False).encode()) == []
    assert study["series"][0]["facts"]


def test_terms_and_numbers_are_told(header_of: Callable[..., Dataset]) -> None:
    header = header_of(
        Modality="DX",
        BodyPartExamined="chest",
        ViewPosition="PA",
        ImageLaterality="L",
        KVP="120.0",
        SliceThickness="1.25",
        PatientAge="067Y",
        ContrastBolusAgent="Somebody's own mixture",
    )
    assert facts_of(header) == {
        "body_part": "CHEST",
        "view": "PA",
        "laterality": "L",
        "photometric": "MONOCHROME2",
        "age": "60-69",
        "slice_thickness_mm": 1.25,
        "kvp": 120,
        "bits_stored": 16,
        "contrast": True,
    }


def test_free_text_and_impossible_numbers_are_not(header_of: Callable[..., Dataset]) -> None:
    header = header_of(
        Modality="ZHANG",
        BodyPartExamined="LUNG OF MR WANG",
        ViewPosition="JOHN",
        Laterality="Q",
        SOPClassUID="1.2.840.99.19700101",
        KVP="19700101",
        SliceThickness="-1",
        PatientAge="67 years",
    )
    assert modality_of(header) == ""
    assert facts_of(header) == {"photometric": "MONOCHROME2", "bits_stored": 16}


@pytest.mark.parametrize(
    ("age", "told_age"),
    [
        ("000D", "0-9"),
        ("011M", "0-9"),
        ("130W", "0-9"),
        ("130M", "10-19"),
        ("089Y", "80-89"),
        ("090Y", "90+"),
        ("104Y", "90+"),
        ("67Y", None),
        ("", None),
    ],
)
def test_ages_are_classes(header_of: Callable[..., Dataset], age: str, told_age: str | None) -> None:
    assert facts_of(header_of(PatientAge=age)).get("age") == told_age


@pytest.mark.parametrize(
    ("elements", "warnings"),
    [
        ({"BurnedInAnnotation": "YES"}, ["burned_in_text"]),
        ({"BurnedInAnnotation": "NO", "Modality": "US"}, []),
        ({"Modality": "US"}, ["burned_in_text_possible"]),
        ({"Modality": "CT", "LossyImageCompression": "01"}, ["lossy_compression"]),
        ({"Modality": "CT", "LossyImageCompression": "00"}, []),
    ],
)
def test_what_a_reader_has_to_know(
    header_of: Callable[..., Dataset], elements: dict[str, str], warnings: list[str]
) -> None:
    assert warnings_of(header_of(**elements)) == warnings


def test_the_told_numbers_are_plain(tmp_path: Path, dicom_file: Callable[..., Path]) -> None:
    path = dicom_file(np.zeros((4, 5), np.uint16), Modality="MR", RepetitionTime="1234.56789", FlipAngle="90")
    facts = told(uploaded(tmp_path, path.read_bytes()))["series"][0]["facts"]
    assert (facts["repetition_time_ms"], facts["flip_angle_degrees"]) == (1234.5679, 90)
