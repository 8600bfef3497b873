"""Parts of stores: only the split that is asked for, only samples with their images, told apart by identity."""

import json
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from doctorsun.errors import DataError
from doctorsun.schema import Image, Sample, Source
from doctorsun.storage.store import Store
from doctorsun.storage.store_part import StorePart, open_held_out, open_split
from small_model import assistant, image, png, question, sample, write_store

KNOWN = Image(bytes=None, sha256="f" * 64, width=8, height=8, path="licensed.png")
UNKNOWN = Image(bytes=None, sha256="", width=0, height=0, path="lost.png")


def marked(number: int, split: str, *images: Image, **fields: Any) -> Sample:
    asked = question(f"s{number}", "Nodule?", "No.", *images, **fields)
    return replace(asked, source=Source(dataset="d", split=split))


@pytest.fixture
def mixed(tmp_path: Path) -> Store:
    """Train, test, train without its image, a text of train, validation, two images of which one is only known."""
    rows = [
        marked(0, "train", image(png(0)), language="zh"),
        marked(1, "test", image(png(1))),
        marked(2, "train", UNKNOWN),
        marked(3, "train"),
        marked(4, "validation", image(png(4))),
        marked(5, "train", image(png(5)), KNOWN),
        marked(6, "train", image(png(6))),
    ]
    return write_store(tmp_path / "mixed", rows)


def test_a_part_holds_its_split_with_all_images(mixed: Store) -> None:
    part = open_split(mixed.folder, "train")
    assert isinstance(part, StorePart)
    assert (len(part), part.num_without_images) == (3, 2)
    assert [each.id for each in part] == ["s0", "s3", "s6"]
    assert part[2] == mixed[6]
    assert part.without_bytes(1) == mixed.without_bytes(3)
    assert [each.id for each in part.without_images()] == part.column("id") == ["s0", "s3", "s6"]
    assert part.counts("language") == {"en": 2, "zh": 1}
    assert part.counts("split") == {"train": 3}
    assert part.rows_without_images() == []
    for index in (-1, 3):
        with pytest.raises(IndexError):
            part[index]


def test_parts_of_one_store_are_told_apart_and_travel(mixed: Store) -> None:
    parts = [open_split(mixed.folder, split) for split in ("train", "validation", "test")]
    assert len({mixed.sha256, *(part.sha256 for part in parts)}) == 4
    again = pickle.loads(pickle.dumps(parts[0]))  # noqa: S301 (our own bytes)
    assert (again.sha256, list(again)) == (parts[0].sha256, list(parts[0]))


def test_a_store_of_one_split_is_taken_whole(tmp_path: Path) -> None:
    store = write_store(tmp_path / "one", [marked(0, "train", image(png(0))), marked(1, "train")])
    part = open_split(store.folder, "train")
    assert type(part) is Store
    assert part.sha256 == store.sha256


def test_a_split_that_the_store_does_not_hold_is_named_with_those_it_holds(tmp_path: Path) -> None:
    write_store(tmp_path / "one", [marked(0, "train"), marked(1, "train"), marked(2, "validation")])
    expected = (
        r"one holds no sample of the split 'test': got 2 of 'train', 1 of 'validation', expected samples marked 'test';"
        " name another store, or ask for a split that it holds"
    )
    with pytest.raises(DataError, match=expected):
        open_split(tmp_path / "one", "test")
    write_store(tmp_path / "none", [])
    with pytest.raises(DataError, match="got no samples"):
        open_split(tmp_path / "none", "train")


@pytest.mark.parametrize("lost", [KNOWN, UNKNOWN])
def test_a_split_without_any_image_is_refused(tmp_path: Path, lost: Image) -> None:
    write_store(tmp_path / "lost", [marked(0, "train", lost), marked(1, "train", lost), marked(2, "test")])
    expected = r"the split 'train' of store .*lost: got 2 samples, none of them with its images, expected samples with"
    with pytest.raises(DataError, match=expected):
        open_split(tmp_path / "lost", "train")


def test_stores_of_versions_that_counted_less_are_read(mixed: Store) -> None:
    path = mixed.folder / "manifest.json"
    manifest = json.loads(path.read_text())
    for field in ("split", "dataset", "images"):
        del manifest["counts"][field]
    path.write_text(json.dumps(manifest))
    old = Store(mixed.folder)
    assert old.counts("split") == {"train": 5, "test": 1, "validation": 1}
    assert old.rows_without_images() == [2, 5]
    assert [each.id for each in open_split(mixed.folder, "train")] == ["s0", "s3", "s6"]


def test_images_that_are_known_to_be_missing_cost_no_reading_of_bytes(tmp_path: Path) -> None:
    rows = [marked(0, "train", image(png(0))), marked(1, "train", UNKNOWN), marked(2, "train")]
    store = write_store(tmp_path / "lost", rows)
    shard = store.folder / store.manifest.shards[0].path
    whole = shard.read_bytes()
    place = whole.index(png(0)) + 100
    shard.write_bytes(whole[:place] + b"?" + whole[place + 1 :])
    assert store.rows_without_images() == [1]


def test_held_out_is_the_only_split_or_test(mixed: Store, tmp_path: Path) -> None:
    assert [each.id for each in open_held_out(mixed.folder)] == ["s1"]
    write_store(tmp_path / "one", [marked(0, "validation")])
    assert [each.id for each in open_held_out(tmp_path / "one")] == ["s0"]
    write_store(tmp_path / "two", [marked(0, "validation"), marked(1, "train")])
    with pytest.raises(DataError, match="two holds no sample of the split 'test': got 1 of 'train', 1 of 'validation'"):
        open_held_out(tmp_path / "two")


def test_a_document_has_no_images_to_lack(tmp_path: Path) -> None:
    store = write_store(tmp_path / "text", [sample("t", assistant("A lung."))])
    assert store.manifest.counts["images"] == {"none": 1}
    assert open_split(store.folder, "train").sha256 == store.sha256
