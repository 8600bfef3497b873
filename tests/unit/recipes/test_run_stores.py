"""The stores of a run: found when they are whole, removed when they are not."""

from dataclasses import replace
from pathlib import Path

import pytest

from doctorsun.config import load_recipe
from doctorsun.errors import DataError
from doctorsun.recipes import SHIPPED
from doctorsun.recipes.stores import RunStores, hashes_of, left_out, store_facts
from doctorsun.schema import Image, Source
from doctorsun.storage.hub.pull import PullRules
from hubs.object_storage import ENVIRONMENT, put_object, serve_buckets
from small_model import assistant, image, png, question, sample, write_store

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


def test_splits_of_one_store_are_opened_apart_and_what_is_left_out_is_told(tmp_path: Path) -> None:
    lost = Image(bytes=None, sha256="", width=0, height=0)
    shown = [("train", image(png(0))), ("test", image(png(1))), ("train", lost), ("train", image(png(2)))]
    rows = [
        replace(question(f"q{place}", "?", "No.", each, task=split), source=Source(dataset="d", split=split))
        for place, (split, each) in enumerate(shown)
    ]
    folder = write_store(tmp_path / "made", rows).folder
    source = f"data.sources.made={{reader: store, splits: {{train: {folder}, test: {folder}}}}}"
    overrides = [*SMALL, "data.sources.shapes=null", "data.sources.documents=null", source]
    recipe = load_recipe("micro", overrides=overrides, search=SHIPPED)
    stores = RunStores(recipe, tmp_path / "run", lambda *_: None).open_all()
    assert {name: store.column("id") for name, store in stores.items()} == {
        "made/train": ["q0", "q3"],
        "made/test": ["q1"],
    }
    assert len(set(hashes_of(stores).values())) == 2
    assert left_out(stores) == ["made/train: 1 samples without their images left out"]
    facts = store_facts(stores["made/train"])
    assert (facts["rows"], facts["without_images"], facts["counts"]["task"]) == (2, 1, {"train": 2})
    assert hashes_of(RunStores(recipe, tmp_path / "run", lambda *_: None).find_all() or {}) == hashes_of(stores)


def test_a_store_without_the_split_is_refused_before_training(stores: RunStores, tmp_path: Path) -> None:
    section = stores.recipe.data.sources["made"].model_copy(update={"splits": {"test": str(tmp_path / "made")}})
    sources = {"made": section}
    recipe = stores.recipe.model_copy(update={"data": stores.recipe.data.model_copy(update={"sources": sources})})
    with pytest.raises(DataError, match="made holds no sample of the split 'test': got 1 of 'train'"):
        RunStores(recipe, tmp_path / "run", lambda *_: None).open_all()


def test_a_store_in_object_storage_is_fetched_once_and_found_without_a_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = write_store(tmp_path / "made", [sample("a", assistant("A lung."))])
    monkeypatch.chdir(tmp_path)
    source = "data.sources.made={reader: store, splits: {train: s3://bucket/made}}"
    recipe = load_recipe("micro", overrides=[*SMALL, source], search=SHIPPED)
    with serve_buckets("bucket") as server:
        for name, value in {
            **ENVIRONMENT,
            "AWS_ENDPOINT_URL": server.url,
            "DOCTORSUN_CACHE": "cache",
            "HF_HUB_OFFLINE": "0",
        }.items():
            monkeypatch.setenv(name, value)
        for path in made.folder.rglob("*.*"):
            put_object(server, f"bucket/made/{path.relative_to(made.folder)}", path.read_bytes())
        stores = RunStores(recipe, tmp_path / "run", lambda *_: None, rules=PullRules())
        assert stores.find("made", "train") is None
        assert stores.open("made", "train").sha256 == made.sha256
        num_asked = len(server.asked)
        assert stores.open("made", "train").sha256 == made.sha256
        later = RunStores(recipe, tmp_path / "run", lambda *_: None, rules=PullRules(offline=True))
        found = later.find("made", "train")
        assert found is not None
        assert found.sha256 == made.sha256
        assert len(server.asked) == num_asked
