"""The steps of a stage of preferences on paper are those that training takes."""

from pathlib import Path

from doctorsun.config.load import load_marked_recipe
from doctorsun.model.flops import TrainingFlops
from doctorsun.recipes.mixtures import plan_stage
from doctorsun.recipes.plan_steps import StageData, lay_out
from doctorsun.train.pairs import render_pairs
from small_model import image, png, question, small_model, small_processor, write_store

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
