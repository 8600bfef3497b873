import json
import math
from collections.abc import Sequence

import pytest

from doctorsun.errors import DataError
from doctorsun.train.divergence import WINDOW_STEPS, Divergence


def watch(divergence: Divergence, losses: Sequence[float], start: int = 0) -> None:
    for done, loss in enumerate(losses, start + 1):
        divergence.count(done, loss, is_finite=math.isfinite(loss))


def test_a_loss_that_rises_far_above_its_best_stops_the_stage_with_its_numbers() -> None:
    divergence = Divergence("align")
    watch(divergence, [2.0] * 30)
    expected = (
        r"stage align diverged and was stopped after step 4\d: got a mean loss of [78]\.?\d* over 20 steps, "
        r"expected below 7: its best was 2, at step 1; lower its learning rate or lengthen its warmup_share"
    )
    with pytest.raises(DataError, match=expected):
        watch(divergence, [12.0] * 20, start=30)


def test_an_explosion_in_the_first_steps_stops_once_there_are_twenty() -> None:
    losses = [6.4, 40.0] + [60.0] * 30
    with pytest.raises(DataError, match=f"after step {WINDOW_STEPS}"):
        watch(Divergence("align"), losses)


@pytest.mark.parametrize(
    "losses",
    [
        [0.01] * 30 + [0.9] * 30,  # overfitted, then other data: within 1 of the best
        [2.0, 6.0] * 40,  # noise
        [6.0 - 0.05 * step for step in range(100)],
        [math.nan, 2.0, 2.0] * 20,
        [1.0] * 30 + [50.0] + [1.0] * 30,  # one bad step
    ],
)
def test_noise_learning_and_single_bad_steps_go_on(losses: list[float]) -> None:
    watch(Divergence("align"), losses)


def test_a_loss_that_is_mostly_no_number_stops_the_stage() -> None:
    expected = "got no finite loss or gradient in 10 of the last 20 steps"
    with pytest.raises(DataError, match=expected):
        watch(Divergence("align"), [2.0, math.nan] * 20)


def test_a_resumed_stage_stops_at_the_same_step() -> None:
    losses = [2.0] * 25 + [math.nan] + [9.0] * 30
    undisturbed, before, after = Divergence("align"), Divergence("align"), Divergence("align")
    with pytest.raises(DataError) as one:
        watch(undisturbed, losses)
    watch(before, losses[:30])
    after.resume(json.loads(json.dumps(before.state())))
    with pytest.raises(DataError) as other:
        watch(after, losses[30:], start=30)
    assert str(one.value) == str(other.value)


def test_a_stage_is_resumed_before_its_first_step() -> None:
    after = Divergence("align")
    after.resume(json.loads(json.dumps(Divergence("align").state())))
    assert after.best == math.inf
