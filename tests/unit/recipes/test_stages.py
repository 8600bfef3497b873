import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from doctorsun.config import Recipe
from doctorsun.errors import DataError, Interrupted, RecipeError, WeightsError
from doctorsun.processor.processor import Processor
from doctorsun.recipes.machine import Machine
from doctorsun.recipes.mixtures import plan_stage
from doctorsun.recipes.record import read_record
from doctorsun.recipes.run import stoppable
from doctorsun.recipes.stages import StageContext, prepare_start, publish, run_stages
from doctorsun.recipes.steps import Steps
from doctorsun.recipes.stores import RunStores, hashes_of, store_facts
from doctorsun.storage.hub.kinds import WEIGHTS
from doctorsun.storage.hub.push import pack
from doctorsun.storage.store import Store
from doctorsun.storage.sums import check_sums
from doctorsun.train.telemetry import Telemetry
from doctorsun.weights.folder import revision_of
from signals_at_files import signals_at
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


def steps_of(run: Path, told: list[str] | None = None) -> Steps:
    run.mkdir(exist_ok=True)
    return Steps(run, read_record(run) or {"recipe": {}}, [].append if told is None else told.append)


def context_of(recipe: Recipe, run: Path, told: list[str] | None = None) -> StageContext:
    steps, stores = steps_of(run, told), RunStores(recipe, run, lambda *_: None)
    opened = stores.open_all()
    prepare_start(recipe, steps, opened)
    return StageContext(
        recipe=recipe,
        run=run,
        stores=stores,
        hashes=hashes_of(opened),
        machine=MACHINE,
        telemetry=Telemetry(run / "metrics.jsonl"),
        steps=steps,
    )


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
    mixtures = json.loads((stores / "run/run.json").read_text())["mixtures"]
    assert {name: [row["samples"] for row in rows] for name, rows in mixtures.items()} == {
        "pretrain": [3],
        "align": [2, 1],
    }
    assert all(row["tokens"] > 0 for rows in mixtures.values() for row in rows)


def test_signals_within_the_weights_of_a_stage_let_them_come_to_their_end(stores: Path) -> None:
    recipe, run = recipe_of(stores), stores / "run"
    context, unfinished = context_of(recipe, run), "pretrain/.weights.unfinished"
    with (
        pytest.raises(Interrupted),
        stoppable(run),
        signals_at(unfinished, signal.SIGTERM, signal.SIGTERM) as opened,
    ):
        run_stages(context)
    assert unfinished in opened[0]
    check_sums(run / "stages/pretrain/weights")
    assert not (run / "stages/align").exists()


def test_a_damaged_stage_is_trained_again_to_the_same_weights_and_those_after_it_stay(stores: Path) -> None:
    recipe, told = recipe_of(stores), []
    run_stages(context_of(recipe, stores / "run"))
    damaged = stores / "run/stages/pretrain/weights/model.safetensors"
    before, lines = damaged.read_bytes(), (stores / "run/metrics.jsonl").read_text()
    damaged.write_bytes(before[:100])
    run_stages(context_of(recipe, stores / "run", told))
    place = "stages/pretrain/weights/model.safetensors"
    assert told == [f"stages/pretrain is done again: {place}: 100 bytes in place of {len(before):,}"]
    assert damaged.read_bytes() == before
    assert (stores / "run/metrics.jsonl").read_text().count('"stage_end"') == lines.count('"stage_end"')


def test_weights_that_were_made_from_other_data_are_not_taken_for_this_run(stores: Path) -> None:
    run_stages(context_of(recipe_of(stores), stores / "run"))
    shutil.rmtree(stores / "asked")
    write_store(stores / "asked", [question("q", "Mass?", "Yes.", image(png(9)), task="presence")] * 4)
    expected = r"run/start: got weights that were made from other stores\.asked/train, expected those that this run"
    with pytest.raises(WeightsError, match=expected):
        context_of(recipe_of(stores), stores / "run")


