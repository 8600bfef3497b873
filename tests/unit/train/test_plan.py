from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from doctorsun.errors import RecipeError
from doctorsun.storage.store import Store
from doctorsun.train.plan import MAX_SAMPLES_PER_IMAGE, Pool, SampleRef, StagePlan
from small_model import assistant, image, png, question, sample, write_store


@pytest.fixture
def images(images_store: Store) -> Pool:
    return Pool.select("images", images_store)


@pytest.fixture
def texts(texts_store: Store) -> Pool:
    return Pool.select("texts", texts_store)


def test_a_pool_takes_the_families_and_languages_that_are_wanted(images_store: Store) -> None:
    pool = Pool.select("images", images_store, tasks=["presence"], languages=["en"])
    chosen = [images_store[int(row)] for row in pool.rows]
    assert len(chosen) == 8
    assert {(each.task, each.language) for each in chosen} == {("presence:nodule", "en")}


def test_an_entry_that_selects_nothing_is_refused(images_store: Store) -> None:
    expected = r"the mixture entry 'images' selects nothing: got 0 of 20 samples, expected at least one"
    with pytest.raises(RecipeError, match=expected):
        Pool.select("images", images_store, tasks=["report"])


def test_an_epoch_holds_every_row_once_and_the_next_has_another_order(images: Pool) -> None:
    first, second = images.take((7,), 0, 20), images.take((7,), 20, 20)
    assert sorted(first) == sorted(second) == list(range(20))
    assert first.tolist() != second.tolist()


def test_rows_are_the_same_however_they_are_taken(images: Pool) -> None:
    whole = images.take((7,), 0, 53)
    parts = [images.take((7,), start, 7) for start in range(0, 49, 7)]
    assert np.concatenate(parts).tolist() == whole[:49].tolist()
    assert images.take((7,), 33, 0).tolist() == []


