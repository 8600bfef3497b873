"""Evaluation of a model behind a server: our own one in its process, and one that fails in every way."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import pytest

from doctorsun.errors import RecipeError, RequestError
from doctorsun.eval.predictions import read_predictions
from doctorsun.recipes.evaluate_endpoint import RemoteModel, evaluate_endpoint
from doctorsun.recipes.evaluate_weights import evaluate_weights
from doctorsun.recipes.evaluation_extras import Extras
from doctorsun.schema import Answer, Prediction
from small_model import image, png, question, save_small, write_store

YES = Answer(kind="closed", gold=("yes",))
NUM_QUESTIONS = 6


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("endpoint") / "store"
    asked = [
        question(str(n), f"Is there a nodule? {n}", "Yes.", image(png(n)), answer=YES) for n in range(NUM_QUESTIONS)
    ]
    return write_store(folder, asked).folder


class FaultyServer(ThreadingHTTPServer):
    """Answers each question ``Yes.`` after the faults that are planned for it, by the number in its words."""

    daemon_threads = True

    def __init__(self, faults: dict[int, list[str]]) -> None:
        super().__init__(("127.0.0.1", 0), FaultyHandler)
        self.faults = faults
        self.asked: list[int] = []
        self.lock = Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class FaultyHandler(BaseHTTPRequestHandler):
    server: FaultyServer  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_GET(self) -> None:
        self._send(200, {"data": [{"id": "sun"}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        number = int(body["messages"][0]["content"][1]["text"].rsplit(" ", 1)[1])
        with self.server.lock:
            self.server.asked.append(number)
            planned = self.server.faults.get(number, [])
            fault = planned.pop(0) if planned else ""
        if fault == "cut":
            self.connection.close()
        elif fault == "half":
            self.send_response(200)
            self.send_header("Content-Length", "500")
            self.end_headers()
            self.wfile.write(b'{"choices": [')
            self.close_connection = True
        elif fault:
            self._send(int(fault), {"error": {"message": "not now"}})
        else:
            choice = {"message": {"content": "Yes."}, "finish_reason": "stop"}
            self._send(200, {"choices": [choice], "usage": {"completion_tokens": 2}})

    def _send(self, status: int, value: dict[str, Any]) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Retry-After", "0")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name there)
        """Say nothing."""


@pytest.fixture
def faulty() -> Iterator[FaultyServer]:
    server = FaultyServer({})
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def ask(url: str, store: Path, out: Path, *, name: str = "sun", **settings: Any) -> tuple[list[Prediction], list[str]]:
    """Return the rows, and what was told."""
    told: list[str] = []
    (file,) = evaluate_endpoint(
        RemoteModel(url=url, name=name, revision="r1", **settings), {"phantom": store},
        out=out, control="real", on_progress=lambda *_: None, tell=told.append,
    )  # fmt: skip
    return read_predictions(file.with_name("predictions.parquet")), told


def test_faults_that_pass_are_outlasted(faulty: FaultyServer, store: Path, tmp_path: Path) -> None:
    faulty.faults = {0: ["429"], 1: ["500", "503"], 2: ["cut"], 3: ["half"], 4: ["429", "cut", "half", "500"]}
    rows, _ = ask(faulty.url, store, tmp_path)
    assert [(row.status, row.output, row.model, row.revision) for row in rows] == [("ok", "Yes.", "sun", "r1")] * 6
    assert len(faulty.asked) == NUM_QUESTIONS + 9


def test_failed_questions_are_error_rows_and_asked_again_at_any_address(
    faulty: FaultyServer, store: Path, tmp_path: Path
) -> None:
    faulty.faults = {3: ["400"], 5: ["500"] * 5}
    rows, told = ask(faulty.url, store, tmp_path)
    failed = {row.question: row.output for row in rows if row.status == "error"}
    assert {words[-1] for words in failed} == {"3", "5"}
    assert all("not now" in reason for reason in failed.values())
    assert "phantom: 2 of 6 questions failed; call again to ask them again" in told
    faulty.asked.clear()
    rows, told = ask(faulty.url + "/v1", store, tmp_path)
    assert sorted(faulty.asked) == [3, 5]
    assert {row.status for row in rows} == {"ok"}
    assert not any("failed" in line for line in told)


def test_a_server_that_only_fails_is_given_up_and_what_was_answered_stays(faulty: FaultyServer, tmp_path: Path) -> None:
    asked = [question(str(n), f"Is it? {n}", "Yes.", image(png(n)), answer=YES) for n in range(40)]
    store = write_store(tmp_path / "many", asked).folder
    faulty.faults = {n: ["400"] for n in range(3, 40)}
    with pytest.raises(RequestError, match="status 400: not now"):
        ask(faulty.url, store, tmp_path / "out", num_parallel=1)
    assert len(faulty.asked) < 40
    faulty.faults = {}
    faulty.asked.clear()
    rows, _ = ask(faulty.url, store, tmp_path / "out")
    assert {row.status for row in rows} == {"ok"}
    assert not {0, 1, 2} & set(faulty.asked)


def test_a_model_that_is_not_offered_and_a_calibration_are_refused(
    faulty: FaultyServer, store: Path, tmp_path: Path
) -> None:
    with pytest.raises(RequestError, match=r"model of http.*: got 'moon', expected one of sun"):
        ask(faulty.url, store, tmp_path, name="moon")
    with pytest.raises(RecipeError, match="--calibrate: got --endpoint, expected weights on this machine"):
        evaluate_endpoint(
            RemoteModel(url=faulty.url, name="sun"), {"phantom": store}, out=tmp_path, control="real",
            on_progress=lambda *_: None, tell=print, extras=Extras(is_calibrated=True),
        )  # fmt: skip
    assert faulty.asked == []


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """Small weights, and the address of our server that runs them in a process of its own."""
    weights = save_small(tmp_path / "small", fit="pad")
    command = [sys.executable, "-u", "-m", "doctorsun", "serve", str(weights), "--port", "0"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr
        line = next(line for line in process.stderr if "http://" in line)
        yield weights, "http://" + line.split("http://")[1].split()[0]
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def test_our_server_gives_the_answers_of_its_weights(served: tuple[Path, str], store: Path, tmp_path: Path) -> None:
    weights, url = served
    (file,) = evaluate_weights(
        weights, {"phantom": store}, out=tmp_path / "here", control="real", on_progress=lambda *_: None, tell=print
    )
    here = {row.id: row.output for row in read_predictions(file.with_name("predictions.parquet"))}
    rows, _ = ask(url, store, tmp_path / "there", name="small")
    assert {row.id: row.output for row in rows} == here
    assert {row.status for row in rows} == {"ok"}
