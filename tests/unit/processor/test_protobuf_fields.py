import struct

import pytest

from doctorsun.processor.protobuf_fields import fields

# https://protobuf.dev/programming-guides/encoding/: 150 in field 1, and "testing" in field 2.
NUMBER, TEXT = bytes.fromhex("089601"), bytes.fromhex("120774657374696e67")


def test_every_kind_of_field_is_read() -> None:
    message = NUMBER + TEXT + b"\x1d" + struct.pack("<f", -2.5) + b"\x21" + bytes(8) + b"\x28" + b"\xff" * 9 + b"\x01"
    assert list(fields(message)) == [(1, 150), (2, b"testing"), (3, -2.5), (4, bytes(8)), (5, -1)]


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (TEXT[:-1], "field 2 ends 1 bytes after the file"),
        (b"\x1d\x00", "field 3 ends 3 bytes after the file"),
        (b"\x08", "a number at byte 1 without an end"),
        (b"\x08" + b"\xff" * 11, "a number at byte 1 without an end"),
        (b"\x0b", "field 1 of the unknown kind 3"),
    ],
)
def test_what_is_no_message_is_refused(message: bytes, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        list(fields(message))
