"""Commands on weights: where they look, and what they print."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from doctorsun.cli.main import app
from doctorsun.cli.session import Session
from doctorsun.errors import RequestError
from small_model import save_small


def inspect(folder: Path) -> str:
    done = CliRunner().invoke(app, ["weights", "inspect", str(folder), "--json"], obj=Session("en"))
    if done.exception:
        raise done.exception
    return done.stdout


def test_a_run_is_described_by_its_weights(tmp_path: Path):
    (tmp_path / "run").mkdir()
    save_small(tmp_path / "run/weights")
    assert inspect(tmp_path / "run") == inspect(tmp_path / "run/weights")
    assert json.loads(inspect(tmp_path / "run"))["architecture"] == "LlavaForConditionalGeneration"


def test_a_folder_without_weights_is_told(tmp_path: Path):
    with pytest.raises(RequestError, match="got no weights, expected a finished run, or a folder of weights"):
        inspect(tmp_path)
