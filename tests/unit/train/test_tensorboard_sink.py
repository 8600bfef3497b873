import importlib.util
import sys
from pathlib import Path

import pytest

from doctorsun.errors import MissingDependency
from doctorsun.train.telemetry import Telemetry
from doctorsun.train.tensorboard_sink import TensorBoardSink

needs_tensorboard = pytest.mark.skipif(
    importlib.util.find_spec("tensorboard") is None, reason="needs pip install 'doctorsun[tensorboard]'"
)


def scalars(folder: Path, name: str) -> list[tuple[int, float]]:
    """Return (step, value) of a curve as TensorBoard reads it, doubled steps included."""
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    read: list[tuple[int, float]] = []
    for path in sorted(folder.glob("events.out.tfevents.*")):
        for event in EventFileLoader(str(path)).Load():
            read += [(event.step, each.tensor.float_val[0]) for each in event.summary.value if each.tag == name]
    return read


def diary(run: Path) -> Telemetry:
    return Telemetry(run / "metrics.jsonl", sinks=[TensorBoardSink(run / "tensorboard")])


@needs_tensorboard
def test_every_number_of_a_step_is_in_the_event_files_of_its_stage(tmp_path: Path) -> None:
    telemetry = diary(tmp_path)
    telemetry.rewind("align", 0)
    telemetry.write("stage_start", stage="align", num_steps=2)
    telemetry.write("step", stage="align", step=1, loss=2.0, loss_by_language={"zh": 2.5})
    telemetry.write("validation", stage="align", step=1, loss=2.25)
    telemetry.write("step", stage="instruct", step=1, loss=4.0)
    telemetry.write("eval", task="phantom")
    telemetry.close()
    assert scalars(tmp_path / "tensorboard/align", "loss") == [(1, 2.0)]
    assert scalars(tmp_path / "tensorboard/align", "loss_by_language/zh") == [(1, 2.5)]
    assert scalars(tmp_path / "tensorboard/align", "validation/loss") == [(1, 2.25)]
    assert scalars(tmp_path / "tensorboard/instruct", "loss") == [(1, 4.0)]


@needs_tensorboard
def test_a_stage_that_goes_on_after_a_kill_holds_no_step_twice(tmp_path: Path) -> None:
    killed = diary(tmp_path)
    killed.rewind("align", 0)
    killed.write("step", stage="pretrain", step=1, loss=9.0)
    for step in (1, 2, 3):
        killed.write("step", stage="align", step=step, loss=float(step))
    killed.close()
    again = diary(tmp_path)
    again.rewind("align", 2)
    for step in (3, 4):
        again.write("step", stage="align", step=step, loss=float(step))
    again.close()
    assert scalars(tmp_path / "tensorboard/align", "loss") == [(1, 1.0), (2, 2.0), (3, 3.0), (4, 4.0)]
    assert scalars(tmp_path / "tensorboard/pretrain", "loss") == [(1, 9.0)]


def test_without_the_package_the_error_says_how_to_install_it(tmp_path: Path) -> None:
    found = sys.modules.get("tensorboard")
    sys.modules["tensorboard"] = None  # type: ignore[assignment]  # as Python marks what cannot be imported
    try:
        with pytest.raises(
            MissingDependency, match=r"tensorboard: got none installed; pip install 'doctorsun\[tensorboard\]'"
        ):
            TensorBoardSink(tmp_path)
    finally:
        del sys.modules["tensorboard"]
        sys.modules.update({"tensorboard": found} if found else {})
