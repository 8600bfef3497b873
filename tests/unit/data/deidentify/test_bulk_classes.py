"""Bulk data that objects of one class have goes from objects of others, and stays in its own."""

import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset

from doctorsun.data.deidentify.dicom import deidentify_dicom
from doctorsun.data.deidentify.key import Key
from doctorsun.data.deidentify.options import Options

NAME = b"ZHANG WEIMING   "
SURFACES, TRACTS = "1.2.840.10008.5.1.4.1.1.66.5", "1.2.840.10008.5.1.4.1.1.66.6"


def cleaned(tmp_path, source):
    source.save_as(tmp_path / "source.dcm")
    deidentify_dicom(tmp_path / "source.dcm", tmp_path / "clean.dcm", Key(b"k" * 32), Options(read_pixels=False))
    return pydicom.dcmread(tmp_path / "clean.dcm")


def planted(keyword, representation, kind):
    source, item = pydicom.dcmread(get_testdata_file("CT_small.dcm")), Dataset()
    source.SOPClassUID = kind or source.SOPClassUID
    source.file_meta.MediaStorageSOPClassUID = source.SOPClassUID
    for each in (item, source):
        each.add_new(keyword, representation, NAME)
    source.SurfaceSequence = [item]
    return source


@pytest.mark.parametrize(
    ("keyword", "representation"),
    [
        ("TrianglePointIndexList", "OW"),
        ("VertexPointIndexList", "OW"),
        ("LongPrimitivePointIndexList", "OL"),
        ("PointCoordinatesData", "OF"),
        ("DoublePointCoordinatesData", "OD"),
        ("TrackPointIndexList", "OL"),
        ("VectorGridData", "OF"),
        ("SpectroscopyData", "OF"),
    ],
)
def test_a_slice_of_ct_has_none_of_them(keyword, representation, tmp_path):
    new = cleaned(tmp_path, planted(keyword, representation, ""))
    assert keyword not in new
    assert keyword not in new.SurfaceSequence[0]
    assert NAME.strip() not in (tmp_path / "clean.dcm").read_bytes()


@pytest.mark.parametrize(
    ("keyword", "representation", "kind"),
    [("TrianglePointIndexList", "OW", SURFACES), ("PointCoordinatesData", "OF", TRACTS)],
)
def test_objects_of_the_class_keep_them(keyword, representation, kind, tmp_path):
    new = cleaned(tmp_path, planted(keyword, representation, kind))
    assert new.SurfaceSequence[0][keyword].value == NAME


def test_the_body_mass_index_goes_with_size_and_weight(tmp_path):
    source = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
    source.PatientBodyMassIndex = "24.2"
    assert "PatientBodyMassIndex" not in cleaned(tmp_path, source)
