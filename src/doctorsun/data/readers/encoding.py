"""Text files as they are found: UTF-8 with or without a byte order mark, UTF-16 with one, GB18030, gzip or not."""

import codecs
import gzip
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import IO, TextIO, cast

from doctorsun.errors import DataError

_PIECE = 1 << 20  # bytes; a line longer than this is looked at in pieces


def open_text(path: Path) -> TextIO:
    """Open a text file in the encoding that it is in, with its line ends as they are.

    Raises:
        DataError: it cannot be read, is in no encoding of ours, or holds NUL bytes.
    """
    encoding = encoding_of(path)
    return TextIOWrapper(_open_bytes(path), encoding=encoding, newline="")


def read_text(path: Path) -> str:
    """Return a text file's content, every line ended by a line feed.

    Raises:
        DataError: as of `open_text`.
    """
    with open_text(path) as file:
        return file.read().replace("\r\n", "\n").replace("\r", "\n")


def encoding_of(path: Path) -> str:
    """Return the encoding of a text file: all of it is looked at, once or twice.

    A file that is not UTF-8 is GB18030 only if every byte of it is, and if most of its lines with Chinese are not
    UTF-8: one damaged character does not turn the rest of a file into other characters.

    Raises:
        DataError: it cannot be read, is in no encoding of ours, or holds NUL bytes.
    """
    try:
        with _open_bytes(path) as file:
            if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                return "utf-16"
        if _is_whole(path, "utf-8-sig"):
            return "utf-8-sig"
        bad_line = _first_bad_line(path, "utf-8-sig")
        if not _first_bad_line(path, "gb18030") and not _is_mostly_utf8(path):
            return "gb18030"
    except (OSError, EOFError) as error:
        raise DataError(f"{path}", got=str(error), expected="a text file") from error
    raise DataError(
        f"{path}, line {bad_line}",
        got="bytes that are neither UTF-8 nor GB18030",
        expected="text in one of them",
        do="save the file as UTF-8",
    )


def _open_bytes(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def _is_whole(path: Path, encoding: str) -> bool:
    """Return whether all of a file is text in an encoding, without looking for lines: many times faster."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with _open_bytes(path) as file:
            while block := file.read(_PIECE):
                if b"\0" in block:
                    return False
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _pieces(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the lines, the very long ones in pieces, each with the number of its line.

    Raises:
        DataError: a line holds a NUL byte.
    """
    number = 1
    with _open_bytes(path) as file:
        while piece := file.readline(_PIECE):
            if b"\0" in piece:
                raise DataError(
                    f"{path}, line {number}", got="a NUL byte", expected="text", do="get the file anew: it is damaged"
                )
            yield number, piece
            number += piece.endswith(b"\n")


def _first_bad_line(path: Path, encoding: str) -> int:
    """Return the number of the first line that is not in an encoding, or 0."""
    decoder = codecs.getincrementaldecoder(encoding)()
    number = 0
    try:
        for number, piece in _pieces(path):  # noqa: B007 (the last number is told of a cut character at the end)
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return number
    return 0


def _is_mostly_utf8(path: Path) -> bool:
    balance = 0
    for _, piece in _pieces(path):
        if not piece.isascii():
            balance += 1 if _is_utf8(piece) else -1
    return balance >= 0


def _is_utf8(piece: bytes) -> bool:
    try:
        piece.decode()
    except UnicodeDecodeError:
        return False
    return True
