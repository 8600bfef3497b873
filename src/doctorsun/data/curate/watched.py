"""How far the shards in work are: who works notes the rows, whichever process it is, and who waits reads them."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from threading import Event, Thread

from doctorsun.data.curate.shard_job import ShardJob

EVERY_S = 1.0
_NOTES = "progress"


def note_rows(job: ShardJob, num_rows: int) -> None:
    """Note how many rows of a shard have been looked at; where the disk takes no note, there is none."""
    path = job.file(_NOTES)
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(num_rows))


def rows_noted(jobs: Sequence[ShardJob]) -> int:
    """Return how many rows of some shards have been looked at, by the notes."""
    num_rows = 0
    for job in jobs:
        with suppress(OSError, ValueError):  # none yet, or one that is being written
            num_rows += int(job.file(_NOTES).read_text())
    return num_rows


@contextmanager
def told_meanwhile(tell: Callable[[], None], *, every_s: float = EVERY_S) -> Generator[None]:
    """Tell again and again while the block works or waits."""
    ended = Event()

    def go_on() -> None:
        while not ended.wait(every_s):
            tell()

    thread = Thread(target=go_on, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
