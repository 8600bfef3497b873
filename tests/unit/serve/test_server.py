import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from doctorsun.errors import MissingDependency, RecipeError, WeightsError
from doctorsun.serve.options import ServerOptions
from doctorsun.serve.server import run_server
from doctorsun.serve.state import state_folder


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    """A run whose weights are there but cannot be loaded."""
    weights = tmp_path / "run/weights"
    weights.mkdir(parents=True)
    (weights / "config.json").write_text("{}")
    return tmp_path / "run"


def serve(*arguments: object, **variables: str) -> tuple[int, str, Sequence[str]]:
    """Run the command; return its status, what it says, and which slow libraries it loaded on the way."""
    code = (
        "import sys, atexit; from doctorsun.cli.main import main\n"
        "slow = {'torch', 'transformers', 'fastapi', 'uvicorn'}\n"
        "atexit.register(lambda: print(*sorted(slow & set(sys.modules))))\n"
        f"sys.argv = ['doctorsun', '--lang', 'en', 'serve', *{[str(each) for each in arguments]}]; main()"
    )
    environ = {name: value for name, value in os.environ.items() if name != "DOCTORSUN_API_KEY"} | variables
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environ)
    return done.returncode, done.stderr, done.stdout.split()


def start(folder: Path | None, **settings: Any) -> None:
    """Start a server that does not come to its opening."""
    state = folder.parent / "state" if folder else Path()
    run_server(ServerOptions(folder=folder, **{"state": state, "port": 0, **settings}), pytest.fail)


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


def test_two_places_to_listen_at_are_refused(run_folder: Path) -> None:
    status, errors, slow = serve(run_folder, "--port", 8000, "--uds", run_folder / "a.sock")
    assert (status, slow) == (2, [])
    assert (
        errors
        == "error: --uds: got --host or --port beside it, expected one place to listen at; leave the others out\n"
    )


def test_the_state_folder_of_another_server_is_told_before_anything_slow_is_loaded(run_folder: Path) -> None:
    state = run_folder / "home/doctorsun/serve"
    with state_folder(state):
        status, errors, slow = serve(run_folder, "--port", 0, XDG_STATE_HOME=str(run_folder / "home"))
    assert (status, slow) == (2, [])
    assert errors.startswith(f"error: state folder {state}: got one that another server uses")


def test_a_run_folder_leads_to_its_weights_and_what_was_taken_is_given_back(run_folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    for _ in range(2):
        with pytest.raises(WeightsError, match=r"run/weights/processor_config\.json: got FileNotFoundError"):
            start(run_folder, port=port)
    with pytest.raises(WeightsError):
        start(run_folder, uds=run_folder / "a.sock")
    assert not (run_folder / "a.sock").exists()


def test_serving_beyond_this_machine_without_a_key_stops_before_weights_are_read(run_folder: Path) -> None:
    with pytest.raises(RecipeError, match=r"serving on 0\.0\.0\.0: got no API key"):
        start(run_folder, host="0.0.0.0")  # noqa: S104


def test_a_host_that_is_not_known_is_told_before_a_key_is_asked_for(run_folder: Path) -> None:
    with pytest.raises(
        RecipeError, match=r"serving on 256\.1\.1\.1, port 0: got .*, expected an address of this machine"
    ):
        start(run_folder, host="256.1.1.1")


def test_abstaining_without_a_calibration_is_refused_before_anything_slow_is_loaded(run_folder: Path) -> None:
    (run_folder / "weights/tokenizer.json").write_text("{}")
    status, errors, slow = serve(run_folder, "--port", 0, "--abstain", 0.1, "--state", run_folder / "state")
    assert (status, slow) == (2, [])
    expected = "error: --abstain: got no calibration.json beside the weights, expected one; write it with"
    assert errors.startswith(expected)
    assert not (run_folder / "state").exists()


def test_vllm_that_is_not_there_is_told_with_how_to_get_it(run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCTORSUN_VLLM", "no-such-program")
    with pytest.raises(MissingDependency) as error:
        start(run_folder, engine="vllm")
    assert error.value.text() == (
        "the engine vLLM: got no program 'no-such-program', expected vLLM 0.18 or later in an environment of its own;"
        " python3 -m venv vllm && vllm/bin/pip install vllm && export DOCTORSUN_VLLM=$PWD/vllm/bin/vllm"
    )


def test_a_server_elsewhere_whose_model_nobody_knows_is_told(run_folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        url = f"http://127.0.0.1:{other.getsockname()[1]}/v1"
    with pytest.raises(RecipeError, match=f"engine {url}: got .*, expected one model; start it first, give its"):
        start(None, engine=url, state=run_folder / "state")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"engine": "llama"}, "--engine: got llama, expected local, vllm, or a URL that begins with http"),
        ({"folder": None}, "serving with the engine local: got no weights, expected a run or a folder of weights"),
        (
            {"folder": None, "engine": "http://a", "abstain": 0.1},
            "--abstain: got no weights, expected their calibration",
        ),
        ({"api_key": "k", "keys": Path("keys")}, "keys: got DOCTORSUN_API_KEY and --keys, expected one of them"),
    ],
    ids=["engine", "weights", "calibration", "keys"],
)
def test_options_that_make_no_sense_together_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        ServerOptions(**{"folder": Path("a"), "state": Path("b"), **settings})
