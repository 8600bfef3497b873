import subprocess
import sys
import textwrap

import pytest
import torch

from doctorsun.errors import MachineError
from doctorsun.train.world import World, _require_gpus, is_loss_of_peer, is_one_of_many


def test_without_torchrun_a_process_is_alone() -> None:
    world = World.join({})
    assert (world.rank, world.size, world.is_first, world.num_nodes) == (0, 1, True, 1)
    assert not is_one_of_many({"WORLD_SIZE": "1"})


def test_one_process_exchanges_nothing() -> None:
    world = World()
    tensor = torch.tensor([1.0, 2.0])
    assert world.sum("gradients", tensor) is tensor
    assert world.sum_numbers("counts", [1.0, 2.5]) == [1.0, 2.5]
    assert world.share("stage", {"name": "align"}) == {"name": "align"}
    assert world.gather("plan", "abc") == ["abc"]
    assert world.is_first_to_fail()
    world.leave()
    assert not world.calls


@pytest.mark.parametrize("value", ["", "many"])
def test_incomplete_variables_of_torchrun_are_named(value: str) -> None:
    environment = {"WORLD_SIZE": "2", "RANK": "0", "LOCAL_RANK": value, "LOCAL_WORLD_SIZE": "2"}
    expected = rf"LOCAL_RANK in the environment: got {value or 'nothing'}, .* number, as torchrun sets RANK, .*; start"
    with pytest.raises(MachineError, match=expected):
        World.join(environment)


def test_more_ranks_than_gpus_are_too_many() -> None:
    with pytest.raises(MachineError, match=r"too many processes on this machine: got 4000 for \d+ GPUs, expected one"):
        _require_gpus(4000)


def test_an_error_of_the_exchange_is_told_from_others() -> None:
    assert is_loss_of_peer(RuntimeError("[gloo/transport/tcp/pair.cc:537] Connection closed by peer [127.0.0.1]:1"))
    assert is_loss_of_peer(torch.distributed.DistBackendError("NCCL error"))
    assert not is_loss_of_peer(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))


EXCHANGES = textwrap.dedent("""
    import os, sys
    from doctorsun.train.world import World
    import torch
    rank = 0 if os.fork() else 1
    variables = {"RANK": rank, "WORLD_SIZE": 2, "LOCAL_RANK": rank, "LOCAL_WORLD_SIZE": 1}
    environment = {name: str(value) for name, value in variables.items()}
    world = World.join(environment, meet_at=f"file://{sys.argv[1]}")
    assert world.num_nodes == 2
    assert world.sum("gradients", torch.tensor([1.0, rank])).tolist() == [2.0, 1.0]
    assert world.sum_numbers("counts", [2.0**52, 1.0]) == [2.0**53, 2.0]
    assert world.share("stage", {"名": [1, None]} if world.is_first else None) == {"名": [1, None]}
    assert world.gather("plan", "a" * (1 + 2 * rank)) == ["a", "aaa"]
    assert world.calls == {"gradients": 1, "counts": 1, "stage": 1, "plan": 1}
    told = world.is_first_to_fail()
    assert sum(world.sum_numbers("told", [float(told)])) == 1.0
    world.leave()
    if rank == 0:
        sys.exit(os.wait()[1])
    os._exit(0)
""")


def test_two_ranks_exchange_sums_values_and_who_failed_first(tmp_path: object) -> None:
    command = [sys.executable, "-c", EXCHANGES, f"{tmp_path}/meet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
