"""Stages that cannot work by their numbers alone, and what is only noted."""

from pathlib import Path

import pytest

from doctorsun.config import Recipe
from doctorsun.errors import RecipeError
from doctorsun.recipes.check import load_checked
from doctorsun.recipes.check_stages import stage_notes
from doctorsun.recipes.machine import examine_machine

STAGE = {"trainable": {"language": "full"}, "mixture": [{"source": "x"}], "steps": 10, "batch_samples": 4, "lr": 0.1}


def recipe_of(precision: str = "fp32", **changes: object) -> Recipe:
    sources = {"x": {"reader": "phantom_text", "num_documents": {"train": 4}}}
    settings = {"name": "r", "precision": precision, "model": {"preset": "micro"}, "data": {"sources": sources}}
    return Recipe.model_validate(settings | {"stages": {"instruct": STAGE | changes}})


def test_what_cannot_work_is_refused_at_its_place(tmp_path: Path) -> None:
    recipe = tmp_path / "r.yaml"
    lines = (
        "extends: micro",
        "name: r",
        "stages:",
        "  instruct: {max_length: 4096, pack_tokens: 8192}",
        "  vision-pretrain: {batch_samples: null, batch_tokens: 512}",
    )
    recipe.write_text("\n".join(lines))
    with pytest.raises(RecipeError) as found:
        load_checked(recipe)
    told = str(found.value)
    assert "r.yaml:4:26: stages.instruct.max_length: samples are longer than what the network tells" in told
    assert "got max_length 4,096, expected at most 2,048; --set stages.instruct.max_length=2048" in told
    assert "r.yaml:5:56: stages.vision-pretrain.batch_tokens: the objective 'labels' counts no tokens: got" in told
    assert "batch_tokens 512, expected batch_samples; say how many samples a step holds" in told


def test_more_ranks_than_samples_of_a_step_are_noted() -> None:
    (note,) = stage_notes(recipe_of(warmup_share=0), num_ranks=8)
    assert note == "stage instruct: 8 ranks share steps of 4 samples, so some have none"
    assert not list(stage_notes(recipe_of(warmup_share=0), num_ranks=4))


def test_a_warm_up_that_takes_all_steps_is_noted() -> None:
    assert list(stage_notes(recipe_of(warmup_share=0.99))) == ["stage instruct: warm-up takes all 10 steps"]


def test_bf16_without_hardware_is_noted() -> None:
    notes = list(stage_notes(recipe_of("bf16", warmup_share=0)))
    has_it = examine_machine().precision == "bf16"
    assert [note.startswith("precision bf16 is not what auto takes here: ") for note in notes] == (
        [] if has_it else [True]
    )


def test_the_shipped_recipes_have_no_notes_by_their_numbers() -> None:
    assert not list(stage_notes(load_checked("tiny")))
