"""What stages learn from: counted against the plan's own steps, tokens against the processor."""

from dataclasses import replace
from pathlib import Path

import pytest

from doctorsun.recipes.realised import BLOCK_ROWS, BLOCKS, ratio_lines, realised_mixture, share_tables, shares_by
from doctorsun.schema import Source
from doctorsun.train.plan import Pool, StagePlan
from small_model import assistant, image, png, question, sample, small_processor, write_store


@pytest.fixture
def plan(tmp_path: Path) -> StagePlan:
    asked = [
        question(f"q{n}", "Is there a nodule?", "No.", image(png(n % 5)), language="zh" if n % 3 else "en")
        for n in range(30)
    ]
    others = [
        replace(sample(f"t{n}", assistant("A lung."), domain="general"), source=Source(dataset="other"))
        for n in range(10)
    ]
    pools = [
        Pool.select("asked", write_store(tmp_path / "asked", asked)),
        Pool.select("texts", write_store(tmp_path / "texts", others)),
    ]
    return StagePlan(pools, [0.75, 0.25], batch_samples=8, num_steps=4, seed=3)


def test_samples_and_tokens_are_those_of_the_steps(plan: StagePlan) -> None:
    taken = [(plan.pools[ref.pool], ref.row) for step in range(plan.num_steps) for ref in plan.step(step)]
    samples: dict[tuple[str, str], int] = {}
    for pool, row in taken:
        key = pool.name, pool.store[row].language
        samples[key] = samples.get(key, 0) + 1
    rows = realised_mixture(plan, small_processor())
    assert {(row["source"], row["language"]): row["samples"] for row in rows} == samples
    lengths = {row["source"]: row["tokens"] / row["samples"] for row in rows}
    assert lengths == {
        pool.name: pytest.approx(len(small_processor().render(pool.store[0]).ids)) for pool in plan.pools
    }
    assert [(row["dataset"], row["domain"]) for row in rows] == [("made", "medical")] * 2 + [("other", "general")]


def test_shares_add_up_and_the_largest_comes_first(plan: StagePlan) -> None:
    rows = realised_mixture(plan, small_processor())
    by_source = shares_by(rows, "source")
    assert [(row["source"], row["samples"], row["sample_share"]) for row in by_source] == [
        ("asked", 24, 0.75),
        ("texts", 8, 0.25),
    ]
    assert sum(row["token_share"] for row in by_source) == pytest.approx(1.0)
    assert ratio_lines(rows)[1].startswith("medical 75.0% (")
    assert ratio_lines(rows)[1].endswith("% of tokens)")
    assert ratio_lines([]) == ratio_lines(rows[:1]) == []


def test_without_a_processor_tokens_are_not_known(plan: StagePlan) -> None:
    rows = realised_mixture(plan, None)
    assert {row["tokens"] for row in rows} == {None}
    assert ratio_lines(rows)[0] == "asked 75.0%, texts 25.0%"
    [by_source, by_domain, by_language] = share_tables({"align": rows, "unknown": None})
    assert by_source[1] == {
        "stage": "align",
        "source": "texts",
        "samples": 8,
        "sample_share": "25.0%",
        "sample_tokens": None,
        "token_share": None,
    }
    assert (len(by_domain), len(by_language)) == (2, 2)
    assert share_tables({"align": None}) == []


def test_tokens_of_many_samples_are_told_from_some(tmp_path: Path) -> None:
    many = [sample(f"t{n}", assistant("A lung. " * (1 + n % 2))) for n in range(BLOCKS * BLOCK_ROWS * 3)]
    store = write_store(tmp_path / "many", many)
    plan = StagePlan([Pool.select("many", store)], [1.0], batch_samples=len(many), num_steps=1, seed=1)
    [row] = realised_mixture(plan, small_processor())
    true = sum(len(small_processor().render(each).ids) for each in many)
    assert row["tokens"] == pytest.approx(true, rel=0.02)


def test_a_sample_that_cannot_be_rendered_has_no_tokens(tmp_path: Path) -> None:
    broken = replace(question("q", "?", "No.", image(png(1))), images=())
    store = write_store(tmp_path / "broken", [broken])
    plan = StagePlan([Pool.select("broken", store)], [1.0], batch_samples=1, num_steps=1, seed=1)
    [row] = realised_mixture(plan, small_processor())
    assert (row["samples"], row["tokens"]) == (1, 0)
