import os
from pathlib import Path

import pytest

from doctorsun.storage.hub.checked import NAME, Checked
from hubs.both import FILES, World

BIG = "model.safetensors"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "a.bin").write_bytes(b"abc")
    return tmp_path / "a.bin"


def test_a_file_that_was_compared_is_remembered(file: Path):
    checked = Checked(file.parent)
    assert not checked.holds(file, "1")
    checked.note(file, "1")
    assert checked.holds(file, "1")
    assert not checked.holds(file, "2")


def test_several_files_are_remembered(file: Path):
    checked, other = Checked(file.parent), file.with_name("b.bin")
    other.write_bytes(b"b")
    checked.note(file, "1")
    checked.note(other, "2")
    assert checked.holds(file, "1")
    assert checked.holds(other, "2")


def test_a_file_that_was_changed_since_is_not(file: Path):
    checked = Checked(file.parent)
    checked.note(file, "1")
    file.write_bytes(b"abcd")
    assert not checked.holds(file, "1")
    checked.note(file, "1")
    os.utime(file, ns=(0, 0))
    assert not checked.holds(file, "1")


@pytest.mark.parametrize("notes", ["", "{", "[]", "3"])
def test_damaged_notes_are_none(file: Path, notes: str):
    (file.parent / NAME).write_text(notes)
    assert not Checked(file.parent).holds(file, "1")
    Checked(file.parent).note(file, "1")
    assert Checked(file.parent).holds(file, "1")


def test_a_cache_that_cannot_be_written_does_without(file: Path):
    Checked(file).note(file, "1")  # a file where the folder should be
    assert not Checked(file).holds(file, "1")


def test_a_pull_reads_a_file_once(world: World):
    folder = world.pull()
    place, facts = (folder / BIG).resolve(), (folder / BIG).stat()
    place.write_bytes(FILES[BIG][::-1])
    os.utime(place, ns=(facts.st_atime_ns, facts.st_mtime_ns))  # as if nothing had happened
    assert (world.pull() / BIG).read_bytes() == FILES[BIG][::-1]
    os.utime(place, ns=(0, 0))
    assert (world.pull() / BIG).read_bytes() == FILES[BIG]
