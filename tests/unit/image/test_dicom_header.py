"""What a DICOM header tells of its picture, and what it does not."""

from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset

from doctorsun.image.dicom_header import digest, header_fields, numbers, orientation, spacing_mm, word
from doctorsun.image.picture import open_picture

Header = Callable[..., Dataset]


def test_the_spacing_in_the_patient_goes_before_that_at_the_detector(header_of: Header) -> None:
    header = header_of(NominalScannedPixelSpacing=[3, 4])
    assert spacing_mm(header) == ((3, 4), "NominalScannedPixelSpacing")
    header.ImagerPixelSpacing = [0.2, 0.1]
    assert spacing_mm(header) == ((0.2, 0.1), "ImagerPixelSpacing")
    header.PixelSpacing = ["0.15", "0.12"]
    assert spacing_mm(header) == ((0.15, 0.12), "PixelSpacing")


@pytest.mark.parametrize("value", [[0, 0], [0.5], [-1, 1], ""])
def test_an_unusable_spacing_is_not_known(header_of: Header, value: object) -> None:
    assert spacing_mm(header_of(PixelSpacing=value)) == (None, "")


def region(units: int) -> Dataset:
    item = Dataset()
    item.PhysicalUnitsXDirection = item.PhysicalUnitsYDirection = units
    item.PhysicalDeltaX, item.PhysicalDeltaY = 0.03, -0.02
    return item


def test_the_spacing_of_ultrasound_is_that_of_its_one_region_in_centimetres(header_of: Header) -> None:
    assert spacing_mm(header_of(SequenceOfUltrasoundRegions=[region(3)])) == (
        (pytest.approx(0.2), pytest.approx(0.3)),
        "SequenceOfUltrasoundRegions",
    )
    assert spacing_mm(header_of(SequenceOfUltrasoundRegions=[region(4)])) == (None, "")
    assert spacing_mm(header_of(SequenceOfUltrasoundRegions=[region(3), region(3)])) == (None, "")


def test_the_orientation_comes_from_geometry_then_from_letters(header_of: Header) -> None:
    header = header_of(PatientOrientation=["A", "F"])
    assert orientation(header) == "A\\F"
    header.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    assert orientation(header) == "L\\P"
    header.AnatomicalOrientationType = "QUADRUPED"
    assert orientation(header) == ""
    assert orientation(header_of(PatientOrientation=["", ""])) == ""


def test_a_radiograph_from_the_front_is_frontal(header_of: Header) -> None:
    assert header_fields(header_of(Modality="DX", ViewPosition="PA"))["plane"] == "frontal"
    assert header_fields(header_of(Modality="DX", ViewPosition="LL"))["plane"] == ""
    assert header_fields(header_of(Modality="MG", ViewPosition="AP"))["plane"] == ""


def test_codes_stand_in_for_words(header_of: Header) -> None:
    code = Dataset()
    code.CodeMeaning = "Breast"
    view = Dataset()
    view.CodeMeaning = "cranio-caudal"
    fields = header_fields(
        header_of(AnatomicRegionSequence=[code], ViewCodeSequence=[view], ImageLaterality="L", Laterality="R")
    )
    assert (fields["body_part"], fields["view"], fields["laterality"]) == ("Breast", "cranio-caudal", "L")


def test_identifiers_become_digests_that_group_alike(header_of: Header) -> None:
    fields = [
        header_fields(header_of(PatientID=patient, IssuerOfPatientID=issuer, StudyInstanceUID="1.2.3"))
        for patient, issuer in (("王小东-17", "A"), ("王小东-17", "A"), ("王小东-17", "B"))
    ]
    assert fields[0]["patient"] == fields[1]["patient"] != fields[2]["patient"]
    assert fields[0]["study"] == digest("1.2.3")
    assert len(fields[0]["patient"]) == 16
    assert "王小东" not in str(fields)


def test_an_unknown_patient_belongs_to_no_group(header_of: Header) -> None:
    fields = header_fields(header_of(PatientID=""))
    assert fields["patient"] == fields["study"] == fields["series"] == ""


def test_malformed_values_are_not_known(shipped: Path) -> None:
    header = pydicom.dcmread(shipped / "badVR.dcm", stop_before_pixels=True)
    assert numbers(header, "NumberOfFrames") == []
    assert word(header, "NumberOfFrames") == ""
    assert numbers(header, "Modality") == []


def test_headers_of_real_files(shipped: Path, test_data: Path) -> None:
    radiograph = open_picture(shipped / "dicomdirtests" / "77654033" / "CR3" / "6278")
    assert radiograph.facts.orientation == "L\\F"
    assert radiograph.header["plane"] == "frontal"
    assert radiograph.header["spacing_from"] == "ImagerPixelSpacing"
    adc = test_data / "dicom_dcmqi" / "data" / "dcmqi" / "paramaps" / "701-ADCb500"
    slices = [open_picture(path).header for path in sorted(adc.iterdir())]
    assert len({header["series"] for header in slices}) == len({header["patient"] for header in slices}) == 1
    assert {header["body_part"] for header in slices} == {"PROSTATE"}
    assert {header["plane"] for header in slices} == {"axial"}


def test_a_header_says_how_it_was_deidentified(header_of: Header) -> None:
    code = Dataset()
    code.CodeValue = "113100"
    assert header_fields(header_of(PatientIdentityRemoved="NO"))["deidentified"] == ""
    assert header_fields(header_of(PatientIdentityRemoved="YES"))["deidentified"] == "YES"
    removed = header_of(PatientIdentityRemoved="YES", DeidentificationMethodCodeSequence=[code])
    assert header_fields(removed)["deidentified"] == "113100"
