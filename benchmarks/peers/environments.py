"""The virtual environments of the peers: made once below a folder of the user's, with exact versions."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

TORCH = "torch==2.13.0"
PINS: Mapping[str, Sequence[str]] = {
    "hf_trainer": (TORCH, "transformers==5.23.0", "accelerate==1.15.0", "datasets==5.2.0", "pillow", "numpy"),
    "trl_sft": (
        TORCH, "transformers==5.23.0", "trl==1.16.0", "accelerate==1.15.0", "peft==0.21.2", "datasets==5.2.0", "pillow"
    ),
    "ms_swift": (
        TORCH, "ms-swift==4.6.0", "transformers==5.18.0", "trl==0.29.1", "peft==0.20.0", "datasets==4.8.4",
        "accelerate==1.15.0", "pillow",
    ),
}  # fmt: skip


class CannotInstallError(Exception):
    """An environment of a peer cannot be made; the text is what pip said."""


def interpreter(peer: str, folder: Path) -> Path:
    """Return the Python of a peer's environment, which is made where it is not there.

    Raises:
        CannotInstallError: pip refuses.
    """
    environment, done = folder / peer, folder / f"{peer}.json"
    python = environment / "bin" / "python"
    if done.exists() and json.loads(done.read_text(encoding="utf-8")) == list(PINS[peer]):
        return python
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(environment)], check=True)  # noqa: S603 (ours)
    command = [str(python), "-m", "pip", "install", "--quiet", *PINS[peer]]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (ours)
    if answer.returncode:
        errors = [line for line in answer.stderr.splitlines() if "error" in line.lower()]
        raise CannotInstallError(" ".join(errors)[-600:] or answer.stderr[-600:])
    done.write_text(json.dumps(list(PINS[peer])), encoding="utf-8")
    return python
