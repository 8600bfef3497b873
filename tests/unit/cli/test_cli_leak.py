"""The command that searches a store for tests."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from doctorsun.cli.main import app
from doctorsun.cli.session import Session
from doctorsun.errors import DataError, RecipeError
from leak_rows import picture
from small_model import question, write_store


@pytest.fixture
def stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    monkeypatch.setenv("DOCTORSUN_CACHE", str(tmp_path / "cache"))
    store = write_store(tmp_path / "store", [question("s", "Is it CT?", "Yes.", picture(1))])
    asked = write_store(tmp_path / "asked", [question("q", "Is it MR?", "No.", picture(1))])
    return str(store.folder), f"own={asked.folder}"


def run(*arguments: str, language: str = "en") -> tuple[int, str, str]:
    session = Session("zh" if language == "zh" else "en")
    done = CliRunner().invoke(app, ["data", "leak", *arguments], obj=session, catch_exceptions=False)
    return done.exit_code, done.stdout, done.stderr


def test_the_table_tells_what_each_layer_found(stores: tuple[str, str]) -> None:
    status, text, _ = run(stores[0], "--against", stores[1])

    assert status == 0
    assert "own: 1 of 1 questions given away by 1 samples, 0 of them with their words; 1 of 1 images" in text
    assert [line.split() for line in text.splitlines() if line.startswith("file")] == [["file", "1", "1", "1", "1"]]


def test_files_are_written_where_they_are_wanted(stores: tuple[str, str], tmp_path: Path) -> None:
    status, text, told = run(stores[0], "--against", stores[1], "--out", str(tmp_path / "out"), "--json")

    assert status == 0
    assert json.loads(text) == json.loads((tmp_path / "out/leaks.json").read_text())
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"leaks.json", "leaks.jsonl", "leaks.html"}
    assert "leaks.html" in told


def test_chinese(stores: tuple[str, str]) -> None:
    _, text, _ = run(stores[0], "--against", stores[1], language="zh")

    assert "own：1 个问题中有 1 个被 1 条样本泄漏" in text


def test_wrong_input(stores: tuple[str, str]) -> None:
    assert run(stores[0])[0] == 2
    assert run(stores[0], "--against", "own")[0] == 2
    with pytest.raises(RecipeError, match="task: got 'slake'"):
        run(stores[0], "--against", f"slake={Path(stores[0]).parent}")
    with pytest.raises(DataError, match="nowhere: got nothing there"):
        run(stores[0], "--against", "held=nowhere")


def test_a_report_that_cannot_be_written_is_told_before_the_search(stores: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(DataError, match=f"cannot write {tmp_path}/file"):
        run(stores[0], "--against", stores[1], "--out", str(tmp_path / "file"))

    assert not list((tmp_path / "cache").rglob("*"))
    assert (tmp_path / "file").read_text() == "mine"
