"""Where a path leads when every link on the way is followed, as far as it can be."""

import os
from pathlib import Path


def real_path(path: Path) -> Path:
    """Return the path without links; links that go in a circle, at which `Path.resolve` stops, stay in it."""
    return Path(os.path.realpath(path))
