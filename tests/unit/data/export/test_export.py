"""What exports hold for other programs, and what they do with unsound samples, full disks and taken folders."""

import io
import json
import resource
import signal
import tarfile
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from PIL import Image as PillowImage

from doctorsun.data.export.export import EXPORT_FORMATS, export_format, export_store
from doctorsun.data.export.hugging_face import HuggingFaceWriter
from doctorsun.data.export.webdataset import WebDatasetWriter
from doctorsun.data.export.writer import ExportFormat
from doctorsun.errors import DataError, MachineError, RecipeError
from doctorsun.schema import Image, Object, Source, image_part

every_format = pytest.mark.parametrize("name", [each.name for each in EXPORT_FORMATS])
BOX = "Where is the <ref>polyp</ref><box>#0</box>?"


def of_split(sample, split):
    return replace(sample, source=Source(dataset="made", split=split))


def test_llava_has_marks_paths_shares_and_pixels(export, stored, tmp_path, sample, image):
    polyp = Object(label="polyp", box_px=(2.0, 1.0, 8.0, 3.0))
    two = (image(1), image(2, "JPEG"))
    export(
        stored(
            sample("a", BOX, images=two[:1], objects=(polyp,)), sample("b", "都一样吗？", images=two), sample("c", "Q?")
        ),
        "llava",
        tmp_path / "out",
    )
    one, several, words = json.loads((tmp_path / "out/train.json").read_text("utf-8"))
    path = f"images/{two[0].sha256[:2]}/{two[0].sha256}.png"

    assert (one["id"], one["image"]) == ("a", path)
    assert one["conversations"] == [
        {"from": "human", "value": "<image>\nWhere is the <ref>polyp</ref><box>[[0.250, 0.250, 1.000, 0.750]]</box>?"},
        {"from": "gpt", "value": "Yes."},
    ]
    assert one["objects"] == {"ref": ["polyp"], "bbox": [[2.0, 1.0, 8.0, 3.0]], "image_id": [0]}
    assert (tmp_path / "out" / path).read_bytes() == two[0].bytes
    assert several["images"] == [path, f"images/{two[1].sha256[:2]}/{two[1].sha256}.jpg"]
    assert several["conversations"][0]["value"] == "<image>\n<image>\n都一样吗？"
    assert not {"image", "images", "objects"} & set(words)


@pytest.mark.parametrize("name", ["llava", "webdataset"])
def test_marks_and_images_are_equal_in_number_whatever_the_words_say(name, export, stored, *, tmp_path, sample, image):
    export(stored(sample("a", "What does <image> mean?", images=(image(1),))), name, tmp_path / "out")
    (path,) = (tmp_path / "out").glob("train*")
    written = path.read_text("latin-1").partition('"doctorsun"')[0]
    assert written.count("<image>") == 1
    assert "What does < image > mean?" in written


def test_messages_have_typed_parts(export, stored, tmp_path, sample, image):
    export(stored(sample("a", "左 <image> 右", images=(image(1),))), "messages", tmp_path / "out")
    (line,) = (tmp_path / "out/train.jsonl").read_text("utf-8").splitlines()
    url = f"images/{image(1).sha256[:2]}/{image(1).sha256}.png"

    assert json.loads(line)["messages"] == [
        {
            "role": "user",
            "content": [
                {"type": "image_url", "image_url": {"url": url}},
                {"type": "text", "text": "左 <image> 右"},
            ],
        },
        {"role": "assistant", "content": [{"type": "text", "text": "Yes."}]},
    ]


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")  # its own
def test_webdataset_is_read_by_its_library(export, stored, tmp_path, sample, image):
    webdataset = pytest.importorskip("webdataset")
    two = (image(1), image(2, "JPEG"))
    export(
        stored(sample("a", "Q?", images=two[:1]), sample("b", "Q?", images=two), sample("c", "Q?")),
        "webdataset",
        tmp_path / "out",
    )
    dataset = webdataset.WebDataset(str(tmp_path / "out/train-000000.tar"), shardshuffle=False)
    one, several, words = list(dataset.decode("pil"))

    assert (one["__key__"], one["png"].size) == ("000000000", (8, 4))
    assert (several["0.png"].size, several["1.jpg"].size) == ((8, 4), (8, 4))
    assert [each["json"]["id"] for each in (one, several, words)] == ["a", "b", "c"]
    assert several["json"]["images"] == ["000000001.0.png", "000000001.1.jpg"]


