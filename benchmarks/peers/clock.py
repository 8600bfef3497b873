"""What is measured of a peer: each step's time, tokens and loss, and the peak memory of its process.

The three peers are subclasses of transformers' Trainer, so one callback times them all: a step lasts from the end of
the one before to its own end, so that waiting for data counts.
"""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import torch
from transformers import Trainer, TrainerCallback

STARTED = time.perf_counter()


class StepClock(TrainerCallback):
    """Collects a row's facts; ``count`` sees every batch that is trained on."""

    def __init__(self) -> None:
        self.steps: list[dict[str, float]] = []
        self.supervised = self.tokens = self.padded = 0

    def count(self, inputs: dict[str, Any]) -> None:
        """Add up the tokens of a batch."""
        self.supervised += int((inputs["labels"] != -100).sum())  # noqa: PLR2004 (what no loss counts)
        mask = inputs.get("attention_mask")
        self.padded += inputs["labels"].numel()
        self.tokens += inputs["labels"].numel() if mask is None else int(mask.sum())

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        """Start the clock."""
        self.start_s, self.wall, self.cpu = time.perf_counter() - STARTED, time.perf_counter(), _cpu_s()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        """Close a step."""
        wall, cpu = time.perf_counter(), _cpu_s()
        self.steps.append(
            {
                "wall_s": wall - self.wall,
                "cpu_s": cpu - self.cpu,
                "supervised": self.supervised,
                "tokens": self.tokens,
                "padded": self.padded,
            }
        )
        self.wall, self.cpu = wall, cpu
        self.supervised = self.tokens = self.padded = 0

    def write(self, path: Path, losses: list[float]) -> None:
        """Write the facts as JSON."""
        peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        facts = {"steps": self.steps, "losses": losses, "peak_memory_mib": peak_mib, "start_s": self.start_s}
        path.write_text(json.dumps(facts), encoding="utf-8")


def read_job() -> dict[str, Any]:
    """Read the job that the driver wrote, and set the threads."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    torch.set_num_threads(job["threads"])
    return job


def watched(clock: StepClock) -> None:
    """Let the clock see the batches of every Trainer of this process, right before they are trained on."""
    plain = Trainer.training_step

    def training_step(self: Trainer, model: Any, inputs: dict[str, Any], *rest: Any, **more: Any) -> Any:
        clock.count(inputs)
        return plain(self, model, inputs, *rest, **more)

    Trainer.training_step = training_step


def losses_of(history: list[dict[str, Any]]) -> list[float]:
    """Return the logged losses of the steps."""
    return [entry["loss"] for entry in history if "loss" in entry]


def freeze(model: Any, stage: str) -> None:
    """Let the projector learn, and in ``instruct`` the language model too."""
    model.requires_grad_(False)
    model.model.multi_modal_projector.requires_grad_(True)
    if stage == "instruct":
        model.model.language_model.requires_grad_(True)
        model.lm_head.requires_grad_(True)


def trainer_settings(job: dict[str, Any]) -> dict[str, Any]:
    """Return the settings that all Trainers of this benchmark share."""
    return {
        "output_dir": job["scratch"],
        "use_cpu": True,
        "bf16": job["dtype"] == "bf16",
        "per_device_train_batch_size": job["samples_per_step"],
        "max_steps": job["steps"],
        "learning_rate": job["lr"],
        "lr_scheduler_type": "constant",
        "weight_decay": 0.0,
        "max_grad_norm": 1.0,
        "dataloader_num_workers": job["workers"],
        "remove_unused_columns": False,
        "report_to": "none",
        "save_strategy": "no",
        "logging_steps": 1,
        "disable_tqdm": True,
        "seed": 7,
    }


def _cpu_s() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
