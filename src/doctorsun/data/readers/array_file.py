"""Arrays in files (.npy, .npz, .h5), an item at a time: what is not asked for is never in memory."""

import zipfile
import zlib
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from doctorsun.errors import DataError
from doctorsun.image.libraries import optional_library

SUFFIXES = (".npy", ".npz", ".h5", ".hdf5")


class Items(Protocol):
    """An array of items along its first axis."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the whole array."""
        ...

    def __getitem__(self, index: int) -> Any:
        """Return one item."""
        ...


def array_names(path: Path) -> list[str]:
    """Return the names of a file's arrays in order; a .npy file has one without a name.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        match path.suffix:
            case ".npz":
                with zipfile.ZipFile(path) as archive:
                    return [name.removesuffix(".npy") for name in archive.namelist()]
            case ".h5" | ".hdf5":
                with optional_library("h5py", needed_for="HDF5 files", extra="hdf5").File(path) as file:
                    return [name for name in file if hasattr(file[name], "shape")]
            case _:
                return [""]
    except (OSError, zipfile.BadZipFile) as error:
        raise _unreadable(path, error) from error


@lru_cache(maxsize=16)
def open_array(path: Path, name: str) -> Items:
    """Open an array; the last ones stay open.

    Raises:
        DataError: the file cannot be read, is of no known kind, or has no such array or one of Python objects.
    """
    if path.suffix not in SUFFIXES:
        raise DataError(f"{path}", got=f"a file of kind '{path.suffix}'", expected="arrays: " + ", ".join(SUFFIXES))
    if name not in (known := array_names(path)):
        raise DataError(f"{path}", got=f"no array '{name}'", expected="one of " + ", ".join(known))
    try:
        match path.suffix:
            case ".npz":
                return _NpzArray(path, name)
            case ".npy":
                array: Items = np.load(path, mmap_mode="r", allow_pickle=False)
                return array
            case _:
                return optional_library("h5py", needed_for="HDF5 files", extra="hdf5").File(path)[name]
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise _unreadable(path, error) from error


def item_of(path: Path, name: str, index: int) -> NDArray[Any]:
    """Return one item of an array.

    Raises:
        DataError: as of `open_array`, or the file is damaged where the item lies.
    """
    try:
        return np.asarray(open_array(path, name)[index])
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise _unreadable(path, error) from error


class _NpzArray:
    """An array of an archive, read forward: going back unpacks it from its start again."""

    def __init__(self, path: Path, name: str) -> None:
        self._file = zipfile.ZipFile(path).open(f"{name}.npy")  # noqa: SIM115 (stays open with this object)
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }.get(np.lib.format.read_magic(self._file))
        if read_header is None:
            raise ValueError("an array of a newer format")
        self.shape, is_fortran, self._dtype = read_header(self._file)
        if self._dtype.hasobject or (is_fortran and len(self.shape) > 1):
            raise ValueError("Python objects" if self._dtype.hasobject else "an array in Fortran order")
        self._start = self._file.tell()

    def __getitem__(self, index: int) -> NDArray[Any]:
        shape = self.shape[1:]
        num_bytes = int(np.prod(shape)) * self._dtype.itemsize
        self._file.seek(self._start + index * num_bytes)
        data = self._file.read(num_bytes)
        if len(data) < num_bytes:
            raise EOFError("the array ends early")
        return np.frombuffer(data, dtype=self._dtype).reshape(shape)


def _unreadable(path: Path, error: Exception) -> DataError:
    return DataError(f"{path}", got=str(error) or type(error).__name__, expected="arrays that can be read")
