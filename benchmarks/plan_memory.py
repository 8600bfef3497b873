"""What `doctorsun plan` foretells of memory, beside the most that the process of real training ever had resident.

A network of 50 million parameters, whose states are larger than the interpreter, learns in each kind of stage, in 32
bits and in bf16, from samples that are made here: two steps, as the states of the optimizer come with the end of the
first. Each row is a process of its own.
Run: python benchmarks/plan_memory.py [--kinds NAME...] [--precisions NAME...] [--out FILE.json]
"""

import argparse
import hashlib
import io
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image as Picture

from doctorsun.model.build import build_model
from doctorsun.model.presets import PRESETS
from doctorsun.processor.chat_template import ChatTemplate
from doctorsun.processor.image_processor import ImageProcessor
from doctorsun.processor.processor import Processor
from doctorsun.processor.tokenizer import BOS, EOS_TURN, train_tokenizer
from doctorsun.schema import Image, Message, Sample, Source, image_part, text_part
from doctorsun.storage.store import StoreWriter
from doctorsun.weights.hugging_face import save_processor, save_weights

GIB = 2**30
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"}
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
ADAPTERS = {"lora": {"r": 16, "alpha": 32}}
EVERYTHING = {"vision": "full", "projector": "full", "language": "full"}
KINDS: dict[str, dict[str, Any]] = {
    "align": {"trainable": {"projector": "full"}, "pack_tokens": 4096},
    "instruct": {"trainable": EVERYTHING, "pack_tokens": 1024},
    "lora": {"trainable": {"language": ADAPTERS, "projector": "full"}, "pack_tokens": 8192, "recompute": True},
    "preference": {"trainable": {"language": "full"}, "pack_tokens": 2048, "objective": "preference"},
}
PRECISIONS = ("fp32", "bf16")
AT_A_TIME = 2
"""Processes that run beside each other: the memory of one does not depend on the other."""
STAGE = {"mixture": [{"source": "own"}], "steps": 2, "batch_samples": 24, "lr": 1e-4, "max_length": 512}
QUESTION, WORDS, REJECTED = "Is there a nodule?", "No nodule is seen in the left lung. ", "A nodule is seen. "


def write_weights(folder: Path) -> Path:
    """Write the network with its processor, and return the folder."""
    template = ChatTemplate(bos_token=BOS, eos_token=EOS_TURN)
    tokenizer = train_tokenizer((QUESTION, WORDS, REJECTED), 300)
    processor = Processor(tokenizer, template, ImageProcessor(size=SIZES.image_size), SIZES.num_visual_tokens)
    save_processor(processor, folder / "processor", patch_size=SIZES.patch_size, max_length=SIZES.max_positions)
    save_weights(build_model(SIZES, processor, seed=1), folder / "processor", folder / "weights")
    return folder / "weights"


def write_store(folder: Path) -> Path:
    """Write questions about images of their own, with long replies and rejected ones, and return the folder."""
    with StoreWriter(folder, name="made", step={"step": "benchmark"}) as writer:
        for number in range(96):
            writer.add([make_sample(number)])
    return folder


def make_sample(number: int) -> Sample:
    """Return a question about an image of noise."""
    size = SIZES.image_size
    pixels = np.random.default_rng(number).integers(0, 256, (size, size, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Picture.fromarray(pixels).save(buffer, format="PNG")
    encoded = buffer.getvalue()
    asked = Message(role="user", content=(image_part(), text_part(QUESTION)))
    told = Message(role="assistant", content=(text_part(WORDS * (8 + number % 3)),))
    return Sample(
        id=f"sample-{number}",
        messages=(asked, told),
        images=(Image(bytes=encoded, sha256=hashlib.sha256(encoded).hexdigest(), width=size, height=size),),
        rejected=(REJECTED * 8,),
        source=Source(dataset="made"),
    )


def measure(kind: str, precision: str, scratch: Path) -> dict[str, Any]:
    """Plan a stage, train it, and return both peaks.

    Args:
        kind: of the stage.
        precision: fp32 or bf16.
        scratch: a folder with `weights` and `store`.
    """
    name = "prefer" if kind == "preference" else "align" if kind == "align" else "instruct"
    recipe, run = scratch / f"{kind}-{precision}.yaml", scratch / f"{kind}-{precision}"
    settings = {
        "name": "measured",
        "precision": precision,
        "model": {"init": str(scratch / "weights")},
        "data": {"sources": {"own": {"reader": "store", "splits": {"train": str(scratch / "store")}}}},
        "stages": {name: STAGE | KINDS[kind]},
    }
    recipe.write_text(yaml.safe_dump(settings), encoding="utf-8")
    doctorsun = [sys.executable, "-m", "doctorsun"]
    plan = [*doctorsun, "plan", str(recipe), "--out", str(run), "--json"]
    rows = json.loads(subprocess.run(plan, check=True, stdout=subprocess.PIPE, env=ENVIRONMENT).stdout)  # noqa: S603
    foretold = next(row for row in rows if row.get("stage") == name)["memory"]["peak_gib"]
    measured = peak_bytes([*doctorsun, "train", str(recipe), "--stage", name, "--out", str(run)]) / GIB
    row = {
        "stage": kind,
        "precision": precision,
        "foretold_gib": foretold,
        "measured_gib": round(measured, 3),
        "ratio": round(foretold / measured, 3),
    }
    print(row, flush=True)  # noqa: T201
    return row


def peak_bytes(command: Sequence[str]) -> int:
    """Run a command to its end, and return the most memory that it had resident."""
    with subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:  # noqa: S603
        errors = process.stderr.read().decode() if process.stderr else ""
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"training ended with {process.returncode}:\n{errors}")
    return used.ru_maxrss * 1024


def main() -> None:
    """Measure every kind of stage in every precision, and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--precisions", nargs="+", choices=PRECISIONS, default=list(PRECISIONS))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/reports/plan_memory.json"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        write_weights(scratch)
        write_store(scratch / "store")
        wanted = [(kind, each) for kind in arguments.kinds for each in arguments.precisions]
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            rows = list(pool.map(lambda each: measure(*each, scratch), wanted))
    report = {
        "machine": f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {sys.version.split()[0]}",
        "commit": subprocess.check_output(["git", "rev-parse", "HEAD"], text=True).strip(),  # noqa: S607
        "command": "python benchmarks/plan_memory.py",
        "versions": {name: version(name) for name in ("doctorsun", "torch", "transformers")},
        "parameters": "50 million",
        "rows": rows,
    }
    arguments.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
