"""Zip archives of images: an index that stays small for a million members, and members read under limits.

The format: PKWARE APPNOTE.TXT 6.3.10, sections 4.3.7 (local file header) and 4.4.5 (compression method). No name of a
member ever becomes a path on this machine.
"""

import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from doctorsun.errors import DataError, ImageError
from doctorsun.image.file import MAX_FILE_BYTES

_ENTRY = struct.Struct("<QQQIHH")  # offset of the local header, compressed and full size, CRC-32, method, flags
_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_LOCAL_SIGNATURE = b"PK\x03\x04"
_ENCRYPTED = 0x1


@dataclass
class ZipImages:
    """The members of an archive, by name.

    Raises:
        DataError: the archive cannot be opened (in every method).
    """

    path: Path
    _entries: dict[str, bytes] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        try:
            with zipfile.ZipFile(self.path) as archive:
                members = (info for info in archive.infolist() if not info.is_dir())
                self._entries = {_clean(info.filename): _packed(info) for info in members}
        except (zipfile.BadZipFile, OSError, struct.error, NotImplementedError) as error:
            do = "download it again"
            raise DataError(f"{self.path}", got=str(error), expected="a whole zip archive", do=do) from error

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def read(self, name: str) -> bytes:
        """Return the bytes of a member.

        Raises:
            ImageError: the member is too large, encrypted, packed in an unknown way or damaged.
        """
        offset, packed_size, size, crc, method, flags = _ENTRY.unpack(self._entries[name])
        if size > MAX_FILE_BYTES or packed_size > MAX_FILE_BYTES:
            raise self._fault(name, f"{size} bytes", f"at most {MAX_FILE_BYTES}", "resize it")
        if flags & _ENCRYPTED or method not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            got = "encrypted" if flags & _ENCRYPTED else f"packed by method {method}"
            raise self._fault(name, got, "stored or deflated", "unpack the archive, and name the folder")
        data = self._unpacked(offset, packed_size, size, method)
        if len(data) != size or zlib.crc32(data) != crc:
            raise self._fault(name, "damaged content", "the content that its checksum tells", "download it again")
        return data

    def _unpacked(self, offset: int, packed_size: int, size: int, method: int) -> bytes:
        header = os.pread(self._handle, _LOCAL_HEADER.size, offset)
        if len(header) < _LOCAL_HEADER.size or not header.startswith(_LOCAL_SIGNATURE):
            return b""
        *_, name_length, extra_length = _LOCAL_HEADER.unpack(header)
        data = os.pread(self._handle, packed_size, offset + _LOCAL_HEADER.size + name_length + extra_length)
        if method == zipfile.ZIP_STORED:
            return data
        try:
            return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, size + 1)
        except zlib.error:
            return b""

    @cached_property
    def _handle(self) -> int:
        # `os.pread` has no position of its own, so that threads and forked processes may share the file.
        return os.open(self.path, os.O_RDONLY)

    def _fault(self, name: str, got: str, expected: str, do: str) -> ImageError:
        return ImageError(f"{name} in {self.path}", got=got, expected=expected, do=do)


def _packed(info: zipfile.ZipInfo) -> bytes:
    return _ENTRY.pack(
        info.header_offset, info.compress_size, info.file_size, info.CRC, info.compress_type, info.flag_bits
    )


def _clean(name: str) -> str:
    return name.replace("\\", "/").removeprefix("./")
