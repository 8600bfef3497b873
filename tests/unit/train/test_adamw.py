from typing import Any

import pytest
import torch
from torch import Tensor, nn

from doctorsun.train.adamw import Bf16AdamW, rounded_at_random


def network(seed: int = 1) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(12, 32), nn.GELU(), nn.Linear(32, 3))


def loss_of(model: nn.Module, step: int) -> Tensor:
    torch.manual_seed(100 + step)
    x = torch.randn(64, 12)
    return (model(x) - torch.stack([x[:, 0] * x[:, 1], x[:, 2], x.sum(1)], 1)).square().mean()


def groups(model: nn.Sequential) -> list[dict[str, Any]]:
    return [
        {"params": [model[0].weight, model[2].weight], "lr": 3e-3, "weight_decay": 0.1},
        {"params": [model[0].bias, model[2].bias], "lr": 1e-3, "weight_decay": 0.0},
    ]


def losses(model: nn.Sequential, optimizer: torch.optim.Optimizer, steps: range) -> list[float]:
    found: list[float] = []
    for step in steps:
        optimizer.zero_grad()
        loss = loss_of(model, step)
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return found


def test_the_losses_are_nearly_those_of_adamw_and_the_moments_half_as_large() -> None:
    ours, theirs = network(), network()
    small = Bf16AdamW(groups(ours), betas=(0.9, 0.999))
    wide = torch.optim.AdamW(groups(theirs), betas=(0.9, 0.999))
    mine, other = losses(ours, small, range(200)), losses(theirs, wide, range(200))
    assert other[-1] < 0.4 * other[0]
    assert mine == pytest.approx(other, rel=0.02)
    moments = [small.state[p][slot] for p in ours.parameters() for slot in ("exp_avg", "exp_avg_sq")]
    assert {tensor.dtype for tensor in moments} == {torch.bfloat16}
    assert sum(t.nbytes for t in moments) == 2 * 2 * sum(p.numel() for p in ours.parameters())


def test_the_first_step_is_adamws() -> None:
    ours, theirs = network(), network()
    losses(ours, Bf16AdamW(groups(ours)), range(1))
    losses(theirs, torch.optim.AdamW(groups(theirs)), range(1))
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine, other, atol=1e-7, rtol=1e-6)


def test_the_second_moment_goes_on_where_rounding_to_the_nearest_stands_still() -> None:
    weight = nn.Parameter(torch.zeros(4096))
    optimizer = Bf16AdamW([{"params": [weight]}], betas=(0.9, 0.999))
    for _ in range(1000):
        weight.grad = torch.ones_like(weight)
        optimizer.step()
    mean = float(optimizer.state[weight]["exp_avg_sq"].float().mean())
    assert mean == pytest.approx(1 - 0.999**1000, rel=0.01)


def test_what_was_kept_goes_on_to_the_same_bits() -> None:
    whole, first, second = network(), network(), network()
    losses(whole, Bf16AdamW(groups(whole)), range(6))
    before = Bf16AdamW(groups(first))
    losses(first, before, range(3))
    second.load_state_dict(first.state_dict())
    after = Bf16AdamW(groups(second))
    for old, new in zip(first.parameters(), second.parameters(), strict=True):
        after.state[new] = {slot: tensor.clone() for slot, tensor in before.state[old].items()}
    torch.manual_seed(999)  # of other processes' random numbers nothing depends
    losses(second, after, range(3, 6))
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), second.parameters(), strict=True))


def test_what_has_no_gradient_stays() -> None:
    weight = nn.Parameter(torch.ones(3))
    optimizer = Bf16AdamW([{"params": [weight], "lr": 1.0, "weight_decay": 0.5}])
    optimizer.step()
    assert torch.equal(weight, torch.ones(3))
    assert not optimizer.state


def test_rounding_at_random_takes_the_neighbours_with_the_right_mean() -> None:
    random = torch.Generator().manual_seed(1)
    for value in (1.001, -3.3, 1e-20):
        rounded = rounded_at_random(torch.full((100_000,), value), random)
        assert torch.equal(rounded.bfloat16().float(), rounded)
        assert len(rounded.unique()) == 2
        assert float(rounded.double().mean()) == pytest.approx(value, rel=1e-4)
    exact = torch.tensor([0.0, 1.0, -2.5])
    assert torch.equal(rounded_at_random(exact, random), exact)
