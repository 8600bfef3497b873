"""What all tests share: no network, few threads, repeatable examples, checked array shapes, the place of real data."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings
from jaxtyping import install_import_hook

os.environ |= {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_XET": "1",  # the loopback hub keeps large files as Git LFS does
    "TRANSFORMERS_OFFLINE": "1",
    "MPLBACKEND": "Agg",
    "OMP_NUM_THREADS": "2",  # the tests are sized for two cores
    "TOKENIZERS_PARALLELISM": "false",
}

SHAPES_ARE_CHECKED = ("processor", "model", "train", "generate.cache", "generate.network", "generate.sampling")
install_import_hook([f"doctorsun.{module}" for module in SHAPES_ARE_CHECKED], "beartype.beartype")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as shells start what runs in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real data sets that ``DOCTORSUN_TEST_DATA`` names; without it the test is skipped."""
    folder = os.environ.get("DOCTORSUN_TEST_DATA")
    if not folder:
        pytest.skip("DOCTORSUN_TEST_DATA does not name a folder with real data sets")
    return Path(folder)
