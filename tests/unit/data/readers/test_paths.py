from pathlib import Path

import pytest

from doctorsun.data.readers.paths import PathPattern, filled
from doctorsun.errors import DataError


def write(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return root


def found(root: Path, pattern: str) -> list[tuple[str, dict[str, str]]]:
    return [(path.relative_to(root).as_posix(), fields) for path, fields in PathPattern(pattern).find(root)]


def test_named_parts_become_fields_in_the_order_of_the_paths(tmp_path: Path):
    write(tmp_path, "val/cat/b.1.jpg", "train/dog/a.jpg", "train/dog/a.txt", "train/dog/._a.jpg", "readme.jpg")
    assert found(tmp_path, "{split}/{label}/{name}.jpg") == [
        ("train/dog/a.jpg", {"split": "train", "label": "dog", "name": "a"}),
        ("val/cat/b.1.jpg", {"split": "val", "label": "cat", "name": "b.1"}),
    ]


def test_stars_stand_for_anything_and_double_stars_for_any_depth(tmp_path: Path):
    write(tmp_path, "x_01.png", "images_001/images/x_02.png", "images_002/images/deep/y_03.png")
    assert [fields["number"] for _, fields in found(tmp_path, "**/*_{number}.png")] == ["01", "02", "03"]
    assert [fields for _, fields in found(tmp_path, "images_*/images/x_{number}.png")] == [{"number": "02"}]


def test_other_characters_of_a_pattern_mean_themselves(tmp_path: Path):
    write(tmp_path, "benign (1).png", "benign (1)_mask.png", "malignant [2]+.png")
    assert [fields["n"] for _, fields in found(tmp_path, "benign ({n}).png")] == ["1"]
    assert [fields["n"] for _, fields in found(tmp_path, "malignant [{n}]+.png")] == ["2"]


@pytest.mark.parametrize("text", ["{split/{name}.jpg", "{a}/{a}.jpg", "a}.jpg", "{}.jpg"])
def test_a_wrong_pattern_is_refused(text: str):
    with pytest.raises(DataError, match=r"path pattern: got .*, expected each part once, as \{name\}"):
        PathPattern(text)


def test_folders_that_are_links_are_followed(tmp_path: Path):
    write(tmp_path, "disk/a.jpg", "set/readme.txt")
    (tmp_path / "set" / "images").symlink_to(tmp_path / "disk")
    (tmp_path / "disk" / "again").symlink_to(tmp_path / "set")
    assert [fields for _, fields in found(tmp_path / "set", "{folder}/{name}.jpg")] == [
        {"folder": "images", "name": "a"}
    ]


def test_no_match_and_no_folder_are_told(tmp_path: Path):
    with pytest.raises(DataError, match=r"files in .*: got none like \*\.jpg, expected at least one; check --root"):
        found(tmp_path, "*.jpg")
    with pytest.raises(DataError, match=r"gone: got no such folder, expected the folder of the data set"):
        found(tmp_path / "gone", "*.jpg")


def test_templates_are_filled_with_fields():
    assert filled("{Image Index}/{a.b}_*.png", {"Image Index": "7", "a.b": "x"}) == "7/x_*.png"
    assert PathPattern("masks/{name}.png").fill({"name": "n", "label": "l"}) == "masks/n.png"


def test_a_template_with_an_unknown_field_names_those_that_are_known():
    with pytest.raises(DataError, match=r"names an unknown field: got 'patient', expected one of name, split"):
        filled("{patient}", {"name": "n", "split": "train"})
