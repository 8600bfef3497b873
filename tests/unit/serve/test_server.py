import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from doctorsun.errors import RecipeError, WeightsError
from doctorsun.serve.server import run_server


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    """A run whose weights are there but cannot be loaded."""
    weights = tmp_path / "run/weights"
    weights.mkdir(parents=True)
    (weights / "config.json").write_text("{}")
    return tmp_path / "run"


def serve(*arguments: object) -> tuple[int, str, Sequence[str]]:
    """Run the command; return its status, what it says, and which slow libraries it loaded on the way."""
    code = (
        "import sys, atexit; from doctorsun.cli.main import main\n"
        "slow = {'torch', 'transformers', 'fastapi', 'uvicorn'}\n"
        "atexit.register(lambda: print(*sorted(slow & set(sys.modules))))\n"
        f"sys.argv = ['doctorsun', '--lang', 'en', 'serve', *{[str(each) for each in arguments]}]; main()"
    )
    environ = {name: value for name, value in os.environ.items() if name != "DOCTORSUN_API_KEY"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environ)
    return done.returncode, done.stderr, done.stdout.split()


def test_a_busy_port_is_told_before_anything_slow_is_loaded(run_folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        status, errors, slow = serve(run_folder, "--port", port)
    assert (status, slow) == (2, [])
    assert errors.startswith(f"error: serving on 127.0.0.1, port {port}: got a port that another program uses")


def test_a_folder_without_weights_is_told_before_anything_slow_is_loaded(tmp_path: Path) -> None:
    status, errors, slow = serve(tmp_path)
    assert (status, slow) == (2, [])
    assert errors.startswith(f"error: {tmp_path}: got no weights, expected a finished run, or a folder of weights;")


def test_a_run_folder_leads_to_its_weights_and_the_port_is_given_back(run_folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    with pytest.raises(WeightsError, match=r"run/weights/config\.json: got model_type None, expected 'llava'"):
        run_server(run_folder, port=port)
    socket.create_server(("127.0.0.1", port)).close()


def test_serving_beyond_this_machine_without_a_key_stops_before_weights_are_read(run_folder: Path) -> None:
    with pytest.raises(RecipeError, match=r"serving on 0\.0\.0\.0: got no API key"):
        run_server(run_folder, host="0.0.0.0", port=0)  # noqa: S104


def test_a_host_that_is_not_known_is_told_before_a_key_is_asked_for(run_folder: Path) -> None:
    with pytest.raises(
        RecipeError, match=r"serving on 256\.1\.1\.1, port 0: got .*, expected an address of this machine"
    ):
        run_server(run_folder, host="256.1.1.1", port=0)
