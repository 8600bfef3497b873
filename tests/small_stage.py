"""A short stage over a small store, for tests of what trains."""

from pathlib import Path
from typing import Any

from doctorsun.config import StageSection
from doctorsun.storage.store import Store
from doctorsun.train.loader import PixelCache
from doctorsun.train.loop import StageJob
from doctorsun.train.plan import Pool, StagePlan
from small_model import small_processor

PROCESSOR = small_processor()
SETTINGS: dict[str, Any] = {
    "trainable": {"projector": "full", "language": "full"},
    "mixture": [{"source": "made"}],
    "steps": 6,
    "batch_samples": 5,
    "lr": 0.01,
    "max_length": 64,
    "pack_tokens": 128,
}


def small_job(folder: Path, store: Store, changes: dict[str, Any], **more: Any) -> StageJob:
    """Return the only stage of a run that learns from one store.

    Args:
        folder: of the stage.
        store: of its samples; it holds preferences where these are the objective.
        changes: of ``SETTINGS``.
        more: fields of the job.
    """
    stage = StageSection.model_validate(SETTINGS | changes)
    job: dict[str, Any] = {"name": "instruct", "seed": 1, "bf16": False} | more
    pools = [Pool.select("made", store, has_pairs=stage.objective == "preference")]
    num_samples, num_steps = stage.batch_samples or 1, stage.steps or 1
    return StageJob(
        index=0,
        num_stages=1,
        stage=stage,
        plan=StagePlan(pools, [1.0], batch_samples=num_samples, num_steps=num_steps, seed=job["seed"]),
        processor=PROCESSOR,
        pixels=PixelCache(PROCESSOR),
        folder=folder,
        **job,
    )
