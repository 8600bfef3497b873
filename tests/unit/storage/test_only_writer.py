"""One process at a time writes a new folder: a second one is refused, and a killed one is in nobody's way."""

import subprocess
import sys
from pathlib import Path

import pytest

from doctorsun.errors import DataError
from doctorsun.storage.only_writer import only_writer

HOLD = """
import sys
from pathlib import Path
from doctorsun.storage.only_writer import only_writer
with only_writer(Path(sys.argv[1]), "import"):
    print("locked", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_is_refused_until_the_first_is_dead(tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    command = [sys.executable, "-c", HOLD, str(out)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"locked\n"
        expected = r"another import is writing .*out: got a process at work, expected one at a time; wait for it, or"
        with pytest.raises(DataError, match=expected), only_writer(out, "import"):
            pytest.fail("two writers")
        holder.kill()
    with only_writer(out, "import"):
        assert [path.name for path in out.parent.iterdir()] == [".out.lock"]
    assert not list(out.parent.iterdir())


def test_what_is_there_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(DataError, match="got something that is already there"), only_writer(tmp_path / "out", "import"):
        pytest.fail("nothing may be there")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    expected = r"cannot write .*out: got File exists; check the folder"
    with pytest.raises(DataError, match=expected), only_writer(tmp_path / "file" / "out", "pull"):
        pytest.fail("there is no such folder")
