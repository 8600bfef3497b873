import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from doctorsun.cli.main import app
from doctorsun.cli.session import Session
from doctorsun.eval.predictions import write_predictions
from doctorsun.eval.scoring import score, write_scores
from doctorsun.schema import Prediction


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out") / "vqa_rad"
    folder.mkdir()
    rows = [
        Prediction(
            id=f"q{number}",
            task="vqa_rad",
            language="en",
            kind="closed",
            question="Is it?",
            options=(),
            gold=("yes",),
            output="Yes." if number % 2 else "No.",
            cluster=f"image {number}",
            model="theirs",
        )
        for number in range(8)
    ]
    write_predictions(folder / "predictions.parquet", rows)
    write_scores(folder / "scores.json", score(rows))
    return folder.parent


def run(*words: str) -> tuple[int, str]:
    done = CliRunner(env={"LANG": "C.UTF-8"}).invoke(app, ["report", *words], obj=Session("en"))
    return done.exit_code, done.output


def test_the_report_of_an_evaluation_is_made_again_from_its_files(evaluation: Path) -> None:
    code, said = run(str(evaluation))
    assert (code, said) == (0, f"report: {evaluation / 'report.html'}\n")
    assert "theirs" in (evaluation / "report.html").read_text(encoding="utf-8")


def test_the_report_as_json_is_its_file(evaluation: Path) -> None:
    done = CliRunner().invoke(app, ["report", str(evaluation), "--json"], obj=Session("en"))
    assert json.loads(done.stdout) == json.loads((evaluation / "report.json").read_text(encoding="utf-8"))
    assert done.stderr == f"report: {evaluation / 'report.html'}\n"


def test_an_export_says_what_it_wrote(evaluation: Path, tmp_path: Path) -> None:
    words = ("--export", "eval-results", "--to", str(tmp_path), "--dataset", "vqa_rad=owner/vqa-rad")
    path = tmp_path / ".eval_results/vqa_rad_en_closed.yaml"
    assert run(str(evaluation), *words) == (0, f"written: {path}\n")
    assert "owner/vqa-rad" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--export", "lm-eval"), "--export needs --to"),
        (("--export", "lm-eval", "--to", "x.json", "--json"), "--export writes files"),
        (("--export", "lm-eval", "--to", "x.json", "--dataset", "vqa_rad"), "'vqa_rad' is not TASK=OWNER/NAME"),
    ],
)
def test_what_an_export_lacks_is_told(evaluation: Path, words: tuple[str, ...], told: str) -> None:
    code, said = run(str(evaluation), *words)
    assert code == 2
    assert told in " ".join(said.split())
