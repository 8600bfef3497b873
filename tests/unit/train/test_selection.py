"""Which samples an entry takes, and data sets that are taken more or less often than once."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from doctorsun.schema import Source
from doctorsun.storage.store import Store
from doctorsun.train.plan import Pool, StagePlan
from doctorsun.train.selection import image_keys, repeat_datasets, select_rows
from small_model import assistant, image, question, sample, write_store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Twenty questions of the data set ``a`` (four about each image), ten texts of ``b``, six of ``c``, in turn."""
    asked = [
        replace(question(f"a{n}", f"{n}?", "No.", image(b"image %d" % (n // 4))), source=Source(dataset="a"))
        for n in range(20)
    ]
    texts = [
        replace(
            sample(f"{name}{n}", assistant(f"{n}."), domain="general", language="zh" if n % 2 else "en"),
            source=Source(dataset=name),
        )
        for name, number in (("b", 10), ("c", 6))
        for n in range(number)
    ]
    return write_store(tmp_path_factory.mktemp("selection") / "store", [*texts, *asked])


@pytest.mark.parametrize(
    ("wishes", "number"),
    [
        ({}, 36),
        ({"domains": ["medical"]}, 20),
        ({"datasets": ["b", "c"]}, 16),
        ({"datasets": {"b": 2.0}}, 10),
        ({"datasets": ["b"], "languages": ["zh"]}, 5),
        ({"domains": ["general"], "tasks": ["presence"]}, 0),
    ],
)
def test_rows_are_those_that_are_wanted_in_every_respect(store: Store, wishes: dict, number: int) -> None:
    rows = select_rows(store, **wishes)
    assert len(rows) == number == len(set(rows.tolist()))


def test_ratios_make_exact_numbers_of_each_data_set(store: Store) -> None:
    pool = Pool.select("mixed", store, datasets={"a": 0.25, "b": 2.5, "c": 1.0})
    assert Counter(pool.column("source.dataset")) == {"a": 5, "b": 25, "c": 6}
    times = Counter(pool.column("id"))
    assert Counter(times[f"b{n}"] for n in range(10)) == {3: 5, 2: 5}
    assert Counter(pool.take((1, 0), 0, 36).tolist()) == Counter(pool.rows.tolist())


def test_a_fraction_keeps_questions_of_an_image_together_and_never_changes(store: Store) -> None:
    rows, keys = np.arange(len(store)), image_keys(store)
    few, repetitions = repeat_datasets(store, rows, keys, {"a": 0.4})
    assert (len(few), repetitions.tolist()) == (8, [0] * 8)
    assert len({keys[row] for row in few}) == 2
    again, _ = repeat_datasets(store, rows[::-1], keys, {"a": 0.4})
    assert again.tolist() == few.tolist()
    more, _ = repeat_datasets(store, rows, keys, {"a": 0.8})
    assert set(few.tolist()) < set(more.tolist())


def test_a_fraction_is_at_least_one_sample_and_nothing_of_nothing(store: Store) -> None:
    rows, keys = np.arange(len(store)), image_keys(store)
    assert len(repeat_datasets(store, rows, keys, {"c": 0.001})[0]) == 1
    assert len(repeat_datasets(store, rows, keys, {"absent": 3.0})[0]) == 0
    assert len(repeat_datasets(store, rows, keys, {"c": 0.0})[0]) == 0


def test_repetitions_of_a_question_are_apart(store: Store) -> None:
    pool = Pool.select("twice", store, datasets={"a": 2.0})
    members = [pool.rows[pool.groups == group].tolist() for group in set(pool.groups.tolist())]
    assert [(len(rows), len(set(rows))) for rows in members] == [(4, 4)] * 10


def test_ratios_change_the_fingerprint(store: Store) -> None:
    def fingerprint(datasets: dict[str, float] | list[str]) -> str:
        return StagePlan(
            [Pool.select("x", store, datasets=datasets)], [1.0], batch_samples=2, num_steps=4, seed=1
        ).fingerprint

    assert len({fingerprint(each) for each in (["b"], {"b": 2.0}, {"b": 0.5}, {"b": 2.0, "c": 1.0})}) == 4
    assert fingerprint({"b": 1.0}) == fingerprint(["b"])


def test_only_samples_with_rejected_replies_are_pairs(tmp_path: Path) -> None:
    asked = [question(f"{n}", "?", "No.", rejected=("Yes.",) * (n % 3), language="zh" if n else "en") for n in range(6)]
    store = write_store(tmp_path / "store", asked)
    assert select_rows(store, has_pairs=True).tolist() == [1, 2, 4, 5]
    assert select_rows(store, has_pairs=True, languages=["en"]).tolist() == []
    assert Pool.select("made", store, has_pairs=True).rows.tolist() == [1, 2, 4, 5]
