"""DICOM files: nothing planted survives, pixels are equal, and other libraries open what is written."""

import warnings
from io import BytesIO
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
import SimpleITK
from PIL import ImageCms
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset

from doctorsun.data.deidentify.dicom import deidentify_dicom
from doctorsun.data.deidentify.key import Key
from doctorsun.data.deidentify.options import Options
from doctorsun.data.deidentify.refusal import Refusal
from doctorsun.image.dicom import transfer_syntax_of
from planted_dicom import Markers, below, plant

KEY = Key(b"k" * 32)
LEFT_ALONE = Options(read_pixels=False)
EVERYTHING = Options(keep=frozenset({"characteristics", "descriptors", "safe-private"}), read_pixels=False)
PYDICOM = Path(get_testdata_file("CT_small.dcm")).parent
CHARSETS = sorted(path.name for path in (PYDICOM.parent / "charset_files").glob("*.dcm"))
FILES = [
    "CT_small.dcm",
    "ExplVR_BigEnd.dcm",
    "JPEG2000.dcm",
    "MR_small_RLE.dcm",
    "MR_small_bigendian.dcm",
    "MR_small_implicit.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
    "MR_small_padded.dcm",
    "SC_rgb_jpeg_dcmtk.dcm",
    "SC_rgb_small_odd_big_endian.dcm",
    "examples_overlay.dcm",
    "image_dfl.dcm",
    "liver_1frame.dcm",
    "priv_SQ.dcm",
    "reportsi.dcm",
    "rtdose.dcm",
    "rtplan.dcm",
    "rtstruct.dcm",
    "test-SR.dcm",
    "waveform_ecg.dcm",
]


def file_of(name):
    return PYDICOM.parent / "charset_files" / name if name.startswith("chr") else PYDICOM / name


def read(path):
    dataset = pydicom.dcmread(path, force=True)
    dataset.file_meta.TransferSyntaxUID = transfer_syntax_of(dataset)
    return dataset


def clean(source, tmp_path, options=LEFT_ALONE):
    target = tmp_path / "clean.dcm"
    actions = deidentify_dicom(source, target, KEY, options)
    return pydicom.dcmread(target), actions


@pytest.mark.parametrize("options", [LEFT_ALONE, EVERYTHING], ids=["least", "most"])
@pytest.mark.parametrize("name", FILES + CHARSETS)
@pytest.mark.filterwarnings("ignore")  # pydicom tells of every planted value that does not fit its representation
def test_nothing_planted_survives(name, options, tmp_path, caplog):
    markers = Markers()
    plant(file_of(name), tmp_path / "planted", markers)
    caplog.clear()
    (tmp_path / "out").mkdir()
    actions = deidentify_dicom(tmp_path / "planted", tmp_path / "out" / "clean.dcm", KEY, options)
    assert len(markers.given) > 150
    assert markers.found_in(caplog.text.encode()) == []
    for place, content in below(tmp_path / "out"):
        assert markers.found_in(content) == [], place
    assert markers.found_in(str(actions).encode()) == []


