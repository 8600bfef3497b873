"""The recipes at full size hold what was published, and tell a newcomer which data they need."""

from pathlib import Path
from typing import Any

import pytest

from doctorsun.config import Recipe, load_recipe
from doctorsun.config.collection import Collection, ImportSource
from doctorsun.config.data import StoreSource
from doctorsun.config.load import load_section
from doctorsun.errors import RecipeError
from doctorsun.recipes import SHIPPED
from doctorsun.recipes.check import load_checked
from doctorsun.recipes.network import network_of
from doctorsun.recipes.plan import plan
from doctorsun.recipes.plan_target import request_for
from doctorsun.recipes.record import training_part
from doctorsun.storage.hub.pull import PullRules
from small_model import question, write_store

EXAMPLES = Path(__file__).parents[3] / "examples"
# Trained parts with their learning rates, samples per step, weight decay, second beta, longest sample, warm-up.
# Doctor Sun: configs of xtuner.zip at 65114e5; Qilin-Med-VL: scripts at 05d04ae; GMAI-VL: arXiv 2411.14522 v2, README.
PUBLISHED: dict[tuple[str, str], tuple[Any, ...]] = {
    ("doctor-sun-8b", "pretrain"): ({"language": 1e-5}, 96, 0.01, 0.95, 2048, 0.025),
    ("doctor-sun-8b", "align"): ({"projector": 1e-3}, 16, 0.0, 0.999, 4096, 0.03),
    ("doctor-sun-8b", "instruct"): (
        {"vision": 5e-6, "projector": 5e-6, "language": 5e-6}, 16, 0.0, 0.999, 4096, 0.03,
    ),
    ("qilin-med-vl-13b", "align"): ({"projector": 1e-3}, 256, 0.0, 0.999, 2048, 0.03),
    ("qilin-med-vl-13b", "instruct"): ({"projector": 2e-5, "language": 2e-5}, 128, 0.0, 0.999, 2048, 0.03),
    ("gmai-vl-7b", "align"): ({"projector": 1e-3}, 512, 0.0, 0.999, 2048, 0.03),
    ("gmai-vl-7b", "deep-align"): ({"vision": 1e-4, "projector": 1e-4}, 512, 0.0, 0.999, 2048, 0.03),
    ("gmai-vl-7b", "instruct"): (
        {"vision": 1e-5, "projector": 1e-5, "language": 1e-5}, 512, 0.0, 0.999, 2048, 0.03,
    ),
}  # fmt: skip
ONLINE = PullRules(offline=False)  # a check asks no hub
FULL_SIZE = ("doctor-sun-8b", "qilin-med-vl-13b", "gmai-vl-7b")


def shipped(name: str, *settings: str) -> Recipe:
    return load_recipe(name, overrides=settings, search=SHIPPED)


def stores(recipe: Recipe) -> dict[str, StoreSource]:
    return {name: source for name, source in recipe.data.sources.items() if isinstance(source, StoreSource)}


@pytest.mark.parametrize(("name", "stage"), PUBLISHED)
def test_a_stage_has_its_published_settings(name: str, stage: Any) -> None:
    section = shipped(name).stages[stage]
    rates = {part: found.lr for part in section.trainable if (found := section.part(part))}
    got = (section.batch_samples, section.weight_decay, section.beta2, section.max_length, section.warmup_share)
    assert (rates, *got) == PUBLISHED[name, stage]
    assert (section.epochs, section.schedule, section.max_grad_norm) == (1, "cosine", 1.0)


@pytest.mark.parametrize("name", FULL_SIZE)
def test_a_recipe_has_no_other_stages_and_one_geometry(name: str) -> None:
    recipe = shipped(name)
    assert [(name, stage) for stage in recipe.stages] == [key for key in PUBLISHED if key[0] == name]
    assert recipe.model.fit == "pad"
    assert all(stage.save_every_steps <= 500 for stage in recipe.stages.values())


def test_the_tower_of_doctor_sun_learns_by_adapters() -> None:
    (adapters,) = shipped("doctor-sun-8b").stages["instruct"].adapters.items()
    assert adapters[0] == "vision"
    assert (adapters[1].r, adapters[1].alpha, adapters[1].dropout) == (64, 16, 0.05)


def test_qilin_learns_captions_without_questions() -> None:
    recipe = shipped("qilin-med-vl-13b")
    assert [stage.template for stage in recipe.stages.values()] == ["plain", None]
    assert recipe.model.chat == "vicuna_v1"


