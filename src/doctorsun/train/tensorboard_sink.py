"""Curves as event files for TensorBoard: one folder per stage, which TensorBoard lays over each other."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from doctorsun.image.libraries import optional_library
from doctorsun.train.curves import curves_of
from doctorsun.train.telemetry import Event


class TensorBoardSink:
    """Writes ``<folder>/<stage>/events.out...``.

    Event files only grow. A stage that goes on after a kill is therefore written anew from the diary, so that no step
    stands in them twice.

    Args:
        folder: of the event files.

    Raises:
        MissingDependency: the package ``tensorboard`` is not installed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        optional_library("tensorboard", needed_for="event files", extra="tensorboard")
        from torch.utils.tensorboard.writer import SummaryWriter

        self._make = SummaryWriter
        self._writers: dict[str, SummaryWriter] = {}

    def rewind(self, stage: str, kept: Sequence[Event], removed: Sequence[Event]) -> None:
        """Write the events of a stage that hold anew."""
        del removed
        self._close(stage)
        shutil.rmtree(self.folder / stage, ignore_errors=True)
        for event in kept:
            self.write(event)

    def write(self, event: Event) -> None:
        """Add the numbers of an event at its step."""
        stage, curves = event.get("stage"), curves_of(event)
        if stage is None or not curves:
            return
        if stage not in self._writers:
            self._writers[stage] = self._make(str(self.folder / stage))
        for name, value in curves.items():
            self._writers[stage].add_scalar(name, value, event["step"], walltime=event["time"])

    def close(self) -> None:
        """Write what is left."""
        for stage in list(self._writers):
            self._close(stage)

    def _close(self, stage: str) -> None:
        writer = self._writers.pop(stage, None)
        if writer is not None:
            writer.close()
