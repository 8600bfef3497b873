"""Our server of some weights, in a process of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def served_weights(weights: Path, state: Path) -> Generator[str]:
    """Serve weights while the block runs, and give the address."""
    command = [sys.executable, "-u", "-m", "doctorsun", "serve", str(weights), "--port", "0", "--state", str(state)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr
        line = next(line for line in process.stderr if "http://" in line)
        try:
            yield "http://" + line.split("http://")[1].split()[0]
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)
