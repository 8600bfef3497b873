"""An export that is killed with SIGKILL in mid-run leaves nothing to be taken for it, and the next one is whole."""

import io
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage
from real_command import ENVIRONMENT, doctorsun

from doctorsun.image.raster import sound_record
from doctorsun.schema import Message, Sample, Source, image_part, text_part
from doctorsun.storage.store import StoreWriter

NUM_SAMPLES = 200
# Ends the command with SIGKILL just before its n-th operation of a kind on a file or folder at or below a path.
KILLED = """
import os, signal, sys
from doctorsun.cli.main import main
path, kind, left = sys.argv[1], sys.argv[2], int(sys.argv[3])
def killer(event, arguments):
    global left
    if event == kind and str(arguments[0]).startswith(path):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(killer)
sys.argv = ["doctorsun", *sys.argv[4:]]
main()
"""
MOMENTS = {
    "llava": (("os.mkdir", 1), ("open", 2), ("open", 150), ("os.rename", 1)),
    "messages": (("open", 150), ("os.rename", 1)),
    "webdataset": (("open", 1), ("os.rename", 1)),
    "hf": (("os.mkdir", 2), ("os.rename", 1)),
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("killed") / "store"
    with StoreWriter(folder, name="s", step={}) as writer:
        for number in range(NUM_SAMPLES):
            buffer = io.BytesIO()
            PillowImage.fromarray(np.full((4, 4), number, dtype=np.uint8)).save(buffer, "PNG")
            turns = (
                Message(role="user", content=(image_part(), text_part("这是什么?"))),
                Message(role="assistant", content=(text_part(f"第 {number} 张。"),)),
            )
            image = sound_record(buffer.getvalue(), path=f"{number}.png")
            writer.add([Sample(id=f"s{number}", messages=turns, source=Source(dataset="d"), images=(image,))])
    return folder


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
@pytest.mark.parametrize("name", MOMENTS)
def test_a_killed_export_is_never_taken_for_a_whole_one(store: Path, tmp_path: Path, name: str) -> None:
    whole, out, unfinished = tmp_path / "whole", tmp_path / "out", tmp_path / ".out.unfinished"
    export = ("data", "export", str(store), "--format", name, "--out")
    assert doctorsun(*export, whole).status == 0

    for kind, number in MOMENTS[name]:
        command = [sys.executable, "-c", KILLED, str(unfinished), kind, str(number), *export, str(out)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT)
        assert done.returncode == -signal.SIGKILL, done.stderr
        assert not out.exists()
        assert unfinished.exists() == (kind != "os.mkdir" or number > 1)

    again = doctorsun(*export, out)
    assert again.status == 0, again.errors
    assert content(out) == content(whole)
    assert len(content(out)) > 0
    assert not unfinished.exists()
