import re
from pathlib import Path

from typer.testing import CliRunner

from doctorsun.cli.main import app
from doctorsun.cli.session import Session
from doctorsun.errors import MissingDependency
from doctorsun.eval.calibration import TARGET_RISKS


def test_the_help_of_abstaining_names_the_risks_that_are_measured():
    done = CliRunner(env={"COLUMNS": "100"}).invoke(app, ["serve", "--help"], obj=Session("en"))
    (words,) = re.findall(r"--abstain RISK(.*?)\n  --", done.output, re.DOTALL)
    assert tuple(map(float, re.findall(r"\d\.\d+", words))) == TARGET_RISKS
    assert "eval --calibrate" in " ".join(words.split())


def test_a_vllm_that_is_not_there_is_not_said_to_start(tmp_path: Path):
    environ = {"DOCTORSUN_VLLM": str(tmp_path / "none")}
    done = CliRunner(env=environ).invoke(app, ["serve", "w", "--engine", "vllm"], obj=Session("en"))
    assert isinstance(done.exception, MissingDependency)
    assert done.output == ""
