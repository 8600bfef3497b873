"""The stores of a run: found when they are whole, removed when they are not."""

from pathlib import Path

import pytest

from doctorsun.config import load_recipe
from doctorsun.recipes import SHIPPED
from doctorsun.recipes.stores import RunStores, hashes_of
from small_model import assistant, sample, write_store

SMALL = ["data.sources.phantom=null", "data.sources.shapes.num_images={train: 2}"]


@pytest.fixture
def stores(tmp_path: Path) -> RunStores:
    made = write_store(tmp_path / "made", [sample("a", assistant("A lung."))])
    source = f"data.sources.made={{reader: store, splits: {{train: {made.folder}}}}}"
    recipe = load_recipe("micro", overrides=[*SMALL, source], search=SHIPPED)
    return RunStores(recipe, tmp_path / "run", lambda *_: None)


def test_stores_are_found_once_they_are_made(stores: RunStores) -> None:
    assert stores.find_all() is None
    made = hashes_of(stores.open_all())
    assert hashes_of(stores.find_all() or {}) == made
    assert set(made) == {"documents/train", "shapes/train", "made/train"}


@pytest.mark.parametrize("name", ["manifest.json", "shards/00000.parquet"])
def test_a_damaged_store_is_not_found_and_is_removed_to_be_made_again(stores: RunStores, name: str) -> None:
    before = hashes_of(stores.open_all())
    path = stores.run / "stores/shapes/train" / name
    path.write_bytes(path.read_bytes()[:60])
    assert stores.find_all() is None
    told: list[str] = []
    stores.remove_damaged(told.append)
    assert [line.partition(" is made again: ")[0] for line in told] == ["shapes/train"]
    assert name in told[0]
    assert hashes_of(stores.open_all()) == before


def test_a_store_from_elsewhere_that_is_damaged_is_not_found_and_stays(stores: RunStores, tmp_path: Path) -> None:
    stores.open_all()
    shard = tmp_path / "made/shards/00000.parquet"
    shard.write_bytes(b"")
    assert stores.find_all() is None
    stores.remove_damaged([].append)
    assert shard.exists()
