"""The files that the images of a task may stand in, as one hash: another where an image was replaced."""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from doctorsun.data.draft.survey import PICTURES, VOLUMES

_ENDINGS = (*PICTURES, *VOLUMES, ".zip")


def images_sha256(folder: Path, without: Path) -> str:
    """Return a hash of the names, sizes and times of change of all pictures, volumes and zip archives below a folder.

    Args:
        folder: where a task's images are looked for; hidden folders are left out.
        without: a folder that is left out, too, such as that of the answers.
    """
    listed = sorted(_files(folder, without.resolve()))
    return hashlib.sha256(json.dumps(listed).encode()).hexdigest()


def _files(root: Path, without: Path) -> Iterator[tuple[str, int, int]]:
    walked = {without, root.resolve()}  # links to folders are followed, each once
    for folder, folders, names in os.walk(root, followlinks=True):
        real = {each: Path(folder, each).resolve() for each in sorted(folders) if not each.startswith(".")}
        folders[:] = [each for each, path in real.items() if path not in walked]
        walked.update(real.values())
        for name in names:
            path = Path(folder, name)
            if name.lower().endswith(_ENDINGS) and path.is_file():
                facts = path.stat()
                yield path.relative_to(root).as_posix(), facts.st_size, facts.st_mtime_ns
