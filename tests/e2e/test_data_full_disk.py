"""Curation and de-identification on a disk that is really full: they say so, and go on where there is room again."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file
from real_command import ENVIRONMENT, doctorsun

from raw_store import write_raw_store

# The disk is a tmpfs in a mount namespace of its own: root is not needed, and nothing is left of it afterwards. It
# grows from run to run; the last size holds everything.
NAMESPACE = ["unshare", "--map-root-user", "--mount"]
SCRIPT = """
folder="$1"; python="$2"; sizes="$3"; shift 3
mount -t tmpfs -o size=20m tmpfs "$folder/disk" || exit
for size in $sizes; do
  mount -o remount,size=$size "$folder/disk"
  "$python" -m doctorsun data "$@" --out "$folder/disk/out" > /dev/null 2> "$folder/$size.err"
  echo $? > "$folder/$size.status"
  (cd "$folder/disk" && find out -type f) > "$folder/$size.files"
done
cp -r "$folder/disk/out" "$folder/grown"
"""


def on_growing_disk(folder: Path, sizes: list[str], *arguments: str | Path) -> None:
    if subprocess.run([*NAMESPACE, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount")
    (folder / "disk").mkdir()
    command = [*NAMESPACE, "sh", "-c", SCRIPT, "sh", folder, sys.executable, " ".join(sizes), *arguments]
    subprocess.run(list(map(str, command)), check=True, env=ENVIRONMENT)
    for size in sizes[:-1]:
        told = (folder / f"{size}.err").read_text("utf-8")
        assert (folder / f"{size}.status").read_text() == "3\n", (size, told)
        assert told.splitlines()[-1].startswith(f"error: no room on the disk for {folder}/disk/out"), size
        assert "Traceback" not in told
        assert ".unfinished" not in (folder / f"{size}.files").read_text(), size
    assert (folder / f"{sizes[-1]}.status").read_text() == "0\n", (folder / f"{sizes[-1]}.err").read_text()


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow  # a process for each size
def test_curation_goes_on_when_there_is_room_again(tmp_path: Path) -> None:
    raw, whole = tmp_path / "raw", tmp_path / "whole"
    write_raw_store(raw)
    assert doctorsun("data", "curate", raw, "--out", whole).status == 0
    on_growing_disk(tmp_path, ["16k", "80k", "160k", "200k", "260k", "10m"], "curate", raw)
    assert content(tmp_path / "grown") == content(whole)


@pytest.mark.slow  # a process for each size
def test_de_identification_goes_on_when_there_is_room_again(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(8):
        shutil.copy(get_testdata_file("MR_small.dcm"), tmp_path / "in" / f"{number}.dcm")
    deid = ("deid", tmp_path / "in", "--key", tmp_path / "key", "--without-ocr")
    assert doctorsun("data", *deid, "--out", tmp_path / "whole").status == 0
    on_growing_disk(tmp_path, ["8k", "36k", "60k", "10m"], *deid)
    assert content(tmp_path / "grown") == content(tmp_path / "whole")
    assert sum(name.endswith(".dcm") for name in content(tmp_path / "grown")) == 8
