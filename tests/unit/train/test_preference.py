"""The objective of preferences: what it refuses, how it lays samples out, what it tells beside its loss."""

import math

import pytest
import torch

from doctorsun.errors import DataError, TooLong
from doctorsun.model.forward import PackedForward
from doctorsun.train.pairs import PairItem
from doctorsun.train.preference import PreferenceObjective
from doctorsun.train.tally import LossTally
from small_model import question, small_model, small_processor

PROCESSOR = small_processor()
ASKED = question("asked", "Is there a nodule?", "No nodule is seen.", rejected=("Yes.", "No."))


def objective_of(max_length: int = 512, pack_tokens: int = 1024, beta: float = 0.5) -> PreferenceObjective:
    forward = PackedForward(small_model(), image_mean=PROCESSOR.images.mean, image_std=PROCESSOR.images.std)
    return PreferenceObjective(forward, PROCESSOR, beta=beta, max_length=max_length, pack_tokens=pack_tokens)


def item() -> PairItem:
    return objective_of().item(ASKED)


def test_a_pair_is_never_cut() -> None:
    longest = item().longest
    assert objective_of(max_length=longest).item(ASKED).longest == longest
    expected = (
        f"sample asked is too long: got {longest} tokens of the question with its longest reply, expected at most "
        f"{longest - 1}; raise the stage's max_length, or shorten the sample"
    )
    with pytest.raises(TooLong) as raised:
        objective_of(max_length=longest - 1).item(ASKED)
    assert str(raised.value) == expected


def test_all_replies_of_a_question_stand_in_one_pack() -> None:
    whole = item().group.length
    assert objective_of(pack_tokens=whole).item(ASKED).group.length == whole
    expected = f"got {whole} tokens of the question with all its replies, expected at most {whole - 1}; raise .* pack_t"
    with pytest.raises(TooLong, match=expected):
        objective_of(pack_tokens=whole - 1).item(ASKED)


def test_a_reply_whose_start_nobody_measured_is_refused() -> None:
    expected = r"^a sample with preferences: got no log-probabilities of its replies under the weights that the stage"
    with pytest.raises(DataError, match=expected):
        objective_of().batch([item()], {})


def test_samples_are_spread_over_ranks_and_packs() -> None:
    objective = objective_of(pack_tokens=item().group.length + 1)
    items = [item() for _ in range(5)]
    layout = objective.layout(items, 2)
    assert sorted(len(rank) for rank in layout) == [2, 3]
    assert {id(each) for rank in layout for pack in rank for each in pack} == set(map(id, items))
    assert objective.layout([], 2) == [[], []]


def test_losses_and_rewards_by_hand() -> None:
    objective = objective_of(beta=0.5)
    one = item()
    objective.reference = {one.key: (0.0, 0.0, 0.0)}
    batch = objective.batch([one], {})
    logps = objective.log_probabilities(batch).tolist()
    objective.reference = {one.key: (logps[0] - 4, logps[1] - 2, logps[2] - 6)}  # rewards 2, 1 and 3
    tally = LossTally(1, torch.device("cpu"), len(objective.measures))
    loss = objective.loss(objective.batch([one], {}), step_targets=2, tally=tally)
    losses = [math.log1p(math.exp(-1.0)), math.log1p(math.exp(1.0))]  # of the margins 1 and -1
    assert loss.item() == pytest.approx(sum(losses) / 2, abs=1e-4)
    assert tally.losses.tolist() == pytest.approx([sum(losses)], abs=1e-4)
    assert tally.targets.tolist() == [2.0]
    sums = dict(zip(objective.measures, tally.measures.tolist(), strict=True))
    assert sums == pytest.approx(
        {"reward_accuracy": 1.0, "reward_margin": 0.0, "reward_chosen": 4.0, "reward_rejected": 4.0}, abs=1e-3
    )
