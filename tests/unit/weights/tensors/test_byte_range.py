from pathlib import Path

import pytest

from doctorsun.errors import WeightsError
from doctorsun.weights.tensors.byte_range import first_bytes, read_bytes, read_range


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file.bin"
    path.write_bytes(bytes(range(10)))
    return path


def test_a_range_is_read_and_nothing_else(file: Path) -> None:
    assert read_range(file, 3, 4).tolist() == [3, 4, 5, 6]
    assert read_range(file, 10, 0).tolist() == []
    assert read_bytes(file, 3, 4) == bytes([3, 4, 5, 6])
    assert first_bytes(file, 2) == b"\x00\x01"


def test_a_range_behind_the_end_is_refused(file: Path) -> None:
    with pytest.raises(WeightsError, match=r"file\.bin: got an end after 10 bytes, expected 12 bytes; copy the file"):
        read_range(file, 8, 4)
    with pytest.raises(WeightsError, match=r"file\.bin: got an end after 10 bytes, expected 11 bytes; copy the file"):
        read_bytes(file, 9, 2)


def test_a_file_that_went_away_is_told(file: Path) -> None:
    file.unlink()
    with pytest.raises(WeightsError, match=r"got No such file or directory, expected a file that can be read; check"):
        read_range(file, 0, 1)
    with pytest.raises(WeightsError, match=r"got No such file or directory, expected a file that can be read; check"):
        read_bytes(file, 0, 1)
    with pytest.raises(WeightsError, match=r"file\.bin: got no such file, expected a file of tensors; name another"):
        first_bytes(file, 1)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="got something that is no file, expected a file of tensors"):
        first_bytes(tmp_path, 1)


def test_an_empty_file_is_refused(file: Path) -> None:
    file.write_bytes(b"")
    with pytest.raises(WeightsError, match="got an empty file, expected a file of tensors; copy the file again"):
        first_bytes(file, 1)


def test_a_pointer_in_place_of_the_contents_is_told(file: Path) -> None:
    file.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 16060522240\n", encoding="utf-8")
    with pytest.raises(WeightsError, match="got a pointer of Git LFS, expected the file it points to; run 'git lfs"):
        first_bytes(file, 1)
