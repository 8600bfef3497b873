"""Any picture file is opened by its content."""

import io
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from doctorsun.errors import ImageError
from doctorsun.image.intensity import Window
from doctorsun.image.picture import count_frames, open_picture
from doctorsun.image.raster import encode_png
from doctorsun.schema import Image

RAMP = np.arange(48, dtype=np.uint8).reshape(6, 8) * 5


def test_an_ordinary_picture_keeps_its_own_bytes_whatever_its_name(tmp_path: Path) -> None:
    path = tmp_path / "scan.dcm"
    path.write_bytes(encode_png(RAMP))
    opened = open_picture(path)
    assert isinstance(opened.picture, Image)
    assert (opened.picture.bytes, opened.picture.width, opened.picture.height) == (path.read_bytes(), 8, 6)
    assert opened.header == {}
    assert count_frames(path) == 1


def test_other_pictures_become_pixels(tmp_path: Path) -> None:
    path = tmp_path / "deep.png"
    PIL.Image.fromarray(RAMP.astype(np.uint16) * 16 + 7).save(path)
    opened = open_picture(path)
    assert isinstance(opened.picture, np.ndarray)
    assert opened.picture.dtype == np.uint8
    assert (opened.picture.min(), opened.picture.max()) == (0, 255)


def test_a_page_of_a_stack(tmp_path: Path) -> None:
    path = tmp_path / "stack.tif"
    pages = [PIL.Image.fromarray(RAMP), PIL.Image.fromarray(RAMP[::-1].copy())]
    pages[0].save(path, save_all=True, append_images=pages[1:])
    assert count_frames(path) == 2
    assert np.array_equal(np.asarray(open_picture(path, frame=1).picture), RAMP[::-1])
    with pytest.raises(ImageError, match=r"stack.tif: the file holds several pictures: got 2, expected 1; choose one"):
        open_picture(path)


def test_damage_is_seen_when_the_file_is_opened(tmp_path: Path) -> None:
    file = io.BytesIO()
    PIL.Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(file, "JPEG")
    path = tmp_path / "cut.jpg"
    path.write_bytes(file.getvalue()[:1500])
    with pytest.raises(ImageError, match=r"cut.jpg: the picture is damaged: got OSError"):
        open_picture(path)


def test_an_ordinary_picture_has_no_window(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encode_png(RAMP))
    with pytest.raises(ImageError, match=r"a.png: window: got an ordinary picture, expected values with a scale"):
        open_picture(path, window=Window(40, 400))
