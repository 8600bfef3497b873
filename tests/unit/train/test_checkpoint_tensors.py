import weakref
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from doctorsun.errors import WeightsError
from doctorsun.train.checkpoint import Checkpoint, checkpoint_folder, open_checkpoint, save_checkpoint
from doctorsun.train.checkpoint_tensors import checkpoint_tensors, copied, in_order, restore, restore_weights
from doctorsun.train.optimizer import PartsOptimizer
from doctorsun.weights.lazy import LazyTensor
from doctorsun.weights.tensors.number_type import NumberType
from doctorsun.weights.tensors.tensor_files import TensorHeader
from small_training import optimizer_of, step_with, trained


def saved(root: Path, step: int, parameters: dict[str, nn.Parameter], optimizer: PartsOptimizer) -> Checkpoint:
    folder = checkpoint_folder(root, step)
    save_checkpoint(root, Checkpoint(folder, step, "plan", {}), checkpoint_tensors(parameters, optimizer))
    return open_checkpoint(folder)


def test_a_restored_state_goes_on_bit_for_bit(tmp_path: Path) -> None:
    checkpoint = saved(tmp_path, 3, *trained(3))
    parameters, optimizer = trained(0)
    restore(checkpoint, parameters, optimizer)
    for step in range(3, 6):
        step_with(parameters, optimizer, step)
    undisturbed, _ = trained(6)
    assert all(torch.equal(parameters[name], undisturbed[name]) for name in parameters)


def test_the_weights_alone_can_be_restored(tmp_path: Path) -> None:
    checkpoint = saved(tmp_path, 3, *trained(3))
    parameters, optimizer = trained(1)
    before = optimizer.state_of(parameters["a"])
    restore_weights(checkpoint, parameters)
    assert torch.equal(parameters["a"], trained(3)[0]["a"])
    assert optimizer.state_of(parameters["a"]) == before


def test_the_state_before_the_first_step_can_be_saved(tmp_path: Path) -> None:
    checkpoint = saved(tmp_path, 0, *trained(0))
    parameters, optimizer = trained(2)
    restore(checkpoint, parameters, optimizer)
    assert torch.equal(parameters["a"], torch.arange(3.0))


@pytest.mark.parametrize(
    "other",
    [
        {"a": nn.Parameter(torch.arange(3.0))},
        {"a": nn.Parameter(torch.arange(3.0)), "b.c": nn.Parameter(torch.ones(2, 3))},
    ],
)
def test_a_checkpoint_of_other_tensors_is_refused(tmp_path: Path, other: dict[str, nn.Parameter]) -> None:
    checkpoint = saved(tmp_path, 1, *trained(1))
    with pytest.raises(WeightsError, match=r"got a checkpoint that differs in b\.c, expected the tensors that train"):
        restore(checkpoint, other, trained(0)[1])
    assert torch.equal(other["a"], torch.arange(3.0))


def test_a_copy_stays_as_it_is_while_training_goes_on() -> None:
    parameters, optimizer = trained(2)
    copy = copied(checkpoint_tensors(parameters, optimizer))
    step_with(parameters, optimizer, 2)
    undisturbed = checkpoint_tensors(*trained(2))
    pairs = zip(in_order(copy), in_order(undisturbed), strict=True)
    assert all(torch.equal(one.compute(), other.compute()) for one, other in pairs)


def test_a_save_holds_one_tensor_at_a_time(tmp_path: Path) -> None:
    alive: list[weakref.ref[Tensor]] = []
    most = 0

    def compute() -> Tensor:
        nonlocal most
        made = torch.ones(1000)
        alive.append(weakref.ref(made))
        most = max(most, sum(each() is not None for each in alive))
        return made

    lazy = LazyTensor(TensorHeader(NumberType.FLOAT32, (1000,)), compute, ())
    tensors = {"weights": dict.fromkeys("abcdef", lazy), "optimizer": dict.fromkeys("ghijkl", lazy)}
    save_checkpoint(tmp_path, Checkpoint(tmp_path / "step-1", 1, "plan", {}), tensors)
    assert len(alive) == 12
    assert most <= 2  # the one that was written goes when the next one comes


def test_tensors_are_computed_in_the_order_of_the_file(tmp_path: Path) -> None:
    computed: list[str] = []
    parameters = {"a": nn.Parameter(torch.ones(3, dtype=torch.bfloat16)), "b": nn.Parameter(torch.ones(2))}
    tensors = {
        kind: {name: tensor.map(lambda made, name=name: computed.append(name) or made) for name, tensor in each.items()}
        for kind, each in checkpoint_tensors(parameters, optimizer_of(parameters)).items()
    }
    assert [tensor.sources[0] for tensor in in_order(tensors)] == ["b", "a"]
    save_checkpoint(tmp_path, Checkpoint(tmp_path / "step-1", 1, "plan", {}), tensors)
    assert computed == ["b", "a"]
