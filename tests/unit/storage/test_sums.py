"""The hashes of a folder's files: written as sha256sum reads them, and compared."""

import subprocess
from pathlib import Path

import pytest

from doctorsun.errors import DataError
from doctorsun.storage.sums import SUMS, check_sums, write_sums


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"numbers")
    write_sums(tmp_path, {})
    return tmp_path


def add_line(folder: Path, line: str) -> None:
    with (folder / SUMS).open("a") as file:
        file.write(f"{line}\n")


def test_sums_are_read_by_sha256sum_and_by_us(folder: Path) -> None:
    command = ["sha256sum", "--strict", "-c", SUMS]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["config.json:", "OK", "model.safetensors:", "OK"]
    check_sums(folder)


def test_a_hash_that_is_known_is_not_made_again(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"numbers")
    write_sums(tmp_path, {"model.safetensors": "known", "another": "not here"})
    assert (tmp_path / SUMS).read_text() == "known  model.safetensors\n"


def test_sums_that_a_killed_process_left_are_not_listed(folder: Path) -> None:
    before = (folder / SUMS).read_text()
    (folder / f".{SUMS}.unfinished").write_text("half")
    write_sums(folder, {})
    assert (folder / SUMS).read_text() == before
    check_sums(folder)


def test_a_file_that_changed_or_went_is_told(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"another")
    expected = r"model\.safetensors has changed since SHA256SUMS was written: got [0-9a-f]{64}, ex.*; make the folder"
    with pytest.raises(DataError, match=expected):
        check_sums(folder)
    (folder / "model.safetensors").unlink()
    with pytest.raises(DataError, match=r"model\.safetensors has changed since .*: got no such file"):
        check_sums(folder)


def test_a_damaged_line_of_sums_is_told(folder: Path) -> None:
    add_line(folder, "what")
    with pytest.raises(DataError, match=r"SHA256SUMS:3: got 'what', expected a hash, two spaces and a name"):
        check_sums(folder)


def test_sums_of_binary_mode_are_read(folder: Path) -> None:
    sums = folder / SUMS
    sums.write_text(sums.read_text().replace("  ", " *"))
    check_sums(folder)
    (folder / "config.json").write_text("{ }")
    with pytest.raises(DataError, match=r"config\.json has changed"):
        check_sums(folder)


def test_a_folder_without_sums_is_not_compared(tmp_path: Path) -> None:
    check_sums(tmp_path)
