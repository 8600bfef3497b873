"""Training speed of a recipe, beside what this machine's matrix products reach in the same run."""

import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from doctorsun.config import Recipe
from doctorsun.recipes.ceiling import matmul_ceiling_tflops

if TYPE_CHECKING:
    from doctorsun.train.telemetry import Event, Listener

WARM_UP_STEPS = 3
TIMED_STEPS = 12


def measure_training(recipe: Recipe) -> dict[str, Any]:
    """Time the last stage of a recipe on a small part of its data.

    Returns:
        samples, supervised and all tokens per second, the share of padding, the loader's share of the time, peak
        memory, the machine's matmul ceiling, and the share of it that the operations of the steps are (frozen parts
        forward only, attention and images counted).
    """
    import resource

    from doctorsun.recipes.machine import examine_machine

    machine = examine_machine(recipe.precision)
    steps: list[Event] = []
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        train_stages(shorten(recipe), Path(folder), steps.append)
        wall_s = time.perf_counter() - started
    steps = [event for event in steps if event["event"] == "step"][WARM_UP_STEPS:]
    seconds = sum(step["step_s"] for step in steps)
    ceiling = matmul_ceiling_tflops("bfloat16" if machine.precision == "bf16" else "float32")
    tokens = sum(step["total_tokens"] for step in steps)
    return {
        "recipe": recipe.name,
        "machine": machine.as_dict(),
        "timed_steps": len(steps),
        "samples_per_s": sum(step["samples"] for step in steps) / seconds,
        "supervised_tokens_per_s": sum(step.get("supervised_tokens", 0) for step in steps) / seconds,
        "tokens_per_s": tokens / seconds,
        "padding_share": statistics.fmean(step["padding_share"] for step in steps),
        "loader_wait_share": sum(step["loader_wait_s"] for step in steps) / seconds,
        "peak_memory_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        "matmul_ceiling_tflops": ceiling,
        "share_of_ceiling": sum(step["tflops"] for step in steps) / seconds / ceiling,
        "wall_s": wall_s,
    }


def train_stages(recipe: Recipe, run: Path, listener: "Listener") -> None:
    """Train the stages of a recipe in an empty folder; ``listener`` hears every event."""
    from doctorsun.bench.training_steps import opened
    from doctorsun.recipes.stages import run_stages

    run_stages(opened(recipe, run, listener))


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