def test_a_hugging_face_folder_is_read_by_its_library(export, stored, tmp_path, *, sample, image, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    lost = Image(bytes=None, sha256="", width=0, height=0, path="gone.png")
    export(
        stored(
            of_split(sample("a", "Q?", images=(image(1), image(200, "JPEG"))), "train"),
            of_split(sample("b", "问？", images=(lost,)), "test"),
            of_split(sample("c", "Q?", objects=(Object(label="l", box_px=(0, 1, 2, 3)),)), "test"),
        ),
        "hf",
        tmp_path / "out",
    )
    loaded = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))

    (one,), two = loaded["train"], list(loaded["test"])
    assert [picture.getpixel((0, 0)) for picture in one["images"]] == [1, 200]
    assert one["messages"][0] == {
        "role": "user",
        "content": [{"type": "image", "text": None}, {"type": "image", "text": None}, {"type": "text", "text": "Q?"}],
    }
    assert (two[0]["images"], two[1]["images"]) == ([None], [])
    assert two[1]["objects"] == {"ref": ["l"], "bbox": [[0.0, 1.0, 2.0, 3.0]], "image_id": [0]}


@every_format
def test_a_readme_goes_with_the_format_that_has_one(name, stored, tmp_path, sample):
    store = stored(of_split(sample("a", "Q?"), "train"), of_split(sample("b", "Q?"), "test"))
    told = []

    def readme(num_samples):
        told.append(dict(num_samples))
        return "# Card\n"

    export_store(store, export_format(name), tmp_path / "out", readme=readme, on_progress=lambda *_: None)
    written = tmp_path / "out/README.md"
    assert written.is_file() == (name == "hf")
    if name == "hf":
        assert written.read_text("utf-8") == "# Card\n"
        assert told == [{"test": 1, "train": 1}]


@every_format
def test_every_split_has_files_of_its_own(name, export, stored, *, tmp_path, sample, image):
    samples = [of_split(sample(f"s{n}", "Q?", images=(image(n),)), ("train", "test")[n % 2]) for n in range(5)]
    store = stored(*samples)

    assert export(store, name, tmp_path / "all").num_samples == {"test": 2, "train": 3}
    assert export(store, name, tmp_path / "test", "test").num_samples == {"test": 2}
    stems = {path.stem.partition("-")[0] for path in (tmp_path / "test").rglob("t*") if path.is_file()}
    assert stems == {"test"}
    with pytest.raises(DataError, match=r"nothing to export.*3 train, 2 test.*'validation'.*another --split"):
        export(store, name, tmp_path / "none", "validation")


@every_format
def test_references_are_counted(name, export, stored, *, tmp_path, sample, image):
    lost = replace(image(1), bytes=None)
    store = stored(sample("a", "Q?", images=(image(2), lost)), sample("b", "Q?"), sample("c", "Q?", images=(lost,)))
    assert export(store, name, tmp_path / "out").num_references == 2