def test_an_image_gives_a_step_at_most_four_questions_in_a_row(tmp_path: Path) -> None:
    asked = [question(f"{row}", f"{row % 7}?", "No.", image(png(row // 7))) for row in range(42)]
    pool = Pool.select("many", write_store(tmp_path / "many", asked))
    rows = [int(row) for row in pool.take((0,), 0, 42)]
    numbers = [row // 7 for row in rows]
    changes = [0, *(place for place in range(1, 42) if numbers[place] != numbers[place - 1]), 42]
    runs = np.diff(changes)
    assert set(runs) <= {3, 4, 7}  # 7 where chance puts both parts of an image side by side
    assert MAX_SAMPLES_PER_IMAGE == 4 in runs
    assert [row % 7 for row in rows[:3]] != [0, 1, 2]


def test_every_step_is_full_and_the_shares_hold_over_many_steps(images: Pool, texts: Pool) -> None:
    plan = StagePlan([images, texts], [2 / 3, 1 / 3], batch_samples=7, num_steps=4, seed=1)
    counts: Counter[int] = Counter()
    for step in range(60):
        refs = plan.step(step)
        assert len(refs) == 7
        counts.update(ref.pool for ref in refs)
    assert counts == {0: 280, 1: 140}


def test_samples_that_are_taken_again_are_different_once(images: Pool, texts: Pool, images_store: Store) -> None:
    few = StagePlan([images], [1.0], batch_samples=7, num_steps=2, seed=1)
    assert (few.num_samples, few.num_different) == (14, 14)
    epochs = StagePlan([images], [1.0], batch_samples=7, num_steps=6, seed=1)
    assert (epochs.num_samples, epochs.num_different) == (42, 20)
    presence = Pool.select("images", images_store, tasks=["presence"])
    shared = StagePlan([images, presence, texts], [0.5, 0.25, 0.25], batch_samples=80, num_steps=2, seed=1)
    assert shared.num_different == 20 + len(set(texts.rows))


def test_a_step_depends_on_seed_and_number_alone(images: Pool, texts: Pool) -> None:
    def plan(seed: int) -> StagePlan:
        return StagePlan([images, texts], [0.5, 0.5], batch_samples=6, num_steps=4, seed=seed)

    forwards = [plan(1).step(step) for step in range(9)]
    one = plan(1)
    assert [one.step(step) for step in reversed(range(9))] == forwards[::-1]
    assert [plan(2).step(step) for step in range(9)] != forwards
    assert forwards[0][0] == SampleRef(0, int(images.take((1, 0), 0, 1)[0]))


def test_every_pool_gives_each_of_its_rows_before_it_repeats_one(images: Pool, texts: Pool) -> None:
    plan = StagePlan([images, texts], [0.6, 0.4], batch_samples=5, num_steps=4, seed=1)
    refs = [ref for step in range(20) for ref in plan.step(step)]
    for index, size in ((0, 20), (1, 10)):
        rows = [ref.row for ref in refs if ref.pool == index]
        epochs = [rows[start : start + size] for start in range(0, len(rows) - size + 1, size)]
        assert len(epochs) == 3 if index == 0 else 4
        assert all(sorted(epoch) == list(range(size)) for epoch in epochs)


def test_the_fingerprint_changes_with_all_that_the_order_depends_on(
    images_store: Store, texts_store: Store, tmp_path: Path
) -> None:
    def fingerprint(store: Store = images_store, *, tasks: Sequence[str] | None = None, **changes: Any) -> str:
        pools = [Pool.select("images", store, tasks=tasks), Pool.select("texts", texts_store)]
        settings: dict[str, Any] = {"shares": [0.5, 0.5], "batch_samples": 4, "num_steps": 4, "seed": 1} | changes
        return StagePlan(pools, **settings).fingerprint

    other = write_store(tmp_path / "images", [images_store[row] for row in range(19)])
    fingerprints = [
        fingerprint(),
        fingerprint(seed=2),
        fingerprint(shares=[0.4, 0.6]),
        fingerprint(batch_samples=5),
        fingerprint(other),
        fingerprint(tasks=["presence"]),
    ]
    assert len(set(fingerprints)) == len(fingerprints)
    assert fingerprint() == fingerprints[0]


class Named(Store):
    """A store whose identity is known beforehand."""

    @property
    def sha256(self) -> str:
        return "0" * 64


def test_a_mixture_keeps_its_order_and_fingerprint_over_versions(tmp_path: Path) -> None:
    asked = [
        question(
            f"q{number}",
            f"{number}?",
            "No.",
            image(b"image %d" % (number // 5)),
            task="presence:nodule" if number % 3 else "side:nodule",
            language="zh" if number % 2 else "en",
        )
        for number in range(40)
    ]
    write_store(tmp_path / "asked", asked)
    write_store(tmp_path / "texts", [sample(f"t{number}", assistant(f"T {number}.")) for number in range(9)])
    pools = [
        Pool.select("asked", Named(tmp_path / "asked"), tasks=["presence"], languages=["en", "zh"]),
        Pool.select("texts", Named(tmp_path / "texts")),
    ]
    plan = StagePlan(pools, [2 / 3, 1 / 3], batch_samples=6, num_steps=4, seed=7)
    assert plan.fingerprint == "0d109c3a1591284c88e71c88b053d22fa9a6996d4116fed58eed23f9fbbafd60"
    assert [(ref.pool, ref.row) for ref in plan.step(0)] == [(0, 5), (0, 7), (0, 8), (0, 1), (1, 2), (1, 6)]
    assert [(ref.pool, ref.row) for ref in plan.step(11)] == [(0, 10), (0, 13), (0, 16), (0, 19), (1, 7), (1, 8)]


def test_a_pool_counts_what_it_gives(images: Pool) -> None:
    for count in (0, 7, 20, 53):
        taken = images.take((7,), 0, count)
        assert images.times_taken((7,), count).tolist() == np.bincount(taken, minlength=20).tolist()


def test_a_pool_is_parted_by_columns(images: Pool) -> None:
    parts = dict(images.parted(["language", "task"]))
    assert {key: len(part.rows) for key, part in parts.items()} == {
        ("en", "presence:nodule"): 8,
        ("en", "side:nodule"): 4,
        ("zh", "presence:nodule"): 8,
    }
    assert set(parts["en", "side:nodule"].column("task")) == {"side:nodule"}
    [(key, whole)] = images.parted([])
    assert (key, whole.rows.tolist(), whole.groups.tolist()) == ((), images.rows.tolist(), images.groups.tolist())


def test_shares_of_sources_and_languages_are_those_of_the_mixture(images_store: Store, texts: Pool) -> None:
    chinese = Pool.select("images", images_store, languages=["zh"])
    english = Pool.select("images", images_store, languages=["en"])
    plan = StagePlan([chinese, english, texts], [0.5, 0.25, 0.25], batch_samples=4, num_steps=4, seed=1)
    assert plan.source_shares() == {"images": 0.75, "texts": 0.25}
    assert plan.language_shares() == {"zh": 0.5, "en": 0.5}
