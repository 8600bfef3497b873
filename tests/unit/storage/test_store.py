"""Stores: what is written is read, damage is found, a killed run goes on to the same bytes."""

import hashlib
import json
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from doctorsun.errors import DataError
from doctorsun.schema import (
    Answer,
    Deidentification,
    Groups,
    Image,
    ImageFacts,
    MadeBy,
    Message,
    Object,
    Sample,
    Source,
    Variant,
    image_part,
    sample_id,
    text_part,
)
from doctorsun.storage.shard_file import ShardReader
from doctorsun.storage.store import Store, StoreWriter, store_is_complete


def picture(number: int, num_bytes: int = 2000) -> Image:
    encoded = (b"%d " % number * num_bytes)[:num_bytes]
    return Image(bytes=encoded, sha256=hashlib.sha256(encoded).hexdigest(), width=31, height=17)


def sample(number: int, question: int = 0, image: Image | None = None, **fields: object) -> Sample:
    plain = Sample(
        id=sample_id("test", str(number), "en", str(question)),
        messages=(
            Message(role="user", content=(image_part(), text_part(f"Question {question}?"))),
            Message(role="assistant", content=(text_part("Yes."),)),
        ),
        source=Source(dataset="test", original_id=str(number)),
        images=(image or picture(number),),
        task="presence:nodule",
    )
    return replace(plain, **fields)


def item(number: int, num_samples: int = 12) -> list[Sample]:
    return [sample(number, question) for question in range(num_samples)]


FULL = sample(
    1,
    images=(
        replace(
            picture(1),
            path="a.png",
            facts=ImageFacts(spacing_mm=(0.5, 0.25), window=(40.0, 400.0), slice=3, orientation="L\\P"),
        ),
        Image(bytes=None, sha256="f" * 64, width=5, height=7, path="elsewhere.png"),
    ),
    answer=Answer(kind="mcq", options=("a", "b"), gold=("A",)),
    rejected=("no", "never"),
    variant=Variant(of="0" * 16, kind="negation"),
    language="zh",
    domain="general",
    task="side:cyst",
    modality="ultrasound",
    anatomy="breast",
    department="radiology",
    labels=("cyst", "left"),
    objects=(Object(label="囊肿", box_px=(1.0, 2.5, 3.0, 4.0), image=1),),
    facts='{"side": "left"}',
    source=Source(dataset="d", version="1", url="u", licence="CC0-1.0", split="test", original_id="o"),
    groups=Groups(patient="p", study="s", article="a"),
    made_by=MadeBy(method="llm", template="t", model="m", prompt_sha256="h"),
    deidentification=Deidentification(profile="basic", version="2"),
)
DOCUMENT = Sample(
    id="document", messages=(Message(role="assistant", content=(text_part("一"),)),), source=Source(dataset="d")
)


def write(folder: Path, *items: list[Sample], rows_per_shard: int = 4096) -> Store:
    with StoreWriter(folder, name="test", step={"step": "make"}, rows_per_shard=rows_per_shard) as writer:
        for samples in items:
            writer.add(samples)
    return Store(folder)


def write_interrupted(folder: Path, *items: list[Sample], rows_per_shard: int) -> None:
    def interrupted() -> None:
        with StoreWriter(folder, name="test", step={"step": "make"}, rows_per_shard=rows_per_shard) as writer:
            for samples in items:
                writer.add(samples)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()


def test_every_field_comes_back(tmp_path: Path) -> None:
    store = write(tmp_path / "store", [FULL], [DOCUMENT], [sample(2)])
    assert list(store) == [FULL, DOCUMENT, sample(2)]
    assert len(store) == 3
    store.verify()


def test_an_embedded_image_and_a_reference_to_it_stay_apart(tmp_path: Path) -> None:
    reference = sample(1, 1, replace(picture(1), bytes=None))
    store = write(tmp_path / "store", [sample(1), reference, sample(1, 2)])
    assert [read.images[0].bytes is None for read in store] == [False, True, False]


def test_random_access_over_shards_and_groups(tmp_path: Path) -> None:
    items = [item(number, 1 + number % 70) for number in range(100)]
    store = write(tmp_path / "store", *items, rows_per_shard=500)
    rows = [row for samples in items for row in samples]
    assert len(store.manifest.shards) > 3
    assert len(store) == len(rows)
    for index in [0, len(rows) - 1, *range(7, len(rows), 97), 3, 500, 4]:
        assert store[index] == rows[index]
    for index in (-1, len(rows)):
        with pytest.raises(IndexError):
            store[index]


