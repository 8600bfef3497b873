"""The recipes at full size, carried out whole with ``--set`` alone: small parts in the published layouts, small data in
the published formats.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from real_command import ENVIRONMENT, Done, doctorsun
from rich.console import Console

from checkpoints.clip import write_whole_clip
from checkpoints.internlm2 import write_internlm2
from checkpoints.llama import write_llama2, write_llama3
from checkpoints.llava_hf import write_llava_hf
from doctorsun.processor.chat_families import FAMILIES
from doctorsun.processor.processor import Processor
from doctorsun.recipes.run import run as run_recipe
from published_data import write_chimed, write_gmai, write_json_lines, write_sunmed
from small_model import image, png, question, write_store

TEXTS = [
    {"instruction": "Why?", "input": "", "output": "The heart is not enlarged."},
    {"instruction": "左肺有结节吗?", "input": "", "output": "未见结节。"},
] * 3


def imported(form: str, file: Path, store: Path, *given: str | Path) -> Path:
    """Bring a published file into a store by the command that the recipe names; return the store."""
    done = doctorsun("data", "import", form, file, "--out", store, *given)
    assert done.status == 0, done.errors
    return store


def text_store(folder: Path) -> Path:
    write_json_lines(folder / "texts.jsonl", TEXTS)
    return imported("alpaca", folder / "texts.jsonl", folder / "texts")


def sunmed(folder: Path) -> dict[str, Path]:
    write_sunmed(folder)
    stores = {
        name: imported("sunmed", folder / f"{file}.json", folder / name, "--images", folder / f"image_{file}.zip")
        for name, file in (("sunmed-align", "pretrain"), ("sunmed-instruct", "finetune"))
    }
    return stores | {"medical-texts": text_store(folder)}


def sunmed_whole(folder: Path) -> dict[str, Path]:
    write_json_lines(folder / "dialogues.jsonl", TEXTS)
    write_json_lines(folder / "dpo.jsonl", [{"prompt": "Why?", "chosen": "So.", "rejected": ["No.", "不知道。"]}] * 3)
    dialogues = imported("dialogue", folder / "dialogues.jsonl", folder / "medical-dialogues")
    preferences = imported("preference", folder / "dpo.jsonl", folder / "preferences")
    return sunmed(folder) | {"medical-dialogues": dialogues, "preferences": preferences}


def chimed(folder: Path) -> dict[str, Path]:
    write_chimed(folder)
    files = {"chimed-align": "ChiMed-VL-Alignment.jsonl", "chimed-instruct": "ChiMed-VL-Instruction.json"}
    return {
        name: imported("chimed", folder / file, folder / name, "--images", folder / "images")
        for name, file in files.items()
    }


def gmai(folder: Path) -> dict[str, Path]:
    """Collect two of the sets in ``examples/gmai_vl_images.yaml``."""
    write_gmai(folder)
    sources = {
        name: {
            "format": "gmai", "path": f"GMAI-MM-{name}.jsonl", "images": ["images"],
            "dataset": f"GMAI-MM-{name.partition('-')[0]}",
        }
        for name in ("Caption-1.7M", "Percept-1.3M")
    }  # fmt: skip
    (folder / "collection.yaml").write_text(yaml.safe_dump({"name": "gmai-images", "sources": sources}))
    store = folder / "gmai-images"
    done = doctorsun("data", "collect", folder / "collection.yaml", "--root", folder, "--out", store)
    assert done.status == 0, done.errors
    texts = imported("gmai", folder / "GMAI_Text_Single_1M.jsonl", folder / "gmai-texts")
    return {"gmai-images": store, "gmai-texts": texts}


@dataclass(frozen=True, kw_only=True)
class Published:
    """One recipe, and how its small parts and data are made.

    Attributes:
        stages: that it goes through.
        chat: template of the result.
        given: settings beside those of parts and stores.
    """

    stages: tuple[str, ...]
    language: Callable[[Path], Any]
    data: Callable[[Path], dict[str, Path]]
    chat: str
    given: tuple[str, ...] = ()


RECIPES = {
    "doctor-sun-8b": Published(
        stages=("pretrain", "align", "instruct"), language=write_llama3, data=sunmed, chat="llama3"
    ),
    "doctor-sun-8b-whole": Published(
        stages=("pretrain", "text-instruct", "align", "instruct", "prefer"),
        language=write_llama3, data=sunmed_whole, chat="llama3",
    ),
    "qilin-med-vl-13b": Published(
        stages=("align", "instruct"), language=write_llama2, data=chimed, chat="vicuna_v1"
    ),
    "gmai-vl-7b": Published(
        stages=("align", "deep-align", "instruct"), language=write_internlm2, data=gmai, chat="chatml",
        given=("stages.instruct.mixture.0.datasets={GMAI-MM-Caption: 1, GMAI-MM-Percept: 0.5}",),
    ),
}  # fmt: skip


def settings_of(name: str, folder: Path) -> list[str | Path]:
    """Make parts and data below a folder; return what gives them to a recipe."""
    recipe = RECIPES[name]
    write_whole_clip(folder / "clip")
    recipe.language(folder / "language")
    stores = recipe.data(folder / "data")
    given = [f"model.vision={folder / 'clip'}", f"model.language={folder / 'language'}"]
    given += [f"data.sources.{source}.splits.train={store}" for source, store in stores.items()]
    return [part for each in (*given, *recipe.given) for part in ("--set", each)]


def on_two_ranks(*arguments: str | Path) -> Done:
    """Run a command of doctorsun under torchrun, as two processes."""
    launch = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "doctorsun")
    done = subprocess.run([*launch, *map(str, arguments)], capture_output=True, text=True, check=False, env=ENVIRONMENT)
    return Done(done.returncode, done.stdout, done.stderr)


def events(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]


def assert_is_whole(name: str, run: Path, done: Done) -> None:
    recipe = RECIPES[name]
    assert done.status == 0, done.errors
    ended = [event["stage"] for event in events(run) if event["event"] == "stage_end"]
    assert tuple(ended) == recipe.stages
    assert not [event for event in events(run) if event["event"] in ("quarantined", "warning")]
    family = next(family for family in FAMILIES if family.name == recipe.chat)
    written = (run / "weights/chat_template.jinja").read_text(encoding="utf-8")
    assert written.split() == family.template.split()
    record = json.loads((run / "run.json").read_text(encoding="utf-8"))
    assert record["finished"]
    assert set(record["lengths"]) == set(recipe.stages)


@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
def test_a_published_recipe_runs_whole_in_small(name: str, tmp_path: Path) -> None:
    given, run = settings_of(name, tmp_path), tmp_path / "run"
    assert doctorsun("check", name, *given).status == 0
    assert_is_whole(name, run, doctorsun("run", name, "--out", run, *given))
    again = doctorsun("run", name, "--out", run, *given)
    assert again.status == 0
    assert "everything is done" in again.output


@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
def test_a_published_recipe_runs_on_two_ranks(name: str, tmp_path: Path) -> None:
    given, run = settings_of(name, tmp_path), tmp_path / "run"
    assert_is_whole(name, run, on_two_ranks("run", name, "--out", run, *given))


def finetune_settings(tmp_path: Path) -> list[str | Path]:
    """Make weights and own stores below a folder; return what gives them to the recipe."""
    write_sunmed(tmp_path)
    stores = {
        split: imported(
            "llava", tmp_path / f"{file}.json", tmp_path / split,
            "--images", tmp_path / file, "--set", f"split={split}", "--set", "licence=own",
        )
        for split, file in (("train", "pretrain"), ("test", "finetune"))
    }  # fmt: skip
    write_llava_hf(tmp_path / "base")
    given = [f"data.sources.own.splits.{split}={store}" for split, store in stores.items()]
    return [part for each in (f"init={tmp_path / 'base'}", *given) for part in ("--set", each)]


@pytest.mark.slow
@pytest.mark.parametrize("launch", [doctorsun, on_two_ranks])
def test_finetune_runs_whole_in_small(launch: Callable[..., Done], tmp_path: Path) -> None:
    settings, run = finetune_settings(tmp_path), tmp_path / "run"
    done = doctorsun("run", "finetune", "--out", run, *settings)
    assert done.status == 2
    assert "--set evaluation.tasks.own=null" in done.errors  # conversations have no answers to score
    done = launch("run", "finetune", "--out", run, *settings, "--set", "evaluation.tasks.own=null")
    assert done.status == 0, done.errors
    (adapters,) = (run / "stages/instruct/adapters").iterdir()
    assert adapters.name == "language"
    assert doctorsun("weights", "inspect", run / "weights").status == 0
    assert "everything is done" in done.output


def test_two_stages_with_two_templates_run_whole(tmp_path: Path) -> None:
    """Qilin-Med-VL in the process of the test, on a store that is there: quick enough for every run of the tests."""
    write_whole_clip(tmp_path / "clip")
    write_llama2(tmp_path / "language")
    asked = [question(f"q{number}", "左肺有结节吗?", "未见结节。", image(png(number))) for number in range(4)]
    write_store(tmp_path / "store", asked)
    given = [f"model.vision={tmp_path / 'clip'}", f"model.language={tmp_path / 'language'}", "precision=fp32"]
    given += [f"data.sources.chimed-{name}.splits.train={tmp_path / 'store'}" for name in ("align", "instruct")]
    given += [f"stages.{name}.batch_samples=4" for name in ("align", "instruct")]
    folder = run_recipe("qilin-med-vl-13b", out=tmp_path / "run", overrides=given, console=Console(quiet=True))
    steps = [event for event in events(folder) if event["event"] == "step"]
    processor = Processor.from_folder(folder / "weights")
    chats = (processor.asked_as("plain"), processor)
    plain, vicuna = (sum(len(chat.render(each).ids) for each in asked) for chat in chats)
    assert [(step["stage"], step["total_tokens"]) for step in steps] == [("align", plain), ("instruct", vicuna)]
