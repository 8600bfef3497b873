import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from doctorsun.data.pipeline import read_into
from doctorsun.data.readers.collected import CollectedReader
from doctorsun.data.readers.item import Dropped, Item
from doctorsun.errors import DataError, MachineError
from doctorsun.schema import Message, Sample, Source, sample_id, text_part
from doctorsun.storage.store import Store


@dataclass(frozen=True)
class Numbers:
    """Makes a document of every number, and drops every seventh."""

    count: int
    dataset: str = "numbers"

    def pending(self) -> Iterator[int]:
        yield from range(self.count)

    def make(self, pending: int) -> Item:
        if pending % 7 == 3:
            return Dropped(str(pending), "seventh", "as the test wants")
        message = Message(role="assistant", content=(text_part(f"number {pending}"),))
        source = Source(dataset=self.dataset, original_id=str(pending))
        return (Sample(id=sample_id(self.dataset, str(pending), "en"), messages=(message,), source=source),)


@dataclass(frozen=True)
class Broken(Numbers):
    """A reader whose source is damaged."""

    def make(self, pending: int) -> Item:
        raise DataError(f"number {pending}", got="nothing", do="count")


class StoppedError(Exception):
    """The test ends the work here."""


@dataclass(frozen=True)
class Killed(Numbers):
    """A reader whose process is killed over one number, as by the system when memory is short."""

    def make(self, pending: int) -> Item:
        if pending == 50:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().make(pending)


def read(
    folder: Path,
    *,
    count: int = 100,
    workers: int = 1,
    on_progress: Callable[[int, int | None], None] = lambda *_: None,
) -> Store:
    step = {"step": "read", "count": count}
    return read_into(folder, Numbers(count), name="n", step=step, workers=workers, on_progress=on_progress)


def test_everything_read_is_kept_or_dropped_with_a_reason(tmp_path: Path):
    told: list[int] = []
    manifest = read(tmp_path / "store", count=20, on_progress=lambda done, _: told.append(done)).manifest
    assert (manifest.read, manifest.kept, manifest.dropped) == (20, 17, 3)
    assert manifest.dropped_reasons == {"seventh": 3}
    assert told == list(range(1, 21))


def test_the_number_of_workers_does_not_change_the_store(tmp_path: Path):
    assert read(tmp_path / "one").sha256 == read(tmp_path / "two", workers=2).sha256


@pytest.mark.parametrize("workers", [1, 2])
def test_a_stopped_store_goes_on_where_it_was(tmp_path: Path, workers: int):
    def stop(done: int, _: int | None) -> None:
        if done == 5000:
            raise StoppedError

    whole = read(tmp_path / "whole", count=6000)
    with pytest.raises(StoppedError):
        read(tmp_path / "stopped", count=6000, workers=workers, on_progress=stop)
    told: list[int] = []
    again = read(tmp_path / "stopped", count=6000, workers=workers, on_progress=lambda done, _: told.append(done))
    assert again.sha256 == whole.sha256
    assert 1 < told[0] <= 5001
    assert told[-1] == 6000


def test_a_finished_store_is_opened_and_another_is_not_overwritten(tmp_path: Path):
    first = read(tmp_path / "store", count=10)
    told: list[int] = []
    assert read(tmp_path / "store", count=10, on_progress=lambda done, _: told.append(done)).sha256 == first.sha256
    assert told == []
    with pytest.raises(
        DataError,
        match=r"is the complete store of another source, or of other settings: got the name 'n', .*; name another",
    ):
        read(tmp_path / "store", count=11)
    assert Store(tmp_path / "store").sha256 == first.sha256


@dataclass(frozen=True)
class Listed(Numbers):
    """A reader of a list that may be edited: one of its entries is another number."""

    edited: int = -1

    def pending(self) -> Iterator[int]:
        yield from (number + 10**6 * (number == self.edited) for number in range(self.count))


