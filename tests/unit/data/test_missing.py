"""The list of images that a store names but does not hold."""

import csv

import pytest

from doctorsun.config.collection import ImportSource
from doctorsun.data.formats import open_import
from doctorsun.data.missing import MISSING_IMAGES, report_missing
from doctorsun.data.pipeline import read_into
from doctorsun.data.readers.image_finder import ImageFinder
from doctorsun.schema import Image, Message, Sample, Source, text_part
from doctorsun.storage.store import Store, StoreWriter

HERE = Image(bytes=b"1", sha256="a" * 64, width=1, height=1, path="here.png")
GONE = Image(bytes=None, sha256="", width=0, height=0, path='odd, "name".png')
HELD_ELSEWHERE = Image(bytes=None, sha256="b" * 64, width=1, height=1, path="elsewhere.png")


def write(folder, *images_of_samples):
    with StoreWriter(folder, name="s", step={}) as writer:
        for number, images in enumerate(images_of_samples):
            messages = (Message(role="user", content=(text_part("Q"),)),)
            writer.add([Sample(id=f"s{number}", messages=messages, source=Source(dataset="d"), images=images)])
    return Store(folder)


def test_every_sample_that_lacks_an_image_is_listed(tmp_path):
    store = write(tmp_path, (HERE,), (HERE, GONE), (), (HELD_ELSEWHERE, GONE))

    assert report_missing(store) == 2
    assert (tmp_path / MISSING_IMAGES).read_text().splitlines() == [
        "sample,path,remap",
        's1,"odd, ""name"".png",',
        "s3,elsewhere.png,",
        's3,"odd, ""name"".png",',
    ]


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("/their/disk/data/1.jpg", "/their/disk/data/=DIR/"),
        ("D:\\scans\\1.jpg", "D:/scans/=DIR/"),
        ("file:///their/disk/1.jpg", "/their/disk/=DIR/"),
        ("https://example.org/a/1.jpg", "https://example.org/a/=DIR/"),
        ("data/1.jpg", ""),
    ],
)
def test_the_rule_that_leads_to_an_image_of_another_machine_stands_beside_it(tmp_path, path, rule):
    gone = Image(bytes=None, sha256="", width=0, height=0, path=path)
    report_missing(write(tmp_path / "store", (gone,)))

    (row,) = csv.DictReader((tmp_path / "store" / MISSING_IMAGES).read_text(encoding="utf-8").splitlines())
    assert (row["path"], row["remap"]) == (path, rule)
    if rule:
        (tmp_path / "here").mkdir()
        (tmp_path / "here" / "1.jpg").write_bytes(b"1")
        finder = ImageFinder((str(tmp_path),), dict([rule.replace("DIR", "here").split("=")]))
        assert [finder.read(each) for each in finder.find(path)] == [b"1"]


def test_a_store_that_lacks_none_has_no_list(tmp_path):
    store = write(tmp_path, (HERE,), ())
    (tmp_path / MISSING_IMAGES).write_text("of an earlier store")

    assert report_missing(store) == 0
    assert not (tmp_path / MISSING_IMAGES).exists()


@pytest.mark.parametrize("workers", [1, 2])
def test_an_import_joins_its_images_and_lists_those_that_are_missing(tmp_path, workers):
    text = '{"image": "gone/%d.jpg", "conversations": [{"from": "human", "value": "?"}, {"from": "gpt", "value": "!"}]}'
    (tmp_path / "a.jsonl").write_text("\n".join(text % (number % 3) for number in range(50)))
    reader = open_import(ImportSource(format="llava", path=str(tmp_path / "a.jsonl")))

    store = read_into(tmp_path / "store", reader, name="s", step={}, workers=workers, on_progress=lambda _, __: None)

    assert (len(store), store.manifest.read, report_missing(store)) == (50, 50, 3)
