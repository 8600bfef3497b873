from pathlib import Path

import numpy as np
import pytest

from doctorsun.recipes.lengths import CHUNK_ROWS, LengthIndex, reply_lengths
from doctorsun.schema import Sample
from doctorsun.storage.store import Store
from small_model import assistant, image, png, question, sample, small_processor, user, write_store

PROCESSOR = small_processor()


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    long = sample("long", user("Is there a nodule?"), assistant("No."), user("Sure? " * 30), assistant("Yes. " * 30))
    return [
        question("image", "Is there a nodule?", "No nodule is seen.", image(png(1))),
        sample("text", assistant("Text about the lung.")),
        long,
        question("unplaced", "Is there a nodule?", "No.", image(png(2)), image(png(3))),
        sample("unanswered", user("Is there a nodule?")),
    ]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, samples: list[Sample]) -> Store:
    return write_store(tmp_path_factory.mktemp("lengths") / "store", samples)


def test_lengths_are_those_of_the_rendered_samples(tmp_path: Path, store: Store, samples: list[Sample]) -> None:
    rendered = [len(PROCESSOR.render(each).ids) for each in samples]
    lengths = reply_lengths(tmp_path, PROCESSOR, max_length=2048).of(store)
    assert lengths.tolist() == [*rendered[:4], 0]
    assert rendered[3] > 2 * PROCESSOR.num_visual_tokens


def test_a_sample_that_is_too_long_counts_without_its_last_turns(tmp_path: Path, store: Store) -> None:
    lengths = reply_lengths(tmp_path, PROCESSOR, max_length=64).of(store)
    whole = reply_lengths(tmp_path, PROCESSOR, max_length=2048).of(store)
    assert 0 < lengths[2] <= 64 < whole[2]
    assert reply_lengths(tmp_path, PROCESSOR, max_length=16).of(store)[0] == 0


class Counting:
    """Counts one token for each sample, and how often it was asked."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, sample: Sample) -> int:
        self.calls += 1
        return len(sample.messages)


def test_a_store_is_counted_once_for_each_tokenizer(tmp_path: Path, store: Store) -> None:
    counting = Counting()
    first = LengthIndex(tmp_path, counting, "a").of(store)
    assert LengthIndex(tmp_path, counting, "a").of(store).tolist() == first.tolist()
    assert counting.calls == len(store)
    LengthIndex(tmp_path, counting, "b").of(store)
    assert counting.calls == 2 * len(store)


def test_a_damaged_index_is_made_again(tmp_path: Path, store: Store) -> None:
    counting = Counting()
    first = LengthIndex(tmp_path, counting, "a").of(store)
    (path,) = tmp_path.iterdir()
    for damaged in (path.read_bytes()[:40], b"", b"nothing"):
        path.write_bytes(damaged)
        assert LengthIndex(tmp_path, counting, "a").of(store).tolist() == first.tolist()
    np.save(path, np.zeros(2, dtype=np.int64))
    assert LengthIndex(tmp_path, counting, "a").of(store).tolist() == first.tolist()


def test_many_rows_keep_their_order_over_threads(tmp_path: Path) -> None:
    asked = [sample(f"{row}", *[assistant("A.")] * (1 + row % 5)) for row in range(2 * CHUNK_ROWS + 7)]
    store = write_store(tmp_path / "many", asked)
    counts = [
        LengthIndex(tmp_path / f"{threads}", Counting(), "a", num_threads=threads).of(store) for threads in (1, 3)
    ]
    assert counts[0].tolist() == counts[1].tolist() == [1 + row % 5 for row in range(len(asked))]


def test_rows_of_a_damaged_shard_count_nothing(tmp_path: Path) -> None:
    store = write_store(tmp_path / "damaged", [sample(f"{row}", assistant("A.")) for row in range(3)])
    path = store.folder / store.manifest.shards[0].path
    path.write_bytes(path.read_bytes()[:50])
    assert LengthIndex(tmp_path / "index", Counting(), "a").of(Store(store.folder)).tolist() == [0, 0, 0]
