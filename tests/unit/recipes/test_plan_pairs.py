"""What a stage of preferences costs on paper: the steps that training takes, and the start that it measures first."""

from pathlib import Path
from typing import Any

import pytest

from doctorsun.config.load import load_marked_recipe
from doctorsun.model.flops import TrainingFlops, Work
from doctorsun.model.trainable import set_trainable
from doctorsun.recipes.mixtures import plan_stage
from doctorsun.recipes.network import Network
from doctorsun.recipes.plan import plan
from doctorsun.recipes.plan_request import TERA, Devices, PlanRequest, Speed
from doctorsun.recipes.plan_steps import StageData, lay_out
from doctorsun.train.pairs import render_pairs
from small_model import image, png, question, save_small, small_model, small_processor, write_store

RECIPE = """\
name: made
model: {preset: micro}
data: {sources: {asked: {reader: store, splits: {train: asked}}}}
stages:
  prefer:
    objective: preference
    trainable: {language: full}
    mixture: [{source: asked}]
    steps: 2
    batch_samples: 3
    lr: 1
    pack_tokens: 256
    max_length: 128
"""


def test_pairs_are_laid_out_with_each_question_once(tmp_path: Path) -> None:
    asked = [question(f"{n}", f"Mass {n}?", "Yes.", image(png(n)), rejected=("No.",) * (1 + n % 2)) for n in range(6)]
    stores = {"asked/train": write_store(tmp_path / "asked", asked)}
    (tmp_path / "r.yaml").write_text(RECIPE, encoding="utf-8")
    recipe, _ = load_marked_recipe(tmp_path / "r.yaml")
    model, processor = small_model(), small_processor()
    data = StageData(plan=plan_stage(recipe, recipe.stages["prefer"], stores), processor=processor)
    steps = lay_out(recipe, "prefer", data, model.config, flops=TrainingFlops.of(model), num_ranks=1)
    assert steps
    items = [render_pairs(processor, each) for each in asked]
    assert (steps.samples, steps.num_steps, steps.is_exact) == (6, 2, True)
    assert steps.tokens == sum(item.group.length for item in items)
    assert steps.supervised == sum(int(reply.rendered.supervised.sum()) for item in items for reply in item.replies)
    assert steps.work.images == 6
    assert {reply.images for reply in steps.largest} <= {item.images for item in items}


def planned(folder: Path, *settings: str) -> dict[str, Any]:
    """Return the row of the stage, for a device of 10^12 operations a second."""
    recipe, _ = load_marked_recipe(folder / "r.yaml", overrides=settings)
    network = Network(config=small_model().config, start=None, told_by="the test")
    devices, speed = Devices(num=1, is_gpu=False, available_bytes=None), Speed(mfu=1.0, tflops=1.0)
    (row,) = plan(PlanRequest(recipe=recipe, run=folder / "run", network=network, devices=devices, speed=speed))
    return row


def test_the_start_is_measured_once_whatever_the_epochs(tmp_path: Path) -> None:
    asked = [question(f"{n}", f"Mass {n}?", "Yes.", image(png(n)), rejected=("No.",)) for n in range(6)]
    write_store(tmp_path / "asked", asked)
    (tmp_path / "r.yaml").write_text(RECIPE.replace("train: asked", f"train: {tmp_path}/asked"), encoding="utf-8")
    save_small(tmp_path / "run" / "start")
    work = sum((render_pairs(small_processor(), each).group.work for each in asked), Work())
    work += Work(projected=work.images)
    model = small_model()
    forward = TrainingFlops.of(model.requires_grad_(False)).count(work)
    set_trainable(model, ["language"])
    trained = TrainingFlops.of(model).count(work)
    for epochs in (1, 3):
        row = planned(tmp_path, f"stages.prefer.steps={2 * epochs}")
        assert row["flops"] == pytest.approx(epochs * trained + forward, rel=1e-3)
        assert row["hours"] == pytest.approx((epochs * trained + forward) / TERA / 3600, rel=1e-2)
