"""Segmentations on the slices that they were drawn on, against highdicom on real and made files."""

import highdicom
import numpy as np
import pydicom
import pytest

from carriers.dicom_files import changed, write_segmentation, write_series
from doctorsun.errors import ImageError
from doctorsun.image.dicom_segments import read_segments
from doctorsun.image.dicom_slices import slices_in, stacked

VALUES = np.zeros((3, 4, 5), dtype=int)


def stack_of(paths):
    return stacked([each for path in paths for each in slices_in(path)])


@pytest.fixture
def series(tmp_path):
    return write_series(tmp_path / "images", VALUES)


@pytest.mark.parametrize(
    "name", ["liver.dcm", "partial_overlaps.dcm", "23x38x3/seg/label.seg", "24x38x3/seg/label.seg"]
)
def test_real_masks_are_those_of_highdicom(test_data, name):
    root = test_data / "dicom_dcmqi/data/dcmqi/segmentations"
    folder = root / ("ct-3slice" if "/" not in name else f"{name.split('/')[0]}/image")
    stack = stack_of(sorted(folder.iterdir()))
    known = highdicom.seg.segread(root / name)
    instances = [each.instance for each in stack.slices]
    segments = read_segments(root / name, stack, threshold=0.5)
    assert len(segments) == known.number_of_segments
    for number, segment in enumerate(segments, start=1):
        truth = known.get_pixels_by_source_instance(
            instances,
            segment_numbers=[number],
            assert_missing_frames_are_empty=True,
            ignore_spatial_locations=True,  # dcmqi does not say that its frames lie on the pixels of the images
        )
        for index in range(len(instances)):
            mine = segment.masks.get(index, np.zeros(truth.shape[1:3], dtype=bool))
            assert np.array_equal(mine, truth[index, ..., 0] > 0)
        assert segment.fields["segment"] == known.SegmentSequence[number - 1].SegmentLabel


def test_segments_may_overlap_and_be_empty(tmp_path, series):
    masks = np.zeros((3, 4, 5, 3), dtype=np.uint8)
    masks[1, 1:3, 1:4, 0] = masks[1, 2:4, 2:5, 1] = 1
    write_segmentation(tmp_path / "seg.dcm", series, masks, ("a", "b", "nothing"))
    a, b, nothing = read_segments(tmp_path / "seg.dcm", stack_of(series), threshold=0.5)
    assert np.array_equal(a.masks[1], masks[1, ..., 0]), "the file's order of slices is not that of their places"
    assert np.array_equal(b.masks[1], masks[1, ..., 1])
    assert (nothing.masks, nothing.fields["segment"], nothing.fields["property"]) == ({}, "nothing", "Liver")


@pytest.mark.parametrize(("threshold", "num_pixels"), [(0.25, 3), (0.5, 2), (1.0, 1)])
def test_fractions_count_from_the_threshold_on(tmp_path, series, threshold, num_pixels):
    masks = np.zeros((3, 4, 5, 1), dtype=np.float64)
    masks[0, 0, :4, 0] = (0.1, 0.25, 0.5, 1.0)
    write_segmentation(tmp_path / "seg.dcm", series, masks, ("a",), "FRACTIONAL")
    (segment,) = read_segments(tmp_path / "seg.dcm", stack_of(series), threshold=threshold)
    assert np.count_nonzero(segment.masks[0]) == num_pixels


def test_a_label_map_holds_the_numbers_of_segments(tmp_path, series):
    labels = np.zeros((3, 4, 5), dtype=np.uint8)
    labels[2, 1, 1], labels[2, 2, 2:4] = 1, 2
    write_segmentation(tmp_path / "seg.dcm", series, labels, ("a", "b"), "LABELMAP")
    segments = read_segments(tmp_path / "seg.dcm", stack_of(series), threshold=0.5)
    assert [np.count_nonzero(each.masks[2]) for each in segments] == [1, 2]


def test_frames_elsewhere_are_refused(tmp_path, series):
    write_segmentation(tmp_path / "seg.dcm", series, np.ones((3, 4, 5), dtype=np.uint8), ("a",))
    other = write_series(tmp_path / "other", VALUES, PixelSpacing=[0.6, 0.75])
    with pytest.raises(
        ImageError, match=r"seg\.dcm: place of a frame: got pixels that are those of no image, expected"
    ):
        read_segments(tmp_path / "seg.dcm", stack_of(other), threshold=0.5)
    with pytest.raises(ImageError, match="place of a frame"):
        read_segments(tmp_path / "seg.dcm", stack_of(series[:1]), threshold=0.5)


def test_other_objects_are_refused(series):
    with pytest.raises(ImageError, match=r"DICOM segmentation: got CT, expected SEG; name the segmentations"):
        read_segments(series[0], stack_of(series), threshold=0.5)


def test_a_cut_file_is_damaged(tmp_path, series):
    write_segmentation(tmp_path / "seg.dcm", series, np.ones((3, 4, 5), dtype=np.uint8), ("a",))
    changed(tmp_path / "seg.dcm", PixelData=b"\0\0")
    with pytest.raises(ImageError, match=r"seg\.dcm: the DICOM file is damaged or cannot be decoded"):
        read_segments(tmp_path / "seg.dcm", stack_of(series), threshold=0.5)
    assert pydicom.dcmread(tmp_path / "seg.dcm").Modality == "SEG"
