"""What the variants of a training step compute: one lever off, all else the same."""

import pytest
import torch

from doctorsun.bench.lever_variants import LeverNetworks, StepSamples, Variant, frozen_levers, loss_levers, step_levers
from doctorsun.config import PartName
from doctorsun.train.loader import PixelCache
from doctorsun.train.replies import ReplyObjective
from small_model import image, png, question, save_small, small_processor

ASKED = tuple(question(f"{n}-{m}", f"Mass {m}?", "Yes.", image(png(n))) for n in range(3) for m in range(2))
EVERYTHING: tuple[PartName, ...] = ("vision", "projector", "language")


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> LeverNetworks:
    return LeverNetworks(weights=save_small(tmp_path_factory.mktemp("levers") / "small"), bf16=False)


@pytest.fixture(scope="module")
def objective(networks: LeverNetworks) -> ReplyObjective:
    return ReplyObjective(networks.training(EVERYTHING), small_processor(), max_length=64, pack_tokens=256)


@pytest.fixture(scope="module")
def own(networks: LeverNetworks, objective: ReplyObjective) -> dict[str, Variant]:
    uncached = PixelCache(small_processor(), capacity_bytes=0)
    found = step_levers(objective, networks.stock(EVERYTHING, {}), uncached, bf16=False)
    return {variant.lever: variant for variant in found}


@pytest.fixture(scope="module")
def step(objective: ReplyObjective) -> StepSamples:
    """Two questions about each of three images."""
    pixels = {name: one for each in ASKED for name, one in PixelCache(small_processor()).get(each).items()}
    return StepSamples(ASKED, tuple(objective.item(each) for each in ASKED), pixels)


def loss(variant: Variant, step: StepSamples) -> float:
    """Return the sum of the losses of a step, in the variant's own layout."""
    return sum(float(variant.forward.losses(batch).sum()) for batch in variant.batches(step))


@pytest.mark.parametrize(
    "lever",
    [
        "stock decoder layers",
        "prefixes not shared",
        "each sample alone",
        "last layer's queries of all positions",
        "images decoded while the step waits",
    ],
)
@torch.no_grad()
def test_no_lever_changes_the_loss(own: dict[str, Variant], step: StepSamples, lever: str) -> None:
    assert loss(own[lever], step) == pytest.approx(loss(own["all levers on"], step), rel=1e-4)


def test_each_lever_takes_away_what_its_name_says(own: dict[str, Variant], step: StepSamples) -> None:
    tokens = {lever: [batch.num_tokens for batch in variant.batches(step)] for lever, variant in own.items()}
    assert len(tokens["each sample alone"]) == len(ASKED)
    assert sum(tokens["prefixes not shared"]) == sum(tokens["each sample alone"]) > sum(tokens["all levers on"])
    assert own["fp32" if own["all levers on"].bf16 else "bf16 under autocast"].bf16 != own["all levers on"].bf16
    (everywhere,) = own["logits of all positions"].batches(step)
    assert everywhere.num_targets == everywhere.num_tokens - 1
    late = own["images decoded while the step waits"]
    assert late.is_late
    (unread,) = late.batches(StepSamples(step.samples, step.items, {}))
    (packed,) = own["all levers on"].batches(step)
    assert torch.equal(unread.pixels, packed.pixels)


def test_frozen_parts_get_no_gradient_but_where_the_lever_is_off(
    networks: LeverNetworks, own: dict[str, Variant], step: StepSamples
) -> None:
    learnt: dict[str, set[str]] = {}
    for variant in frozen_levers(own["all levers on"], networks):
        for batch in variant.batches(step):
            variant.forward.losses(batch).sum().backward()
        parameters = variant.forward.model.named_parameters()
        learnt[variant.lever] = {name.split(".")[1] for name, each in parameters if each.grad is not None}
    assert list(learnt.values()) == [
        {"multi_modal_projector"},
        {"multi_modal_projector", "vision_tower"},
        {"multi_modal_projector", "vision_tower", "language_model", "weight"},  # lm_head.weight
    ]


def test_the_loss_is_cut_or_not(own: dict[str, Variant]) -> None:
    assert [variant.num_pieces for variant in loss_levers(own["all levers on"])] == [4, 1]
