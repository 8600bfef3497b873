"""Measures on masks of real data sets, against computations that share no code with them."""

import csv
import os
from collections import defaultdict
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image as Pillow
from scipy import ndimage

from doctorsun.data.convert.annotation import AnnotatedImage, AnnotatedObject
from doctorsun.data.convert.measures import measures_of
from doctorsun.data.ontology.ontology import load_ontology
from doctorsun.image.geometry import box_of_mask, orientation_of_axes
from doctorsun.schema import ImageFacts, Source

DATA = Path(os.environ.get("DOCTORSUN_TEST_DATA", ""))
ONTOLOGY = load_ontology()
NUM_IMAGES = 10
LABELS = {
    "Left Lung": "left_lung", "Right Lung": "right_lung", "Consolidation": "consolidation", "Airways": "airways",
    "Ground Glass Opacities": "ground_glass", "Cardiomediastinum": "cardiomediastinum", "Pneumothorax": "pneumothorax",
}  # fmt: skip


def folder(name: str) -> Path:
    if "DOCTORSUN_TEST_DATA" not in os.environ or not (DATA / name).is_dir():
        pytest.skip(f"DOCTORSUN_TEST_DATA names no folder with {name}")
    return DATA / name


def measured(size, objects, anatomy, **acquisition):
    image = AnnotatedImage(
        original_id="1", picture=np.zeros(size, dtype=np.uint8), source=Source(dataset="real"), objects=tuple(objects),
        acquisition=ImageFacts(**acquisition), anatomy=anatomy,
    )  # fmt: skip
    return {measure.name: measure for measure in measures_of(image, ONTOLOGY)}


@pytest.fixture(scope="module")
def chest_images():
    """Return, by image, the masks of each label; a file holds the coloured part of a mask, the table its place."""
    root = folder("covid_cxr_segmentations")
    images = defaultdict(list)
    with (root / "structure.csv").open(encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            path = root / row["Mask"]
            if len(images) == NUM_IMAGES and row["Image"] not in images:
                continue
            if row["Template Name"] in LABELS and path.is_file():
                width, height = (int(length) for length in row["Resolution"].split("x"))
                part = np.asarray(Pillow.open(path).convert("RGB")).any(axis=2)
                mask = np.zeros((height, width), dtype=np.bool_)
                top, left = int(row["Top"]), int(row["Left"])
                mask[top : top + part.shape[0], left : left + part.shape[1]] = part
                images[row["Image"]].append((LABELS[row["Template Name"]], mask))
    return images


def test_lesions_of_real_chest_images_lie_in_the_lung_that_holds_their_pixels(chest_images):
    told = []
    for rows in chest_images.values():
        objects = [AnnotatedObject(label=label, box_px=box_of_mask(mask), mask=mask) for label, mask in rows]
        found = measured(rows[0][1].shape, objects, "chest")
        lungs = {label: mask for label, mask in rows if label.endswith("_lung")}
        for label, mask in rows:
            pixels = sum(one.sum() for name, one in rows if name == label)
            assert found[label].area_share <= pixels / mask.size + 1e-4
            if len(lungs) < 2 or label not in ("ground_glass", "consolidation", "pneumothorax"):
                continue
            parts = [one for name, one in rows if name == label]
            shares = np.array(
                [[(part & lungs[lung]).sum() / part.sum() for lung in ("left_lung", "right_lung")] for part in parts]
            )
            smaller, both = shares.min(axis=1), shares.sum(axis=1)
            lie_in = [("left",) if left > right else ("right",) for left, right in shares]
            lie_in = [("left", "right") if less >= 0.1 else sides for sides, less in zip(lie_in, smaller, strict=True)]
            known = ((both >= 0.6) & ((smaller >= 0.1) | (smaller <= 0.02) & (both - smaller >= 0.6))).all()
            together = {side for sides in lie_in for side in sides} if known else set()
            expected = "bilateral" if len(together) > 1 else "".join(together)
            assert found[label].side == expected
            told.append(expected)
    assert {"right", "bilateral"} <= set(told)


def test_a_lung_in_a_real_radiograph_has_the_side_of_its_label_and_lies_in_the_other_half_of_the_picture(chest_images):
    halves = set()
    for rows in chest_images.values():
        objects = [AnnotatedObject(label=label, box_px=box_of_mask(mask), mask=mask) for label, mask in rows]
        for name, measure in measured(rows[0][1].shape, objects, "chest").items():
            if name.endswith("_lung"):
                assert (measure.side, measure.side_from) == (name.partition("_")[0], "label")
                halves.add((measure.half, measure.side))
    assert (
        {("left", "right"), ("right", "left")}
        <= halves
        <= {("left", "right"), ("right", "left"), ("", "left"), ("", "right")}
    )


def test_polyps_cover_the_pixels_that_their_masks_have():
    root = folder("kvasir_seg_sample")
    for path in sorted(root.rglob("masks/*.jpg")):
        mask = np.asarray(Pillow.open(path).convert("L")) > 127
        numbers, count = ndimage.label(mask, structure=np.ones((3, 3)))
        parts = [numbers == number for number in range(1, count + 1)]
        objects = [AnnotatedObject(label="polyp", box_px=box_of_mask(part), mask=part) for part in parts]
        found = measured(mask.shape, objects, "colon", spacing_mm=(0.5, 0.5))["polyp"]
        assert found.area_share == pytest.approx(mask.mean(), abs=5e-5)
        assert len(found.boxes) == count
        extents = [max(axis.stop - axis.start for axis in axes) for axes in ndimage.find_objects(numbers)]
        assert found.size_mm == pytest.approx(max(extents) * 0.5, abs=0.05)


def test_the_liver_of_a_real_scan_lies_on_the_side_that_patient_coordinates_tell():
    root = folder("dicom_dcmqi") / "data/dcmqi/segmentations"
    segmentation = pydicom.dcmread(root / "liver.dcm")
    slices = [pydicom.dcmread(path) for path in sorted((root / "ct-3slice").glob("*.dcm"))]
    by_uid = {each.SOPInstanceUID: each for each in slices}
    for frame, groups in zip(segmentation.pixel_array, segmentation.PerFrameFunctionalGroupsSequence, strict=True):
        source = groups.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID
        header = by_uid[source]
        axes = [float(value) for value in header.ImageOrientationPatient]
        spacing_mm = tuple(float(value) for value in header.PixelSpacing)
        mask = frame > 0
        item = AnnotatedObject(label="liver", box_px=box_of_mask(mask), mask=mask)
        orientation = orientation_of_axes(axes)
        found = measured(mask.shape, [item], "abdomen", orientation=orientation, spacing_mm=spacing_mm)["liver"]
        assert found.area_mm2 == pytest.approx(mask.sum() * spacing_mm[0] * spacing_mm[1], abs=0.051)
        columns = np.nonzero(mask)[1]
        along = np.array(axes[:3]) * spacing_mm[1]
        middle = np.array(header.ImagePositionPatient, dtype=float) + along * (mask.shape[1] - 1) / 2
        offsets_mm = (np.array(header.ImagePositionPatient, dtype=float) + along * columns[:, None] - middle)[:, 0]
        assert found.side in ("right", "")
        if found.side:
            assert offsets_mm.max() < 0  # in DICOM's patient coordinates x grows to the patient's left
        assert offsets_mm.mean() < 0
