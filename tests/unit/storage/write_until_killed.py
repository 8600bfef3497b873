"""Write a store to its end, in processes that are killed at many different lines of code, and onto a full disk."""

import hashlib
import os
import random
import resource
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from doctorsun.errors import MachineError
from doctorsun.schema import Image, Message, Sample, Source, text_part
from doctorsun.storage.store import StoreWriter, store_is_complete


def sample(number: int, question: int, num_bytes: int) -> Sample:
    encoded = b"%d" % number * num_bytes
    image = Image(bytes=encoded, sha256=hashlib.sha256(encoded).hexdigest(), width=1, height=1)
    message = Message(role="assistant", content=(text_part(f"{number} {question}"),))
    source = Source(dataset="test", original_id=str(number))
    return Sample(id=f"{number}-{question}", messages=(message,), source=source, images=(image,))


def write(folder: Path, num_bytes: int = 100) -> None:
    with StoreWriter(folder, name="killed", step={"n": 1}, rows_per_shard=12) as writer:
        for number in range(writer.num_items_done, 14):
            if number % 3:
                writer.add([sample(number, question, num_bytes) for question in range(number % 5 + 1)])
            else:
                writer.drop(str(number), "third")


class LineCounter:
    """Count executed lines of the storage package, and end the process at one of them."""

    def __init__(self, last: int | None) -> None:
        self.count = 0
        self._last = last

    def __call__(self, frame: FrameType, event: str, _: Any) -> "LineCounter | None":
        if "/doctorsun/storage/" not in frame.f_code.co_filename:
            return None
        self.count += event == "line"
        if self.count == self._last:
            os.kill(os.getpid(), signal.SIGKILL)
        return self


def write_in_child(folder: Path, last_line: int | None) -> int:
    child = os.fork()
    if child == 0:
        if last_line:
            sys.settrace(LineCounter(last_line))
        write(folder)
        os._exit(0)
    return os.waitpid(child, 0)[1]


def count_lines(folder: Path) -> int:
    counter = LineCounter(None)
    sys.settrace(counter)
    write(folder)
    sys.settrace(None)
    return counter.count


def main(folder: Path, num_kills: int) -> None:
    num_lines = count_lines(folder / "undisturbed")
    for kill in range(num_kills):
        last_line = 1 + kill * (num_lines - 1) // (num_kills - 1)
        killed = folder / f"killed-{kill:03d}"
        if write_in_child(killed, last_line) != signal.SIGKILL:
            sys.exit(f"line {last_line} of {num_lines} was not reached")
        if not store_is_complete(killed) and write_in_child(killed, None):
            sys.exit("the second run failed")


def fill_disk(folder: Path, *, with_drops: bool) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
    try:
        with StoreWriter(folder, name="full", step={}, rows_per_shard=3) as writer:
            for number in range(9):
                if with_drops:
                    writer.drop(str(number), "long", random.Random(number).randbytes(200_000).hex())
                else:
                    writer.add([sample(number, 0, 10_000 if number < 6 else 90_000)])
    except MachineError as error:
        print(error)  # noqa: T201 (the test reads it)


if __name__ == "__main__":
    match sys.argv[2]:
        case "full" | "full-of-drops":
            fill_disk(Path(sys.argv[1]) / "full", with_drops=sys.argv[2] == "full-of-drops")
        case num_kills:
            main(Path(sys.argv[1]), int(num_kills))
