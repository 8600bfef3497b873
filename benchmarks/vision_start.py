"""How fast a vision tower learns from nothing, by patch size and start: the evidence of docs/decisions/0003.

A tower with a maximum over its patches and one linear layer learns presence and side of each finding directly.
Run: python benchmarks/vision_start.py
"""

import json
import time
from dataclasses import replace

import numpy as np
import torch
from transformers import CLIPVisionConfig, CLIPVisionModel

from doctorsun.data.readers.phantom import phantom_item
from doctorsun.model.presets import PRESETS, ModelPreset
from doctorsun.model.vision_start import start_vision_tower
from doctorsun.processor.image_processor import ImageProcessor

MODALITIES = ("chest_xray", "brain_mr", "ultrasound")
NUM_TRAIN, NUM_TEST, EPOCHS, BATCH, LR = 2000, 300, 4, 32, 1e-3
VARIANTS = {
    f"patch {size}, {'cosines' if cosines else 'random'}": (replace(PRESETS["tiny"], patch_size=size), cosines)
    for size in (12, 16, 24, 32)
    for cosines in (False, True)
}


def labelled(split: str, count: int) -> tuple[list[bytes], list[dict[str, int]]]:
    """Return the images of a split, with presence and left side of each finding."""
    images: list[bytes] = []
    labels: list[dict[str, int]] = []
    for number in range(count):
        sample = phantom_item(7, split, number, MODALITIES)[0]
        images.append(sample.images[0].bytes or b"")
        truth: dict[str, int] = {}
        for finding in json.loads(sample.facts)["findings"]:
            truth[f"presence:{finding['name']}"] = int(finding["present"])
            if finding["present"] and finding["side"] in {"left", "right"}:
                truth[f"side:{finding['name']}"] = int(finding["side"] == "left")
        labels.append(truth)
    return images, labels


class Pupil(torch.nn.Module):
    """A vision tower with one logit per question."""

    def __init__(self, preset: ModelPreset, num_questions: int, *, cosines: bool) -> None:
        super().__init__()
        config = CLIPVisionConfig(
            hidden_size=preset.vision_hidden_size,
            intermediate_size=preset.vision_intermediate_size,
            num_hidden_layers=preset.vision_layers - 1,
            num_attention_heads=preset.vision_heads,
            image_size=preset.image_size,
            patch_size=preset.patch_size,
        )
        self.tower = CLIPVisionModel(config)
        if cosines:
            start_vision_tower(self.tower)
        self.norm = torch.nn.LayerNorm(preset.vision_hidden_size, elementwise_affine=False)
        self.head = torch.nn.Linear(preset.vision_hidden_size, num_questions)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return logits [batch, questions] of normalised pixels [batch, 3, size, size]."""
        return self.head(self.norm(self.tower(pixels).last_hidden_state[:, 1:].amax(1)))


def learn(preset: ModelPreset, *, cosines: bool) -> tuple[float, float]:
    """Train one tower; return its mean test accuracy over the questions, and the seconds it took."""
    torch.manual_seed(0)
    images = ImageProcessor(size=preset.image_size)
    mean, std = torch.tensor(images.mean).view(1, 3, 1, 1), torch.tensor(images.std).view(1, 3, 1, 1)
    sets: list[tuple[torch.Tensor, torch.Tensor]] = []
    names: list[str] = []
    for split, count in (("train", NUM_TRAIN), ("test", NUM_TEST)):
        encoded, labels = labelled(split, count)
        names = names or sorted({name for truth in labels for name in truth})
        pixels = torch.from_numpy(np.stack([images.pixels(data) for data in encoded]))
        truth = torch.tensor([[float(row.get(name, -1)) for name in names] for row in labels])
        sets.append(((pixels.float() / 255 - mean) / std, truth))
    (train_x, train_y), (test_x, test_y) = sets
    pupil = Pupil(preset, len(names), cosines=cosines)
    optimizer = torch.optim.AdamW(pupil.parameters(), lr=LR, weight_decay=0.05, betas=(0.9, 0.98))
    steps = EPOCHS * (NUM_TRAIN // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LR, total_steps=steps, pct_start=0.05)
    started = time.perf_counter()
    for step in range(steps):
        chosen = torch.randint(NUM_TRAIN, (BATCH,), generator=torch.Generator().manual_seed(step))
        logits, truth = pupil(train_x[chosen]), train_y[chosen]
        known = truth >= 0
        torch.nn.functional.binary_cross_entropy_with_logits(logits[known], truth[known]).backward()
        torch.nn.utils.clip_grad_norm_(pupil.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
    seconds = time.perf_counter() - started
    with torch.no_grad():
        right = ((pupil(test_x) > 0) == (test_y > 0)).float()
    known = (test_y >= 0).float()
    return float(((right * known).sum(0) / known.sum(0)).mean()), seconds


if __name__ == "__main__":
    for preset, cosines in VARIANTS.values():
        accuracy, seconds = learn(preset, cosines=cosines)
