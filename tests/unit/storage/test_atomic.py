"""Atomic files and folders: complete or not there."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from doctorsun.errors import DataError, MachineError
from doctorsun.storage.atomic import (
    atomic_folder,
    disk_errors,
    require_free,
    sha256_file,
    unfinished_path,
    write_bytes,
    write_json,
    write_text,
)


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "notes.txt"
    write_text(path, "one")
    write_text(path, "二")
    assert path.read_bytes() == "二".encode()
    assert [entry.name for entry in path.parent.iterdir()] == ["notes.txt"]


def test_equal_content_gives_equal_json(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"b": 1, "a": {"d": "肺", "c": None}})
    write_json(tmp_path / "b.json", {"a": {"c": None, "d": "肺"}, "b": 1})
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert json.loads((tmp_path / "a.json").read_text())["a"]["d"] == "肺"


def test_sha256_of_a_file(tmp_path: Path) -> None:
    write_bytes(tmp_path / "abc", b"abc")
    assert sha256_file(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_file_below_a_file_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(
        DataError, match=r"cannot write .*file/inner: got (Not a directory|File exists); check the folder"
    ):
        write_bytes(tmp_path / "file" / "inner", b"x")


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    with atomic_folder(tmp_path / "step-1") as folder:
        (folder / "inner").mkdir()
        (folder / "inner" / "weights").write_bytes(b"w")
        assert not (tmp_path / "step-1").exists()
    assert (tmp_path / "step-1" / "inner" / "weights").read_bytes() == b"w"
    assert [entry.name for entry in tmp_path.iterdir()] == ["step-1"]


def test_a_folder_whose_writing_fails_does_not_appear(tmp_path: Path) -> None:
    def fail() -> None:
        with atomic_folder(tmp_path / "step-1") as folder:
            (folder / "weights").write_bytes(b"w")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert not list(tmp_path.iterdir())


def test_what_a_killed_run_left_of_a_folder_is_not_kept(tmp_path: Path) -> None:
    left = unfinished_path(tmp_path / "step-1")
    left.mkdir()
    (left / "half").touch()
    with atomic_folder(tmp_path / "step-1") as folder:
        (folder / "whole").touch()
    assert [entry.name for entry in (tmp_path / "step-1").iterdir()] == ["whole"]


def test_a_folder_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "step-1").mkdir()
    with (
        pytest.raises(DataError, match=r"cannot write .*step-1: got something that is already there; remove it"),
        atomic_folder(tmp_path / "step-1"),
    ):
        pass


def test_a_full_disk_is_named_and_the_old_file_stays(tmp_path: Path) -> None:
    write_bytes(tmp_path / "file", b"old")
    script = """
        import resource, sys
        from pathlib import Path
        from doctorsun.errors import MachineError
        from doctorsun.storage.atomic import atomic_folder, write_bytes
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        path = Path(sys.argv[1])
        try:
            write_bytes(path / "file", bytes(2000))
        except MachineError as error:
            print(error)
        try:
            with atomic_folder(path / "folder") as folder:
                (folder / "inner").write_bytes(bytes(2000))
        except MachineError as error:
            print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(tmp_path)], capture_output=True, text=True, check=True
    )
    first, second = done.stdout.splitlines()
    assert first.startswith(f"no room on the disk for {tmp_path / 'file'}: got File too large; free some space")
    assert second.startswith(f"no room on the disk for {tmp_path / 'folder'}: got File too large")
    assert (tmp_path / "file").read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("number", [28, 122, 27])
def test_full_disk_quota_and_file_size_are_machine_errors(number: int) -> None:
    with pytest.raises(MachineError, match="no room on the disk"), disk_errors(Path("x")):
        raise OSError(number, "full")


@pytest.mark.parametrize(("number", "reason"), [(5, "Input/output error"), (30, "Read-only file system")])
def test_a_disk_that_fails_or_takes_nothing_is_a_machine_error(number: int, reason: str) -> None:
    message = rf"cannot write x: got {reason}; look at the disk, or name a folder on another"
    with pytest.raises(MachineError, match=message), disk_errors(Path("x")):
        raise OSError(number, reason)


def test_a_place_is_free_where_nothing_is(tmp_path: Path) -> None:
    require_free(tmp_path / "out")
    with pytest.raises(DataError, match=r"cannot write .*: got something that is already there; remove it or name"):
        require_free(tmp_path)


def test_a_link_that_leads_nowhere_is_something(tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to("nowhere")
    with pytest.raises(
        DataError, match=r"cannot write .*out: got a link that leads nowhere; remove it or name another"
    ):
        require_free(tmp_path / "out")
    (tmp_path / "out").unlink()
    (tmp_path / "out").symlink_to("out")
    with pytest.raises(DataError, match="got a link that leads nowhere"):
        require_free(tmp_path / "out")
