"""Training on several ranks against training in one process; `train_on_ranks.py` does the work, in processes."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

NUM_GROUPS = 4  # what is gathered on its own: two decoder layers, the embedding, and the last norm with the head


@dataclass(frozen=True)
class Outcome:
    """What a scenario left."""

    facts: dict[str, Any]
    weights: dict[str, Tensor]

    def steps(self, *names: str) -> list[list[Any]]:
        """Return these facts of each step."""
        return [[event[name] for name in names] for event in self.facts["events"] if event["event"] == "step"]


Carry = Callable[[str], Outcome]


def carry_out(root: Path, *names: str) -> Carry:
    """Let processes train in all these ways; return what reads an outcome by its name."""
    program = Path(__file__).parents[2] / "train_on_ranks.py"
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, str(program), str(root), *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=900)
    assert done.returncode == 0, done.stderr
    return lambda name: Outcome(
        json.loads((root / f"{name}.json").read_text()), load_file(root / f"{name}.safetensors")
    )


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Carry:
    names = ("one", "two-small", "two-stopped", "two-then-one", "two-asked", "half-text", "two-half-text", "two-align")
    return carry_out(tmp_path_factory.mktemp("ranks"), *names)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Carry:
    names = (
        "one", "two", "accumulated", "one-stopped", "one-then-two", "damaged", "two-damaged", "tied", "two-tied",
        "four", "four-on-two-nodes", "muon", "two-muon", "bf16", "two-bf16",
        "pairs", "two-pairs",
    )  # fmt: skip
    return carry_out(tmp_path_factory.mktemp("ranks"), *names)


def assert_equal(
    one: Outcome, other: Outcome, *, atol: float = 2e-5, loss: float = 1e-5, targets: str = "supervised_tokens"
) -> None:
    """Compare losses, norms and weights; single tokens of AdamW's first steps may differ by more than a rounding."""
    assert one.weights.keys() == other.weights.keys()
    for name, tensor in one.weights.items():
        torch.testing.assert_close(
            other.weights[name], tensor, atol=atol, rtol=0, msg=lambda text, at=name: f"{at}: {text}"
        )
    for mine, theirs in zip(one.steps("loss", "grad_norm"), other.steps("loss", "grad_norm"), strict=True):
        assert theirs == pytest.approx(mine, rel=loss)
    assert one.steps("samples", targets) == other.steps("samples", targets)


def test_two_ranks_that_share_small_packs_learn_what_one_process_learns(few: Carry) -> None:
    assert_equal(few("one"), few("two-small"), atol=1e-4)


def test_a_rank_that_sees_only_text_does_not_hold_up_the_other(few: Carry) -> None:
    assert_equal(few("half-text"), few("two-half-text"), atol=2e-4)
    assert len(few("two-align").steps("loss")) == 2


def test_a_step_takes_few_exchanges(few: Carry) -> None:
    facts = few("two-small").facts
    assert facts["calls"] == {"checkpoint": 1, "counts": 4, "gradients": 4, "norm": 4, "saved": 1, "stop": 1}
    num_passes = sum(facts["passes"])
    assert num_passes > 4
    assert facts["exchanges"]["_allgather_base_"] == 2 * NUM_GROUPS * num_passes  # forward and backward
    assert facts["exchanges"]["_reduce_scatter_base_"] == NUM_GROUPS * num_passes


def test_what_is_small_is_not_sharded(few: Carry) -> None:
    facts = few("two-align").facts
    assert facts["calls"] == {"checkpoint": 1, "counts": 2, "gradients": 2, "saved": 1, "stop": 1}
    assert facts["exchanges"] == {"broadcast_": 4, "allreduce_": 5}


def test_a_stop_that_one_rank_hears_stops_all_and_another_number_of_ranks_goes_on(few: Carry) -> None:
    assert few("two-stopped").facts["is_stopped"]
    assert len(few("two-stopped").steps("loss")) == 2
    assert_equal(few("one"), few("two-then-one"))


def test_the_first_rank_may_compute_alone_between_steps(few: Carry) -> None:
    asked = [event for event in few("two-asked").facts["events"] if event["event"] == "evaluation"]
    assert [event["step"] for event in asked] == [2, 4]
    assert_equal(few("one"), few("two-asked"))


@pytest.mark.slow
def test_more_ranks_go_on_from_one(many: Carry) -> None:
    assert_equal(many("one"), many("one-then-two"))


@pytest.mark.slow
def test_the_gradient_of_many_small_packs_is_that_of_the_whole_step(many: Carry) -> None:
    assert sum(many("accumulated").facts["passes"]) > sum(many("one").facts["passes"])
    assert_equal(many("one"), many("accumulated"), atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["two", "four", "four-on-two-nodes"])
def test_any_number_of_ranks_learns_what_one_process_learns(many: Carry, name: str) -> None:
    assert_equal(many("one"), many(name), atol=1e-4)


@pytest.mark.slow
def test_an_image_that_one_rank_finds_damaged_is_out_of_the_count_of_all(many: Carry) -> None:
    assert_equal(many("damaged"), many("two-damaged"), atol=1e-4)
    assert many("two-damaged").steps("samples") == [[9]]
    found = [event for event in many("two-damaged").facts["events"] if event["event"] == "quarantined"]
    assert [event["sample"] for event in found] == ["broken"]


@pytest.mark.slow
def test_an_embedding_that_is_the_head_stays_whole(many: Carry) -> None:
    assert_equal(many("tied"), many("two-tied"), atol=1e-4)


@pytest.mark.slow
def test_muon_steps_shards(many: Carry) -> None:
    # Its orthogonal updates are computed in bfloat16.
    assert_equal(many("muon"), many("two-muon"), atol=3e-2, loss=2e-2)


@pytest.mark.slow
def test_bf16_shards_come_near_to_bf16_in_one_process(many: Carry) -> None:
    mine, theirs = many("bf16").steps("loss"), many("two-bf16").steps("loss")
    assert [loss for (loss,) in theirs] == pytest.approx([loss for (loss,) in mine], rel=1e-2)


@pytest.mark.slow
def test_two_ranks_prefer_what_one_process_prefers(many: Carry) -> None:
    one, two = many("pairs"), many("two-pairs")
    assert_equal(one, two, atol=1e-4, targets="pairs")
    measures = ("reward_accuracy", "reward_margin", "reward_chosen", "reward_rejected")
    for mine, theirs in zip(one.steps(*measures), two.steps(*measures), strict=True):
        assert theirs == pytest.approx(mine, abs=1e-4)
