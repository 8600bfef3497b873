"""Where weights are: in a folder of weights, or in a run folder that holds one; nothing heavy is imported."""

import hashlib
from pathlib import Path

from doctorsun.errors import RequestError, WeightsError
from doctorsun.storage.atomic import sha256_file
from doctorsun.storage.sums import SUMS, read_sums

CALIBRATION = "calibration.json"
"""File beside weights that tells how far the likelihoods of options can be believed."""
EXPECTED = "a finished run, or a folder of weights"


def find_weights(path: Path, *, expected: str = EXPECTED) -> Path:
    """Return the folder of weights that a path names: the weights of a run, or the folder itself.

    Args:
        path: a run folder or a folder of weights.
        expected: what the caller takes, for the message.

    Raises:
        RequestError: there is no such folder, or the run has no weights yet.
    """
    for candidate in (path / "weights", path):
        if (candidate / "config.json").is_file():
            return candidate
    what = "unfinished run, without weights" if (path / "run.json").is_file() else "no weights"
    raise RequestError(
        f"{path}",
        got=what if path.exists() else "no such folder",
        expected=expected,
        do="finish it with 'doctorsun run', or name another folder",
    )


def revision_of(folder: Path) -> str:
    """Return 16 hexadecimal digits that name these weights: a hash over the hashes of their files.

    Raises:
        WeightsError: a file is not what the folder's SHA256SUMS says.
    """
    digest, sums = hashlib.sha256(), read_sums(folder)
    for path in sorted([*folder.glob("*.safetensors"), folder / "config.json", folder / "tokenizer.json"]):
        found = sha256_file(path)
        if found != sums.get(path.name, found):
            do = f"copy the folder again; where you meant to change it, remove its {SUMS}"
            raise WeightsError(f"{path} is not what {SUMS} says", got=found, expected=sums[path.name], do=do)
        digest.update(f"{path.name} {found}\n".encode())
    return digest.hexdigest()[:16]
