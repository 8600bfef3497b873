"""The command that compares two evaluations."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from doctorsun.cli.main import app
from doctorsun.cli.session import Session
from doctorsun.errors import DataError
from doctorsun.eval.predictions import write_predictions
from doctorsun.schema import Prediction


def report(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["report", *map(str, arguments)], obj=Session("en"))


def answers(path: Path, num_right: int, prompt: str = "Is it CT?") -> Path:
    rows = [
        Prediction(
            id=str(number),
            task="mine",
            language="en",
            kind="closed",
            question="Is it CT?",
            options=(),
            gold=("yes",),
            output="yes" if number < num_right else "no",
            cluster=str(number),
            model=path.stem,
            prompt=prompt,
        )
        for number in range(50)
    ]
    write_predictions(path, rows)
    return path


@pytest.fixture
def one(tmp_path: Path) -> Path:
    return answers(tmp_path / "one.parquet", 10)


def test_two_files_are_compared_printed_and_kept(one: Path, tmp_path: Path) -> None:
    done = report(one, answers(tmp_path / "other.parquet", 40))

    assert done.exit_code == 0, done.output
    printed = " ".join(done.output.split())
    assert "mine en closed polarity@2 macro_accuracy 0.2000 0.8000 +0.6000" in printed
    assert "different" in printed
    assert (tmp_path / "compared/other/comparison.json").exists()


def test_json_holds_every_metric_and_another_folder_can_be_named(one: Path, tmp_path: Path) -> None:
    other = answers(tmp_path / "other.parquet", 40)

    done = report(one, other, "--json", "--protocol", "llava_med@1", "--out", tmp_path / "out")

    content = json.loads(done.stdout)
    assert {row["protocol"] for row in content["rows"]} == {"llava_med@1"}
    assert content["rows"][0]["only_other"] == 30
    assert (tmp_path / "out/comparison.md").exists()


def test_prompts_that_differ_are_refused_by_name(one: Path, tmp_path: Path) -> None:
    done = report(one, answers(tmp_path / "other.parquet", 40, prompt="Is it CT?\nThink first."))

    assert isinstance(done.exception, DataError)
    assert "question 0 of task mine: prompt differs" in done.exception.text()
    assert not (tmp_path / "compared").exists()