def test_row_groups_hold_at_most_64_rows_and_whole_items(tmp_path: Path) -> None:
    write(tmp_path / "store", *(item(number, 12) for number in range(20)), item(20, 150))
    metadata = pq.ParquetFile(tmp_path / "store/shards/00000.parquet").metadata
    sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
    assert sizes == [60, 60, 60, 60, 64, 64, 22]


def test_large_images_make_small_row_groups(tmp_path: Path) -> None:
    write(tmp_path / "store", *([sample(number, image=picture(number, 3 * 2**20))] for number in range(7)))
    metadata = pq.ParquetFile(tmp_path / "store/shards/00000.parquet").metadata
    assert [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)] == [3, 3, 1]


def test_equal_images_of_one_item_are_stored_and_read_once(tmp_path: Path) -> None:
    image = picture(1, 100_000)
    store = write(tmp_path / "store", [sample(1, question, image) for question in range(60)])
    assert store.manifest.shards[0].size_bytes < 130_000
    assert all(read.images[0].bytes is store[0].images[0].bytes for read in store)
    assert store[0].images[0].bytes == image.bytes


def test_columns(tmp_path: Path) -> None:
    store = write(tmp_path / "store", [FULL, DOCUMENT], [sample(2)], rows_per_shard=2)
    assert store.column("id") == [FULL.id, "document", sample(2).id]
    assert store.column("source.split") == ["test", "train", "train"]
    assert store.column("answer.kind") == ["mcq", None, None]
    assert store.column("labels") == [["cyst", "left"], [], []]
    assert store.column("images.sha256") == [
        [image.sha256 for image in read.images] for read in (FULL, DOCUMENT, sample(2))
    ]
    assert store.column("images.facts.slice") == [[3, None], [], [None]]
    for name in ("colour", "source.colour", "id.colour"):
        with pytest.raises(DataError, match=rf"a sample has no field '{name}': expected one of id, images, .*"):
            store.column(name)


def test_fields_come_as_one_table_per_shard(tmp_path: Path) -> None:
    store = write(tmp_path / "store", [FULL, DOCUMENT], [sample(2)], rows_per_shard=2)
    tables = [table.to_pydict() for table in store.tables(["id", "labels"])]
    assert tables == [
        {"id": [FULL.id, "document"], "labels": [["cyst", "left"], []]},
        {"id": [sample(2).id], "labels": [[]]},
    ]


def test_samples_without_images_keep_everything_else(tmp_path: Path) -> None:
    store = write(tmp_path / "store", [FULL], [DOCUMENT], rows_per_shard=1)
    bare = replace(FULL, images=tuple(replace(image, bytes=None) for image in FULL.images))
    assert list(store.without_images()) == [bare, DOCUMENT]
    assert [store.without_bytes(1), store.without_bytes(0), store.without_bytes(1)] == [DOCUMENT, bare, DOCUMENT]
    with pytest.raises(IndexError):
        store.without_bytes(2)


def test_the_image_bytes_are_not_read_for_columns_and_samples_without_images(tmp_path: Path) -> None:
    store = write(tmp_path / "store", [sample(1)])
    shard = tmp_path / "store" / store.manifest.shards[0].path
    content = shard.read_bytes()
    encoded = sample(1).images[0].bytes
    shard.write_bytes(content.replace(encoded, bytes(len(encoded))))
    assert len(list(store.without_images())) == len(store.column("images.sha256")) == 1
    assert store.without_bytes(0).images[0].bytes is None
    with pytest.raises(DataError, match="damaged"):
        Store(store.folder)[0]


def test_an_image_of_many_samples_lies_once_in_memory(tmp_path: Path) -> None:
    large = picture(1, num_bytes=200_000)
    store = write(tmp_path / "store", [sample(1, question, image=large) for question in range(40)])
    images = ShardReader(store.folder, store.manifest.shards[0]).image_bytes(0)
    assert (len(images), images[39].as_py()) == (40, large.bytes)
    assert 200_000 <= images.nbytes < 210_000


