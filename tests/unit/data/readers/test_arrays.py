import pickle
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from pydantic import ValidationError

from doctorsun.data.readers.array_file import array_names, item_of, open_array
from doctorsun.data.readers.arrays import Arrays
from doctorsun.data.readers.record import Record
from doctorsun.errors import DataError

PICTURES = np.arange(5 * 4 * 6, dtype=np.uint8).reshape(5, 4, 6)


def reader(images: str, **settings: Any) -> Arrays:
    return Arrays.model_validate({"kind": "arrays", "images": images, **settings})


def read(section: Arrays, root: Path) -> list[Record]:
    items = [section.read(pickle.loads(pickle.dumps(each)), root) for each in section.pending(root)]  # noqa: S301
    return [record for item in items if not hasattr(item, "reason") for record in item]


def pixels(record: Record) -> Any:
    assert isinstance(record.picture, np.ndarray)
    return record.picture


def test_arrays_of_an_archive_with_their_split_and_label(tmp_path: Path):
    np.savez_compressed(
        tmp_path / "set.npz",
        train_images=PICTURES,
        train_labels=np.array([[0], [1], [1], [0], [2]]),
        test_images=PICTURES[:2] + 100,
        test_labels=np.array([[2], [0]]),
    )
    labels = {"array": "{set}.npz:{split}_labels", "classes": ["a", "b", "c"]}
    records = read(reader("{set}.npz:{split}_images", labels=labels), tmp_path)
    assert [(each.fields["split"], next(iter(each.labels))) for each in records] == [
        ("train", "a"),
        ("train", "b"),
        ("train", "b"),
        ("train", "a"),
        ("train", "c"),
        ("test", "c"),
        ("test", "a"),
    ]
    assert records[6].original_id == "set.npz:test_images/1"
    assert records[6].fields == {"set": "set", "split": "test", "index": "1"}
    np.testing.assert_array_equal(pixels(records[6]), PICTURES[1] + 100)


def test_several_labels_each(tmp_path: Path):
    np.savez(tmp_path / "s.npz", x=PICTURES[:2], y=np.array([[1, 0], [0, 0]]))
    labels = {"array": "s.npz:y", "classes": ["a", "b"], "several": True}
    assert [each.labels for each in read(reader("s.npz:x", labels=labels), tmp_path)] == [
        {"a": True, "b": False},
        {"a": False, "b": False},
    ]


def test_hdf5_pairs_whose_labels_are_numbers_or_words(tmp_path: Path):
    with h5py.File(tmp_path / "split_valid_x.h5", "w") as file:
        file["x"] = np.stack([PICTURES] * 3, axis=-1)
    with h5py.File(tmp_path / "split_valid_y.h5", "w") as file:
        file["y"] = np.array([0, 1, 0, 1, 1]).reshape(5, 1, 1, 1)
    records = read(reader("split_{split}_x.h5:x", labels={"array": "split_{split}_y.h5:y"}), tmp_path)
    assert [each.labels for each in records[:2]] == [{"0": True}, {"1": True}]
    assert pixels(records[0]).shape == (4, 6, 3)
    assert records[0].fields["split"] == "valid"


def test_floating_point_pictures_with_channels_of_instances_and_words(tmp_path: Path):
    folder = tmp_path / "Fold 1/images/fold1"
    folder.mkdir(parents=True)
    np.save(folder / "images.npy", np.stack([PICTURES] * 3, axis=-1).astype(np.float64))
    np.save(folder / "types.npy", np.array(["Breast", "Colon", "Lung", "Skin", "Bile-duct"]))
    masks = np.zeros((5, 4, 6, 3))
    masks[0, 0, 0:2, 0] = 7
    masks[0, 0, 2, 0] = 9
    masks[0, 3, 5, 1] = 9
    masks[..., 2] = 1
    np.save(tmp_path / "Fold 1/masks.npy", masks)
    section = reader(
        "{folder}/images/{fold}/images.npy",
        masks={"array": "{folder}/masks.npy", "channels": {"0": "neoplastic", "1": "dead"}, "objects": "values"},
        fields={"tissue": "{folder}/images/{fold}/types.npy"},
        value_range=[0, 255],
    )
    records = read(section, tmp_path)
    assert [each.fields["tissue"] for each in records[:2]] == ["Breast", "Colon"]
    assert [(mark.label, mark.box_px) for mark in records[0].marks] == [
        ("neoplastic", (0, 0, 2, 1)),
        ("neoplastic", (2, 0, 3, 1)),
        ("dead", (5, 3, 6, 4)),
    ]
    assert [each.labels for each in records[:2]] == [
        {"neoplastic": True, "dead": True},
        {"neoplastic": False, "dead": False},
    ]
    np.testing.assert_array_equal(pixels(records[1])[..., 2], PICTURES[1])


def test_label_maps_with_values(tmp_path: Path):
    np.savez(tmp_path / "s.npz", x=PICTURES, m=(PICTURES == 3)[..., None] * 2)
    (first, *_) = read(reader("s.npz:x", masks={"array": "s.npz:m", "values": {"2": "cell"}}), tmp_path)
    assert [(mark.label, mark.box_px) for mark in first.marks] == [("cell", (3, 0, 4, 1))]


def test_a_range_is_shown_from_black_to_white(tmp_path: Path):
    np.save(tmp_path / "a.npy", np.array([[[-1.0, 0.0, 0.5, 1.0, 2.0]]]))
    (record,) = read(reader("a.npy", value_range=[0, 1]), tmp_path)
    assert pixels(record).tolist() == [[0, 0, 128, 255, 255]]
    assert record.original_id == "a.npy/0"


