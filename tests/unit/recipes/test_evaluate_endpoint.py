"""Evaluation of a model behind a server: our own one in its process, and one that fails in every way."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chat_server import ChatServer
from doctorsun.errors import RecipeError, RequestError
from doctorsun.eval.predictions import read_predictions
from doctorsun.processor.image_processor import Fit
from doctorsun.recipes.evaluate import in_pixels
from doctorsun.recipes.evaluate_endpoint import RemoteModel, evaluate_endpoint
from doctorsun.recipes.evaluate_weights import evaluate_weights
from doctorsun.recipes.evaluation_extras import Extras
from doctorsun.schema import Answer, Prediction
from served_weights import served_weights
from small_model import image, png, question, save_small, small_processor, write_store

BOX = Answer(kind="box", gold=("nodule 1 1 9 9",))
YES = Answer(kind="closed", gold=("yes",))
NUM_QUESTIONS = 6


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("endpoint") / "store"
    asked = [
        question(str(n), f"Is there a nodule? {n}", "Yes.", image(png(n)), answer=YES) for n in range(NUM_QUESTIONS)
    ]
    return write_store(folder, asked).folder


@pytest.fixture
def faulty() -> Iterator[ChatServer]:
    """A server that answers ``Yes.`` when it does not fail."""
    with ChatServer(lambda _words: "Yes.") as server:
        yield server


def numbers(server: ChatServer) -> list[int]:
    """Return the numbers of the questions that were asked, in order of the numbers."""
    return sorted(int(words.rsplit(" ", 1)[1]) for words in server.asked)


def ask(url: str, store: Path, out: Path, *, name: str = "sun", **settings: Any) -> tuple[list[Prediction], list[str]]:
    """Return the rows, and what was told."""
    told: list[str] = []
    (file,) = evaluate_endpoint(
        RemoteModel(url=url, name=name, revision="r1", **settings), {"phantom": store},
        out=out, controls=["real"], on_progress=lambda *_: None, tell=told.append,
    )  # fmt: skip
    return read_predictions(file.with_name("predictions.parquet")), told


def test_faults_that_pass_are_outlasted(faulty: ChatServer, store: Path, tmp_path: Path) -> None:
    faulty.faults = {"0": ["429"], "1": ["500", "503"], "2": ["cut"], "3": ["half"], "4": ["429", "cut", "half", "500"]}
    rows, _ = ask(faulty.url, store, tmp_path)
    assert [(row.status, row.output, row.model, row.revision) for row in rows] == [("ok", "Yes.", "sun", "r1")] * 6
    assert len(faulty.asked) == NUM_QUESTIONS + 9


def test_failed_questions_are_error_rows_and_asked_again_at_any_address(
    faulty: ChatServer, store: Path, tmp_path: Path
) -> None:
    faulty.faults = {"3": ["400"], "5": ["500"] * 5}
    rows, told = ask(faulty.url, store, tmp_path)
    failed = {row.question: row.output for row in rows if row.status == "error"}
    assert {words[-1] for words in failed} == {"3", "5"}
    assert all("not now" in reason for reason in failed.values())
    assert "phantom: 2 of 6 questions failed; call again to ask them again" in told
    faulty.asked.clear()
    rows, told = ask(faulty.url + "/v1", store, tmp_path)
    assert numbers(faulty) == [3, 5]
    assert {row.status for row in rows} == {"ok"}
    assert not any("failed" in line for line in told)


def test_a_server_that_only_fails_is_given_up_and_what_was_answered_stays(faulty: ChatServer, tmp_path: Path) -> None:
    asked = [question(str(n), f"Is it? {n}", "Yes.", image(png(n)), answer=YES) for n in range(40)]
    store = write_store(tmp_path / "many", asked).folder
    faulty.faults = {f" {n}": ["400"] for n in range(3, 40)}
    with pytest.raises(RequestError, match="status 400: not now"):
        ask(faulty.url, store, tmp_path / "out", num_parallel=1)
    assert len(faulty.asked) < 40
    faulty.faults = {}
    faulty.asked.clear()
    rows, _ = ask(faulty.url, store, tmp_path / "out")
    assert {row.status for row in rows} == {"ok"}
    assert not {0, 1, 2} & set(numbers(faulty))


def test_a_model_that_is_not_offered_and_a_calibration_are_refused(
    faulty: ChatServer, store: Path, tmp_path: Path
) -> None:
    with pytest.raises(RequestError, match=r"model of http.*: got 'moon', expected one of sun"):
        ask(faulty.url, store, tmp_path, name="moon")
    with pytest.raises(RecipeError, match="--calibrate: got --endpoint, expected weights on this machine"):
        evaluate_endpoint(
            RemoteModel(url=faulty.url, name="sun"), {"phantom": store}, out=tmp_path, controls=["real"],
            on_progress=lambda *_: None, tell=print, extras=Extras(is_calibrated=True),
        )  # fmt: skip
    assert faulty.asked == []


@pytest.mark.parametrize("fit", ["crop", "pad"])
def test_boxes_of_our_server_come_in_the_pixels_that_its_weights_give_here(fit: Fit, tmp_path: Path) -> None:
    wide = question("1", "Where is the nodule? 1", "", image(png(1, 90, 41), 90, 41), answer=BOX)
    said = "<ref>nodule</ref><box>[[145, 588, 864, 644]]</box>"
    with ChatServer(lambda _words: said) as server:
        server.card = {"image_size": 32, "image_fit": fit}
        (row,), _ = ask(server.url, write_store(tmp_path / "store", [wide]).folder, tmp_path / "out")
    assert row.output == in_pixels(small_processor(fit), said, wide)
    assert row.output.startswith("<ref>nodule</ref>[")


def test_boxes_of_other_servers_are_thousandths_of_the_picture(tmp_path: Path) -> None:
    wide = question("1", "Where is the nodule? 1", "", image(png(1, 200, 100), 200, 100), answer=BOX)
    with ChatServer(lambda _words: "<box>[[100, 200, 300, 500]]</box>") as server:
        (row,), _ = ask(server.url, write_store(tmp_path / "store", [wide]).folder, tmp_path / "out")
    assert row.output == "[20.0, 20.0, 60.0, 50.0]"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """Small weights, and the address of our server that runs them in a process of its own."""
    weights = save_small(tmp_path / "small", fit="pad")
    with served_weights(weights, tmp_path / "state") as url:
        yield weights, url


def test_our_server_gives_the_answers_of_its_weights(served: tuple[Path, str], store: Path, tmp_path: Path) -> None:
    weights, url = served
    (file,) = evaluate_weights(
        weights, {"phantom": store}, out=tmp_path / "here", controls=["real"], on_progress=lambda *_: None, tell=print
    )
    here = {row.id: row.output for row in read_predictions(file.with_name("predictions.parquet"))}
    rows, _ = ask(url, store, tmp_path / "there", name="small")
    assert {row.id: row.output for row in rows} == here
    assert {row.status for row in rows} == {"ok"}
