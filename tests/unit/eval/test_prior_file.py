"""The prior of a store that is kept in a file."""

from pathlib import Path

from doctorsun.eval.prior import training_prior
from doctorsun.eval.prior_file import merged, store_prior
from doctorsun.schema import Answer
from doctorsun.storage.store import Store
from small_model import question, write_store

NO, YES = Answer(kind="closed", gold=("no",)), Answer(kind="closed", gold=("yes",))


def store_of(folder: Path, *golds: Answer | None) -> Store:
    return write_store(folder, [question(str(n), "Is it a cyst?", "", answer=gold) for n, gold in enumerate(golds)])


def test_samples_are_counted_once(tmp_path: Path) -> None:
    store = store_of(tmp_path / "store", NO, NO, YES, None)
    first = store_prior(store, tmp_path / "kept")
    assert first == training_prior(store)

    for shard in (tmp_path / "store/shards").iterdir():
        shard.unlink()

    assert store_prior(Store(tmp_path / "store"), tmp_path / "kept") == first


def test_a_store_without_answers_tells_nothing(tmp_path: Path) -> None:
    assert store_prior(store_of(tmp_path / "store", None), tmp_path / "kept").counts == {}


def test_priors_of_stores_add_up_to_that_of_all_samples(tmp_path: Path) -> None:
    stores = [store_of(tmp_path / "a", NO, YES), store_of(tmp_path / "b", YES, None)]
    priors = [store_prior(store, tmp_path / f"kept-{number}") for number, store in enumerate(stores)]
    assert merged(priors) == training_prior(sample for store in stores for sample in store)
