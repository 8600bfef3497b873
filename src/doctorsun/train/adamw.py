"""AdamW that keeps its moments in bfloat16: half the memory, with arithmetic in float32."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.distributed.tensor import DTensor

CHUNK = 2**24
"""Numbers that are wide at a time."""
LOST_BITS = 16  # of float32 that bfloat16 does not have
SEED_STEP = 1_000_003


class Bf16AdamW(torch.optim.Optimizer):
    """AdamW with moments in bfloat16, rounded at random to one of the two neighbours so that the mean is exact.

    To the nearest, the second moment would stand still: a step changes it by a thousandth (1 - beta2), and bfloat16
    tells only steps of 1/256 apart. The random numbers depend on the step and the place of the parameter alone, so
    that a resumed run draws the same, and so do ranks that hold the same parameter.

    Source: Loshchilov, Hutter, Decoupled Weight Decay Regularization, arXiv 1711.05101 (the update); Gupta et al.,
    Deep Learning with Limited Numerical Precision, arXiv 1502.02551 (stochastic rounding).

    Args:
        params: groups with ``lr`` and ``weight_decay``; parameters in float32.
        betas: of the two moments.
        eps: added to the root of the second.
    """

    def __init__(
        self, params: Iterable[dict[str, Any]], *, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8
    ) -> None:
        super().__init__(params, {"lr": 1e-3, "betas": betas, "eps": eps, "weight_decay": 0.0})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Update every parameter that has a gradient."""
        del closure
        for place, (group, parameter) in enumerate((g, p) for g in self.param_groups for p in g["params"]):
            grad = parameter.grad
            if grad is None:
                continue
            state = self.state[parameter]
            if not state:
                state["step"] = torch.zeros(())
                state["exp_avg"] = torch.zeros_like(parameter, dtype=torch.bfloat16)
                state["exp_avg_sq"] = torch.zeros_like(parameter, dtype=torch.bfloat16)
            state["step"] += 1
            step = int(state["step"])
            random = torch.Generator(parameter.device).manual_seed(step * SEED_STEP + place)
            held = (parameter.detach(), state["exp_avg"], state["exp_avg_sq"])
            flat = (_local(grad).reshape(-1), *(_local(each).view(-1) for each in held))
            for chunk in zip(*(each.split(CHUNK) for each in flat), strict=True):
                _update(chunk, group, step=step, random=random)


def _update(chunk: tuple[Tensor, ...], group: dict[str, Any], *, step: int, random: torch.Generator) -> None:
    grad, weight, mean, square = chunk
    grad, (beta1, beta2) = grad.float(), group["betas"]
    wide_mean = mean.float().lerp_(grad, 1 - beta1)
    wide_square = square.float().mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
    root = (wide_square / (1 - beta2**step)).sqrt_().add_(group["eps"])
    weight.mul_(1 - group["lr"] * group["weight_decay"])
    weight.addcdiv_(wide_mean, root, value=-group["lr"] / (1 - beta1**step))
    mean.copy_(rounded_at_random(wide_mean, random))
    square.copy_(rounded_at_random(wide_square, random))


def rounded_at_random(values: Tensor, random: torch.Generator) -> Tensor:
    """Return float32 values that bfloat16 holds, each one of the two neighbours, the nearer one more often.

    Adding random bits below the last that is kept carries into it with just that chance. The values are finite.
    """
    noise = torch.randint(2**LOST_BITS, values.shape, generator=random, device=values.device, dtype=torch.int32)
    bits = (values.view(torch.int32) + noise) & -(2**LOST_BITS)
    return bits.view(torch.float32)


def _local(tensor: Tensor) -> Tensor:
    """Return the numbers of a tensor that this rank holds."""
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor
