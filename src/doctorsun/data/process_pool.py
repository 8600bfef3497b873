"""Worker processes: begun together, ended together, deaf to Ctrl-C, and gone with the process that began them."""

import os
import signal
from collections.abc import Callable, Generator
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import active_children, get_context, parent_process
from threading import Thread
from typing import Any

from doctorsun.errors import MachineError


@contextmanager
def process_pool(workers: int, prepare: Callable[..., None] | None = None, *given: Any) -> Generator[Executor]:
    """Start processes; what they have not begun is not done when the block ends early, and what they have is cut off.

    Args:
        workers: how many.
        prepare: called in each process before any work, such as to keep what all its work needs.
        given: the arguments of ``prepare``.

    Raises:
        MachineError: a process was killed.
    """
    others = set(active_children())
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _begin_worker, (prepare, *given))
    try:
        yield pool
    except BrokenExecutor as error:
        raise MachineError(
            "a worker process was killed",
            expected="room in memory for every worker",
            do="run the command again with fewer --workers; it goes on where it stopped",
        ) from error
    except BaseException:
        for child in set(active_children()) - others:
            child.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _begin_worker(prepare: Callable[..., None] | None, *given: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that began this one
    Thread(target=_end_with_parent, daemon=True).start()
    if prepare:
        prepare(*given)


def _end_with_parent() -> None:
    """End this process when the one that started it is killed; it would wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
