"""The row of ms-swift: its own entry point with its own options, run in its own environment with one JSON job."""

import os
from pathlib import Path
from typing import Any

from clock import StepClock, losses_of, read_job, watched
from transformers import Trainer


def write_samples(job: dict[str, Any]) -> str:
    """Write the samples without the line break after the image, which the template of ms-swift adds itself."""
    path = Path(job["scratch"]).with_suffix(".json")
    text = Path(job["data"]).read_text(encoding="utf-8")
    path.write_text(text.replace("<image>\\n", "<image>"), encoding="utf-8")
    return str(path)


def options(job: dict[str, Any]) -> list[str]:
    """Return the options of ``swift sft``."""
    settings = {
        "model": job["checkpoint"],
        "model_type": "llava1_5_hf",
        "template": "llava1_5_hf",
        "dataset": write_samples(job),
        "split_dataset_ratio": 0,
        "tuner_type": "full",
        "freeze_vit": True,
        "freeze_aligner": False,
        "freeze_llm": job["stage"] == "align",
        "torch_dtype": "bfloat16" if job["dtype"] == "bf16" else "float32",
        "fp16": False,
        "bf16": job["dtype"] == "bf16",
        "use_cpu": True,
        "attn_impl": "sdpa",
        "gradient_checkpointing": False,
        "per_device_train_batch_size": job["samples_per_step"],
        "gradient_accumulation_steps": 1,
        "max_steps": job["steps"],
        "learning_rate": job["lr"],
        "aligner_lr": job["lr"],
        "lr_scheduler_type": "constant",
        "warmup_ratio": 0,
        "weight_decay": 0.0,
        "adam_beta2": 0.999,
        "max_grad_norm": 1.0,
        "max_length": 2048,
        "dataloader_num_workers": job["workers"],
        "group_by_length": job["group_by_length"],
        "report_to": "none",
        "save_strategy": "no",
        "logging_steps": 1,
        "check_model": False,
        "add_version": False,
        "output_dir": job["scratch"],
        "seed": 7,
    }
    return [
        word
        for key, value in settings.items()
        for word in (f"--{key}", str(value).lower() if isinstance(value, bool) else str(value))
    ]


def main() -> None:
    """Train one row and write its facts."""
    job, clock = read_job(), StepClock()
    os.environ["ROOT_IMAGE_DIR"] = job["images"]
    watched(clock)
    plain, trainers = Trainer.train, []

    def train(self: Trainer, *rest: Any, **more: Any) -> Any:
        self.add_callback(clock)
        trainers.append(self)
        return plain(self, *rest, **more)

    Trainer.train = train
    from swift.pipelines import sft_main

    sft_main(options(job))
    clock.write(Path(job["result"]), losses_of(trainers[0].state.log_history))


main()
