"""A run on a disk that is really full: it says so, keeps its last checkpoint, and goes on where there is room again."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from real_command import ENVIRONMENT, Done

from doctorsun.storage.atomic import sha256_file

# The disk is a tmpfs in a mount namespace of its own: root is not needed, and nothing is left of it afterwards.
NAMESPACE = ["unshare", "--map-root-user", "--mount"]
SMALL, LARGE = "12m", "100m"  # some save of the last stage does not fit the small one
SCRIPT = f"""
run() {{ "$2" -m doctorsun run micro --out "$1/disk/run" $3 > "$1/$4.out" 2> "$1/$4.err"; echo $? > "$1/$4.status"; }}
mount -t tmpfs -o size={SMALL} tmpfs "$1/disk" || exit
run "$@" small
(cd "$1/disk/run/stages/instruct/checkpoints" && ls -A) > "$1/saved"
mount -o remount,size={LARGE} "$1/disk"
run "$@" large
cp "$1/disk/run/weights/model.safetensors" "$1"
"""


@pytest.mark.slow  # two runs
@pytest.mark.parametrize("in_background", ["false", "true"])
def test_a_full_disk_is_told_and_the_run_goes_on_after_its_last_checkpoint(
    micro: tuple[Path, Done], tmp_path: Path, in_background: str
) -> None:
    if subprocess.run([*NAMESPACE, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount")
    (tmp_path / "disk").mkdir()
    settings = f"--set stages.instruct.save_in_background={in_background}"
    command = [*NAMESPACE, "sh", "-c", SCRIPT, "sh", str(tmp_path), sys.executable, settings]
    subprocess.run(command, check=True, env=ENVIRONMENT)
    told = {
        path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir() if path.suffix in {".err", ".status"}
    }
    assert told["small.status"] == "3\n"
    assert told["small.err"].startswith("error: no room on the disk for ")
    assert "/run/stages/instruct/checkpoints/" in told["small.err"]
    saved = (tmp_path / "saved").read_text().splitlines()
    assert saved
    assert all(re.fullmatch(r"step-\d", name) for name in saved)  # and nothing half written
    assert (told["large.status"], told["large.err"]) == ("0\n", "")
    assert sha256_file(tmp_path / "model.safetensors") == sha256_file(micro[0] / "weights/model.safetensors")
