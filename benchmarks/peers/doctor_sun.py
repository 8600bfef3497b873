"""The rows of Doctor Sun: a recipe of one stage from the same checkpoint and LLaVA JSON, timed by its own diary."""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import torch

from doctorsun.bench.train import train_stages
from doctorsun.config import load_recipe

STARTED = time.perf_counter()


def recipe_of(job: dict[str, Any]) -> dict[str, Any]:
    """Return the recipe of a job."""
    parts = {"align": ("projector",), "instruct": ("projector", "language")}[job["stage"]]
    stage = {
        "trainable": dict.fromkeys(parts, "full"),
        "mixture": [{"source": "made"}],
        "steps": job["steps"],
        "batch_samples": job["samples_per_step"],
        "lr": job["lr"],
        "schedule": "constant",
        "warmup_share": 0.0,
        "save_every_steps": job["steps"],
    }
    return {
        "name": "peers",
        "precision": job["dtype"],
        "model": {"init": job["checkpoint"]},
        "data": {"sources": {"made": {"reader": "store", "splits": {"train": job["store"]}}}},
        "stages": {job["stage"]: stage},
    }


def main() -> None:
    """Train one row and write its facts."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    torch.set_num_threads(job["threads"])
    scratch = Path(job["scratch"])
    scratch.mkdir(parents=True, exist_ok=True)
    path = scratch / "peers.json"  # a recipe is YAML, of which JSON is a part
    path.write_text(json.dumps(recipe_of(job)), encoding="utf-8")
    marks: list[tuple[float, float]] = []
    events: list[dict[str, Any]] = []

    def listen(event: dict[str, Any]) -> None:
        if event["event"] in {"stage_start", "step"}:
            marks.append((time.perf_counter(), time.process_time()))
            events.append(event)

    train_stages(load_recipe(str(path)), scratch / "run", listen)
    steps = [
        {
            "wall_s": marks[i][0] - marks[i - 1][0],
            "cpu_s": marks[i][1] - marks[i - 1][1],
            "supervised": events[i]["supervised_tokens"],
            "tokens": events[i]["total_tokens"],
            "padded": events[i]["total_tokens"],
        }
        for i in range(1, len(events))
    ]
    facts = {
        "steps": steps,
        "losses": [event["loss"] for event in events[1:]],
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "start_s": marks[0][0] - STARTED,
    }
    Path(job["result"]).write_text(json.dumps(facts), encoding="utf-8")


main()
