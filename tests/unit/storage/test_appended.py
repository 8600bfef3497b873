"""Files that only grow."""

from pathlib import Path

import pytest

from doctorsun.errors import DataError, MachineError
from doctorsun.storage.appended import append_line
from small_disk import files_of_at_most


def test_lines_follow_each_other_for_those_who_may_read(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    append_line(path, "one", mode=0o600)
    append_line(path, "二")
    assert path.read_text(encoding="utf-8") == "one\n二\n"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_line_that_was_cut_off_is_ended_first(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_text("one\ntw")
    append_line(path, "three")
    assert path.read_text() == "one\ntw\nthree\n"


def test_a_full_disk_takes_no_part_of_a_line(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    append_line(path, "one")
    with files_of_at_most(6), pytest.raises(MachineError, match=r"no room on the disk for .*lines: got"):
        append_line(path, "three")
    append_line(path, "two")
    assert path.read_text() == "one\ntwo\n"


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot write .*: got Is a directory"):
        append_line(tmp_path, "one")
