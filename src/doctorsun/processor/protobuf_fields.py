"""The fields of a message in protobuf's wire format, without the library, whose generated code wants one version."""

import struct
from collections.abc import Iterator
from typing import Any

_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5
_MOST_BYTES = 10
"""Of a number with 64 bits."""


def fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """Yield number and value of each field: an integer, bytes (texts and messages, too), or a float of four bytes.

    Raises:
        ValueError: the message is cut short, or is none.
    Source: https://protobuf.dev/programming-guides/encoding/
    """
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, at = _varint(message, at)
            # Negative numbers are written as the 64 bits of their complement.
            yield number, value - (1 << 64) if value >> 63 else value
            continue
        if kind == _LENGTH:
            size, at = _varint(message, at)
        elif kind in (_FOUR_BYTES, _EIGHT_BYTES):
            size = 4 if kind == _FOUR_BYTES else 8
        else:
            raise ValueError(f"field {number} of the unknown kind {kind}")
        content, at = message[at : at + size], at + size
        if at > len(message):
            raise ValueError(f"field {number} ends {at - len(message)} bytes after the file")
        yield number, struct.unpack("<f", content)[0] if kind == _FOUR_BYTES else content


def _varint(message: bytes, start: int) -> tuple[int, int]:
    """Return the number that begins here, seven bits a byte, and where the next field begins."""
    value = 0
    for place, byte in enumerate(message[start : start + _MOST_BYTES]):
        value |= (byte & 0x7F) << 7 * place
        if not byte & 0x80:
            return value, start + place + 1
    raise ValueError(f"a number at byte {start} without an end")
