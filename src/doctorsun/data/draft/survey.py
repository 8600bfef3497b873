"""Survey: the files of a folder, and the patterns that their paths follow."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path, PurePosixPath

from doctorsun.config.data import Split
from doctorsun.errors import DataError

MAX_FILES = 50_000
MAX_CLASSES = 500
PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".dcm")
VOLUMES = (".nii", ".nii.gz", ".nrrd", ".mha", ".mhd")
SPLITS: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}


@dataclass(frozen=True)
class Survey:
    """The files of a folder, by their paths below it.

    Attributes:
        files: sorted; at most `MAX_FILES`.
        is_whole: whether there are no more.
    """

    root: Path
    files: tuple[str, ...]
    is_whole: bool

    def with_suffix(self, *suffixes: str) -> list[str]:
        """Return the files whose name ends so, in whatever case."""
        return [name for name in self.files if name.lower().endswith(suffixes)]

    @cached_property
    def pictures(self) -> list[str]:
        """The picture files."""
        return self.with_suffix(*PICTURES)

    @cached_property
    def volumes(self) -> list[str]:
        """The volume files."""
        return self.with_suffix(*VOLUMES)


def survey(root: Path) -> Survey:
    """Look at a folder.

    Raises:
        DataError: it is not there or holds no file.
    """
    if not root.is_dir():
        raise DataError(f"{root}", got="no such folder", expected="the folder of a data set", do="check the path")
    files = sorted(islice(_files(root), MAX_FILES + 1))
    if not files:
        raise DataError(f"{root}", got="no file in it", expected="the files of a data set", do="check the path")
    return Survey(root, tuple(files[:MAX_FILES]), len(files) <= MAX_FILES)


def stem(name: str) -> str:
    """Return the name of a file without its folders and its suffix, of which ``.nii.gz`` is one."""
    last = PurePosixPath(name).name
    return last[: -len(".nii.gz")] if last.lower().endswith(".nii.gz") else PurePosixPath(last).stem


def suffix(name: str) -> str:
    """Return the suffix of a file, as it is spelt."""
    return PurePosixPath(name).name[len(stem(name)) :]


def pattern_with_classes(names: Sequence[str]) -> tuple[str, list[str]]:
    """Return the pattern of files at one depth, and their classes: their folders, where several files share one.

    The pattern names the class ``{label}`` where there are classes.
    """
    pattern = pattern_of(names, ["{label}"])
    labels = sorted({name.split("/")[-2] for name in names}) if "{label}" in pattern else []
    if len(labels) > min(MAX_CLASSES, len(names) // 2):  # a folder for each file
        return pattern.replace("{label}", "*"), []
    return pattern, labels


def split_values(names: Iterable[str]) -> dict[str, Split] | None:
    """Return what folder names mean as splits; None where one of them is no split."""
    values: dict[str, Split] = {}
    for name in sorted(names):
        if name.lower() not in SPLITS:
            return None
        values[name] = SPLITS[name.lower()]
    return values


def commonest_depth(names: Sequence[str]) -> list[str]:
    """Return the files at the depth at which most of them lie."""
    depths = Counter(name.count("/") for name in names)
    depth = max(depths, key=lambda each: (depths[each], -each))
    return [name for name in names if name.count("/") == depth]


def pattern_of(names: Sequence[str], parts: Sequence[str] = ()) -> str:
    """Return the path pattern of files at one depth.

    Args:
        names: their paths.
        parts: what the folders of each level are called where there are several: the last levels' names last; a
            level without a name becomes ``*``. Folders that are splits become ``{split}`` by themselves.
    """
    levels = list(zip(*(name.split("/")[:-1] for name in names), strict=True))
    called = ["*"] * (len(levels) - len(parts)) + list(parts)
    pattern: list[str] = []
    for level, part in zip(levels, called[-len(levels) :] if levels else [], strict=True):
        folders = set(level)
        is_split = split_values(folders) is not None and len(folders) > 1
        pattern.append(folders.pop() if len(folders) == 1 else "{split}" if is_split else part)
    suffixes = {suffix(name) for name in names}
    return "/".join([*pattern, "{name}" + (suffixes.pop() if len(suffixes) == 1 else ".*")])


def _files(root: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith("."):
                yield Path(folder, name).relative_to(root).as_posix()
