"""Shares that fulfil stated ratios, and ratios that cannot be fulfilled."""

from dataclasses import replace
from pathlib import Path

import pytest

from doctorsun.errors import RecipeError
from doctorsun.schema import Sample
from doctorsun.storage.store import Store
from doctorsun.train.balance import balance
from doctorsun.train.plan import Pool, StagePlan
from small_model import assistant, sample, write_store

ROWS = (("medical", "en", 6), ("medical", "zh", 2), ("general", "en", 8), ("general", "zh", 4))


def documents(*rows: tuple[str, str, int]) -> list[Sample]:
    blank = sample("", assistant("A lung."))
    return [
        replace(blank, id=f"{domain}-{language}-{n}", domain=domain, language=language)
        for domain, language, number in rows
        for n in range(number)
    ]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return write_store(tmp_path / "store", documents(*ROWS))


def sums(pools: list[Pool], shares: list[float], column: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for pool, share in zip(pools, shares, strict=True):
        [value] = set(pool.column(column))
        found[value] = found.get(value, 0.0) + share
    return found


def test_domains_and_languages_hold_at_once_and_all_samples_stay(store: Store) -> None:
    ratios = {"domain": {"medical": 1.0, "general": 0.5}, "language": {"zh": 1.0, "en": 1.0}, "source": {}}
    pools, shares = balance([Pool.select("all", store)], [1.0], ratios)
    assert sums(pools, shares, "domain") == pytest.approx({"medical": 2 / 3, "general": 1 / 3})
    assert sums(pools, shares, "language") == pytest.approx({"zh": 0.5, "en": 0.5})
    assert sorted(row for pool in pools for row in pool.rows.tolist()) == list(range(20))
    counts = {"medical": 0, "general": 0}
    plan = StagePlan(pools, shares, batch_samples=6, num_steps=4, seed=1)
    for step in range(20):
        for ref in plan.step(step):
            counts[store[ref.row].domain] += 1
    assert counts == {"medical": 80, "general": 40}


def test_sources_weigh_what_is_stated_and_their_inside_stays(store: Store) -> None:
    pools = [Pool.select("one", store, domains=["medical"]), Pool.select("two", store, domains=["general"])]
    parts, shares = balance(pools, [0.9, 0.1], {"source": {"one": 1.0, "two": 3.0}})
    assert [part.name for part in parts] == ["one", "two"]
    assert shares == pytest.approx([0.25, 0.75])


def test_a_value_with_ratio_0_is_left_out(store: Store) -> None:
    pools, shares = balance([Pool.select("all", store)], [1.0], {"language": {"zh": 1.0, "en": 0.0}})
    assert sum(shares) == pytest.approx(1.0)
    assert {language for pool in pools for language in pool.column("language")} == {"zh"}


@pytest.mark.parametrize(
    ("ratios", "expected"),
    [
        (
            {"language": {"zh": 1.0}},
            "ratios of language: got none for 'en', of which the mixture has samples, expected one for each of en, zh",
        ),
        (
            {"language": {"zh": 1.0, "en": 1.0, "mixed": 2.0}},
            "ratios of language: got 'mixed', of which the mixture has no sample, expected ratios of en, zh; remove it",
        ),
        (
            {"language": {"zh": 0.0, "en": 0.0}},
            "ratios of language: got only zeros, expected one above 0; correct them",
        ),
    ],
)
def test_ratios_that_do_not_fit_the_samples_are_named(store: Store, ratios: dict, expected: str) -> None:
    with pytest.raises(RecipeError) as error:
        balance([Pool.select("all", store)], [1.0], ratios)
    assert error.value.text().startswith(expected)


def test_ratios_that_exclude_each_other_are_named(tmp_path: Path) -> None:
    store = write_store(tmp_path / "store", documents(("medical", "zh", 3), ("medical", "en", 3), ("general", "en", 3)))
    ratios = {"domain": {"medical": 1.0, "general": 1.0}, "language": {"zh": 3.0, "en": 1.0}}
    expected = r"the ratios cannot hold together: got .*, expected medical 50\.0%; general 50\.0%; zh 75\.0%; en 25\.0%"
    with pytest.raises(RecipeError, match=expected):
        balance([Pool.select("all", store)], [1.0], ratios)
    alone = {"domain": {"medical": 0.0, "general": 1.0}, "language": {"zh": 1.0, "en": 0.0}}
    with pytest.raises(RecipeError, match="cannot hold together"):
        balance([Pool.select("all", store)], [1.0], alone)
