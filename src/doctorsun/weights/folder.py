"""Where weights are: in a folder of weights, or in a run folder that holds one; nothing heavy is imported."""

from pathlib import Path

from doctorsun.errors import RequestError

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
