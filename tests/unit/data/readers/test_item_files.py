from pathlib import Path

import pytest

from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.item_files import file_of, files_of
from doctorsun.errors import DataError


def write(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return root


def found(root: Path, template: str, **fields: str) -> list[tuple[str, dict[str, str]]]:
    return [(path.relative_to(root).as_posix(), captured) for path, captured in files_of(template, fields, root)]


def test_a_file_of_an_item_is_named_by_its_fields(tmp_path: Path):
    write(tmp_path, "images_01/images/a.png", "images_02/images/b.png")
    assert file_of("images_*/images/{Image Index}", {"Image Index": "b.png"}, tmp_path, "b") == (
        tmp_path / "images_02/images/b.png"
    )


def test_no_file_and_a_choice_of_files_are_reasons_to_drop(tmp_path: Path):
    write(tmp_path, "a.png", "a.jpg")
    assert file_of("{id}.tif", {"id": "a"}, tmp_path, "1") == Dropped("1", "no_file", "a.tif")
    assert file_of("{id}.*", {"id": "a"}, tmp_path, "1") == Dropped("1", "several_files", "a.*: a.jpg, a.png")


def test_an_unknown_field_is_told(tmp_path: Path):
    with pytest.raises(DataError, match=r"the template '\{file\}.png' names an unknown field: got 'file'"):
        file_of("{file}.png", {"id": "a"}, tmp_path, "1")


def test_parts_that_are_no_field_are_captured(tmp_path: Path):
    write(tmp_path, "m/a_polyp.png", "m/a_stool_1.png", "m/b_polyp.png", "m/.a_x.png")
    assert found(tmp_path, "m/{name}_{label}.png", name="a") == [
        ("m/a_polyp.png", {"label": "polyp"}),
        ("m/a_stool_1.png", {"label": "stool_1"}),
    ]


def test_brackets_and_stars_in_fields_mean_themselves(tmp_path: Path):
    write(
        tmp_path,
        "benign (1).png",
        "benign (1)_mask.png",
        "benign (1)_mask_1.png",
        "benign (10)_mask.png",
        "[x]*.png",
        "x.png",
    )
    assert [name for name, _ in found(tmp_path, "{kind} ({n})_mask*.png", kind="benign", n="1")] == [
        "benign (1)_mask.png",
        "benign (1)_mask_1.png",
    ]
    assert [name for name, _ in found(tmp_path, "{name}.*", name="[x]*")] == ["[x]*.png"]
    assert [name for name, _ in found(tmp_path, "**/{name}.*", name="[x]*")] == ["[x]*.png"]


def test_any_depth_finds_names_and_beginnings_of_names(tmp_path: Path):
    write(tmp_path, "set/1/a.jpg", "set/2/deep/b.jpg", "set/2/ba.jpg", "set/.hidden/b.jpg", "other/b.jpg")
    assert [name for name, _ in found(tmp_path, "set/**/{id}.jpg", id="b")] == ["set/2/deep/b.jpg"]
    assert [name for name, _ in found(tmp_path, "set/**/{id}*", id="b")] == ["set/2/ba.jpg", "set/2/deep/b.jpg"]
    assert [name for name, _ in found(tmp_path, "set/**/deep/{id}.jpg", id="b")] == ["set/2/deep/b.jpg"]
