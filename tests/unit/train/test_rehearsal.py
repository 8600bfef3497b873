"""A pass on paper: against the same pass with memory, of a network with all its blocks."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from doctorsun.config import StageSection
from doctorsun.model.build import build_model, llava_config
from doctorsun.model.forward import PackedForward
from doctorsun.model.memory import LiveBytes
from doctorsun.model.presets import PRESETS
from doctorsun.model.recompute import recompute_blocks
from doctorsun.model.trainable import hold_frozen, set_trainable
from doctorsun.train.loss import supervised_loss
from doctorsun.train.pack import collate, neighbours
from doctorsun.train.rehearsal import PassShape, rehearse, stand_ins
from small_model import small_processor

PROCESSOR = small_processor()
SIZES = replace(PRESETS["micro"], vision_layers=4, num_layers=5)
CONFIG = llava_config(SIZES, PROCESSOR)
ITEMS = stand_ins(CONFIG, tokens=400, length=100, images=2)
ALL = {"vision": "full", "projector": "full", "language": "full"}
LORA = {"language": {"lora": {"r": 4, "alpha": 8}}, "projector": "full"}


def stage_of(trainable: dict[str, Any], **settings: Any) -> StageSection:
    given = {"trainable": trainable, "mixture": [{"source": "made"}], "steps": 1, "batch_samples": 3, "lr": 0.1}
    return StageSection.model_validate(given | settings)


def held(stage: StageSection) -> int:
    """Return the most bytes that a real pass holds, beside weights and buffers."""
    model = build_model(SIZES, PROCESSOR, seed=1)
    set_trainable(model, stage.trainable, stage.adapters)
    hold_frozen(model, bf16=False)
    forward = PackedForward(model.train(), image_mean=(0.5,) * 3, image_std=(0.5,) * 3)
    if stage.recompute:
        recompute_blocks(model)
    black = np.zeros((3, SIZES.image_size, SIZES.image_size), dtype=np.uint8)
    batch = collate(neighbours(ITEMS), {name: black for item in ITEMS for name in item.images})
    live = LiveBytes()
    for tensor in (*model.parameters(), *model.buffers()):
        live.ignore(tensor)
    with live:
        supervised_loss(forward.losses(batch), batch.num_targets).backward()
    return live.peak


@pytest.mark.parametrize(
    "stage",
    [
        pytest.param(stage_of({"projector": "full"}), id="align"),
        pytest.param(stage_of({"projector": "full"}, recompute=True), id="align-twice-computed"),
        pytest.param(stage_of(ALL), id="instruct", marks=pytest.mark.slow),
        pytest.param(stage_of({"vision": "full", "projector": "full"}), id="deep-align", marks=pytest.mark.slow),
        pytest.param(stage_of(LORA, recompute=True), id="lora-twice-computed", marks=pytest.mark.slow),
    ],
)
def test_a_rehearsal_holds_what_the_pass_holds(stage: StageSection) -> None:
    assert rehearse(CONFIG, stage, PassShape(items=ITEMS, bf16=False)).peak == pytest.approx(held(stage), rel=0.03)


@pytest.mark.parametrize("trainable", [ALL, {"projector": "full"}])
def test_blocks_that_are_computed_twice_keep_less(trainable: dict[str, Any]) -> None:
    shape = PassShape(items=ITEMS, bf16=False)
    once, twice = (rehearse(CONFIG, stage_of(trainable, recompute=again), shape) for again in (False, True))
    assert twice.kept < once.kept / 2
    assert twice.peak < once.peak


def test_gradients_are_there_already_in_a_later_pass_but_not_those_that_are_sharded() -> None:
    first, later, sharded = (
        rehearse(CONFIG, stage_of({"language": "full"}), PassShape(items=ITEMS, bf16=False, **shape)).peak
        for shape in ({"is_first": True}, {"is_first": False}, {"is_first": False, "is_sharded": True})
    )
    assert sharded <= first <= later
    assert sharded < later


def test_labels_need_the_tower_alone() -> None:
    stage = stage_of({"vision": "full"}, objective="labels")
    labels = rehearse(CONFIG, stage, PassShape(items=ITEMS, bf16=False))
    replies = rehearse(CONFIG, stage_of({"vision": "full"}), PassShape(items=ITEMS, bf16=False))
    assert 0 < labels.peak < replies.peak


def test_stand_ins_fill_the_pack() -> None:
    items = stand_ins(CONFIG, tokens=400, length=100, images=2)
    assert len(items) == 4
    assert {len(item.rendered.ids) for item in items} == {100}
    assert sum(item.rendered.supervised.sum() for item in items) == 4 * (100 - 2 * 16 - 1)
    assert len({name for item in items for name in item.images}) == 8
    (one,) = stand_ins(CONFIG, tokens=10, length=50, images=0)
    assert one.images == ()
