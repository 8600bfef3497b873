import os
import stat
from pathlib import Path

import pytest

from doctorsun.errors import RecipeError
from doctorsun.serve.state import default_state, state_folder


def test_a_new_folder_is_closed_to_others(tmp_path: Path) -> None:
    with state_folder(tmp_path / "a/state") as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_one_server_at_a_time_holds_it(tmp_path: Path) -> None:
    with state_folder(tmp_path), pytest.raises(RecipeError) as error:
        state_folder(tmp_path).__enter__()
    assert error.value.text() == (
        f"state folder {tmp_path}: got one that another server uses, expected one for each server;"
        " name another with --state"
    )
    with state_folder(tmp_path):
        pass


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RecipeError, match=r"got (Not a directory|File exists), expected a folder that can be written"):
        state_folder(tmp_path / "file").__enter__()


@pytest.mark.parametrize(
    ("environ", "expected"),
    [({"XDG_STATE_HOME": "/var/x"}, "/var/x/doctorsun/serve"), ({}, "~/.local/state/doctorsun/serve")],
    ids=["named", "usual"],
)
def test_where_the_state_is_when_nobody_says(environ: dict[str, str], expected: str) -> None:
    assert default_state(environ) == Path(os.path.expanduser(expected))  # noqa: PTH111 (its result is what is wanted)
