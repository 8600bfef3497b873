"""Runners: what carries out the jobs of a phase, and how one is opened by its name."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Literal, Protocol, get_args

from doctorsun.data.curate.shard_job import ShardJob

RunnerName = Literal["local", "ray"]
RUNNERS: tuple[RunnerName, ...] = get_args(RunnerName)
Phase = Callable[[ShardJob], None]


class Runner(Protocol):
    """Carries out the jobs of a phase, in any order and at the same time; each must be able to run again."""

    def __call__(self, phase: Phase, jobs: Sequence[ShardJob]) -> Iterator[None]:
        """Carry out all jobs; yield once for each that is done.

        Raises:
            DoctorSunError: as the phase.
            MachineError: a process was killed.
        """
        ...


def open_runner(name: RunnerName, workers: int) -> AbstractContextManager[Runner]:
    """Return the context in which a runner stands ready.

    Args:
        name: ``local`` or ``ray``.
        workers: processes, of this machine or of the cluster.
    """
    if name == "ray":
        from doctorsun.data.curate.runners.ray_runner import ray_runner

        return ray_runner(workers)
    from doctorsun.data.curate.runners.local_runner import local_runner

    return local_runner(workers)
