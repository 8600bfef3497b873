import resource
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from doctorsun.errors import DataError, MachineError, WeightsError
from doctorsun.train.checkpoint import find_checkpoint
from doctorsun.train.checkpoint_tensors import Parameters
from doctorsun.train.optimizer import PartsOptimizer
from doctorsun.train.saver import Saver
from small_training import step_with, trained


@contextmanager
def largest_file(size_bytes: int) -> Generator[None]:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def found_step(root: Path) -> int | None:
    checkpoint, skipped = find_checkpoint(root, "plan")
    assert not skipped
    return checkpoint.step if checkpoint else None


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def save_in_background(
    root: Path, steps: Sequence[int], parameters: Parameters, optimizer: PartsOptimizer, *, divide_by: int = 1
) -> None:
    with Saver(root, "plan", parameters, optimizer, in_background=True) as saver:
        for step in steps:
            saver.save(step, {})
        assert 1 / divide_by


def test_a_save_in_the_background_writes_the_same_bytes(tmp_path: Path) -> None:
    for name, in_background in (("now", False), ("later", True)):
        parameters, optimizer = trained(2)
        with Saver(tmp_path / name, "plan", parameters, optimizer, in_background=in_background) as saver:
            saver.save(2, {"wall_s": 1.5})
            step_with(parameters, optimizer, 2)  # while the copy is written, or after
            saver.save(3, {"wall_s": 2.5})
    for step in ("step-2", "step-3"):
        assert contents(tmp_path / "now" / step) == contents(tmp_path / "later" / step)
    assert len(contents(tmp_path / "now" / "step-2")) == 4


@pytest.mark.parametrize("in_background", [False, True])
def test_a_full_disk_leaves_the_older_checkpoint(tmp_path: Path, *, in_background: bool) -> None:
    with Saver(tmp_path, "plan", *trained(2), in_background=in_background) as saver:
        saver.save(2, {})
        saver.wait()
        with largest_file(100), pytest.raises(MachineError, match="no room on the disk for"):  # noqa: PT012
            saver.save(4, {})
            saver.wait()
    assert found_step(tmp_path) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["step-2"]


@pytest.mark.parametrize("steps", [(2,), (2, 3)])
def test_what_failed_in_the_background_is_raised_later(tmp_path: Path, steps: tuple[int, ...]) -> None:
    parameters, optimizer = trained(2)
    with torch.no_grad():
        parameters["b.c"][0, 0] = torch.inf
    expected = r"step-2 was not saved: got b\.c with values that are not finite, expected finite weights; lower the lea"
    with pytest.raises(DataError, match=expected):
        save_in_background(tmp_path, steps, parameters, optimizer)
    assert not list(tmp_path.iterdir())


def test_a_finished_failure_is_told_at_the_next_look(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    saver = Saver(tmp_path / "file", "plan", *trained(2), in_background=True)
    saver.check()  # nothing was saved
    saver.save(2, {})
    assert saver._write
    assert saver._write.exception()  # waits for it
    with pytest.raises(DataError, match=r"cannot write .*step-2"):
        saver.check()
    saver.check()  # it was told


def test_an_error_of_the_loop_goes_before_one_of_the_background(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ZeroDivisionError):
        save_in_background(tmp_path / "file", (2,), *trained(2), divide_by=0)


def test_other_ranks_only_take_part(tmp_path: Path) -> None:
    Saver(tmp_path, "plan", *trained(2), is_writer=False).save(2, {})
    assert not list(tmp_path.iterdir())


def test_the_weights_of_an_earlier_step_can_be_put_back(tmp_path: Path) -> None:
    parameters, optimizer = trained(2)
    saver = Saver(tmp_path, "plan", parameters, optimizer, in_background=True)
    for step in (2, 3, 4, 5):
        saver.save(step, {}, best_step=2)
        step_with(parameters, optimizer, step)
    saver.restore_weights(2)
    assert torch.equal(parameters["a"], trained(2)[0]["a"])
    with pytest.raises(WeightsError, match="step-3: got FileNotFoundError"):
        saver.restore_weights(3)
