"""Files that are whole, and those that are not."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import save_file

from doctorsun.storage.soundness import what_is_wrong


@pytest.fixture(params=["a.parquet", "a.safetensors", "a.json"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / request.param
    match path.suffix:
        case ".parquet":
            pq.write_table(pa.table({"a": [1, 2]}), path)
        case ".safetensors":
            save_file({"a": np.zeros(9)}, path)
        case _:
            path.write_text("{}")
    return path


def test_a_whole_file_has_nothing_wrong(file: Path) -> None:
    assert what_is_wrong(file, file.stat().st_size) == ""


def test_a_missing_file_and_another_size_are_told(file: Path) -> None:
    assert what_is_wrong(file.with_name("none"), 3) == "no such file"
    assert what_is_wrong(file.parent, 3) == "no such file"
    assert what_is_wrong(file, 12_345) == f"{file.stat().st_size:,} bytes in place of 12,345"


@pytest.mark.parametrize("name", ["a.parquet", "a.safetensors"])
def test_a_file_of_the_right_size_that_cannot_be_opened_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"x" * 500)
    assert what_is_wrong(tmp_path / name, 500).startswith("unreadable (")
