from collections.abc import Iterator

import pytest
import torch
from torch import nn

from doctorsun.generate.thread_share import ThreadShare


@pytest.fixture(autouse=True)
def three_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def test_a_small_network_leaves_cores_while_they_are_needed() -> None:
    with ThreadShare(nn.Linear(2, 2)) as cores:
        seen: list[int] = []
        for are_needed in (True, False, True):
            cores.leave(are_needed=are_needed)
            seen.append(torch.get_num_threads())
    assert seen == [1, 3, 1]
    assert torch.get_num_threads() == 3


def test_a_large_network_keeps_its_threads() -> None:
    with ThreadShare(nn.Linear(5000, 5000, device="meta")) as cores:
        cores.leave(are_needed=True)
        assert torch.get_num_threads() == 3


def test_the_threads_come_back_after_an_error() -> None:
    def fail() -> None:
        with ThreadShare(nn.Linear(2, 2)) as cores:
            cores.leave(are_needed=True)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert torch.get_num_threads() == 3
