"""Runs that start from weights: whole ones in any layout, or parts, here or on a hub."""

import json
import math
import shutil
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console

from checkpoints.clip import tower_config, write_tower
from checkpoints.internlm2 import write_internlm2
from checkpoints.llama import write_llama3
from checkpoints.llava_legacy import write_doctor_sun
from checkpoints.mistral import write_mistral
from checkpoints.mm_projector import write_mm_projector
from checkpoints.qwen2 import write_qwen2
from doctorsun.config import Recipe
from doctorsun.errors import DataError, RecipeError, WeightsError
from doctorsun.processor.processor import Processor
from doctorsun.recipes.addresses import usual_rules
from doctorsun.recipes.machine import Machine
from doctorsun.recipes.plan_disk import start_row
from doctorsun.recipes.record import is_finished, open_record, read_record
from doctorsun.recipes.run import run
from doctorsun.recipes.stages import StageContext, prepare_start, run_stages
from doctorsun.recipes.start import plan_start
from doctorsun.recipes.steps import Steps
from doctorsun.recipes.stores import RunStores, hashes_of
from doctorsun.storage.hub.pull import PullRules
from doctorsun.train.telemetry import Telemetry
from doctorsun.weights.folder import revision_of
from doctorsun.weights.hugging_face import load_weights
from doctorsun.weights.inspect import inspect
from doctorsun.weights.tensors.open import open_tensors
from hubs.both import World, files_below, serve
from small_model import image, png, question, save_small, write_store

