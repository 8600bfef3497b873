"""Which steps of a run are done, and why others must be done again."""

import json
from pathlib import Path

import pytest

from doctorsun.recipes.steps import Steps


@pytest.fixture
def steps(tmp_path: Path) -> Steps:
    (tmp_path / "eval").mkdir()
    (tmp_path / "eval/scores.json").write_text("[]")
    done = Steps(tmp_path, {}, [].append)
    done.close("eval", {"limit": 3, "from": {"a": "1"}}, [tmp_path / "eval/scores.json"], revision="r")
    return Steps(tmp_path, json.loads((tmp_path / "run.json").read_text()), [].append)


def test_a_step_is_done_with_the_inputs_and_files_it_was_closed_with(steps: Steps) -> None:
    assert steps.names == {"eval"}
    assert steps.is_done("eval", {"limit": 3, "from": {"a": "1"}})
    assert (steps.revision("eval"), steps.revision("other")) == ("r", "")
    assert not steps.is_done("other", {})


def test_other_inputs_are_named(steps: Steps) -> None:
    inputs = {"limit": 4, "from": {"a": "1", "b": "2"}}
    assert not steps.is_done("eval", inputs)
    assert steps.changes("eval", inputs) == "from.b, limit"


@pytest.mark.parametrize(("content", "wrong"), [(None, "no such file"), ("[1]", "3 bytes in place of 2")])
def test_a_file_that_is_not_whole_is_named(steps: Steps, content: str | None, wrong: str) -> None:
    path = steps.run / "eval/scores.json"
    path.unlink() if content is None else path.write_text(content)
    assert not steps.is_done("eval", {"limit": 3, "from": {"a": "1"}})
    assert steps.damage("eval") == f"eval/scores.json: {wrong}"


def test_a_forgotten_step_is_not_done(steps: Steps) -> None:
    steps.forget("eval")
    assert not steps.names
    assert json.loads((steps.run / "run.json").read_text())["steps"] == {}


def test_why_a_step_goes_is_told_once_it_has_been_done(steps: Steps) -> None:
    told: list[str] = []
    telling = Steps(steps.run, steps.record, told.append)
    telling.tell_why("other", None)
    telling.tell_why("eval", None)
    telling.tell_why("eval", {"limit": 4, "from": {"a": "1"}})
    (steps.run / "eval/scores.json").unlink()
    telling.tell_why("eval", {"limit": 3, "from": {"a": "1"}})
    assert told == [
        "eval is withdrawn: the recipe no longer has it",
        "eval is done again: other limit",
        "eval is done again: eval/scores.json: no such file",
    ]
