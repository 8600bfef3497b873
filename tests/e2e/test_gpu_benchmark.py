import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "gpu" / "train_step.py"


@pytest.mark.slow  # processes of their own
@pytest.mark.parametrize("stage", ["align", "instruct"])
def test_the_benchmark_of_one_gpu_runs_at_a_small_shape_without_one(stage: str, tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    options = ["--shape", "micro", "--stages", stage, "--off", "none", "packing", "--out", str(out)]
    subprocess.run([sys.executable, str(SCRIPT), *options], check=True, capture_output=True)
    rows = json.loads(out.read_text(encoding="utf-8"))["rows"]
    assert [row.get("error") for row in rows] == [None, None]
    assert all(row["tokens_per_s"] > 0 and row["share_of_ceiling"] > 0 for row in rows)
