"""Training speed of a recipe, beside what this machine's matrix products reach in the same run."""

import tempfile
import time
from pathlib import Path
from typing import Any

from doctorsun.config import Recipe
from doctorsun.recipes.ceiling import matmul_ceiling_tflops

WARM_UP_STEPS = 3
TIMED_STEPS = 12


def measure_training(recipe: Recipe) -> dict[str, Any]:
    """Time the last stage of a recipe on a small part of its data.

    Returns:
        samples, supervised and all tokens per second, the loader's share of the time, peak memory, and the share of
        the machine's matmul ceiling by 6 FLOPs per parameter and token (attention is not counted).
    """
    import json
    import resource

    from doctorsun.recipes.machine import examine_machine
    from doctorsun.recipes.stages import StageContext, prepare_start, run_stages
    from doctorsun.recipes.steps import Steps
    from doctorsun.recipes.stores import RunStores, hashes_of
    from doctorsun.train.telemetry import Telemetry
    from doctorsun.weights.inspect import inspect

    shortened = shorten(recipe)
    machine = examine_machine(recipe.precision)
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder)
        stores = RunStores(shortened, run, lambda *_: None)
        opened, ledger = stores.open_all(), Steps(run, {}, lambda _: None)
        prepare_start(shortened, ledger, opened)
        telemetry = Telemetry(run / "metrics.jsonl")
        context = StageContext(
            recipe=shortened,
            run=run,
            stores=stores,
            hashes=hashes_of(opened),
            machine=machine,
            telemetry=telemetry,
            steps=ledger,
        )
        parameters = inspect(run / "start")["parameters_by_part"]
        started = time.perf_counter()
        run_stages(context)
        wall_s = time.perf_counter() - started
        lines = [json.loads(line) for line in telemetry.path.read_text(encoding="utf-8").splitlines()]
    steps = [line for line in lines if line["event"] == "step"][WARM_UP_STEPS:]
    seconds = sum(step["step_s"] for step in steps)
    ceiling = matmul_ceiling_tflops("bfloat16" if machine.precision == "bf16" else "float32")
    tokens = sum(step["total_tokens"] for step in steps)
    flops = 6 * parameters["language"] * tokens
    return {
        "recipe": recipe.name,
        "machine": machine.as_dict(),
        "timed_steps": len(steps),
        "samples_per_s": sum(step["samples"] for step in steps) / seconds,
        "supervised_tokens_per_s": sum(step.get("supervised_tokens", 0) for step in steps) / seconds,
        "tokens_per_s": tokens / seconds,
        "loader_wait_share": sum(step["loader_wait_s"] for step in steps) / seconds,
        "peak_memory_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        "matmul_ceiling_tflops": ceiling,
        "language_model_share_of_ceiling": flops / seconds / 1e12 / ceiling,
        "wall_s": wall_s,
    }


def shorten(recipe: Recipe) -> Recipe:
    """Keep the last stage, a few steps of it and little generated data."""
    name, stage = list(recipe.stages.items())[-1]
    steps = WARM_UP_STEPS + TIMED_STEPS
    stage = stage.model_copy(update={"steps": steps, "epochs": None, "save_every_steps": steps})
    sources = {
        key: source.model_copy(update={"num_images": {"train": 200}}) if hasattr(source, "num_images") else source
        for key, source in recipe.data.sources.items()
    }
    data = recipe.data.model_copy(update={"sources": sources})
    return recipe.model_copy(update={"stages": {name: stage}, "data": data})
