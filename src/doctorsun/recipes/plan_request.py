"""What is planned, and for which machines."""

from dataclasses import dataclass
from pathlib import Path

from doctorsun.config import Recipe
from doctorsun.recipes.network import Network

GIB = 2**30
TERA = 1e12
GPUS_PER_NODE = 8


def in_gib(num_bytes: float) -> float:
    """Return bytes as GiB with four significant digits: what is small is not nothing."""
    return float(f"{num_bytes / GIB:.4g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Devices:
    """What a stage is planned for.

    Attributes:
        num: GPUs, or processes on this machine's processor.
        is_gpu: whether they are GPUs.
        available_bytes: of each; None where it is not known.
    """

    num: int
    is_gpu: bool
    available_bytes: int | None

    @property
    def num_shards(self) -> int:
        """Into how many parts a node cuts what is sharded."""
        return min(self.num, GPUS_PER_NODE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """How fast devices compute.

    Attributes:
        mfu: share of the peak that training reaches.
        tflops: peak of one device, in 10^12 operations per second; None where it is not known: no time is told.
    """

    mfu: float
    tflops: float | None

    def seconds(self, flops: float, num_devices: int) -> float | None:
        """Return how long operations take."""
        return None if self.tflops is None else flops / (self.tflops * TERA * self.mfu * num_devices)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """What is planned, and for which machine.

    Attributes:
        recipe: the settings.
        run: the folder of the run; where its stores are there, steps and tokens are known.
        network: of the recipe.
        devices: that train.
        speed: of each.
    """

    recipe: Recipe
    run: Path
    network: Network
    devices: Devices
    speed: Speed
