"""Learning rate over a stage."""

import math

from doctorsun.config import StageSection


def lr_factor(stage: StageSection, step: int, num_steps: int) -> float:
    """Return the share of the peak learning rate that a step uses (the first is step 0) of so many."""
    warmup = math.ceil(stage.warmup_share * num_steps)
    if step < warmup:
        return (step + 1) / warmup
    if stage.schedule == "constant":
        return 1.0
    progress = (step - warmup) / max(1, num_steps - warmup)
    shape = 0.5 * (1 + math.cos(math.pi * progress)) if stage.schedule == "cosine" else 1 - progress
    return stage.min_lr_share + (1 - stage.min_lr_share) * shape
