import pytest
import torch

from doctorsun.model.flops import TrainingFlops, Work
from doctorsun.train.meter import Ceiling, StepMeter, peak_memory_gib
from doctorsun.train.plan import Origin

FLOPS = TrainingFlops(token=1e9, pair=0.0, target=0.0, image=0.0, projection=0.0)
ORIGINS = (Origin("phantom", "en"), Origin("phantom", "zh"))


def meter_of(ceiling: Ceiling | None) -> StepMeter:
    return StepMeter(FLOPS, ORIGINS, ceiling, device=torch.device("cpu"), targets="labels")


def test_a_step_is_told_in_rates_shares_and_losses_by_origin() -> None:
    meter = meter_of(Ceiling(measured_tflops=2.0, datasheet_tflops=4.0))
    meter.begin()
    meter.note_batch(Work(tokens=1000))
    meter.tally.add(torch.tensor([0, 1, 1]), torch.tensor([1.0, 2.0, 4.0]))
    counts = meter.counts()
    assert counts == [1e12, 1.0, 6.0, 1.0, 2.0]
    meter.began -= 10.0
    facts = meter.facts(counts, samples=30, targets=50, total_tokens=1000)
    assert facts["step_s"] == pytest.approx(10.0, rel=0.05)
    assert facts["samples_per_s"] == pytest.approx(3.0, rel=0.05)
    assert facts["labels_per_s"] == pytest.approx(5.0, rel=0.05)
    assert facts["total_tokens_per_s"] == pytest.approx(100.0, rel=0.05)
    assert facts["mfu"] == pytest.approx(0.05, rel=0.05)
    assert facts["mfu_datasheet"] == pytest.approx(0.025, rel=0.05)
    assert facts["loss_by_language"] == {"en": 1.0, "zh": 3.0}
    assert facts["loss_by_source"] == {"phantom": pytest.approx(7 / 3)}
    assert (facts["tflops"], facts["padding_share"]) == (1.0, 0.0)


def test_what_the_objective_tells_is_the_mean_over_all_targets() -> None:
    meter = StepMeter(FLOPS, ORIGINS, None, device=torch.device("cpu"), targets="pairs", measures=("reward_margin",))
    meter.begin()
    meter.tally.add(torch.tensor([0, 1]), torch.tensor([1.0, 2.0]))
    meter.tally.add_measures(torch.tensor([[3.0], [5.0]]))
    counts = meter.counts()
    assert counts == [0.0, 1.0, 2.0, 1.0, 1.0, 8.0]
    doubled = [2 * count for count in counts]  # of two ranks
    facts = meter.facts(doubled, samples=2, targets=4, total_tokens=10)
    assert (facts["pairs"], facts["reward_margin"]) == (4, 4.0)
    assert facts["loss_by_language"] == {"en": 1.0, "zh": 2.0}


def test_waiting_is_what_passes_before_the_batch_is_there() -> None:
    meter = meter_of(None)
    meter.begin()
    meter.began -= 3.0
    meter.note_batch(Work())
    meter.began -= 1.0
    facts = meter.facts(meter.counts(), samples=1, targets=1, total_tokens=1)
    assert facts["loader_wait_s"] == pytest.approx(3.0, rel=0.05)
    assert facts["loader_wait_share"] == pytest.approx(0.75, rel=0.05)


def test_without_a_ceiling_no_share_is_told() -> None:
    meter = meter_of(None)
    meter.begin()
    assert "mfu" not in meter.facts(meter.counts(), samples=1, targets=1, total_tokens=1)


def test_a_step_begins_without_the_losses_of_the_one_before() -> None:
    meter = meter_of(None)
    meter.tally.add(torch.tensor([0]), torch.tensor([1.0]))
    meter.note_batch(Work(tokens=5))
    meter.begin()
    assert meter.counts() == [0.0] * 5


def test_the_memory_of_a_process_is_a_plausible_number() -> None:
    assert 0.05 < peak_memory_gib(torch.device("cpu")) < 1000
