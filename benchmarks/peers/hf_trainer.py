"""The row of Hugging Face's Trainer: its own script, run in its own environment with one JSON job.

The texts are tokenised once, before training, so that their lengths are known to length grouping; the collator opens
images and pads.
"""

from pathlib import Path
from typing import Any

import torch
from clock import StepClock, freeze, losses_of, read_job, trainer_settings, watched
from PIL import Image
from transformers import AutoProcessor, LlavaForConditionalGeneration, Trainer, TrainingArguments

IGNORED = -100


class Samples(torch.utils.data.Dataset):
    """Tokenised samples, with their lengths in the column that Trainer groups by."""

    def __init__(self, job: dict[str, Any], processor: Any) -> None:
        import json

        self.column_names = ["input_ids", "labels", "image", "length"]
        self.rows = [
            _row(record, processor, Path(job["images"]))
            for record in json.loads(Path(job["data"]).read_text(encoding="utf-8"))
        ]

    def __len__(self) -> int:
        """Count the samples."""
        return len(self.rows)

    def __getitem__(self, key: int | str) -> Any:
        """Return a sample, or a column of all."""
        return [row[key] for row in self.rows] if isinstance(key, str) else self.rows[key]


def _row(record: dict[str, Any], processor: Any, images: Path) -> dict[str, Any]:
    human, gpt = (turn["value"] for turn in record["conversations"])
    content = [{"type": "image"}, {"type": "text", "text": human.removeprefix("<image>\n")}]
    prompt = processor.apply_chat_template([{"role": "user", "content": content}])
    token = processor.image_token
    prompt = prompt.replace(token, token * 64)
    asked = processor.tokenizer(prompt, add_special_tokens=False)["input_ids"]
    reply = processor.tokenizer(gpt + processor.tokenizer.eos_token, add_special_tokens=False)["input_ids"]
    labels = [IGNORED] * len(asked) + reply
    return {"input_ids": asked + reply, "labels": labels, "image": images / record["image"], "length": len(labels)}


class Collator:
    """Pads a batch and opens its images."""

    def __init__(self, processor: Any) -> None:
        self.processor = processor

    def __call__(self, rows: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        """Build the tensors of a batch."""
        length = max(row["length"] for row in rows)
        ids = torch.full((len(rows), length), self.processor.tokenizer.pad_token_id)
        labels = torch.full((len(rows), length), IGNORED)
        mask = torch.zeros((len(rows), length), dtype=torch.long)
        for index, row in enumerate(rows):
            ids[index, : row["length"]] = torch.tensor(row["input_ids"])
            labels[index, : row["length"]] = torch.tensor(row["labels"])
            mask[index, : row["length"]] = 1
        images = [Image.open(row["image"]).convert("RGB") for row in rows]
        pixels = self.processor.image_processor(images, return_tensors="pt")["pixel_values"]
        return {"input_ids": ids, "labels": labels, "attention_mask": mask, "pixel_values": pixels}


def main() -> None:
    """Train one row and write its facts."""
    job, clock = read_job(), StepClock()
    watched(clock)
    processor = AutoProcessor.from_pretrained(job["checkpoint"])
    model = LlavaForConditionalGeneration.from_pretrained(job["checkpoint"], dtype=torch.float32)
    freeze(model, job["stage"])
    sampling = "group_by_length" if job["group_by_length"] else "random"
    arguments = TrainingArguments(**trainer_settings(job), train_sampling_strategy=sampling)
    data = Samples(job, processor)
    trainer = Trainer(model, arguments, Collator(processor), data, callbacks=[clock])
    trainer.train()
    clock.write(Path(job["result"]), losses_of(trainer.state.log_history))


main()