@pytest.mark.parametrize("name", [name for name in FILES if name not in ("rtplan.dcm", "rtstruct.dcm")])
def test_the_pixels_are_equal(name, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        new, _ = clean(file_of(name), tmp_path)
        old = read(file_of(name))
        assert ("PixelData" in new) == ("PixelData" in old)
        assert new.file_meta.TransferSyntaxUID == old.file_meta.TransferSyntaxUID
        if "PixelData" in old:
            assert np.array_equal(new.pixel_array, old.pixel_array)


@pytest.mark.parametrize(("name", "family"), [("chrX1.dcm", "王"), ("chrX2.dcm", "王"), ("chrH31.dcm", "山田")])
def test_names_in_other_scripts_go(name, family, tmp_path):
    assert family in str(pydicom.dcmread(file_of(name)).PatientName)
    new, _ = clean(file_of(name), tmp_path)
    written = (tmp_path / "clean.dcm").read_bytes()
    assert all(family.encode(code) not in written for code in ("utf-8", "gb18030", "euc_jp", "iso2022_jp"))
    assert new.PatientName == new.PatientID or len(str(new.PatientName)) == 16


def test_the_file_says_what_was_done(tmp_path):
    new, actions = clean(file_of("CT_small.dcm"), tmp_path, EVERYTHING)
    assert new.PatientIdentityRemoved == "YES"
    assert new.LongitudinalTemporalInformationModified == "MODIFIED"
    codes = {item.CodeValue: item.CodingSchemeDesignator for item in new.DeidentificationMethodCodeSequence}
    assert codes == dict.fromkeys(("113100", "113105", "113107", "113108", "113111"), "DCM")
    done = {(action.where, action.what) for action in actions}
    assert {("PatientName (0010,0010)", "replaced"), ("StudyDate (0008,0020)", "shifted")} <= done
    assert ("(0009,1001)", "removed") in done
    report, _ = clean(file_of("reportsi.dcm"), tmp_path)
    assert "113104" in {item.CodeValue for item in report.DeidentificationMethodCodeSequence}


def test_the_basic_profile_is_kept_to(tmp_path):
    old = pydicom.dcmread(file_of("CT_small.dcm"))
    new, _ = clean(file_of("CT_small.dcm"), tmp_path, Options(dates="remove", read_pixels=False))
    assert (tmp_path / "clean.dcm").read_bytes()[:128] == b"\0" * 128
    assert new.file_meta.MediaStorageSOPInstanceUID == new.SOPInstanceUID == KEY.uid(old.SOPInstanceUID)
    assert new.SOPClassUID == old.SOPClassUID
    assert new.StudyDate == new.PatientBirthDate == new.PatientSex == ""
    assert "PatientAge" not in new
    assert not [element for element in new.iterall() if element.tag.is_private]
    assert new.LongitudinalTemporalInformationModified == "REMOVED"
    assert (new.Modality, new.Rows, new.RescaleIntercept) == (old.Modality, old.Rows, old.RescaleIntercept)


def test_options_keep_what_they_name(tmp_path):
    source = pydicom.dcmread(file_of("CT_small.dcm"))
    source.PatientAge, source.PatientSex, source.StudyDescription = "093Y", "F", "Chest CT of Compressedsamples 1CT1"
    source.private_block(0x0025, "GEMS_SERS_01", create=True).add_new(0x07, "SL", 12)
    source.save_as(tmp_path / "old.dcm")
    new, _ = clean(tmp_path / "old.dcm", tmp_path, EVERYTHING)
    assert (new.PatientAge, new.PatientSex) == ("090Y", "F")
    assert new.StudyDescription == "Chest CT of"
    assert new.private_block(0x0025, "GEMS_SERS_01")[0x07].value == 12
    assert {element.tag.group for element in new if element.tag.is_private} == {0x0019, 0x0025}


def test_of_code_strings_the_known_ones_stay(tmp_path):
    source = pydicom.dcmread(file_of("CT_small.dcm"))
    source.ImageType, source.BodyPartExamined = ["ORIGINAL", "PRIMARY", "SMITHSON", "AXIAL"], "SMITHSON"
    source.Manufacturer, source.ConvolutionKernel = "GE MEDICAL SYSTEMS of Smithsonville", "SMITHSON"
    source.save_as(tmp_path / "old.dcm")
    new, _ = clean(tmp_path / "old.dcm", tmp_path)
    assert list(new.ImageType) == ["ORIGINAL", "PRIMARY", "", "AXIAL"]
    assert "BodyPartExamined" not in new
    assert (new.Manufacturer, new.ConvolutionKernel) == ("GE MEDICAL SYSTEMS of", "removed")


def test_codes_of_one_site_are_replaced_and_registered_ones_stay(tmp_path):
    source = pydicom.dcmread(file_of("CT_small.dcm"))
    private, public = Dataset(), Dataset()
    private.CodeValue, private.CodingSchemeDesignator, private.CodeMeaning = "SMITH1", "99SMITHSON", "Smithson view"
    public.CodeValue, public.CodingSchemeDesignator, public.CodeMeaning = "51185008", "SCT", "Thorax of Smithson"
    source.AnatomicRegionSequence = [public, private]
    source.save_as(tmp_path / "old.dcm")
    new, _ = clean(tmp_path / "old.dcm", tmp_path)
    kept, replaced = new.AnatomicRegionSequence
    assert (kept.CodeValue, kept.CodingSchemeDesignator, kept.CodeMeaning) == ("51185008", "SCT", "Thorax of")
    assert replaced.CodeMeaning == "view"
    assert b"smith" not in (tmp_path / "clean.dcm").read_bytes().lower()


@pytest.mark.parametrize("keyword", ["CodeValue", "LongCodeValue"])
@pytest.mark.parametrize(
    ("scheme", "value", "stays"),
    [
        ("SCT", "QZK051XV", False),
        ("SCT", "4471", False),
        ("SRT", "SMITH-W", False),
        ("LN", "SMITH", False),
        ("RADLEX", "WANG1971", False),
        ("SCT", "39607008", True),
        ("SCT", "T-D4000", True),
        ("SRT", "T-A0100", True),
        ("LN", "18782-3", True),
        ("DCM", "121071", True),
    ],
)
def test_codes_have_the_shape_of_their_scheme(keyword, scheme, value, stays, tmp_path):
    source, item = pydicom.dcmread(file_of("CT_small.dcm")), Dataset()
    setattr(item, keyword, value)
    item.CodingSchemeDesignator, item.CodeMeaning = scheme, "Thorax"
    source.AnatomicRegionSequence = [item]
    source.save_as(tmp_path / "old.dcm")
    (new,) = clean(tmp_path / "old.dcm", tmp_path)[0].AnatomicRegionSequence
    assert (new[keyword].value == value) is stays
    assert (value.encode() in (tmp_path / "clean.dcm").read_bytes()) is stays


def test_colour_profiles_lose_their_texts(tmp_path):
    source = pydicom.dcmread(file_of("CT_small.dcm"))
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source.ICCProfile = profile + b"\0" * (len(profile) % 2)
    source.save_as(tmp_path / "old.dcm")
    new, _ = clean(tmp_path / "old.dcm", tmp_path)
    assert b"lcms" in profile
    assert b"lcms" not in new.ICCProfile
    assert ImageCms.getOpenProfile(BytesIO(new.ICCProfile))
    source.ICCProfile = b"JANE DOE"
    source.save_as(tmp_path / "old.dcm")
    assert "ICCProfile" not in clean(tmp_path / "old.dcm", tmp_path)[0]


def test_references_of_a_study_still_lead_to_its_files(tmp_path):
    source = pydicom.dcmread(file_of("rtplan.dcm"))
    plan, _ = clean(file_of("rtplan.dcm"), tmp_path)
    old = source.ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID
    assert plan.ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID == KEY.uid(old)
    assert plan.ReferencedStructureSetSequence[0].ReferencedSOPClassUID == "1.2.840.10008.5.1.4.1.1.481.3"


@pytest.mark.filterwarnings("ignore:Invalid value")
def test_dates_of_a_patient_keep_their_distance(tmp_path):
    source = pydicom.dcmread(file_of("CT_small.dcm"))
    source.StudyDate, source.SeriesDate, source.AcquisitionDate = "20200101", "20200301", "20200399"
    source.save_as(tmp_path / "old.dcm")
    new, _ = clean(tmp_path / "old.dcm", tmp_path)
    days = np.datetime64(f"{new.SeriesDate[:4]}-{new.SeriesDate[4:6]}-{new.SeriesDate[6:]}") - np.datetime64(
        f"{new.StudyDate[:4]}-{new.StudyDate[4:6]}-{new.StudyDate[6:]}"
    )
    assert days == np.timedelta64(60, "D")
    assert new.StudyDate != "20200101"
    assert not new.get("AcquisitionDate")


def test_the_same_file_gives_the_same_bytes(tmp_path):
    clean(file_of("CT_small.dcm"), tmp_path)
    once = (tmp_path / "clean.dcm").read_bytes()
    clean(file_of("CT_small.dcm"), tmp_path)
    assert (tmp_path / "clean.dcm").read_bytes() == once


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("dicomdirtests/DICOMDIR", "a DICOMDIR, which lists old names"),
        ("MR_truncated.dcm", "damaged: it ends too early"),
        ("rtplan_truncated.dcm", "damaged: it ends too early"),
        ("no_meta.dcm", "an object of no class of the standard"),
        ("meta_missing_tsyntax.dcm", r"damaged \(ImageError\)"),
        ("README.txt", "damaged|no class"),
    ],
)
def test_what_cannot_be_judged_is_refused(name, reason, tmp_path):
    with pytest.raises(Refusal, match=reason):
        deidentify_dicom(file_of(name), tmp_path / "x.dcm", KEY, LEFT_ALONE)
    assert not (tmp_path / "x.dcm").exists()


