"""What the steps of a stage hold on paper, against samples that are laid out by hand."""

from pathlib import Path
from typing import Any

import pytest

from doctorsun.config.load import load_marked_recipe
from doctorsun.errors import DataError
from doctorsun.model.flops import TrainingFlops
from doctorsun.recipes.mixtures import plan_stage
from doctorsun.recipes.plan_steps import SAMPLED_SAMPLES, StageData, StepsOnPaper, lay_out
from doctorsun.schema import Sample
from small_model import assistant, facts, image, png, question, sample, small_model, small_processor, user, write_store

RECIPE = """\
name: made
model: {preset: micro}
data: {sources: {asked: {reader: store, splits: {train: asked}}}}
stages:
  instruct:
    trainable: {language: full}
    mixture: [{source: asked}]
    steps: 1
    batch_samples: 6
    lr: 1
    pack_tokens: 256
    max_length: 128
"""
MODEL, PROCESSOR = small_model(), small_processor()
SHORT = [question(f"s{n}", f"Mass {n}?", "Yes.", image(png(n))) for n in range(6)]


def laid_out(
    folder: Path, samples: list[Sample], *settings: str, num_ranks: int = 1, **data: Any
) -> StepsOnPaper | None:
    stores = {"asked/train": write_store(folder / "asked", samples)}
    (folder / "r.yaml").write_text(RECIPE, encoding="utf-8")
    overrides = [f"stages.instruct.{setting}" for setting in settings]
    recipe, _ = load_marked_recipe(folder / "r.yaml", overrides=overrides)
    plan = plan_stage(recipe, recipe.stages["instruct"], stores)
    stage_data = StageData(plan=plan, **{"processor": PROCESSOR, **data})
    flops = TrainingFlops.of(MODEL)
    return lay_out(recipe, "instruct", stage_data, MODEL.config, flops=flops, num_ranks=num_ranks)


def test_each_sample_is_counted_with_its_image_and_its_padding(tmp_path: Path) -> None:
    long = question("long", "Mass?", "No nodule is seen in the left lung.", image(png(9)))
    samples = [*SHORT[:5], long]
    steps = laid_out(tmp_path, samples)
    assert steps
    lengths = [len(PROCESSOR.render(each).ids) for each in samples]
    assert (steps.num_steps, steps.is_exact, steps.samples) == (1, True, 6)
    assert steps.alone_tokens == steps.tokens == sum(lengths)
    assert steps.padded_tokens == 6 * max(lengths)
    assert steps.supervised == sum(int(PROCESSOR.render(each).supervised.sum()) for each in samples)
    assert (steps.work.images, steps.work.projected, steps.work.targets) == (6, 6, steps.supervised)
    assert sum(len(item.rendered.ids) for item in steps.largest) <= 256


def test_an_image_that_questions_share_is_counted_once(tmp_path: Path) -> None:
    samples = [question(f"q{n}", f"Mass {n}?", "Yes.", image(png(1))) for n in range(4)]
    steps = laid_out(tmp_path, samples, "batch_samples=4")
    assert steps
    assert steps.work.images == 1
    assert steps.tokens < steps.alone_tokens == sum(len(PROCESSOR.render(each).ids) for each in samples)


def test_the_busiest_rank_tells_the_passes(tmp_path: Path) -> None:
    alone = laid_out(tmp_path / "one", SHORT, "pack_tokens=64", "max_length=64")
    shared = laid_out(tmp_path / "two", SHORT, "pack_tokens=64", "max_length=64", num_ranks=2)
    assert alone
    assert shared
    assert alone.passes == 2 * shared.passes
    assert alone.tokens == shared.tokens


def test_a_long_stage_is_told_by_some_of_its_steps(tmp_path: Path) -> None:
    steps = laid_out(tmp_path, SHORT, "steps=500")
    assert steps
    assert (steps.num_steps, steps.is_exact) == (SAMPLED_SAMPLES // 6, False)
    assert steps.samples == 6 * steps.num_steps


def test_labels_are_counted_by_images(tmp_path: Path) -> None:
    samples = [
        sample(f"{n}", user("What?"), assistant("A nodule."), images=[image(png(n))], facts=facts(present=n % 2 == 0))
        for n in range(6)
    ]
    steps = laid_out(tmp_path, samples, "objective=labels", "trainable={vision: full}")
    assert steps
    assert (steps.work.images, steps.work.targets, steps.work.tokens) == (6, 6, 0)


def test_what_is_too_long_is_left_out(tmp_path: Path) -> None:
    long = [question(f"l{n}", "Mass? " * 40, "Yes.", image(png(9 + n))) for n in range(2)]
    steps = laid_out(tmp_path, [*SHORT[:4], *long])
    assert steps
    assert steps.samples == 4


def test_a_stage_without_a_usable_sample_is_refused(tmp_path: Path) -> None:
    long = [question(f"l{n}", "Mass? " * 40, "Yes.", image(png(n))) for n in range(6)]
    with pytest.raises(DataError) as raised:
        laid_out(tmp_path, long)
    tokens = PROCESSOR.num_visual_tokens
    assert raised.value.text().startswith(
        f"stage instruct: no sample fits: got 6 samples, all longer than max_length 128 (one image alone is {tokens} "
        "tokens), expected some that are not; raise stages.instruct.max_length, and pack_tokens to at least as many; "
        "sample "
    )
    silent = [sample(f"n{n}", user("Mass?")) for n in range(6)]
    with pytest.raises(DataError, match=r"no sample that can be used, expected some; the first of them: sample n\d"):
        laid_out(tmp_path / "silent", silent)


def test_nothing_is_told_before_there_is_a_tokenizer(tmp_path: Path) -> None:
    assert laid_out(tmp_path, SHORT, processor=None) is None
