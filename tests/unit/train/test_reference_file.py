"""The file of log-probabilities after kills, damage and other settings."""

from pathlib import Path

import pytest

from doctorsun.train.reference_file import ReferenceFile


def written(path: Path, settings: str = "s") -> ReferenceFile:
    file = ReferenceFile(path, settings)
    file.read()
    file.add({"a": [-1.25, -0.1], "b": [-3.0]})
    file.close_plan("p", [[0, 3, "sample-3", "damaged"]])
    return file


def test_what_was_written_is_read_to_the_last_digit(tmp_path: Path) -> None:
    file = written(tmp_path / "stage/reference.jsonl")
    assert file.read() == ({"a": (-1.25, -0.1), "b": (-3.0,)}, {"p": [[0, 3, "sample-3", "damaged"]]})


def test_other_settings_begin_anew(tmp_path: Path) -> None:
    written(tmp_path / "reference.jsonl")
    assert ReferenceFile(tmp_path / "reference.jsonl", "other").read() == ({}, {})
    assert ReferenceFile(tmp_path / "reference.jsonl", "s").read() == ({}, {})


@pytest.mark.parametrize("cut", [2, 10, 40])
def test_half_a_line_is_removed_and_the_file_goes_on(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "reference.jsonl"
    file = written(path)
    path.write_bytes(path.read_bytes()[:-cut])
    reference, plans = file.read()
    assert (reference, plans) == ({"a": (-1.25, -0.1), "b": (-3.0,)}, {})
    file.add({"c": [-2.0]})
    assert file.read()[0] == {**reference, "c": (-2.0,)}


def test_a_damaged_line_is_measured_again(tmp_path: Path) -> None:
    path = tmp_path / "reference.jsonl"
    file = written(path)
    first, _, *others = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([first, b'{"key": \xff', b'{"key": 3}', b"[]", *others]))
    assert file.read()[0] == {"b": (-3.0,)}


@pytest.mark.parametrize("content", [b"", b"\n", b"\x00\xff", b"[]\n"])
def test_a_file_that_says_nothing_is_begun_anew(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "reference.jsonl"
    path.write_bytes(content)
    assert ReferenceFile(path, "s").read() == ({}, {})
    assert written(path).read()[0]["b"] == (-3.0,)