def test_the_manifest_counts_items_and_rows(tmp_path: Path) -> None:
    with StoreWriter(tmp_path, name="mix", step={"n": (1, 2)}, parents=("a",), rows_per_shard=5) as writer:
        writer.add([FULL, sample(2)])
        for number in range(9):
            writer.drop(str(number), "blank" if number % 3 else "duplicate", "all pixels equal")
        writer.add([sample(3)])
    manifest = Store(tmp_path).manifest
    assert (manifest.name, manifest.parents, manifest.steps) == ("mix", ("a",), ({"n": [1, 2]},))
    assert (manifest.read, manifest.kept, manifest.dropped) == (11, 2, 9)
    assert manifest.dropped_reasons == {"blank": 6, "duplicate": 3}
    assert manifest.counts == {
        "language": {"zh": 1, "en": 2},
        "domain": {"general": 1, "medical": 2},
        "modality": {"ultrasound": 1, "": 2},
        "task": {"side:cyst": 1, "presence:nodule": 2},
        "licence": {"CC0-1.0": 1, "unknown": 2},
        "split": {"test": 1, "train": 2},
        "dataset": {"d": 1, "test": 2},
        "images": {"incomplete": 1, "complete": 2},
    }
    assert Store(tmp_path).counts("language") == {"en": 2, "zh": 1}
    assert [shard.num_rows for shard in manifest.shards] == [2, 0, 1]
    dropped = [row for path in sorted(tmp_path.glob("dropped/*")) for row in pq.read_table(path).to_pylist()]
    assert [row["original_id"] for row in dropped] == [str(number) for number in range(9)]
    assert dropped[0] == {"original_id": "0", "reason": "duplicate", "detail": "all pixels equal"}


def test_a_store_that_an_earlier_version_began_is_finished_with_what_it_counted(tmp_path: Path) -> None:
    write_interrupted(tmp_path, item(1), item(2), rows_per_shard=12)
    path = tmp_path / "progress.json"
    progress = json.loads(path.read_text())
    for name in ("split", "dataset", "images"):
        del progress["counts"][name]
    path.write_text(json.dumps(progress))
    store = write(tmp_path, item(3), rows_per_shard=12)
    assert store.manifest.counts["task"] == {"presence:nodule": 36}
    assert "split" not in store.manifest.counts


def test_an_empty_store(tmp_path: Path) -> None:
    store = write(tmp_path / "store")
    assert (len(store), list(store), store.column("id")) == (0, [], [])


def test_a_store_travels_to_another_process(tmp_path: Path) -> None:
    store = write(tmp_path / "store", [sample(1)])
    assert pickle.loads(pickle.dumps(store))[0] == sample(1)  # noqa: S301 (our own bytes)


def test_the_identity_of_a_store_follows_its_content(tmp_path: Path) -> None:
    one, same, other = (write(tmp_path / str(place), [sample(number)]) for place, number in enumerate((1, 1, 2)))
    assert one.sha256 == same.sha256 != other.sha256


def test_an_item_without_samples_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(DataError, match="a kept source item has no sample; drop it with a reason"),
        StoreWriter(tmp_path, name="n", step={}) as writer,
    ):
        writer.add([])
    assert not store_is_complete(tmp_path)


def test_two_images_under_one_hash_are_refused_and_nothing_of_the_item_is_kept(tmp_path: Path) -> None:
    wrong = replace(picture(2), sha256=picture(1).sha256)
    with StoreWriter(tmp_path, name="n", step={}) as writer:
        writer.add([sample(1)])
        with pytest.raises(DataError, match=f"two different images have the SHA-256 {wrong.sha256}; hash the"):
            writer.add([sample(3), sample(2, image=wrong)])
        writer.drop("2", "hash")
    assert list(Store(tmp_path)) == [sample(1)]


def test_a_complete_store_is_not_written_again(tmp_path: Path) -> None:
    write(tmp_path, [sample(1)])
    with pytest.raises(DataError, match=r"store .* is complete: got a new writer for it; remove the folder"):
        StoreWriter(tmp_path, name="test", step={"step": "make"})


def test_a_store_begun_by_another_step_is_not_continued(tmp_path: Path) -> None:
    write_interrupted(tmp_path, [sample(1)], rows_per_shard=1)
    with pytest.raises(
        DataError, match=r"begun by another step: got test: .*'make'.*, expected test: .*'mix'.*; remove"
    ):
        StoreWriter(tmp_path, name="test", step={"step": "mix"})


