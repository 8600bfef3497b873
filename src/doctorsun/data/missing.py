"""The images that a store names but does not hold: a list to get them by."""

import csv
import io

from doctorsun.data.readers.image_finder import is_absolute, plain_path
from doctorsun.storage.atomic import write_text
from doctorsun.storage.store import Store

MISSING_IMAGES = "missing_images.csv"


def report_missing(store: Store) -> int:
    """Write ``missing_images.csv`` beside a complete store: sample and path of every image that is a reference only.

    Beside a path of another machine stands the rule that leads to it: what to give as ``--remap``, with the right
    folder in the place of DIR. A store that lacks no image has no such file; one from an earlier, poorer store in its
    place is removed.

    Returns:
        How many images are missing; one that several samples show counts once.

    Raises:
        DataError: the store is damaged, or the file cannot be written.
        MachineError: the disk is full.
    """
    path = store.folder / MISSING_IMAGES
    rows = store.rows_without_images()
    if not rows:
        path.unlink(missing_ok=True)
        return 0
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("sample", "path", "remap"))
    missing: set[str] = set()
    for row in rows:
        sample = store[row]
        paths = [image.path for image in sample.images if image.bytes is None]
        table.writerows((sample.id, each, _remap(each)) for each in paths)
        missing.update(paths)
    write_text(path, text.getvalue())
    return len(missing)


def _remap(path: str) -> str:
    """Return the rule of a path of another machine: its folder, and what is to stand there instead."""
    plain = plain_path(path)
    return f"{plain.rpartition('/')[0]}/=DIR/" if is_absolute(plain) else ""
