"""Where things lie that can be made or fetched again: one folder, of this user."""

import os
from pathlib import Path

CACHE, CACHE_VARIABLE = "~/.cache/doctorsun", "DOCTORSUN_CACHE"


def cache_folder() -> Path:
    """Return the folder that DOCTORSUN_CACHE names, else ``~/.cache/doctorsun``."""
    return Path(os.environ.get(CACHE_VARIABLE) or CACHE).expanduser()
