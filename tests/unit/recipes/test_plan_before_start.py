"""A plan before a run has started: tokens are counted with the tokenizer of the parts, and what is missing is named."""

from pathlib import Path

import pytest

from checkpoints.clip import write_tower
from checkpoints.llama import write_llama3
from doctorsun.config import Recipe
from doctorsun.processor.processor import Processor
from doctorsun.recipes.network import network_of
from doctorsun.recipes.plan import plan, processor_here
from doctorsun.recipes.plan_request import Devices, PlanRequest, Speed
from doctorsun.recipes.start import write_start
from doctorsun.storage.hub.pull import PullRules
from small_model import image, png, question, write_store

SAMPLES = [question(f"q{number}", "Nodule?", "No.", image(png(number)), task="presence") for number in range(4)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_tower(tmp_path / "vision")
    write_llama3(tmp_path / "language")
    return tmp_path


def recipe_of(folder: Path, *, language: str | None = None) -> Recipe:
    stage = {"epochs": 1, "batch_samples": 2, "lr": 0.001, "mixture": [{"source": "asked"}]}
    model = {"vision": str(folder / "vision"), "language": language or str(folder / "language")}
    return Recipe.model_validate(
        {
            "name": "test",
            "model": model,
            "data": {"sources": {"asked": {"reader": "store", "splits": {"train": str(folder / "asked")}}}},
            "stages": {"align": stage | {"trainable": {"projector": "full"}}},
        }
    )


def planned(folder: Path, recipe: Recipe) -> dict[str, object]:
    network = network_of(recipe, folder / "run", PullRules(offline=True))
    devices = Devices(num=1, is_gpu=False, available_bytes=None)
    speed = Speed(mfu=0.4, tflops=None)
    [row] = plan(PlanRequest(recipe=recipe, run=folder / "run", network=network, devices=devices, speed=speed))
    return row


def test_tokens_are_counted_by_the_tokenizer_of_the_parts(folder: Path) -> None:
    write_store(folder / "asked", SAMPLES)
    recipe = recipe_of(folder)
    before = planned(folder, recipe)
    assert not (folder / "run/start").exists()
    write_start(recipe, folder / "run/start", PullRules(offline=True))
    assert before["missing"] == []
    rendered = [Processor.from_folder(folder / "run/start").render(each) for each in SAMPLES]
    assert before["tokens"] == sum(len(each.ids) for each in rendered)
    assert before["supervised_tokens"] == sum(int(each.supervised.sum()) for each in rendered)
    after = planned(folder, recipe)
    assert {name: after[name] for name in ("tokens", "flops", "mixture")} == {
        name: before[name] for name in ("tokens", "flops", "mixture")
    }


def test_a_store_that_is_not_there_is_named(folder: Path) -> None:
    row = planned(folder, recipe_of(folder))
    assert (row["missing"], row["tokens"]) == (["asked/train"], None)


def test_a_language_model_that_is_not_there_gives_no_tokenizer(folder: Path) -> None:
    recipe = recipe_of(folder, language="hf:someone/unknown-weights")
    assert processor_here(recipe, folder / "run") is None
