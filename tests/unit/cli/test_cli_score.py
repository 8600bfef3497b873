"""The command ``score``: what it prints of a file of answers."""

import hashlib
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from doctorsun.cli.main import app
from doctorsun.cli.session import Language, Session

COLUMNS = "id,task,language,kind,question,options,gold,output,cluster,status"
ROWS = ("1,own,en,closed,Is it there?,,yes,Yes.,a,ok", "2,own,en,open,Where?,,left lung,left,b,ok")


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    path = tmp_path / "answers.csv"
    path.write_text("\n".join((COLUMNS, *ROWS)), encoding="utf-8")
    return path


def printed(*words: str, language: Language = "en") -> str:
    done = CliRunner().invoke(app, ["score", *words], obj=Session(language))
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_file_and_its_hash_are_told(answers: Path) -> None:
    digest = hashlib.sha256(answers.read_bytes()).hexdigest()
    assert printed(str(answers)).endswith(f"\nfile {answers}; sha256 {digest}\n")
    found = json.loads(printed(str(answers), "--json"))
    assert (found["file"], found["sha256"]) == (str(answers), digest)


def test_unknown_numbers_of_tokens_are_null(answers: Path) -> None:
    assert {row["mean_tokens"] for row in json.loads(printed(str(answers), "--json"))["scores"]} == {None}
