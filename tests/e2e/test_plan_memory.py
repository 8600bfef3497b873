"""What ``plan`` foretells of memory, against what real training takes: the most that its process ever had resident."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "plan_memory.py"
TOLERANCE = 0.15


@pytest.mark.slow  # processes of their own
@pytest.mark.parametrize("kind", ["align", "instruct", "lora", "preference"])
def test_the_peak_is_foretold(kind: str, tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    subprocess.run([sys.executable, str(SCRIPT), "--kinds", kind, "--out", str(out)], check=True, capture_output=True)
    rows = json.loads(out.read_text(encoding="utf-8"))["rows"]
    assert [row["precision"] for row in rows] == ["fp32", "bf16"]
    for row in rows:
        assert row["foretold_gib"] == pytest.approx(row["measured_gib"], rel=TOLERANCE), row
