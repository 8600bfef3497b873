"""The recipes at full size, carried out whole with ``--set`` alone: small parts in the published layouts, small data in
the published formats.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from real_command import ENVIRONMENT, Done, doctorsun

from checkpoints.clip import write_whole_clip
from checkpoints.internlm2 import write_internlm2
from checkpoints.llama import write_llama2, write_llama3
from doctorsun.processor.chat_families import FAMILIES
from published_data import write_chimed, write_gmai, write_json_lines, write_sunmed

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
    ranks = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "doctorsun"]
    command = [*ranks, "run", name, "--out", run, *given]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, env=ENVIRONMENT)
    assert_is_whole(name, run, Done(done.returncode, done.stdout, done.stderr))


def test_a_newcomer_is_told_which_command_makes_each_store(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "doctorsun", "--lang", "en", "check", "doctor-sun-8b"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env={**os.environ})
    assert done.returncode == 2
    for line in (
        "data.sources.sunmed-align.splits.train: no folder 'stores/sunmed-align'",
        "make it with: doctorsun data import sunmed pretrain.json --images image_pretrain.zip --out stores/sunmed",
        "or name another: --set data.sources.sunmed-align.splits.train=STORE",
    ):
        assert line in done.stderr
