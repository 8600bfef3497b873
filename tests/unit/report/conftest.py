from pathlib import Path

import pytest
from fake_evaluation import write_fake_evaluation
from fake_run import write_fake_run


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that is done; tests only read it, or write its report."""
    return write_fake_run(tmp_path_factory.mktemp("runs") / "tiny")


@pytest.fixture
def begun_run(tmp_path: Path) -> Path:
    """A run in the middle of its last stage, before any evaluation."""
    return write_fake_run(tmp_path / "tiny", is_finished=False, num_steps=12, num_images=3)


@pytest.fixture(scope="session")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An evaluation folder; tests only read it, or write its report."""
    return write_fake_evaluation(tmp_path_factory.mktemp("evaluations") / "out")
