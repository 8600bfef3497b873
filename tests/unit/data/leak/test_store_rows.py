"""The samples of a store as the search for leaks reads them."""

from pathlib import Path

import pytest

from doctorsun.data.leak.store_rows import ROWS_PER_PART, StoreRows, store_traces
from doctorsun.errors import DataError
from doctorsun.storage.only_writer import one_writer
from doctorsun.storage.store import Store
from leak_rows import picture
from small_model import question, write_store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return write_store(tmp_path / "store", [question(str(n), f"Is it {n}?", "Yes.", picture(n)) for n in range(3)])


def test_traces_of_a_store_are_kept_and_not_made_again(tmp_path: Path, store: Store) -> None:
    first = [trace for part in store_traces(store, tmp_path / "kept", with_looks=True) for trace in part]
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["looks-v3-000000000.parquet"]
    assert [len(trace.fingerprints[0]) for trace in first] == [96, 96, 96]

    for shard in (tmp_path / "store/shards").iterdir():
        shard.unlink()

    again = [trace for part in store_traces(store, tmp_path / "kept", with_looks=True) for trace in part]
    assert again == first
    assert len(first) < ROWS_PER_PART


def test_words_alone_are_read_without_images(tmp_path: Path, store: Store) -> None:
    traces = next(store_traces(store, tmp_path / "kept", with_looks=False))

    assert {trace.fingerprints for trace in traces} == {(b"",)}
    assert len({trace.images for trace in traces}) == 3


def test_words_are_not_read_again_where_looks_are_kept(tmp_path: Path, store: Store) -> None:
    (looks,) = store_traces(store, tmp_path / "kept", with_looks=True)
    (words,) = store_traces(store, tmp_path / "kept", with_looks=False)

    assert words == looks
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["looks-v3-000000000.parquet"]


def test_samples_are_read_again_by_their_places_in_a_part(store: Store) -> None:
    rows = StoreRows(store, 1)

    assert rows.words(1) == "Is it 2?\nYes."
    assert rows.picture(0, 0) == picture(1).bytes


def test_another_search_of_the_same_store_at_the_same_time_is_refused(tmp_path: Path, store: Store) -> None:
    part = tmp_path / "kept/looks-v3-000000000.parquet"

    with one_writer(part, "test"), pytest.raises(DataError, match="another search of this store is writing"):
        next(store_traces(store, tmp_path / "kept", with_looks=True))

    assert len(next(store_traces(store, tmp_path / "kept", with_looks=True))) == 3


def test_nothing_that_was_read_of_a_store_is_kept_in_memory(tmp_path: Path, store: Store) -> None:
    for _ in store_traces(store, tmp_path / "kept", with_looks=True):
        read = store[0]
        assert store[0] is read

    assert store[0] is not read
    assert store[0] == read


def test_samples_of_one_image_share_its_look_over_groups_of_neighbours(tmp_path: Path) -> None:
    rows = [question(str(n), f"Is it {n}?", "Yes.", picture(n % 2)) for n in range(70)]

    (traces,) = store_traces(write_store(tmp_path / "many", rows), tmp_path / "kept", with_looks=True)

    assert [trace.fingerprints for trace in traces[:2]] * 35 == [trace.fingerprints for trace in traces]
    assert traces[0].fingerprints != traces[1].fingerprints
