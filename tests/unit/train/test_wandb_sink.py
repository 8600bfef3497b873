import importlib.util
import os
import shutil
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from doctorsun.config import WandbSection
from doctorsun.errors import MachineError, MissingDependency
from doctorsun.train.telemetry import Telemetry
from doctorsun.train.wandb_sink import WandbSink

needs_wandb = pytest.mark.skipif(
    importlib.util.find_spec("wandb") is None, reason="needs pip install 'doctorsun[wandb]'"
)
OFFLINE = WandbSection(project="tests", mode="offline")


def records(data: bytes) -> Iterator[bytes]:
    """Yield the records of an offline file.

    Source: LevelDB's log format (blocks of 32 KiB; checksum, length and type before each piece) behind 7 bytes.
    """
    block, start, record = 2**15, 7, b""
    while start + 7 <= len(data):
        if block - start % block < 7:
            start += block - start % block
            continue
        length, kind = struct.unpack("<HB", data[start + 4 : start + 7])
        record += data[start + 7 : start + 7 + length]
        start += 7 + length
        if kind in (1, 4):  # whole, last
            yield record
            record = b""


def written(run: Path) -> list[tuple[str, Any]]:
    """Return (run id, record) of all that the offline files hold."""
    from wandb.proto.wandb_internal_pb2 import Record

    return [
        (path.stem.removeprefix("run-"), Record.FromString(data))
        for path in sorted(run.glob("wandb/offline-run-*/run-*.wandb"))
        for data in records(path.read_bytes())
    ]


def sent(run: Path) -> list[tuple[str, dict[str, float]]]:
    """Return (run id, numbers) of every row in the offline files."""
    rows: list[tuple[str, dict[str, float]]] = []
    for run_id, record in written(run):
        items = [("/".join(each.nested_key) or each.key, each.value_json) for each in record.history.item]
        if items:
            rows.append((run_id, {key: float(value) for key, value in items if not key.startswith("_")}))
    return rows


def diary(run: Path) -> Telemetry:
    return Telemetry(run / "metrics.jsonl", sinks=[WandbSink(OFFLINE, run, {"seed": 7})])


@needs_wandb
@pytest.mark.filterwarnings("ignore")
def test_curves_are_sent_once_and_to_one_run_over_a_kill(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"  # wandb names its folders by the second
    first.mkdir()
    killed = diary(first)
    killed.rewind("align", 0)
    for step in (1, 2):
        killed.write("step", stage="align", step=step, loss=float(step))
    killed.write("validation", stage="align", step=2, loss=1.5)
    killed.close()
    (second / "wandb").mkdir(parents=True)
    for name in ("metrics.jsonl", "wandb/id"):
        shutil.copyfile(first / name, second / name)
    again = diary(second)
    again.rewind("align", 1)
    for step in (2, 3):
        again.write("step", stage="align", step=step, loss=float(step))
    again.close()
    rows = sent(first) + sent(second)
    assert len({name for name, _ in rows}) == 1
    assert [numbers for _, numbers in rows] == [
        {"align/loss": 1.0, "align/step": 1.0},
        {"align/loss": 2.0, "align/step": 2.0},
        {"align/validation/loss": 1.5, "align/step": 2.0},
        {"align/loss": 3.0, "align/step": 3.0},
    ]


@needs_wandb
@pytest.mark.filterwarnings("ignore")
def test_only_curves_and_the_recipe_are_sent(tmp_path: Path) -> None:
    telemetry = diary(tmp_path)
    telemetry.rewind("align", 0)
    sys.stdout.write("words of a report\n")
    telemetry.write("step", stage="align", step=1, loss=2.0)
    telemetry.close()
    found = [record for _, record in written(tmp_path)]
    kinds = {record.WhichOneof("record_type") for record in found}
    assert kinds == {"header", "run", "telemetry", "metric", "history", "summary", "exit"}
    (run,) = (record.run for record in found if record.HasField("run"))
    assert {each.key for each in run.config.update} == {"seed", "_wandb"}
    assert not run.host
    assert not run.HasField("git")
    (folder,) = tmp_path.glob("wandb/offline-run-*")
    assert not list((folder / "files").iterdir())
    in_file = b"".join(path.read_bytes() for path in folder.glob("*.wandb"))
    for told in ("words of a report", str(Path.cwd()), sys.executable):
        assert told.encode() not in in_file


@needs_wandb
@pytest.mark.filterwarnings("ignore")
def test_errors_of_the_package_are_not_reported_to_its_makers(tmp_path: Path) -> None:
    asked = os.environ.pop("WANDB_ERROR_REPORTING", None)
    try:
        WandbSink(OFFLINE, tmp_path, {}).close()
        assert os.environ["WANDB_ERROR_REPORTING"] == "false"
    finally:
        os.environ.pop("WANDB_ERROR_REPORTING", None)
        os.environ.update({"WANDB_ERROR_REPORTING": asked} if asked else {})


@needs_wandb
@pytest.mark.filterwarnings("ignore")
def test_a_run_that_cannot_be_opened_says_what_to_do(tmp_path: Path) -> None:
    wrong = WandbSection(project="no/such:project", mode="offline")
    with pytest.raises(MachineError, match=r"telemetry.wandb: got .*'wandb login'"):
        WandbSink(wrong, tmp_path, {})


def test_without_the_package_the_error_says_how_to_install_it(tmp_path: Path) -> None:
    found = sys.modules.get("wandb")
    sys.modules["wandb"] = None  # type: ignore[assignment]  # as Python marks what cannot be imported
    try:
        with pytest.raises(
            MissingDependency, match=r"the library wandb: got none installed; pip install 'doctorsun\[wandb\]'"
        ):
            WandbSink(OFFLINE, tmp_path, {})
    finally:
        del sys.modules["wandb"]
        sys.modules.update({"wandb": found} if found else {})
