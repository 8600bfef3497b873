from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from carriers.pictures import colour, grey, write_picture
from doctorsun.data.readers.class_folders import ClassFolders
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.record import Record
from doctorsun.errors import DataError
from doctorsun.schema import Image


def read(root: Path, pattern: str) -> list[Record | Dropped]:
    section = ClassFolders(kind="class_folders", images=pattern)
    items = [section.read(each, root) for each in section.pending(root)]
    return [record for item in items for record in ([item] if isinstance(item, Dropped) else item)]


def test_the_folder_is_the_class_and_ordinary_files_stay_as_they_are(tmp_path: Path) -> None:
    write_picture(tmp_path / "train/polyp/a.png", colour(1))
    write_picture(tmp_path / "val/normal/b.png", grey(2))
    first, second = read(tmp_path, "{split}/{label}/{name}.png")
    assert isinstance(first, Record)
    assert isinstance(second, Record)
    assert (first.labels, second.labels) == ({"polyp": True}, {"normal": True})
    assert first.fields == {"split": "train", "label": "polyp", "name": "a"}
    assert isinstance(first.picture, Image)
    assert first.picture.bytes == (tmp_path / "train/polyp/a.png").read_bytes()


def test_without_a_class_the_paths_tell_the_rest(tmp_path: Path) -> None:
    write_picture(tmp_path / "kidney_ihc.png", colour(1))
    (found,) = read(tmp_path, "{organ}_{stain}.png")
    assert isinstance(found, Record)
    assert (found.labels, found.fields) == ({}, {"organ": "kidney", "stain": "ihc"})


def test_pictures_of_other_kinds_are_shown_as_they_look(tmp_path: Path) -> None:
    pixels = np.zeros((4, 6, 4), np.uint8)
    pixels[:, :3] = (200, 100, 50, 255)
    (tmp_path / "a").mkdir()
    PIL.Image.fromarray(pixels).save(tmp_path / "a/clear.png")
    PIL.Image.fromarray(np.arange(24, dtype=np.uint16).reshape(4, 6) * 1000).save(tmp_path / "a/deep.tif")
    clear, deep = read(tmp_path, "{label}/*.*")
    assert isinstance(clear, Record)
    assert isinstance(deep, Record)
    assert isinstance(clear.picture, np.ndarray)
    assert clear.picture[0, [0, 5]].tolist() == [[200, 100, 50], [255, 255, 255]]
    assert isinstance(deep.picture, np.ndarray)
    assert (deep.picture.dtype, deep.picture.min(), deep.picture.max()) == (np.uint8, 0, 255)


def test_damaged_pictures_are_dropped_though_their_headers_are_sound(tmp_path: Path) -> None:
    write_picture(tmp_path / "a/b.png", colour(1, 64, 64))
    path = tmp_path / "a/b.png"
    path.write_bytes(path.read_bytes()[:-200])
    (tmp_path / "a/c.png").write_bytes(b"")
    found = read(tmp_path, "{label}/{name}.png")
    assert [(each.original_id, each.reason) for each in found if isinstance(each, Dropped)] == [
        ("a/b.png", "image"),
        ("a/c.png", "image"),
    ]


def test_a_folder_without_pictures_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none like \{label\}/\*\.png"):
        read(tmp_path, "{label}/*.png")
