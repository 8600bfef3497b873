"""The recipe ``micro``, carried out once by the real command for all tests of whole runs."""

from pathlib import Path

import pytest
from real_command import Done, doctorsun


@pytest.fixture(scope="session")
def micro(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Done]:
    """The folder of an undisturbed run, and what the command said."""
    run = tmp_path_factory.mktemp("micro") / "run"
    return run, doctorsun("run", "micro", "--out", run)
