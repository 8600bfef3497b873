"""The other places where a run's curves go, as its recipe says."""

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from doctorsun.config import Recipe

if TYPE_CHECKING:
    from collections.abc import Generator

    from doctorsun.train.telemetry import Sink


@contextmanager
def open_sinks(recipe: Recipe, run: Path) -> "Generator[list[Sink]]":
    """Open what the section ``telemetry`` names; close it with the block.

    Args:
        recipe: the settings.
        run: the run's folder.

    Raises:
        MissingDependency: a package that it needs is not installed.
        MachineError: Weights & Biases refuses, or cannot be reached.
    """
    sinks: list[Sink] = []
    try:
        if recipe.telemetry.tensorboard:
            from doctorsun.train.tensorboard_sink import TensorBoardSink

            sinks.append(TensorBoardSink(run / "tensorboard"))
        if recipe.telemetry.wandb:
            from doctorsun.train.wandb_sink import WandbSink

            sinks.append(WandbSink(recipe.telemetry.wandb, run, recipe.model_dump(mode="json")))
        yield sinks
    finally:
        for sink in sinks:
            sink.close()
