"""Finding the images that records name: in folders and zip archives, by path, else by name."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath

from doctorsun.data.readers.zip_images import ZipImages
from doctorsun.errors import DataError
from doctorsun.image.file import naming, read_bytes

Location = tuple[str, str]
"""A folder or a zip archive, and the relative path in it."""
_FOREIGN = re.compile(r"/|[A-Za-z][A-Za-z0-9+.-]*:")  # an absolute path, one with a drive, or an address


@dataclass(frozen=True)
class ImageFinder:
    """Folders and archives, searched in their order; small enough to be sent to other processes.

    Attributes:
        places: folders and zip archives; archives that lie in a folder are searched after it.
        remap: beginnings of paths in the records, and what stands there instead; the longest that fits is taken.
    """

    places: tuple[str, ...]
    remap: Mapping[str, str] = field(default_factory=dict[str, str])

    def prepare(self) -> None:
        """Look at all places before the first image is asked for.

        Raises:
            DataError: a place is not there, or is neither a folder nor a zip archive.
        """
        for place in self._searched():
            if place.endswith(".zip"):
                _archive(place)

    def find(self, name: str, num_shared: int = 0) -> tuple[Location, ...]:
        """Return where an image is: nowhere, at one place, or at several of which none can be told to be meant.

        The folders of a relative path are the data set's own: ``xmlab0/source.jpg`` is not ``xmlab1/source.jpg``. A
        path of another machine, ``/data/team/images/1.jpg``, ends as the path of its file below a place: ``1.jpg`` or
        ``images/1.jpg``, never ``scans/1.jpg``.

        Args:
            name: the path as a record has it.
            num_shared: parts at the end of a path of another machine that another one has, too; a file that no more
                parts tell from the other's is not taken.

        Raises:
            DataError: a place cannot be searched.
        """
        path = self._remapped(name)
        for place in self._searched():
            if (relative := _relative(path, place)) and _holds(place, relative):
                return ((place, relative),)
        base = PurePosixPath(path).name
        named = [(place, found) for place in self._searched() for found in _by_base_name(place).get(base, ())]
        if _FOREIGN.match(path):
            return _foreign(path, named, num_shared)
        return tuple(each for each in named if _is_end(each[1], path) or _is_end(path, each[1]))

    def is_foreign(self, name: str) -> bool:
        """Tell whether a path is one of another machine: absolute, and below none of the places."""
        path = self._remapped(name)
        is_here = path.startswith("/") and any(_relative(path, place) for place in self.places)
        return is_absolute(path) and not is_here

    def read(self, location: Location) -> bytes:
        """Return the bytes of an image.

        Raises:
            ImageError: it cannot be read.
        """
        place, relative = location
        if place.endswith(".zip"):
            return _archive(place).read(relative)
        path = Path(place) / relative
        with naming(path):
            return read_bytes(path)

    def _remapped(self, name: str) -> str:
        """Return a path with slashes, its beginning replaced as the user says."""
        path = plain_path(name)
        for old in sorted(self.remap, key=len, reverse=True):
            if path.startswith(old):
                return self.remap[old] + path[len(old) :]
        return path

    def _searched(self) -> tuple[str, ...]:
        return tuple(each for place in self.places for each in _with_archives(place))


@lru_cache(maxsize=256)
def _with_archives(place: str) -> tuple[str, ...]:
    path = Path(place)
    if path.is_dir():
        return (place, *(str(each) for each in sorted(path.glob("*.zip"))))
    if path.is_file() and place.endswith(".zip"):
        return (place,)
    got = "a file of another kind" if path.is_file() else "no such file or folder"
    raise DataError(f"images in {place}", got=got, expected="a folder or a zip archive", do="check --images")


@lru_cache(maxsize=4096)
def _archive(place: str) -> ZipImages:
    return ZipImages(Path(place))


def _relative(path: str, place: str) -> str:
    """Return a path relative to a place; nothing where it leads elsewhere."""
    if path.startswith("/"):
        folder = str(Path(place).absolute())
        if not path.startswith(f"{folder}/"):
            return ""
        path = path[len(folder) + 1 :]
    return "" if ".." in PurePosixPath(path).parts else path


def plain_path(name: str) -> str:
    """Return a path with slashes, and without what says only that it is one."""
    return name.replace("\\", "/").removeprefix("file://").removeprefix("./")


def is_absolute(path: str) -> bool:
    """Tell whether a path is absolute, has a drive, or is an address; not where it is the image itself."""
    return bool(_FOREIGN.match(path)) and not path.startswith("data:")


def _foreign(path: str, named: list[Location], num_shared: int) -> tuple[Location, ...]:
    """Return which of the files of one name a path of another machine means, by the longest path that it ends with."""
    agreeing = [(num_parts, each) for each in named if (num_parts := _num_agreeing(path, *each))]
    most = max((num_parts for num_parts, _ in agreeing), default=0)
    if most <= num_shared:
        return ()
    return tuple(named) if most == 1 else tuple(each for num_parts, each in agreeing if num_parts == most)


def _num_agreeing(path: str, place: str, found: str) -> int:
    """Return how many parts a file's path below its place has, if the other path ends so; else 0.

    An archive may hold all its files in a folder of its own name, which is none of the data set's.
    """
    own = f"{PurePosixPath(place).stem}/" if place.endswith(".zip") else ""
    for end in (found, found.removeprefix(own)):
        if _is_end(end, path):
            return len(end.split("/"))
    return 0


def _is_end(path: str, of: str) -> bool:
    return f"/{of}".endswith(f"/{path}")


def _holds(place: str, relative: str) -> bool:
    if place.endswith(".zip"):
        return relative in _archive(place)
    try:
        return (Path(place) / relative).is_file()
    except (OSError, ValueError):  # a name that is too long, or holds a NUL
        return False


@lru_cache(maxsize=4096)
def _by_base_name(place: str) -> dict[str, tuple[str, ...]]:
    """Return the relative paths of all files of a place by base name; made when a path first leads nowhere."""
    found: dict[str, tuple[str, ...]] = {}
    for relative in _members(place):
        base = relative.rpartition("/")[2]
        found[base] = (*found.get(base, ()), relative)
    return found


def _members(place: str) -> Iterator[str]:
    if place.endswith(".zip"):
        yield from _archive(place)
        return
    root = Path(place)
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        below = Path(folder).relative_to(root).as_posix()
        yield from sorted(name if below == "." else f"{below}/{name}" for name in names)
