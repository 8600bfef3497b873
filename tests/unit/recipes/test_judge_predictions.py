import hashlib
import json
from pathlib import Path

import pytest

from chat_server import ChatServer
from doctorsun.errors import DataError
from doctorsun.eval.judging import JUDGE_PROMPT, read_verdict
from doctorsun.eval.predictions import write_predictions
from doctorsun.recipes.evaluate_endpoint import RemoteModel
from doctorsun.recipes.judge_predictions import Judgement, judge_predictions
from doctorsun.schema import AnswerKind, Prediction


def row(name: str, kind: AnswerKind, gold: str, output: str, options: tuple[str, ...] = ()) -> Prediction:
    return Prediction(
        id=name, task="own", language="en", kind=kind, question=f"Question {name}?", options=options, gold=(gold,),
        output=output, cluster=name, model="m", status="ok" if output else "error",
    )  # fmt: skip


ROWS = [
    row("1", "closed", "yes", "Yes."),
    row("2", "closed", "yes", "No."),
    row("3", "closed", "no", "It is not there, I would say so."),
    row("4", "closed", "no", ""),
    row("5", "mcq", "B", "B", ("lung", "liver")),
    row("6", "open", "the left lung", "left lung"),
    row("7", "report", "Clear lungs.", "Clear lungs."),
]


def judge_of(words: str) -> str:
    """Judge by a rule of the test: wrong where the answer is ``No.``, and nothing readable of answer 5."""
    if "Question 5" in words:
        return "I cannot say."
    return "Wrong." if "\nNo.\n" in words else "right"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "predictions.parquet"
    write_predictions(path, ROWS)
    return path


def judged(server: ChatServer, path: Path) -> tuple[Judgement, list[str]]:
    told: list[str] = []
    return judge_predictions(path, RemoteModel(url=server.url, name="sun"), told.append), told


def test_scores_and_agreement_are_the_judges_own(path: Path) -> None:
    with ChatServer(judge_of) as server:
        found, told = judged(server, path)
    prompt = hashlib.sha256(JUDGE_PROMPT.encode()).hexdigest()
    assert (found.judge, found.prompt_sha256, found.num_missing, told) == ("sun", prompt, 0, [])
    scores = {score.kind: score for score in found.scores}
    assert {kind: (score.value, score.n, score.num_invalid) for kind, score in scores.items()} == {
        "closed": (0.5, 4, 1),
        "mcq": (0.0, 1, 1),
        "open": (1.0, 1, 0),
    }
    assert {score.protocol for score in found.scores} == {f"judge:sun@{prompt[:12]}"}
    # The rule finds no polarity in answer 3, so that two of three agree: kappa is (2/3 - 4/9) / (1 - 4/9).
    (closed,) = [each for each in found.agreements if each.kind == "closed"]
    assert (closed.rule, closed.n) == ("polarity@2 accuracy", 3)
    assert closed.agreement == pytest.approx(2 / 3)
    assert closed.kappa == pytest.approx(0.4)
    written = json.loads((path.parent / "judge-sun.json").read_text())
    assert written["judge"] == "sun"
    assert len(written["scores"]) == 3


def test_no_verdict_is_asked_for_twice(path: Path) -> None:
    with ChatServer(judge_of) as server:
        server.faults = {"Reply with one word: right or wrong.": ["400", "400"]}
        _, told = judged(server, path)
        assert told == ["2 answers have no verdict; call again to ask about them again"]
        assert len(server.asked) == 5
        verdicts = path.parent / "judge-sun.jsonl"
        verdicts.write_text(verdicts.read_text() + '{"key": "cut sho')
        server.asked.clear()
        found, told = judged(server, path)
        assert (len(server.asked), found.num_missing, told) == (2, 0, [])
        server.asked.clear()
        judged(server, path)
        assert server.asked == []
        write_predictions(path, [*ROWS[1:], row("1", "closed", "yes", "Certainly.")])
        judged(server, path)
        assert len(server.asked) == 1
        assert "\nCertainly.\n" in server.asked[0]


def test_the_options_and_all_references_are_shown(path: Path) -> None:
    with ChatServer(judge_of) as server:
        judged(server, path)
        asked = next(words for words in server.asked if "Question 5" in words)
    assert "Question: Question 5?\nA. lung\nB. liver\nReference: B\n<answer>\nB\n</answer>" in asked


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        ("right", True),
        (" **Wrong**, because", False),
        ("<think>wrong?\n</think>\nRight.", True),
        ("It is right", None),
        ("rightly", None),
        ("", None),
    ],
)
def test_only_a_verdict_that_opens_the_reply_counts(reply: str, verdict: bool | None) -> None:  # noqa: FBT001
    assert read_verdict(reply) is verdict


def test_answers_that_no_judge_is_asked_about_are_told(tmp_path: Path) -> None:
    path = tmp_path / "predictions.parquet"
    write_predictions(path, [ROWS[-1]])
    with ChatServer(judge_of) as server, pytest.raises(DataError, match="got none that a judge is asked about, expect"):
        judged(server, path)