def test_full_archives_and_files_are_followed_by_others(stored, tmp_path, sample, image, read_back):
    store = stored(*[sample(f"s{n}", "Q?", images=(image(n),)) for n in range(250)])
    small = {
        "webdataset": lambda folder, files: WebDatasetWriter(folder, files, shard_bytes=20_000),
        "hf": lambda folder, files: HuggingFaceWriter(folder, files, shard_bytes=1000),
    }
    for name, opener in small.items():
        out = tmp_path / name
        export_store(store, ExportFormat(name, "", opener), out, on_progress=lambda *_: None)
        assert [item[0] for item in read_back(name, out)] == list(store)
    names = [path.name for path in sorted((tmp_path / "hf/data").iterdir())]
    assert names == [f"train-{number:05d}-of-00003.parquet" for number in range(3)]
    archives = sorted((tmp_path / "webdataset").iterdir())
    assert len(archives) > 2
    with tarfile.open(archives[1]) as second:
        assert "000000000.png" not in second.getnames()


def test_pictures_of_the_hugging_face_folder_are_their_bytes(export, stored, tmp_path, sample, image):
    export(stored(sample("a", "Q?", images=(image(7),))), "hf", tmp_path / "out")
    (row,) = pq.read_table(tmp_path / "out/data/train-00000-of-00001.parquet").to_pylist()
    assert row["images"][0]["bytes"] == image(7).bytes
    assert PillowImage.open(io.BytesIO(row["images"][0]["bytes"])).size == (8, 4)


@every_format
def test_a_folder_that_is_there_is_refused(name, export, stored, tmp_path, sample):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("kept")
    with pytest.raises(DataError, match=r"already there.*remove it or name another"):
        export(stored(sample("a", "Q?")), name, tmp_path / "out")
    assert (tmp_path / "out" / "mine.txt").read_text() == "kept"


@every_format
def test_a_full_disk_leaves_nothing_and_the_next_run_works(name, export, stored, *, tmp_path, sample, image):
    store = stored(*[sample(f"s{n}", "Q?" * 300, images=(image(n),)) for n in range(100)])
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (3000, limits[1]))
        with pytest.raises(MachineError, match="no room on the disk"):
            export(store, name, tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert [path.name for path in tmp_path.iterdir()] == ["store"]

    assert export(store, name, tmp_path / "out").num_samples == {"train": 100}


@every_format
def test_what_a_killed_run_left_is_removed(name, export, stored, tmp_path, sample):
    (tmp_path / ".out.unfinished").mkdir()
    (tmp_path / ".out.unfinished" / "half.json").write_text("[")
    export(stored(sample("a", "Q?")), name, tmp_path / "out")
    assert not list(tmp_path.rglob("half.json"))


@every_format
def test_unsound_samples_and_stores_are_named(name, export, stored, *, tmp_path, sample, image):
    bad = {
        r"#0.*0 objects.*mend the sample's objects": sample("a", BOX, images=(image(1),)),
        r"split of sample b.*'a/b'.*a word such as train": of_split(sample("b", "Q?"), "a/b"),
        r"image of sample c.*expected.*0000": sample("c", "Q?", images=(replace(image(1), sha256="0" * 64),)),
        r"sample d.*2 images, 1 places": sample("d", image_part(), "Q?", images=(image(1), image(2))),
    }
    for number, (message, each) in enumerate(bad.items()):
        with pytest.raises(DataError, match=f"(?s){message}"):
            export(stored(each, name=f"bad{number}"), name, tmp_path / "out")
        assert not (tmp_path / "out").exists()
    good = stored(sample("a", "Q?", images=(image(1),)))
    shard = next(good.folder.glob("shards/*"))
    shard.write_bytes(shard.read_bytes()[:-9])
    with pytest.raises(DataError, match=shard.name):
        export(good, name, tmp_path / "out")


def test_an_empty_store_is_refused(export, stored, tmp_path):
    with pytest.raises(DataError, match=r"nothing to export.*no samples.*another store"):
        export(stored(), "llava", tmp_path / "out")


def test_an_unknown_format_is_answered_with_the_nearest():
    assert export_format("hf").name == "hf"
    with pytest.raises(RecipeError, match=r"'webdatasets'.*did you mean 'webdataset'"):
        export_format("webdatasets")
