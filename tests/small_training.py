"""Two parameters under AdamW and Muon, stepped without a network, for tests of what a checkpoint holds."""

import torch
from torch import nn

from doctorsun.config import StageSection
from doctorsun.train.optimizer import PartsOptimizer

STAGE = StageSection.model_validate(
    {
        "trainable": {"language": {"optimizer": "muon"}},
        "mixture": [{"source": "x"}],
        "steps": 6,
        "batch_samples": 1,
        "lr": 0.1,
    }
)


def trained(num_steps: int) -> tuple[dict[str, nn.Parameter], PartsOptimizer]:
    """Return parameters, a vector and a matrix, after some steps with gradients that depend on the step."""
    parameters = {"a": nn.Parameter(torch.arange(3.0)), "b.c": nn.Parameter(torch.ones(2, 2))}
    optimizer = optimizer_of(parameters)
    for step in range(num_steps):
        step_with(parameters, optimizer, step)
    return parameters, optimizer


def optimizer_of(parameters: dict[str, nn.Parameter]) -> PartsOptimizer:
    """Return AdamW for vectors and Muon for matrices."""
    return PartsOptimizer(STAGE, {"language": parameters})


def step_with(parameters: dict[str, nn.Parameter], optimizer: PartsOptimizer, step: int) -> None:
    """Do one step."""
    for parameter in parameters.values():
        parameter.grad = torch.full_like(parameter, 0.5 * step - 1) + parameter.detach()
    optimizer.step()
