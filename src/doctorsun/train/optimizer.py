"""AdamW and Muon over the trainable parts, each with its own learning rate."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor

from doctorsun.config import OptimizerName, PartName, PartSection, StageSection
from doctorsun.train.adamw import Bf16AdamW
from doctorsun.train.schedule import lr_factor

BETA1 = 0.9
MOMENTUM = 0.95
# Who updates a parameter, whether it decays, and whether it is sharded: fused updates take one kind at a time.
_Rule = tuple[OptimizerName, bool, bool]
_RULES: tuple[_Rule, ...] = (
    ("adamw", False, False),
    ("adamw", True, False),
    ("muon", True, False),
    ("adamw", False, True),
    ("adamw", True, True),
    ("muon", True, True),
)


class PartsOptimizer:
    """Steps AdamW and Muon as one; each parameter belongs to one of them.

    Muon makes the update of a matrix orthogonal, so that directions which few samples ask for are learnt as fast as
    the others (docs/decisions/0005). Its update is scaled to the size of AdamW's, so that rates and decay carry over.

    Source: Jordan et al. 2024, Muon; Liu et al., Muon is Scalable for LLM Training, arXiv 2502.16982 (the scaling).
    """

    def __init__(self, stage: StageSection, parameters: Mapping[PartName, Mapping[str, nn.Parameter]]) -> None:
        groups: dict[OptimizerName, list[dict[str, Any]]] = {"adamw": [], "muon": []}
        for part, named in parameters.items():
            section = stage.part(part) or PartSection()
            for rule in _RULES:
                name, decays, _ = rule
                chosen = [p for key, p in named.items() if _rule(key, p, section.optimizer) == rule]
                if chosen:
                    decay = section.weight_decay if decays else 0.0
                    lr = section.muon_lr if name == "muon" else section.lr
                    group = {"params": chosen, "peak_lr": lr, "lr": lr, "weight_decay": decay}
                    groups[name].append(group)
        self._members: list[torch.optim.Optimizer] = []
        if groups["adamw"]:
            betas = (BETA1, stage.beta2)
            in_bf16 = stage.optimizer_states == "bf16"
            adamw = Bf16AdamW if in_bf16 else partial(torch.optim.AdamW, fused=True)
            self._members.append(adamw(groups["adamw"], betas=betas))
        if groups["muon"]:
            muon = torch.optim.Muon(groups["muon"], momentum=MOMENTUM, adjust_lr_fn="match_rms_adamw")
            self._members.append(muon)

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """Parameters that share settings."""
        return [group for member in self._members for group in member.param_groups]

    def step(self) -> None:
        """Update every parameter that has a gradient."""
        for member in self._members:
            member.step()

    def zero_grad(self) -> None:
        """Drop all gradients."""
        for member in self._members:
            member.zero_grad(set_to_none=True)

    def state_of(self, parameter: nn.Parameter) -> dict[str, Tensor]:
        """Return what is kept of a parameter; empty before its first update."""
        return dict(self._member(parameter).state.get(parameter, {}))

    def set_state(self, parameter: nn.Parameter, state: dict[str, Tensor]) -> None:
        """Put back what was kept of a parameter."""
        self._member(parameter).state[parameter] = state

    def _member(self, parameter: nn.Parameter) -> torch.optim.Optimizer:
        return next(
            member
            for member in self._members
            if any(parameter is each for group in member.param_groups for each in group["params"])
        )


def set_learning_rate(optimizer: PartsOptimizer, stage: StageSection, step: int, num_steps: int) -> float:
    """Set each group's learning rate for a step; return the highest."""
    factor = lr_factor(stage, step, num_steps)
    for group in optimizer.param_groups:
        group["lr"] = group["peak_lr"] * factor
    return max(group["lr"] for group in optimizer.param_groups)


def _rule(name: str, parameter: nn.Parameter, wanted: OptimizerName) -> _Rule:
    """Return who updates a parameter, whether it decays and whether it is sharded.

    Vectors and embeddings do not decay, nor are they for Muon. Neither are the factors of an adapter: Muon would give
    each full rank, and what changes is their product.
    """
    decays = parameter.ndim >= 2 and "embed" not in name  # noqa: PLR2004
    is_hidden_matrix = decays and parameter.ndim == 2 and "head" not in name and ".lora_" not in name  # noqa: PLR2004
    return ("muon" if wanted == "muon" and is_hidden_matrix else "adamw"), decays, isinstance(parameter, DTensor)
