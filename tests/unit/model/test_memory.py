"""Bytes that are held: against computations whose tensors are counted by hand."""

import pytest
import torch
from torch import nn

from doctorsun.model.memory import LiveBytes, without_memory

ROW = 4 * 1000
"""Bytes of a tensor of a thousand numbers."""


def test_the_peak_is_what_is_held_at_a_time() -> None:
    given = torch.ones(1000)
    with LiveBytes() as live:
        live.ignore(given)
        one = given * 2
        two = one + one
        assert live.now == 2 * ROW
        del one
        assert live.now == ROW
        three = two * two * two  # the first product is freed once the second is there
    assert three.shape == (1000,)
    assert (live.now, live.peak) == (2 * ROW, 3 * ROW)


def test_a_view_and_a_change_in_place_take_nothing() -> None:
    with LiveBytes() as live:
        whole = torch.ones(1000)
        part = whole.view(10, 100)[2:]
        part.add_(1)
    assert (live.now, live.peak) == (ROW, ROW)


def test_a_new_peak_begins_with_what_is_held() -> None:
    with LiveBytes() as live:
        kept = torch.ones(1000)
        torch.ones(5000)
        assert live.restart() == 6 * ROW
    assert kept.numel() == 1000
    assert live.peak == ROW


def test_a_backward_pass_holds_what_it_saved_and_the_gradients() -> None:
    weight = torch.ones(1000, requires_grad=True)
    with LiveBytes() as live:
        live.ignore(weight)
        squared = weight**2
        loss = squared.sum()
        assert live.now == ROW + 4
        del squared
        loss.backward()
        assert live.now == ROW + 4  # the gradient, and the sum
    assert live.peak >= 2 * ROW


def test_without_memory_all_is_as_large_and_nothing_is_computed() -> None:
    with torch.device("meta"):
        model = nn.Linear(50_000, 50_000, bias=False)  # 10 GB
    with without_memory(model), LiveBytes(num_places=0) as live:
        live.ignore(model.weight)
        out = model(torch.ones(3, 50_000))
        places = (out > 0).nonzero()
    assert out.shape == (3, 50_000)
    assert places.shape == (0, 2)
    assert live.peak >= 2 * 4 * 3 * 50_000


def test_a_search_for_places_finds_as_many_as_are_told() -> None:
    with torch.device("meta"):
        model = nn.Linear(2, 2)
    with without_memory(model), LiveBytes(num_places=7):
        assert (torch.ones(9) > 0).nonzero().shape == (7, 1)


def test_what_is_shared_and_what_trains_stays_so_without_memory() -> None:
    with torch.device("meta"):
        model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    model[1].weight = model[0].weight
    model[0].bias.requires_grad_(False)
    with without_memory(model):
        assert model[1].weight is model[0].weight
        assert [p.requires_grad for p in model.parameters()] == [True, False, True]
        assert {p.device.type for p in model.parameters()} == {"cpu"}


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_product_under_autocast_has_the_type_that_a_processor_gives_it(dtype: torch.dtype) -> None:
    with torch.device("meta"):
        model = nn.Linear(4, 4)
    with without_memory(model), torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
        assert model(torch.ones(2, 4)).dtype == dtype
