"""AdamW over the trainable parts, each with its own learning rate."""

from collections.abc import Mapping

import torch
from torch import nn

from doctorsun.config import PartName, PartSection, StageSection
from doctorsun.train.schedule import lr_factor

BETA1 = 0.9


def build_optimizer(
    stage: StageSection, parameters: Mapping[PartName, Mapping[str, nn.Parameter]]
) -> torch.optim.AdamW:
    """Make the optimizer; vectors (norms, biases) and embeddings are not decayed."""
    groups: list[dict[str, object]] = []
    for part, named in parameters.items():
        section = stage.part(part) or PartSection()
        for decays in (True, False):
            chosen = [p for name, p in named.items() if (p.ndim >= 2 and "embed" not in name) == decays]  # noqa: PLR2004
            if chosen:
                decay = section.weight_decay if decays else 0.0
                groups.append({"params": chosen, "peak_lr": section.lr, "lr": section.lr, "weight_decay": decay})
    return torch.optim.AdamW(groups, betas=(BETA1, stage.beta2), fused=True)


def set_learning_rate(optimizer: torch.optim.Optimizer, stage: StageSection, step: int) -> float:
    """Set each group's learning rate for a step; return the highest."""
    factor = lr_factor(stage, step)
    for group in optimizer.param_groups:
        group["lr"] = group["peak_lr"] * factor
    return max(group["lr"] for group in optimizer.param_groups)
