import json
import resource
from pathlib import Path

import pytest
import torch
from torch import nn

from doctorsun.config import StageSection
from doctorsun.errors import MachineError, WeightsError
from doctorsun.storage.atomic import unfinished_path
from doctorsun.train.checkpoint import Checkpoint, find_checkpoint, restore, save_checkpoint
from doctorsun.train.optimizer import PartsOptimizer

FACTS = {"fingerprint": "plan", "quarantined": 2, "wall_s": 1.5}


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
    optimizer = PartsOptimizer(STAGE, {"language": parameters})
    for step in range(num_steps):
        step_with(parameters, optimizer, step)
    return parameters, optimizer


def step_with(parameters: dict[str, nn.Parameter], optimizer: PartsOptimizer, step: int) -> None:
    for parameter in parameters.values():
        parameter.grad = torch.full_like(parameter, 0.5 * step - 1) + parameter.detach()
    optimizer.step()


def found(root: Path, fingerprint: str = "plan") -> Checkpoint:
    checkpoint, _ = find_checkpoint(root, fingerprint)
    assert checkpoint is not None
    return checkpoint


def test_a_restored_state_goes_on_bit_for_bit(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, 3, *trained(3), FACTS)
    parameters, optimizer = trained(0)
    restore(found(tmp_path), parameters, optimizer)
    for step in range(3, 6):
        step_with(parameters, optimizer, step)
    undisturbed, _ = trained(6)
    assert all(torch.equal(parameters[name], undisturbed[name]) for name in parameters)


def test_a_checkpoint_knows_where_it_stands(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, 3, *trained(3), FACTS)
    checkpoint = found(tmp_path)
    assert checkpoint == Checkpoint(tmp_path / "step-3", 3, "plan", 2, 1.5)


def test_the_state_before_the_first_step_can_be_saved(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, 0, *trained(0), FACTS)
    parameters, optimizer = trained(2)
    restore(found(tmp_path), parameters, optimizer)
    assert torch.equal(parameters["a"], torch.arange(3.0))


def test_the_newest_two_are_kept_by_number(tmp_path: Path) -> None:
    for step in (8, 9, 10, 11):
        save_checkpoint(tmp_path, step, *trained(1), FACTS)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-10", "step-11"]


def test_no_checkpoint_is_no_error(tmp_path: Path) -> None:
    assert find_checkpoint(tmp_path / "none", "plan") == (None, [])


@pytest.mark.parametrize("name", ["weights.safetensors", "optimizer.safetensors", "state.json"])
@pytest.mark.parametrize("damage", ["cut", "changed", "missing"])
def test_a_damaged_checkpoint_is_passed_over_by_name(tmp_path: Path, name: str, damage: str) -> None:
    save_checkpoint(tmp_path, 2, *trained(2), FACTS)
    path = save_checkpoint(tmp_path, 4, *trained(4), FACTS) / name
    content = path.read_bytes()
    path.unlink()
    if damage != "missing":
        path.write_bytes(content[: len(content) // 2] if damage == "cut" else content[:-9] + b"!" + content[-8:])
    checkpoint, skipped = find_checkpoint(tmp_path, "plan")
    assert checkpoint is not None
    assert checkpoint.step == 2
    assert len(skipped) == 1
    assert skipped[0].startswith(f"{tmp_path / 'step-4'}: ")


@pytest.mark.parametrize("content", ["[]", "{}", '{"step": 4, "sha256": {}}'])
def test_a_state_that_is_no_state_is_damage(tmp_path: Path, content: str) -> None:
    (save_checkpoint(tmp_path, 4, *trained(4), FACTS) / "state.json").write_text(content)
    checkpoint, skipped = find_checkpoint(tmp_path, "plan")
    assert checkpoint is None
    assert "step-4: " in skipped[0]


def test_a_damaged_checkpoint_is_written_again(tmp_path: Path) -> None:
    (save_checkpoint(tmp_path, 4, *trained(1), FACTS) / "state.json").unlink()
    save_checkpoint(tmp_path, 4, *trained(4), FACTS)
    assert found(tmp_path).step == 4


def test_what_a_kill_left_unfinished_is_no_checkpoint(tmp_path: Path) -> None:
    unfinished_path(tmp_path / "step-4").mkdir()
    (tmp_path / "step-notes").mkdir()
    assert find_checkpoint(tmp_path, "plan") == (None, [])
    save_checkpoint(tmp_path, 4, *trained(4), FACTS)
    assert found(tmp_path).step == 4


def test_a_checkpoint_of_another_plan_is_refused(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, 4, *trained(4), FACTS)
    expected = r"step-4: got a checkpoint of the data plan plan, expected other; use another --out, or remove the stage"
    with pytest.raises(WeightsError, match=expected):
        find_checkpoint(tmp_path, "other")


def test_a_checkpoint_of_other_tensors_is_refused(tmp_path: Path) -> None:
    parameters, optimizer = trained(1)
    save_checkpoint(tmp_path, 1, {"a": parameters["a"]}, optimizer, FACTS)
    with pytest.raises(WeightsError, match=r"got a checkpoint that differs in b\.c, expected the tensors that train"):
        restore(found(tmp_path), parameters, optimizer)


def test_a_full_disk_leaves_the_older_checkpoint(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, 2, *trained(2), FACTS)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(MachineError, match="no room on the disk for"):
            save_checkpoint(tmp_path, 4, *trained(4), FACTS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert found(tmp_path).step == 2
    assert [path.name for path in tmp_path.iterdir()] == ["step-2"]
    assert json.loads((tmp_path / "step-2/state.json").read_text())["step"] == 2