def test_slices_of_a_volume_are_shown_side_by_side(tmp_path: Path):
    volume = np.arange(6, dtype=np.uint8)[:, None, None] * np.ones((6, 2, 3), dtype=np.uint8)
    np.save(tmp_path / "v.npy", volume[None])
    (record,) = read(reader("v.npy", slices=3), tmp_path)
    assert pixels(record)[::2, ::3].tolist() == [[1, 3], [5, 0]]
    (record,) = read(reader("v.npy", slices=99), tmp_path)
    assert pixels(record)[::2, ::3].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_archives_are_read_an_item_at_a_time_and_in_any_order(tmp_path: Path):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, x=PICTURES, y=PICTURES.astype(">f4"))
    for index in (4, 0, 3, 3):
        np.testing.assert_array_equal(item_of(path, "x", index), PICTURES[index])
        np.testing.assert_array_equal(item_of(path, "y", index), PICTURES[index])
    assert open_array(path, "x").shape == (5, 4, 6)
    assert array_names(path) == ["x", "y"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("objects.npz", r"objects.npz: got Python objects, expected arrays that can be read"),
        ("fortran.npz", r"fortran.npz: got an array in Fortran order, expected arrays that can be read"),
        ("text.npz", r"text.npz: got File is not a zip file, expected arrays that can be read"),
        ("text.npy", r"text.npy: got .*, expected arrays that can be read"),
        ("text.h5", r"text.h5: got .*, expected arrays that can be read"),
        ("objects.npy", r"objects.npy: got .*Python objects in dtype.*, expected arrays that can be read"),
        ("x.mat", r"x.mat: got a file of kind '.mat', expected arrays: .npy, .npz, .h5, .hdf5"),
        ("gone.npz", r"gone.npz: got .*No such file.*, expected arrays that can be read"),
    ],
)
def test_files_that_cannot_be_read_are_told(tmp_path: Path, name: str, message: str):
    objects: Any = np.array([{}, None], dtype=object)
    np.savez(tmp_path / "objects.npz", x=objects)
    np.save(tmp_path / "objects.npy", objects)
    np.savez(tmp_path / "fortran.npz", x=np.asfortranarray(PICTURES))
    for each in ("text.npz", "text.npy", "text.h5", "x.mat"):
        (tmp_path / each).write_text("text")
    with pytest.raises(DataError, match=message):
        open_array(tmp_path / name, "x" if name.endswith(".npz") else "")


def test_a_damaged_archive_is_told_where_the_item_is_read(tmp_path: Path):
    path = tmp_path / "cut.npz"
    np.savez(path, x=np.random.default_rng(0).integers(0, 255, (5, 40, 60), np.uint8))
    with zipfile.ZipFile(path) as archive:
        offset = archive.getinfo("x.npy").header_offset
    data = bytearray(path.read_bytes())
    data[offset + 5000] ^= 255
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"cut.npz: got Bad CRC-32 .*, expected arrays that can be read"):
        [item_of(path, "x", index) for index in range(5)]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"images": "s.npz:z"}, r"arrays in .*: got none like s.npz:z, expected at least one"),
        ({"images": "t.npz:z"}, r"files in .*: got none like t.npz"),
        ({"images": "s.npz:x", "labels": {"array": "s.npz:z"}}, r"s.npz: got no array 'z', expected one of x, y, m, f"),
        (
            {"images": "s.npz:x", "labels": {"array": "s.npz:{split}_y"}},
            r"the template 's.npz:\{split\}_y' names an unknown field: got 'split'",
        ),
        ({"images": "s.npz:x", "labels": {"array": "s.npz:m"}}, r"s.npz: got 4 items in s.npz:m, expected 5 as in x"),
        (
            {"images": "s.npz:x", "labels": {"array": "s.npz:y", "classes": ["a"]}},
            r"s.npz, item 0: got 1, expected a number from 0 to 0",
        ),
        (
            {"images": "s.npz:x", "labels": {"array": "s.npz:y", "classes": ["a", "b"], "several": True}},
            r"s.npz, item 0: got \[1\], expected 0 or 1 for each of 2 classes",
        ),
        ({"images": "s.npz:f"}, r"item 0: got float32, expected uint8, or a range; write 'value_range"),
        ({"images": "s.npz:y"}, r"item 0: got an item \[1\], expected \[height, width\]"),
        ({"images": "s.npz:y", "slices": 2}, r"item 0: got an item \[1\], expected \[slice, height, width\]"),
        (
            {"images": "s.npz:x", "masks": {"array": "s.npz:f", "channels": {"3": "a"}}},
            r"item 0: got a mask \[4, 6, 3\], expected \[4, 6\] with channel 3",
        ),
        ({"images": "s.npz:x", "masks": {"array": "s.npz:f", "values": {"1": "a"}}}, r"got a mask \[4, 6, 3\]"),
        (
            {"images": "s.npz:f", "value_range": [0, 1], "masks": {"array": "s.npz:y", "values": {"1": "a"}}},
            "got a mask",
        ),
    ],
)
def test_what_does_not_fit_together_is_told(tmp_path: Path, settings: dict[str, Any], message: str):
    floats = np.zeros((5, 4, 6, 3), dtype=np.float32)
    np.savez(tmp_path / "s.npz", x=PICTURES, y=np.ones((5, 1), dtype=np.uint8), m=PICTURES[:4], f=floats)
    with pytest.raises(DataError, match=message):
        read(reader(**settings), tmp_path)


def test_settings_that_say_nothing_are_refused():
    with pytest.raises(ValidationError, match="value_range has no extent"):
        reader("x.npy", value_range=[1, 1])
    with pytest.raises(ValidationError, match="masks have either values or channels"):
        reader("x.npy", masks={"array": "m.npy"})
