"""Curation on a real local Ray cluster of two processes gives the bytes of one process, and stays quiet."""

import os
from pathlib import Path

import pytest
from real_command import doctorsun

from raw_store import write_raw_store


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow  # a cluster takes some ten seconds to begin
def test_ray_and_one_process_write_the_same_store(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="needs the extra cluster")
    assert "RAY_ADDRESS" not in os.environ
    write_raw_store(tmp_path / "raw")
    curate = ("data", "curate", tmp_path / "raw", "--out")
    on_ray = doctorsun(*curate, tmp_path / "ray", "--runner", "ray", "--workers", "2")
    assert on_ray.status == 0, on_ray.errors
    assert doctorsun(*curate, tmp_path / "local").status == 0
    assert content(tmp_path / "ray") == content(tmp_path / "local")
    assert all(line.startswith("data ") for line in on_ray.errors.splitlines()), on_ray.errors


@pytest.mark.slow
def test_an_error_on_ray_is_that_of_the_phase(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="needs the extra cluster")
    raw = write_raw_store(tmp_path / "raw").folder
    shard = raw / "shards/00002.parquet"
    shard.write_bytes(shard.read_bytes()[:-40])
    done = doctorsun("data", "curate", raw, "--out", tmp_path / "out", "--runner", "ray", "--workers", "2")
    assert done.status == 4, done.errors
    assert f"error: shard {shard} is damaged: " in done.errors
    assert "Traceback" not in done.errors