def test_weights_that_a_killed_process_did_not_record_are_kept(stores: Path) -> None:
    recipe = recipe_of(stores)
    last = run_stages(context_of(recipe, stores / "run"))
    lines = (stores / "run/metrics.jsonl").read_text()
    (stores / "run/run.json").unlink()
    context = context_of(recipe, stores / "run")
    assert run_stages(context) == last
    assert (stores / "run/metrics.jsonl").read_text() == lines
    assert context.steps.revision("stages/align") == revision_of(last)


def test_the_result_of_a_run_is_a_copy_of_the_last_weights(stores: Path) -> None:
    told: list[str] = []
    context = context_of(recipe_of(stores, stages={}, model={"init": str(save_small(stores / "last"))}), stores / "run")
    weights, result = context.run / "start", context.run / "weights"
    assert publish(weights, context.recipe, context.steps) == result
    assert revision_of(result) == revision_of(weights) == context.steps.revision("weights")
    assert {path.name for path in result.iterdir()} == {path.name for path in weights.iterdir()}
    assert publish(stores / "not looked at", context.recipe, steps_of(context.run, told)) == result
    (result / "config.json").unlink()
    publish(weights, context.recipe, steps_of(context.run, told))
    assert revision_of(result) == revision_of(weights)
    assert told == ["weights is done again: weights/config.json: no such file"]


def test_a_stage_that_finds_no_labels_is_named(stores: Path) -> None:
    stage = STAGE | {"objective": "labels", "trainable": {"vision": "full"}, "mixture": [{"source": "asked"}]}
    context = context_of(recipe_of(stores, stages={"vision-pretrain": stage}), stores / "run")
    expected = r"^stages\.vision-pretrain\.objective: a stage with 'objective: labels' finds nothing to learn"
    with pytest.raises(RecipeError, match=expected):
        run_stages(context)


def test_a_random_start_has_the_runs_own_words(stores: Path) -> None:
    context = context_of(recipe_of(stores), stores / "run")
    tokenizer = Processor.from_folder(stores / "run/start").tokenizer
    assert "Ġlung" in tokenizer.encode("A lung.").tokens
    again = prepare_start(context.recipe, context.steps, context.stores.open_all())
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


def test_what_training_exports_has_sums_which_a_push_compares_and_a_resumed_run_does_not(stores: Path) -> None:
    context, told = context_of(recipe_of(stores), stores / "run"), []
    last = run_stages(context)
    folders = [stores / "run/start", stores / "run/stages/pretrain/weights", last]
    folders.append(publish(last, context.recipe, context.steps))
    for folder in folders:
        names = {line.split("  ")[1] for line in (folder / "SHA256SUMS").read_text().splitlines()}
        assert names == {path.name for path in folder.iterdir()} - {"SHA256SUMS"}
        check_sums(folder)
    result = folders[-1]
    with (result / "model.safetensors").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\x55")
    publish(last, context.recipe, steps_of(stores / "run", told))
    assert told == []
    with pytest.raises(DataError, match=r"weights/model\.safetensors has changed since SHA256SUMS was written"):
        pack(result, WEIGHTS)


def test_a_start_from_a_folder_without_weights_is_refused(stores: Path) -> None:
    with pytest.raises(WeightsError, match="got no known layout of weights, expected"):
        prepare_start(recipe_of(stores, model={"init": str(stores)}), steps_of(stores / "run"), {})


def test_a_new_tokenizer_needs_words(stores: Path) -> None:
    with pytest.raises(DataError, match="the tokenizer has no text to learn from"):
        prepare_start(recipe_of(stores, stages={}), steps_of(stores / "run"), {})


def test_a_plan_mixes_by_weight(stores: Path) -> None:
    recipe = recipe_of(stores)
    plan = plan_stage(recipe, recipe.stages["align"], RunStores(recipe, stores / "run", lambda *_: None).open_all())
    assert plan.source_shares() == pytest.approx({"asked": 2 / 3, "texts": 1 / 3})
    assert [ref.pool for ref in plan.step(0)] == [0, 0, 1]


def test_the_record_tells_what_a_store_holds(stores: Path) -> None:
    store = Store(stores / "asked")
    facts = store_facts(store)
    assert (facts["rows"], facts["read"], facts["kept"], facts["dropped"]) == (4, 4, 4, 0)
    assert facts["sha256"] == store.sha256
    assert facts["counts"]["task"] == {"presence": 4}
