import sys

import pytest

from doctorsun.bench.startup import median_wall_s
from doctorsun.errors import MachineError


def test_median_is_a_time() -> None:
    assert median_wall_s([sys.executable, "-S", "-c", "pass"], num_runs=1) > 0


def test_command_that_fails_is_named_with_its_last_words() -> None:
    with pytest.raises(MachineError, match=r"cannot time .*: got exit status 3: worse, expected exit status 0; run"):
        median_wall_s([sys.executable, "-S", "-c", "import sys; sys.stderr.write('worse'); sys.exit(3)"], num_runs=1)
