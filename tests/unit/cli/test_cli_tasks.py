"""The command tasks."""

import json

from typer.testing import CliRunner

from doctorsun.cli.main import app
from doctorsun.cli.session import Session


def output(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["tasks", *arguments], obj=Session("en"))
    assert done.exit_code == 0
    return done.stdout


def test_every_task_has_a_line() -> None:
    lines = output().splitlines()
    assert lines[0].split() == ["task", "title", "lang", "rows", "licence", "download"]
    assert any(line.startswith("vqa_rad ") and " 451 " in line and "CC0-1.0" in line for line in lines)


def test_the_whole_pages_are_printed_as_json() -> None:
    pages = {page["name"]: page for page in json.loads(output("--json"))["tasks"]}
    assert pages["slake_zh"]["expected_kinds"] == {"closed": 420, "open": 613}
    assert pages["own"]["sources"] == []