def test_documents_labels_and_private_classes_are_refused(tmp_path):
    source = pydicom.dcmread(file_of("CT_small.dcm"))
    source.EncapsulatedDocument = b"%PDF-1.4 Jane Doe "
    source.save_as(tmp_path / "pdf.dcm")
    with pytest.raises(Refusal, match="a document in a DICOM wrapper"):
        deidentify_dicom(tmp_path / "pdf.dcm", tmp_path / "x.dcm", KEY, LEFT_ALONE)
    del source.EncapsulatedDocument
    source.Modality, source.ImageType = "SM", ["ORIGINAL", "PRIMARY", "LABEL", "NONE"]
    source.save_as(tmp_path / "label.dcm")
    with pytest.raises(Refusal, match="a picture of a slide's label"):
        deidentify_dicom(tmp_path / "label.dcm", tmp_path / "x.dcm", KEY, LEFT_ALONE)
    source.SOPClassUID = "1.3.12.2.1107.5.9.1"
    source.save_as(tmp_path / "private.dcm", enforce_file_format=False)
    with pytest.raises(Refusal, match="no class of the standard"):
        deidentify_dicom(tmp_path / "private.dcm", tmp_path / "x.dcm", KEY, LEFT_ALONE)


def test_other_libraries_read_what_is_written(test_data, tmp_path):
    slices = sorted((test_data / "dicom_dcmqi").rglob("01.dcm"))
    labels = sorted((test_data / "dicom_dcmqi").rglob("liver.dcm"))
    assert slices
    assert labels
    clean(slices[0], tmp_path)
    image = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(tmp_path / "clean.dcm"))
    old = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(slices[0]))
    assert np.array_equal(image, old)
    clean(labels[0], tmp_path)
    one, other = highdicom.seg.segread(labels[0]), highdicom.seg.segread(tmp_path / "clean.dcm")
    assert np.array_equal(one.pixel_array, other.pixel_array)
    assert one.number_of_segments == other.number_of_segments
    assert (
        other.get_segment_description(1).segmented_property_type
        == one.get_segment_description(1).segmented_property_type
    )


def test_text_does_not_pass_as_numbers(tmp_path):
    """As in a damaged file, of which one letter of a representation or of a tag has changed."""
    content = file_of("CT_small.dcm").read_bytes()
    damaged = content.replace(b"\x18\x00\x22\x00CS", b"\x18\x00\x22\x00US", 1)  # Scan Options
    assert damaged != content
    (tmp_path / "old.dcm").write_bytes(damaged)
    new, actions = clean(tmp_path / "old.dcm", tmp_path)
    assert "ScanOptions" not in new
    assert ("ScanOptions (0018,0022)", "removed") in {(action.where, action.what) for action in actions}


def test_pixels_that_are_not_looked_at_are_told(tmp_path):
    _, actions = clean(file_of("examples_palette.dcm"), tmp_path)
    told = [action.why for action in actions if action.where == "pixels"]
    assert told == ["they may hold text, which was not looked for"]


def test_a_folder_is_no_file_of_its_kind(tmp_path):
    with pytest.raises(IsADirectoryError):
        deidentify_dicom(tmp_path, tmp_path / "x.dcm", KEY, LEFT_ALONE)