def read_list(folder: Path, *, count: int, edited: int = -1, stop_at: int = -1) -> Store:
    def stop(done: int, _: int | None) -> None:
        if done == stop_at:
            raise StoppedError

    return read_into(folder, Listed(count, edited=edited), name="n", step={"step": "list"}, on_progress=stop)


@pytest.mark.parametrize(("count", "edited"), [(20, 5), (19, -1), (21, -1), (0, -1)])
def test_a_finished_store_of_other_inputs_is_refused(tmp_path: Path, count: int, edited: int):
    first = read_list(tmp_path / "s", count=20)
    with pytest.raises(
        DataError,
        match=r"was made from other inputs: got .* \(hash \w{12} then, \w+ now\), .*; choose another --out, or",
    ):
        read_list(tmp_path / "s", count=count, edited=edited)
    assert read_list(tmp_path / "s", count=20).sha256 == first.sha256


def test_a_begun_store_of_other_inputs_is_refused_and_of_longer_ones_goes_on(tmp_path: Path):
    with pytest.raises(StoppedError):
        read_list(tmp_path / "s", count=6000, stop_at=5000)
    with pytest.raises(DataError, match=r"was begun from other inputs: got .* \(hash .*; choose another --out"):
        read_list(tmp_path / "s", count=6000, edited=7)
    with pytest.raises(DataError, match="was begun from other inputs"):
        read_list(tmp_path / "s", count=100)
    longer = read_list(tmp_path / "s", count=7000)
    assert longer.sha256 == read_list(tmp_path / "whole", count=7000).sha256


def test_generated_data_has_no_inputs(tmp_path: Path):
    def made(count: int) -> Store:
        return read_into(tmp_path / "s", Numbers(count), name="n", step={}, compared=False, on_progress=lambda *_: None)

    assert made(10).manifest.inputs_sha256 == ""
    assert "inputs_sha256" not in (tmp_path / "s" / "manifest.json").read_text()
    assert len(made(11)) == len(made(10))


def test_a_killed_worker_is_told_and_nothing_is_lost(tmp_path: Path):
    step, quiet = {"step": "read", "count": 100}, lambda *_: None
    with pytest.raises(
        MachineError, match=r"a worker process was killed: expected room .* fewer --workers; it goes on"
    ):
        read_into(tmp_path / "s", Killed(100), name="n", step=step, workers=2, on_progress=quiet)
    assert read(tmp_path / "s").sha256 == read(tmp_path / "whole").sha256


def test_workers_end_when_the_process_that_started_them_is_killed(tmp_path: Path):
    script = tmp_path / "reads.py"
    script.write_text(
        "import os, sys, time\n"
        "from pathlib import Path\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from test_read_into import Numbers\n"
        "from doctorsun.data.pipeline import read_into\n"
        "import multiprocessing\n"
        "def stop(done, _):\n"
        "    print(*(each.pid for each in multiprocessing.active_children()), flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
        "if __name__ == '__main__':\n"
        f"    read_into(Path({str(tmp_path / 's')!r}), Numbers(99), name='n', step={{}}, workers=2, on_progress=stop)\n"
    )
    # The pipe of standard output closes when the last process that holds it has ended: the workers, too.
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(done.stdout.split()) == 2


def test_an_error_of_a_worker_keeps_its_parts(tmp_path: Path):
    with pytest.raises(DataError) as caught:
        read_into(tmp_path / "s", Broken(9), name="n", step={}, workers=2, on_progress=lambda *_: None)
    assert (caught.value.what, caught.value.got, caught.value.do) == ("number 0", "nothing", "count")


def test_collected_sources_follow_one_another(tmp_path: Path):
    reader = CollectedReader({"a": Numbers(2, "first"), "b": Numbers(3, "second")})
    store = read_into(tmp_path / "s", reader, name="s", step={"step": "collect"}, on_progress=lambda *_: None)
    datasets = store.column("source.dataset")
    assert datasets == ["first", "first", "second", "second", "second"]
    assert len(set(store.column("id"))) == len(datasets)
