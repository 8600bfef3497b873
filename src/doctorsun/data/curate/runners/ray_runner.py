"""The runner of a Ray cluster, or of a local one: one task per shard, the same functions as on one machine."""

import logging
import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from doctorsun.data.curate.runners.runner import Phase, Runner
from doctorsun.data.curate.shard_job import ShardJob
from doctorsun.errors import DoctorSunError, MachineError
from doctorsun.image.libraries import optional_library


@contextmanager
def ray_runner(workers: int) -> Generator[Runner]:
    """Give a runner over the cluster at ``RAY_ADDRESS``, or over one of so many processes that is begun for it.

    All nodes must see the stores under the same paths.

    Raises:
        MissingDependency: Ray is not installed.
        MachineError: no cluster answers, or a process was killed again and again.
    """
    ray = optional_library("ray", needed_for="runs on Ray", extra="cluster")
    address = os.environ.get("RAY_ADDRESS")
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR, "include_dashboard": False}
    try:
        ray.init(address=address, **quiet) if address else ray.init(num_cpus=workers, **quiet)
    except Exception as error:  # Ray raises bare ones where its processes begin too slowly
        do = "start the cluster, or correct RAY_ADDRESS; on a busy machine try again later"
        raise MachineError("cannot reach Ray", got=str(error), do=do) from error
    try:
        yield partial(_on_cluster, ray)
    finally:
        ray.shutdown()


def _on_cluster(ray: Any, phase: Phase, jobs: Sequence[ShardJob]) -> Iterator[None]:
    task = ray.remote(phase)
    waiting = [task.remote(job) for job in jobs]
    while waiting:
        (done,), waiting = ray.wait(waiting)
        try:
            yield ray.get(done)
        except ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, DoctorSunError):
                raise error.cause from error
            raise
        except ray.exceptions.RayError as error:
            do = "run the command again; it goes on where it stopped"
            raise MachineError("a process of Ray was lost", got=type(error).__name__, do=do) from error
