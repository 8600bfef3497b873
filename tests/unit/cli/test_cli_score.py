"""The command ``score``: what it prints of a file of answers."""

import hashlib
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chat_server import ChatServer
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


def test_headings_and_footers_are_in_the_language_that_was_asked_for(answers: Path) -> None:
    head, *_, questions, _, file = printed(str(answers), language="zh").splitlines()
    assert head.split()[:7] == ["任务", "语言", "题型", "规则", "指标", "对照", "得分"]
    assert questions.endswith("2 题，其中是非题 1、开放题 1；closed 提示词 未知；解码方式未知")
    assert file.startswith(f"文件 {answers}；sha256 ")


@pytest.mark.parametrize(
    ("language", "line"), [("en", "closed: agreement: none readable"), ("zh", "closed：一致率：没有可读的判定")]
)
def test_a_judge_that_cannot_be_read_is_told(answers: Path, language: Language, line: str) -> None:
    with ChatServer(lambda _: "I cannot say.") as server:
        lines = printed(str(answers), "--judge", server.url, "--judge-model", "sun", language=language).splitlines()
    assert line in lines


def test_the_notes_of_a_comparison_are_chinese_too(answers: Path) -> None:
    other = answers.with_name("other.csv")
    other.write_text(answers.read_text("utf-8").replace("Yes.", "No."), encoding="utf-8")
    done = CliRunner().invoke(app, ["report", str(answers), str(other)], obj=Session("zh"))
    assert done.exit_code == 0, done.output
    assert "可检出差：这样一组问题" in done.stdout
    assert "detectable" not in done.stdout
