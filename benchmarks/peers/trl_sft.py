"""The row of TRL's SFTTrainer: its own script, run in its own environment with one JSON job.

Samples are prompt and completion, the form in which it counts the completion alone; its own collator renders, opens
images and pads. It takes no length column for images, so that length grouping reads nothing and is refused.
"""

import json
from pathlib import Path
from typing import Any

import torch
from clock import StepClock, freeze, losses_of, read_job, trainer_settings, watched
from datasets import Dataset, Image, Sequence
from transformers import AutoProcessor, LlavaForConditionalGeneration
from trl import SFTConfig, SFTTrainer


def samples(job: dict[str, Any]) -> Dataset:
    """Read LLaVA's JSON into the columns that SFTTrainer knows."""
    rows = []
    for record in json.loads(Path(job["data"]).read_text(encoding="utf-8")):
        human, gpt = (turn["value"] for turn in record["conversations"])
        content = [{"type": "image"}, {"type": "text", "text": human.removeprefix("<image>\n")}]
        rows.append(
            {
                "images": [str(Path(job["images"]) / record["image"])],
                "prompt": [{"role": "user", "content": content}],
                "completion": [{"role": "assistant", "content": [{"type": "text", "text": gpt.strip()}]}],
            }
        )
    return Dataset.from_list(rows).cast_column("images", Sequence(Image()))


def main() -> None:
    """Train one row and write its facts."""
    job, clock = read_job(), StepClock()
    watched(clock)
    processor = AutoProcessor.from_pretrained(job["checkpoint"])
    model = LlavaForConditionalGeneration.from_pretrained(job["checkpoint"], dtype=torch.float32)
    freeze(model, job["stage"])
    settings = trainer_settings(job) | {"max_length": None, "gradient_checkpointing": False}
    if job["group_by_length"]:
        settings["train_sampling_strategy"] = "group_by_length"
    arguments = SFTConfig(**settings, completion_only_loss=True)
    trainer = SFTTrainer(
        model=model, args=arguments, train_dataset=samples(job), processing_class=processor, callbacks=[clock]
    )
    freeze(trainer.model, job["stage"])
    trainer.train()
    clock.write(Path(job["result"]), losses_of(trainer.state.log_history))


main()
