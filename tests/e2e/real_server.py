"""The real ``doctorsun serve`` in a process of its own, and what it says of itself."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from real_command import ENVIRONMENT

from doctorsun.bench.load_client import Target

PATIENCE_S = 60.0


@dataclass(frozen=True, kw_only=True)
class RealServer:
    """A server that runs."""

    url: str
    model: str
    process: "subprocess.Popen[str]"

    @property
    def target(self) -> Target:
        """Where a load is put."""
        return Target(url=f"{self.url}/v1", model=self.model)

    def body(self, words: str = "Is there a nodule?", **changes: Any) -> dict[str, Any]:
        """Return a request, as JSON."""
        return {"model": self.model, "messages": [{"role": "user", "content": words}], **changes}

    def number(self, name: str) -> float:
        """Return a number of ``/metrics``."""
        text = httpx.get(f"{self.url}/metrics").raise_for_status().text
        found = re.search(rf"^doctorsun_{name} (\S+)$", text, re.MULTILINE)
        assert found, f"{name} is not among the metrics:\n{text}"
        return float(found[1])


@contextmanager
def real_server(weights: Path, state: Path) -> Generator[RealServer]:
    """Run the command on a free port; it is stopped after the block if it still runs."""
    command = [sys.executable, "-m", "doctorsun", "--lang", "en", "serve", str(weights), "--port", "0"]
    command += ["--state", str(state)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT) as process:
        assert process.stderr is not None
        try:
            said = ""
            for line in process.stderr:
                said += line
                address = re.match(r"API: +(http://\S+)/v1", line)
                if address:
                    break
            else:
                raise AssertionError(said)
            wait_until(lambda: httpx.get(f"{address[1]}/readyz").is_success)
            yield RealServer(url=address[1], model=weights.name, process=process)
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE_S)


def wait_until(holds: Callable[[], bool]) -> None:
    """Look again and again whether something holds."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            if holds():
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline, "it never came true"
