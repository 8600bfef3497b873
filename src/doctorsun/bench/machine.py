"""What this machine can reach at best: the ceilings that training and importing are compared with."""

import subprocess
import sys

_HASHING = """
import hashlib, sys, time
block, blocks, started = bytes(2**20), 0, time.perf_counter()
while time.perf_counter() - started < float(sys.argv[1]):
    hashlib.sha256(block).digest()
    blocks += 1
print(blocks)
"""


def second_process_gain(seconds: float = 2.0) -> float:
    """Return how much more two processes that share nothing compute than one: 2 on two idle cores.

    Args:
        seconds: how long one process, and then two at once, hash the same block.
    """
    return sum(_blocks_hashed(2, seconds)) / sum(_blocks_hashed(1, seconds))


def _blocks_hashed(num_processes: int, seconds: float) -> list[int]:
    command = [sys.executable, "-c", _HASHING, str(seconds)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(num_processes)]  # noqa: S603 (ours)
    return [int(process.communicate()[0]) for process in running]