def test_the_whole_of_doctor_sun_has_its_optional_stages_in_order() -> None:
    recipe = shipped("doctor-sun-8b-whole")
    assert list(recipe.stages) == ["pretrain", "text-instruct", "align", "instruct", "prefer"]
    assert recipe.stages["prefer"].objective == "preference"


@pytest.mark.slow
@pytest.mark.parametrize("name", [*FULL_SIZE, "doctor-sun-8b-whole", "doctor-sun-8b-own-mix"])
def test_each_stage_fits_the_gpus_that_the_paper_used(name: str, tmp_path: Path) -> None:
    recipe = shipped(name)
    eight: dict[str, Any] = {"num_gpus": 8, "gpu_memory_gib": 80.0, "tflops": None, "mfu": 0.4}
    rows = plan(request_for(recipe, tmp_path, network_of(recipe, tmp_path, ONLINE), **eight))
    assert [row["memory"]["fits"] for row in rows] == [True] * len(recipe.stages)


def test_stores_of_ones_own_are_mixed_as_in_the_paper() -> None:
    recipe = shipped("doctor-sun-8b-own-mix")
    ratios = {name: stage.ratios.domain for name, stage in recipe.stages.items() if stage.ratios}
    assert ratios == {"align": {"medical": 1, "general": 1}, "instruct": {"medical": 1, "general": 0.5}}
    assert set(recipe.stages) == {"pretrain", "align", "instruct"}


def test_the_sets_of_gmai_are_those_of_its_collection() -> None:
    collection, _ = load_section(EXAMPLES / "gmai_vl_images.yaml", Collection)
    taken = shipped("gmai-vl-7b").stages["instruct"].mixture[0].datasets
    assert isinstance(taken, dict)
    assert {each.dataset for each in collection.sources.values() if isinstance(each, ImportSource)} == set(taken)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_file_that_a_recipe_names_is_there_and_right(path: Path) -> None:
    if "\nsources:" in path.read_text(encoding="utf-8"):
        assert load_section(path, Collection)[0].sources


@pytest.mark.parametrize("name", [*FULL_SIZE, "doctor-sun-8b-whole", "doctor-sun-8b-own-mix", "finetune"])
def test_every_store_has_a_command_that_makes_it(name: str) -> None:
    for source in stores(shipped(name)).values():
        command = source.made_by or ""
        assert command.startswith(("doctorsun data collect ", "doctorsun data import ", "doctorsun data convert "))
        assert f"--out {source.splits['train']}" in command
        for word in command.split():
            if word.startswith("examples/"):
                assert (EXAMPLES.parent / word).is_file()


@pytest.mark.usefixtures("_elsewhere")
def test_a_missing_store_is_told_with_its_command() -> None:
    with pytest.raises(RecipeError) as raised:
        load_checked("qilin-med-vl-13b", rules=ONLINE)
    first, second = raised.value.text().splitlines()
    assert "data.sources.chimed-align.splits.train: no folder 'stores/chimed-align'" in first
    assert first.endswith(
        "make it with: doctorsun data import chimed ChiMed-VL-Alignment.jsonl --images FOLDER "
        "--out stores/chimed-align; or name another: --set data.sources.chimed-align.splits.train=STORE"
    )
    assert "data.sources.chimed-instruct.splits.train" in second


def test_settings_alone_give_the_data(tmp_path: Path) -> None:
    write_store(tmp_path / "store", [question("a", "?", "No.")])
    given = [f"data.sources.{name}.splits.train={tmp_path / 'store'}" for name in stores(shipped("doctor-sun-8b"))]
    assert load_checked("doctor-sun-8b", given, rules=ONLINE).name == "doctor-sun-8b"


@pytest.fixture
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_how_a_store_is_made_changes_nothing_that_is_trained() -> None:
    recipe = shipped("qilin-med-vl-13b")
    other = shipped("qilin-med-vl-13b", "data.sources.chimed-align.made_by=cp")
    assert training_part(recipe.model_dump(mode="json")) == training_part(other.model_dump(mode="json"))


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("stages.align.template=plein", "stages.align.template: unknown chat template: got 'plein', expected one of"),
        (
            "stages.vision-pretrain.template=plain",
            "stages.vision-pretrain.template: labels are learnt from images alone: got a chat template, expected none",
        ),
    ],
)
def test_a_template_that_cannot_be_is_told(setting: str, expected: str) -> None:
    with pytest.raises(RecipeError) as raised:
        load_checked("micro", [setting])
    assert expected in raised.value.text()
