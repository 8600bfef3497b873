from collections.abc import Sequence

import numpy as np
import pytest

from doctorsun.errors import RecipeError
from doctorsun.storage.store import Store
from doctorsun.train.plan import Pool, StagePlan
from doctorsun.train.token_batch import StageLength, TokenBatch, step_ends

LENGTHS = (np.arange(20) % 7 + 3, np.arange(10) * 2 + 1)


@pytest.fixture
def pools(images_store: Store, texts_store: Store) -> list[Pool]:
    return [Pool.select("images", images_store), Pool.select("texts", texts_store)]


def by_tokens(pools: Sequence[Pool], tokens: int = 40, lengths: Sequence[np.ndarray] = LENGTHS, **length: int):
    batch = TokenBatch(tokens, lengths)
    return StagePlan.by_tokens(pools, [0.6, 0.4], batch, length=StageLength(**length), seed=7)


def tokens_of(plan: StagePlan, step: int) -> list[int]:
    return [int(LENGTHS[ref.pool][ref.row]) for ref in plan.step(step)]


def test_the_sample_that_reaches_the_tokens_closes_the_step(pools: list[Pool]) -> None:
    plan = by_tokens(pools, steps=9)
    assert plan.num_steps == 9
    for step in range(9):
        lengths = tokens_of(plan, step)
        assert sum(lengths) >= 40
        assert any(sum(lengths) - last < 40 for last in lengths)
        assert len(lengths) == plan.size(step)
    assert len({plan.size(step) for step in range(9)}) > 1
    assert plan.num_samples == sum(plan.size(step) for step in range(9))


def test_steps_hold_the_samples_of_the_stage_in_their_order_whatever_closes_them(pools: list[Pool]) -> None:
    plan = by_tokens(pools, steps=9)
    one_by_one = StagePlan(pools, [0.6, 0.4], batch_samples=1, num_steps=plan.num_samples, seed=7)
    expected = sorted((ref.pool, ref.row) for step in range(plan.num_samples) for ref in one_by_one.step(step))
    assert sorted((ref.pool, ref.row) for step in range(9) for ref in plan.step(step)) == expected
    assert plan.taken(9) == plan.taken_of(plan.num_samples)


def test_a_stage_lasts_until_enough_samples_were_taken(pools: list[Pool]) -> None:
    plan = by_tokens(pools, samples=45)
    assert plan.before(plan.num_steps - 1) < 45 <= plan.num_samples


def test_a_plan_in_tokens_depends_on_tokens_and_lengths_and_not_on_its_end(pools: list[Pool]) -> None:
    other = (LENGTHS[0], LENGTHS[1] + 1)
    plans = [by_tokens(pools, steps=4), by_tokens(pools, 41, steps=4), by_tokens(pools, lengths=other, steps=4)]
    assert len({plan.fingerprint for plan in plans}) == 3
    longer = by_tokens(pools, steps=6)
    assert longer.fingerprint == plans[0].fingerprint
    assert [longer.step(step) for step in range(4)] == [plans[0].step(step) for step in range(4)]


def test_samples_without_tokens_close_no_step_and_are_passed_over(pools: list[Pool]) -> None:
    lengths = (np.zeros(20, dtype=np.int64), LENGTHS[1])
    plan = by_tokens(pools, lengths=lengths, steps=3)
    assert all(sum(lengths[ref.pool][ref.row] for ref in plan.step(step)) >= 40 for step in range(3))


def test_a_mixture_without_any_token_is_refused(pools: list[Pool]) -> None:
    nothing = (np.zeros(20, dtype=np.int64), np.zeros(10, dtype=np.int64))
    expected = "no sample of the mixture can be counted in tokens: got none that can be read and fits max_length"
    with pytest.raises(RecipeError, match=expected):
        by_tokens(pools, lengths=nothing, steps=3)


def test_the_end_of_a_step_is_the_first_that_reaches_its_tokens() -> None:
    assert step_ends(lambda number: 3 * number, 7, StageLength(steps=3)) == (0, 3, 6, 9)
    assert step_ends(lambda number: 10 * number, 7, StageLength(samples=2)) == (0, 1, 2)
