"""The runner of one machine: its own process for one worker, else a pool of processes."""

from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Executor, as_completed
from contextlib import contextmanager
from functools import partial

from doctorsun.data.curate.runners.runner import Phase, Runner
from doctorsun.data.curate.shard_job import ShardJob
from doctorsun.data.process_pool import process_pool


@contextmanager
def local_runner(workers: int) -> Generator[Runner]:
    """Give a runner of so many processes.

    Raises:
        MachineError: a process was killed.
    """
    if workers == 1:
        yield _one_by_one
        return
    with process_pool(workers) as pool:
        yield partial(_side_by_side, pool)


def _one_by_one(phase: Phase, jobs: Sequence[ShardJob]) -> Iterator[None]:
    for job in jobs:
        yield phase(job)


def _side_by_side(pool: Executor, phase: Phase, jobs: Sequence[ShardJob]) -> Iterator[None]:
    for done in as_completed([pool.submit(phase, job) for job in jobs]):
        yield done.result()
