"""A run that is killed with SIGKILL while it writes the weights that it starts from goes on to the very same ones."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from real_command import ENVIRONMENT, doctorsun

from checkpoints.clip import write_tower
from checkpoints.llama import write_llama3
from doctorsun.storage.atomic import sha256_file, write_json
from doctorsun.storage.sums import check_sums
from small_model import image, png, question, save_small, write_store

# Ends the command with SIGKILL just before its n-th operation of a kind on a file or folder at or below a path.
KILLED = """
import os, signal, sys
from doctorsun.cli.main import main
path, kind, left = sys.argv[1], sys.argv[2], int(sys.argv[3])
def killer(event, arguments):
    global left
    if event == kind and str(arguments[0]).startswith(path):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(killer)
sys.argv = ["doctorsun", *sys.argv[4:]]
main()
"""
MOMENTS = (
    (".start.unfinished/.model.safetensors", "open", 2),
    (".start.unfinished/.SHA256SUMS", "os.rename", 1),
    (".start.unfinished/SHA256SUMS", "open", 1),
    ("start/", "open", 1),
)
PARTS, STOCK = {"vision": "vision", "language": "language"}, {"init": "stock"}


def write_recipe(folder: Path, model: dict[str, str]) -> None:
    write_tower(folder / "vision")
    write_llama3(folder / "language")
    save_small(folder / "stock")
    asked = [question(f"q{number}", "Nodule?", "No.", image(png(number)), task="presence") for number in range(4)]
    write_store(folder / "asked", asked)
    stage: dict[str, Any] = {"steps": 1, "batch_samples": 2, "lr": 0.001, "mixture": [{"source": "asked"}]}
    recipe = {
        "name": "killed",
        "seed": 7,
        "model": {name: str(folder / below) for name, below in model.items()},
        "data": {"sources": {"asked": {"reader": "store", "splits": {"train": str(folder / "asked")}}}},
        "stages": {"align": stage | {"trainable": {"projector": "full"}}},
    }
    write_json(folder / "recipe.yaml", recipe)


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: sha256_file(path) for path in folder.iterdir()}


@pytest.mark.slow  # six processes that import torch, each way
@pytest.mark.parametrize("model", [PARTS, STOCK], ids=["parts", "stock"])
def test_a_run_that_is_killed_in_its_start_goes_on(tmp_path: Path, model: dict[str, str]) -> None:
    write_recipe(tmp_path, model)
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    run = ("run", str(tmp_path / "recipe.yaml"), "--out")
    assert doctorsun(*run, undisturbed).status == 0

    for name, kind, number in MOMENTS:
        command = [sys.executable, "-c", KILLED, f"{killed}/{name}", kind, str(number), *run, str(killed)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT)
        assert done.returncode == -signal.SIGKILL, f"{name}: {done.stderr}"
        assert (killed / "start").exists() == (name == "start/")

    again = doctorsun(*run, killed)
    assert again.status == 0, again.errors
    assert hashes(killed / "start") == hashes(undisturbed / "start")
    check_sums(killed / "start")
    assert hashes(killed / "weights") == hashes(undisturbed / "weights")
    told = [json.loads((folder / "run.json").read_text(encoding="utf-8"))["start"] for folder in (killed, undisturbed)]
    assert told[0] == told[1]
    assert not list(killed.glob(".start*"))