ONLINE = PullRules()
MACHINE = Machine(cpu="", cores=1, memory_gib=1.0, device="cpu", precision="fp32", precision_reason="")
PROJECTOR = "multi_modal_projector.linear_1.weight"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a tower, a language model and a store of questions."""
    write_tower(tmp_path / "vision")
    write_llama3(tmp_path / "language")
    asked = [question(f"q{number}", "Nodule?", "No.", image(png(number)), task="presence") for number in range(4)]
    write_store(tmp_path / "asked", asked)
    return tmp_path


def recipe_of(folder: Path, seed: int = 7, **model: Any) -> Recipe:
    stage = {"steps": 2, "batch_samples": 2, "lr": 0.001, "mixture": [{"source": "asked"}]}
    parts = {"projector": {"lr": 0.001}, "language": "full"}
    return Recipe.model_validate(
        {
            "name": "test",
            "seed": seed,
            "model": model or {"vision": str(folder / "vision"), "language": str(folder / "language")},
            "data": {"sources": {"asked": {"reader": "store", "splits": {"train": str(folder / "asked")}}}},
            "stages": {"align": stage | {"trainable": parts}},
        }
    )


def start(recipe: Recipe, run: Path, rules: PullRules = ONLINE) -> Path:
    run.mkdir(exist_ok=True)
    steps, stores = Steps(run, read_record(run) or {"recipe": {}}, [].append), RunStores(recipe, run, lambda *_: None)
    return prepare_start(recipe, steps, stores.open_all(), rules=rules)


def train(recipe: Recipe, run: Path) -> Path:
    first = start(recipe, run)
    stores = RunStores(recipe, run, lambda *_: None)
    steps = Steps(run, read_record(run) or {}, [].append)
    assert first == run / "start"
    return run_stages(
        StageContext(
            recipe=recipe,
            run=run,
            stores=stores,
            hashes=hashes_of(stores.open_all()),
            machine=MACHINE,
            telemetry=Telemetry(run / "metrics.jsonl"),
            steps=steps,
        )
    )


def losses(run: Path) -> list[float]:
    events = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [event["loss"] for event in events if event["event"] == "step"]


@pytest.mark.parametrize(
    ("write", "stops"),
    [
        (write_llama3, ("<|end_of_text|>", "<|eot_id|>")),
        (write_internlm2, ("</s>", "<|im_end|>")),
        (write_qwen2, ("<|endoftext|>", "<|im_end|>")),
        (write_mistral, ("</s>",)),
    ],
)
def test_a_run_starts_from_parts_trains_and_leaves_weights_that_load(
    folder: Path, write: Callable[[Path], Any], stops: tuple[str, ...]
) -> None:
    write(folder / "other")
    model = {"vision": str(folder / "vision"), "language": str(folder / "other")}
    recipe = recipe_of(folder, **model, **({"chat": "mistral_instruct"} if write is write_mistral else {}))
    trained = train(recipe, folder / "run")
    assert all(math.isfinite(loss) for loss in losses(folder / "run"))
    network, processor = load_weights(trained)
    assert network.dtype == torch.float32
    assert {processor.tokenizer.id_to_token(stop) for stop in processor.stop_ids} == set(stops)
    assert processor.stop_ids == Processor.from_folder(folder / "run/start").stop_ids
    told = json.loads((folder / "run/run.json").read_text())["start"]["sources"]
    assert {name: source["from"] for name, source in told.items()} == {
        "source": str(folder / "vision"),
        "language": str(folder / "other"),
    }
    assert told["source"]["layout"] == "clip"


def test_a_random_projector_follows_the_seed_and_a_given_one_is_taken(folder: Path) -> None:
    made = [open_tensors(start(recipe_of(folder, seed), folder / f"run{seed}")).read(PROJECTOR) for seed in (1, 2)]
    again = open_tensors(start(recipe_of(folder, 1), folder / "again")).read(PROJECTOR)
    assert torch.equal(made[0], again)
    assert not torch.equal(made[0], made[1])
    given = write_mm_projector(folder / "projector")["model.mm_projector.0.weight"]
    parts = {name: str(folder / name) for name in ("vision", "language", "projector")}
    assert torch.equal(open_tensors(start(recipe_of(folder, **parts), folder / "third")).read(PROJECTOR), given.float())


def test_the_start_is_made_once_and_settings_of_the_images_are_part_of_it(folder: Path) -> None:
    parts = {name: str(folder / name) for name in ("vision", "language")}
    made = start(recipe_of(folder), folder / "run")
    before = (made / "model.safetensors").stat().st_mtime_ns
    assert start(recipe_of(folder), folder / "run") == made
    assert (made / "model.safetensors").stat().st_mtime_ns == before
    with pytest.raises(WeightsError, match="run/start: got weights that were made from other fit"):
        start(recipe_of(folder, **parts, fit="crop"), folder / "run")
    padded = start(recipe_of(folder, **parts, fit="pad"), folder / "padded")
    assert Processor.from_folder(padded).images.fit == "pad"


def test_whole_weights_of_another_layout_are_imported(folder: Path) -> None:
    write_doctor_sun(folder / "published")
    (folder / "tower.json").write_text(json.dumps(tower_config()))
    with pytest.raises(RecipeError, match=r"model\.vision_config: .* nobody says how many heads"):
        start(recipe_of(folder, init=str(folder / "published")), folder / "run")
    recipe = recipe_of(folder, init=str(folder / "published"), vision_config=str(folder / "tower.json"))
    made = start(recipe, folder / "run")
    assert load_weights(made)[0].dtype == torch.float32
    told = json.loads((folder / "run/run.json").read_text())["start"]
    assert told["sources"]["source"]["layout"] == "llava_legacy"


def test_stock_weights_are_taken_as_they_are_in_32_bits(folder: Path) -> None:
    stock = save_small(folder / "stock")
    taken = start(recipe_of(folder, init=str(stock)), folder / "run")
    assert revision_of(taken) == revision_of(start(recipe_of(folder, init=str(taken)), folder / "same"))
    told = json.loads((folder / "run/run.json").read_text())["start"]
    assert told == json.loads((taken / "import.json").read_text())
    assert told["sources"]["source"]["from"] == str(stock)
    assert told["sources"]["source"]["layout"] == "llava_hf"
    for name in ("config.json", "generation_config.json", "tokenizer.json", "chat_template.jinja"):
        assert (taken / name).read_text() == (stock / name).read_text()
    padded = start(recipe_of(folder, init=str(stock), fit="pad"), folder / "padded")
    assert Processor.from_folder(padded).images.fit == "pad"


def test_a_part_that_is_not_in_its_weights_is_told(folder: Path) -> None:
    parts = {"vision": str(folder / "language"), "language": str(folder / "language")}
    with pytest.raises(RecipeError, match=r"model\.vision: .* no vision tower.*; give model\.vision: FOLDER or"):
        start(recipe_of(folder, **parts), folder / "run")


def test_a_plan_counts_what_the_start_will_be_by_headers(folder: Path) -> None:
    for number, model in enumerate(
        [{}, {"init": str(save_small(folder / "stock"))}, {"init": str(start(recipe_of(folder), folder / "earlier"))}]
    ):
        recipe = recipe_of(folder, **model)
        foretold = plan_start(recipe, ONLINE)
        assert foretold is not None
        made = start(recipe, folder / f"run{number}")
        assert foretold.parameters == inspect(made)["parameters_by_part"]
        assert foretold.download_bytes == 0
        written = sum(path.stat().st_size for path in made.glob("*.safetensors"))
        assert 0 <= written - foretold.start_bytes < 2**16
        row = start_row(foretold, folder)
        assert row["parameters"] == sum(foretold.parameters.values())
        assert row["start_gib"] == pytest.approx(foretold.start_bytes / 2**30, rel=1e-3)


def test_a_preset_starts_from_no_weights(folder: Path) -> None:
    assert plan_start(recipe_of(folder, preset="micro"), ONLINE) is None


@pytest.fixture
def world(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[World]:
    """A hub that has the language model, which is larger than what is fetched of headers."""
    write_llama3(folder / "published", dtype=torch.float32)
    with serve("hf", folder, files_below(folder / "published")) as world:
        monkeypatch.setenv("HF_ENDPOINT", world.server.url)
        monkeypatch.setenv("HF_HUB_CACHE", str(folder / "cache"))
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")
        monkeypatch.chdir(folder)
        yield world


def test_parts_on_a_hub_are_foretold_by_headers_then_brought_and_recorded_with_their_commit(
    world: World, folder: Path
) -> None:
    recipe = recipe_of(folder, vision=str(folder / "vision"), language="hf:o/n")
    foretold = plan_start(recipe, ONLINE)
    assert foretold is not None
    assert foretold.download_bytes == (folder / "published/model.safetensors").stat().st_size
    assert not (folder / "models.lock").exists()
    made = start(recipe, folder / "run")
    assert foretold.parameters == inspect(made)["parameters_by_part"]
    told = json.loads((folder / "run/run.json").read_text())["start"]["sources"]
    assert told["language"]["from"] == f"hf:o/n@{world.revision}"
    again = plan_start(recipe, PullRules(locked=True, offline=True))
    assert again is not None
    assert again.download_bytes == 0
    with pytest.raises(RecipeError, match="the lock does not name"):
        start(recipe_of(folder, init="hf:o/other"), folder / "other", PullRules(locked=True))


@pytest.mark.parametrize("on_hub", ["projector", "vision", "language"])
def test_parts_come_from_folders_and_hubs_in_any_mixture(
    folder: Path, monkeypatch: pytest.MonkeyPatch, on_hub: str
) -> None:
    given = write_mm_projector(folder / "projector")["model.mm_projector.0.weight"]
    parts = {name: str(folder / name) for name in ("vision", "language", "projector")}
    expected = open_tensors(start(recipe_of(folder, **parts), folder / "here"))
    with serve("hf", folder, files_below(folder / on_hub)) as world:
        monkeypatch.setenv("HF_ENDPOINT", world.server.url)
        monkeypatch.setenv("HF_HUB_CACHE", str(folder / "cache"))
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")
        monkeypatch.chdir(folder)
        recipe = recipe_of(folder, **parts | {on_hub: "hf:o/n"})
        foretold = plan_start(recipe, ONLINE)
        made = start(recipe, folder / "run")
    assert foretold is not None
    assert foretold.parameters == inspect(made)["parameters_by_part"]
    got = open_tensors(made)
    assert got.headers == expected.headers
    assert all(torch.equal(got.read(name), expected.read(name)) for name in got.headers)
    assert torch.equal(got.read(PROJECTOR), given.float())
    sources = json.loads((folder / "run/run.json").read_text())["start"]["sources"]
    names = {"vision": "source", "language": "language", "projector": "projector"}
    called = {part: sources[name]["from"] for part, name in names.items()}
    assert called == parts | {on_hub: f"hf:o/n@{world.revision}"}


@pytest.mark.usefixtures("world")
def test_a_run_that_has_its_start_goes_on_without_the_weights_that_it_was_made_of(folder: Path) -> None:
    recipe = recipe_of(folder, vision=str(folder / "vision"), language="hf:o/n")
    (folder / "recipe.yaml").write_text(recipe.model_dump_json(exclude_unset=True))
    run_it = partial(run, "recipe.yaml", out=folder / "run", console=Console(quiet=True))
    offline = PullRules(offline=True)
    with pytest.raises(RecipeError, match=r"model\.language: hf:o/n: offline"):
        run_it(rules=offline)
    open_record(folder / "run", recipe)
    start(recipe, folder / "run")
    shutil.rmtree(folder / "cache")
    shutil.rmtree(folder / "vision")
    run_it(rules=offline)
    assert is_finished(read_record(folder / "run"))
    run_it(rules=PullRules(locked=True, offline=True))
    (folder / "run/start/config.json").unlink()
    with pytest.raises(RecipeError, match=r"model\.vision: no weights(.|\n)*model\.language: hf:o/n: offline"):
        run_it(rules=offline)


def test_the_usual_rules_heed_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert usual_rules() == PullRules(offline=True)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    assert usual_rules() == PullRules()


def test_a_start_that_is_not_here_offline_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    with pytest.raises(DataError, match="hf:o/n: offline, and its commit is not known"):
        start(recipe_of(folder, init="hf:o/n"), folder / "run", PullRules(offline=True))
