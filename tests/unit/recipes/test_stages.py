from pathlib import Path
from typing import Any

import pytest

from doctorsun.config import Recipe
from doctorsun.errors import DataError, WeightsError
from doctorsun.processor.processor import Processor
from doctorsun.recipes.machine import Machine
from doctorsun.recipes.stages import StageContext, plan_stage, prepare_start, publish, run_stages
from doctorsun.recipes.stores import RunStores, store_facts
from doctorsun.storage.store import Store
from doctorsun.train.telemetry import Telemetry
from doctorsun.weights.hugging_face import revision_of
from small_model import assistant, image, png, question, sample, save_small, write_store

MACHINE = Machine(cpu="", cores=1, memory_gib=1.0, device="cpu", precision="fp32", precision_reason="")
STAGE = {"steps": 1, "batch_samples": 3, "lr": 0.001}


@pytest.fixture
def stores(tmp_path: Path) -> Path:
    asked = [question(f"q{number}", "Nodule?", "No.", image(png(number)), task="presence") for number in range(4)]
    write_store(tmp_path / "asked", asked)
    write_store(tmp_path / "texts", [sample(f"t{number}", assistant("A lung.")) for number in range(4)])
    return tmp_path


def recipe_of(stores: Path, **changes: Any) -> Recipe:
    settings: dict[str, Any] = {
        "name": "test",
        "model": {"preset": "micro", "tokenizer": {"vocab_size": 400}},
        "data": {
            "sources": {
                "asked": {"reader": "store", "splits": {"train": str(stores / "asked")}},
                "texts": {"reader": "store", "splits": {"train": str(stores / "texts")}},
            }
        },
        "stages": {
            "pretrain": STAGE | {"trainable": {"language": "full"}, "mixture": [{"source": "texts"}]},
            "align": STAGE
            | {
                "trainable": {"projector": "full"},
                "mixture": [{"source": "asked", "weight": 1.0}, {"source": "texts", "weight": 0.5}],
            },
        },
    }
    return Recipe.model_validate(settings | changes)


def context_of(recipe: Recipe, run: Path) -> StageContext:
    run.mkdir(exist_ok=True)
    stores = RunStores(recipe, run, lambda *_: None)
    prepare_start(recipe, run, stores.open_all())
    telemetry = Telemetry(run / "metrics.jsonl")
    return StageContext(recipe=recipe, run=run, stores=stores, machine=MACHINE, telemetry=telemetry)


def test_each_stage_starts_from_the_one_before_and_is_done_once(stores: Path) -> None:
    recipe = recipe_of(stores)
    context = context_of(recipe, stores / "run")
    first = run_stages(context, last="pretrain")
    assert first == stores / "run/stages/pretrain/weights"
    assert not (stores / "run/stages/align").exists()
    last = run_stages(context)
    assert last == stores / "run/stages/align/weights"
    assert len({revision_of(folder) for folder in (stores / "run/start", first, last)}) == 3
    lines = (stores / "run/metrics.jsonl").read_text()
    assert run_stages(context) == last
    assert (stores / "run/metrics.jsonl").read_text() == lines
    assert not list((stores / "run").rglob("checkpoints"))


def test_the_result_of_a_run_is_a_copy_of_the_last_weights(tmp_path: Path) -> None:
    weights = save_small(tmp_path / "last")
    assert publish(weights, tmp_path) == tmp_path / "weights"
    assert revision_of(tmp_path / "weights") == revision_of(weights)
    assert {path.name for path in (tmp_path / "weights").iterdir()} == {path.name for path in weights.iterdir()}
    assert publish(tmp_path / "not looked at", tmp_path) == tmp_path / "weights"


def test_a_random_start_has_the_runs_own_words(stores: Path) -> None:
    context = context_of(recipe_of(stores), stores / "run")
    tokenizer = Processor.from_folder(stores / "run/start").tokenizer
    assert "Ġlung" in tokenizer.encode("A lung.").tokens
    again = prepare_start(context.recipe, stores / "run", {})
    assert again == stores / "run/start"


def test_the_start_depends_on_the_seed_alone(stores: Path) -> None:
    recipes = [recipe_of(stores, seed=seed) for seed in (1, 1, 2)]
    runs = [context_of(recipe, stores / f"run-{place}").run for place, recipe in enumerate(recipes)]
    revisions = [revision_of(run / "start") for run in runs]
    assert revisions[0] == revisions[1] != revisions[2]


def test_a_start_from_weights_brings_their_tokenizer(stores: Path) -> None:
    weights = save_small(stores / "given")
    context = context_of(recipe_of(stores, model={"init": str(weights)}), stores / "run")
    for name in ("model.safetensors", "tokenizer.json", "chat_template.jinja", "processor_config.json"):
        assert (context.run / "start" / name).read_bytes() == (weights / name).read_bytes()


def test_a_start_from_a_folder_without_weights_is_refused(stores: Path) -> None:
    with pytest.raises(WeightsError, match="expected the configuration of a model"):
        prepare_start(recipe_of(stores, model={"init": str(stores)}), stores / "run", {})


def test_a_new_tokenizer_needs_words(stores: Path) -> None:
    with pytest.raises(DataError, match="the tokenizer has no text to learn from"):
        prepare_start(recipe_of(stores), stores / "run", {})


def test_a_plan_mixes_by_weight(stores: Path) -> None:
    recipe = recipe_of(stores)
    plan = plan_stage(recipe, recipe.stages["align"], RunStores(recipe, stores / "run", lambda *_: None))
    assert plan.source_shares() == pytest.approx({"asked": 2 / 3, "texts": 1 / 3})
    assert [ref.pool for ref in plan.step(0)] == [0, 0, 1]


def test_the_record_tells_what_a_store_holds(stores: Path) -> None:
    store = Store(stores / "asked")
    facts = store_facts(store)
    assert (facts["rows"], facts["read"], facts["kept"], facts["dropped"]) == (4, 4, 4, 0)
    assert facts["sha256"] == store.sha256
    assert facts["counts"]["task"] == {"presence": 4}
