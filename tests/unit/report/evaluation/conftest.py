from pathlib import Path

import pytest
from fake_evaluation import write_fake_evaluation


@pytest.fixture(scope="session")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An evaluation folder; tests only read it, or write its report."""
    return write_fake_evaluation(tmp_path_factory.mktemp("evaluations") / "out")
