"""The help texts, compared with the files in help/; ``python tests/golden/test_help.py`` writes them anew."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from doctorsun.cli.main import app
from doctorsun.cli.session import Session

FOLDER = Path(__file__).parent / "help"


def commands() -> Iterator[tuple[str, ...]]:
    yield ()
    for name, command in get_command(app).commands.items():
        yield (name,)
        yield from ((name, below) for below in getattr(command, "commands", {}))


def help_of(command: tuple[str, ...]) -> str:
    runner = CliRunner(env={"COLUMNS": "100", "LANG": "C.UTF-8"})
    done = runner.invoke(app, [*command, "--help"], obj=Session("en"), prog_name="doctorsun")
    assert done.exit_code == 0, done.output
    return done.output


def file_of(command: tuple[str, ...]) -> Path:
    return FOLDER / f"{'-'.join(('doctorsun', *command))}.txt"


@pytest.mark.parametrize("command", list(commands()), ids=" ".join)
def test_the_help_reads_as_before(command: tuple[str, ...]):
    assert help_of(command) == file_of(command).read_text(encoding="utf-8")


def test_no_help_text_is_left_of_a_command_that_went():
    assert {path.name for path in FOLDER.iterdir()} == {file_of(command).name for command in commands()}


if __name__ == "__main__":
    for path in FOLDER.iterdir():
        path.unlink()
    for command in commands():
        file_of(command).write_text(help_of(command), encoding="utf-8")
