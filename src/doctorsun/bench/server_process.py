"""Servers started for a measurement, each in a process of its own, and stopped after it."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from doctorsun.bench.load_client import Target
from doctorsun.errors import MachineError

_START_S = 180.0
_STOP_S = 60.0
_LOOK_AGAIN_S = 0.1


@contextmanager
def doctorsun_server(weights: Path) -> Generator[Target]:
    """Run ``doctorsun serve`` on a free port, with a state folder of its own.

    Raises:
        MachineError: it does not start.
    """
    port = _free_port()
    with tempfile.TemporaryDirectory() as state:
        command = [sys.executable, "-m", "doctorsun", "serve", str(weights), "--port", str(port), "--state", state]
        with _running(command, f"http://127.0.0.1:{port}/readyz", os.environ):
            url = f"http://127.0.0.1:{port}/v1"
            yield Target(url=url, model=first_model(url))


@contextmanager
def transformers_server(weights: Path, *, num_threads: int | None = None) -> Generator[Target]:
    """Run ``transformers serve`` on a free port, with these weights alone.

    Args:
        weights: the folder of a stock model.
        num_threads: of its products; None leaves them to torch.

    Raises:
        MachineError: it does not start.
    """
    port, name = _free_port(), str(weights.resolve())
    begin = "from transformers.cli.transformers import main; main()"
    command = [sys.executable, "-c", begin, "serve", name, "--host", "127.0.0.1", "--port", str(port)]
    environ = dict(os.environ) if num_threads is None else os.environ | {"OMP_NUM_THREADS": str(num_threads)}
    with _running(command, f"http://127.0.0.1:{port}/health", environ):
        yield Target(url=f"http://127.0.0.1:{port}/v1", model=name)


def first_model(url: str, api_key: str | None = None) -> str:
    """Return the name of the first model that a server offers.

    Raises:
        MachineError: it offers none, or cannot be reached.
    """
    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    try:
        response = httpx.get(f"{url}/models", headers=headers, timeout=30)
        return str(response.raise_for_status().json()["data"][0]["id"])
    except httpx.HTTPStatusError as error:
        raise _no_models(url, f"status {error.response.status_code}") from error
    except (httpx.HTTPError, ValueError, KeyError, IndexError, TypeError) as error:
        raise _no_models(url, str(error) or type(error).__name__) from error


def _no_models(url: str, got: str) -> MachineError:
    do = "give the address that ends with /v1, and the key in DOCTORSUN_API_KEY"
    return MachineError(f"models of {url}", got=got, expected="a list of them", do=do)


@contextmanager
def _running(command: Sequence[str], ready_url: str, environ: Mapping[str, str]) -> Generator[None]:
    silent = subprocess.DEVNULL
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log,
        subprocess.Popen(command, stdin=silent, stdout=log, stderr=log, env=environ) as process,  # noqa: S603 (ours)
    ):
        try:
            if not _gets_ready(process, ready_url):
                log.seek(0)
                said = log.read().strip().splitlines() or ["no word from it"]
                raise MachineError("server to measure", got=said[-1][-300:], expected="one that starts")
            yield
        finally:
            process.terminate()
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _gets_ready(process: "subprocess.Popen[bytes]", url: str) -> bool:
    until = time.monotonic() + _START_S
    while process.poll() is None and time.monotonic() < until:
        try:
            if httpx.get(url, timeout=5).is_success:
                return True
        except httpx.TransportError:
            time.sleep(_LOOK_AGAIN_S)
    return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])