def test_an_interrupted_store_is_not_complete_and_goes_on(tmp_path: Path) -> None:
    write_interrupted(tmp_path, item(0, 10), item(1, 3), rows_per_shard=10)
    assert not store_is_complete(tmp_path)
    assert not list(tmp_path.rglob("*.unfinished"))
    with pytest.raises(DataError, match=r"is not a complete store: got no manifest.json; run the step .* again"):
        Store(tmp_path)
    with StoreWriter(tmp_path, name="test", step={"step": "make"}, rows_per_shard=10) as writer:
        assert writer.num_items_done == 1
        writer.add(item(1, 3))
    assert list(Store(tmp_path)) == item(0, 10) + item(1, 3)


def reading_finds_damage(folder: Path, expected: list[Sample]) -> bool:
    """Read everything: either it is as it was, or the error names the shard."""
    try:
        found = list(Store(folder))
    except DataError as error:
        return "00000.parquet is damaged: got SHA-256" in str(error)
    return found == expected


def test_damage_anywhere_in_a_shard_is_found(tmp_path: Path) -> None:
    store = write(tmp_path, *(item(number, 3) for number in range(30)))
    shard = store.manifest.shards[0]
    path = tmp_path / shard.path
    whole = path.read_bytes()
    expected = list(store)
    message = rf"shard {path} is damaged: got SHA-256 .*, expected SHA-256 {shard.sha256}; copy"
    for place in range(0, len(whole), len(whole) // 150):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :])
        assert reading_finds_damage(tmp_path, expected)
        with pytest.raises(DataError, match=message):
            store.verify()


def test_a_truncated_and_a_missing_shard_are_named(tmp_path: Path) -> None:
    store = write(tmp_path, [sample(1)])
    path = tmp_path / store.manifest.shards[0].path
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"shard .*00000.parquet is damaged: got SHA-256"):
        store[0]
    path.unlink()
    with pytest.raises(DataError, match=r"shard .*00000.parquet is damaged: got no file"):
        store.verify()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"read": 7}, r"source items do not add up: got 7 read, 1 kept, 0 dropped, expected read = kept \+ dropped"),
        ({"schema_version": 9}, "schema version: got 9, expected 1; make the store again"),
        ({"surprise": 1}, r"manifest.json is damaged: got TypeError: .*surprise.*; remove the store"),
    ],
)
def test_a_wrong_manifest_is_refused(tmp_path: Path, change: dict[str, int], message: str) -> None:
    write(tmp_path, [sample(1)])
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(DataError, match=message):
        Store(tmp_path)
    path.write_text("{")
    with pytest.raises(DataError, match=r"manifest.json is damaged: got JSONDecodeError"):
        Store(tmp_path)


WRITE_UNTIL_KILLED = Path(__file__).with_name("write_until_killed.py")


def bytes_below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_store_killed_at_any_line_ends_in_the_same_bytes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, WRITE_UNTIL_KILLED, tmp_path, "24"], check=True)
    undisturbed = bytes_below(tmp_path / "undisturbed")
    assert "manifest.json" in undisturbed
    killed = sorted(tmp_path.glob("killed-*"))
    assert len(killed) == 24
    for folder in killed:
        assert bytes_below(folder) == undisturbed


def test_a_full_disk_stops_with_a_clear_error_and_the_complete_shards_stay(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, WRITE_UNTIL_KILLED, tmp_path, "full"], check=True, capture_output=True, text=True
    )
    assert done.stdout.startswith(f"no room on the disk for {tmp_path}/full/shards/00002.parquet: got File too large;")
    assert done.stderr == ""
    assert sorted(path.name for path in (tmp_path / "full/shards").iterdir()) == ["00000.parquet", "00001.parquet"]
    assert not store_is_complete(tmp_path / "full")


def test_a_disk_that_is_full_of_dropped_items_leaves_nothing_half_written(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, WRITE_UNTIL_KILLED, tmp_path, "full-of-drops"], check=True, capture_output=True, text=True
    )
    assert done.stdout.startswith(f"no room on the disk for {tmp_path}/full/dropped/00000.parquet: got File too large;")
    assert done.stderr == ""
    assert not list((tmp_path / "full/dropped").iterdir())
