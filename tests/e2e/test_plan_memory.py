"""What ``plan`` foretells of memory, against what real training takes: the most that its process ever had resident."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from real_command import ENVIRONMENT, doctorsun

from doctorsun.model.build import build_model
from doctorsun.model.presets import PRESETS
from doctorsun.processor.processor import Processor
from doctorsun.weights.hugging_face import save_processor, save_weights
from small_model import image, png, question, small_processor, write_store

GIB = 2**30
TOLERANCE = 0.15
SIZES = replace(
    PRESETS["micro"],
    vision_hidden_size=256,
    vision_intermediate_size=1024,
    vision_layers=5,
    vision_heads=4,
    hidden_size=768,
    intermediate_size=2304,
    num_layers=6,
    num_heads=12,
    num_key_value_heads=12,
    image_size=64,
)
"""50 million parameters: their states are larger than the interpreter."""
SHAPES: dict[str, dict[str, Any]] = {
    "align": {"trainable": {"projector": "full"}, "pack_tokens": 4096},
    "instruct-full": {"trainable": {"vision": "full", "projector": "full", "language": "full"}, "pack_tokens": 1024},
    "lora-twice-computed": {
        "trainable": {"language": {"lora": {"r": 16, "alpha": 32}}, "projector": "full"},
        "pack_tokens": 8192,
        "recompute": True,
    },
    "lora-bf16": {"trainable": {"language": {"lora": {"r": 16, "alpha": 32}}}, "pack_tokens": 4096},
}


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network whose memory can be told from the interpreter's."""
    small, folder = small_processor(), tmp_path_factory.mktemp("plan-memory")
    images = replace(small.images, size=SIZES.image_size)
    processor = Processor(small.tokenizer, small.template, images, SIZES.num_visual_tokens)
    save_processor(processor, folder / "processor", patch_size=SIZES.patch_size, max_length=SIZES.max_positions)
    save_weights(build_model(SIZES, processor, seed=1), folder / "processor", folder / "weights")
    return folder / "weights"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Questions about images of their own, with long replies."""
    words = "No nodule is seen in the left lung. "
    asked = [
        question(f"sample-{i}", "Is there a nodule?", words * (8 + i % 3), image(png(i, 64, 64), 64, 64))
        for i in range(96)
    ]
    return write_store(tmp_path_factory.mktemp("plan-memory-stores") / "store", asked).folder


def peak_bytes(*arguments: str | Path) -> int:
    """Return the most memory that a command had resident."""
    command = [sys.executable, "-m", "doctorsun", *map(str, arguments)]
    with subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as child:
        errors = child.stderr.read().decode() if child.stderr else ""
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, errors
    return usage.ru_maxrss * 1024


@pytest.mark.slow
@pytest.mark.parametrize("name", SHAPES)
def test_the_peak_is_foretold(name: str, weights: Path, store: Path, tmp_path: Path) -> None:
    stage = {"mixture": [{"source": "own"}], "steps": 1, "batch_samples": 24, "lr": 1e-4, "max_length": 512}
    recipe = tmp_path / "recipe.yaml"
    settings = {
        "name": "measured",
        "precision": "bf16" if name.endswith("bf16") else "fp32",
        "model": {"init": str(weights)},
        "data": {"sources": {"own": {"reader": "store", "splits": {"train": str(store)}}}},
        "stages": {"instruct": stage | SHAPES[name]},
    }
    recipe.write_text(yaml.safe_dump(settings))
    planned = doctorsun("plan", recipe, "--out", tmp_path / "run", "--json")
    assert planned.status == 0, planned.errors
    foretold = next(row for row in json.loads(planned.output) if row.get("stage") == "instruct")["memory"]["peak_gib"]

    measured = peak_bytes("train", recipe, "--stage", "instruct", "--out", tmp_path / "run") / GIB

    sys.stdout.write(f"{name}: foretold {foretold:.3f} GiB, measured {measured:.3f} GiB, {foretold / measured:.3f}\n")
    assert foretold == pytest.approx(measured, rel=TOLERANCE)
