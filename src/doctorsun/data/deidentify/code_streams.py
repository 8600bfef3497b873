"""Compressed pixels without what their streams hold beside the picture: comments, application data, trailing bytes."""

import struct

from pydicom.uid import JPEG2000TransferSyntaxes, JPEGLSTransferSyntaxes, JPEGTransferSyntaxes, RLELossless

from doctorsun.data.deidentify.refusal import Refusal
from doctorsun.data.deidentify.rle_segments import rle_alone

JPEG_START, JPEG_END, JPEG_SCAN, JPEG_COMMENT = 0xD8, 0xD9, 0xDA, 0xFE
FILLING = 0xFF  # any number of these may stand before a marker
JPEG_TABLES = 0xC0  # markers from here on end a scan, save the restarts
JPEG_RESTARTS, JPEG_APPLICATION = range(0xD0, 0xD8), range(0xE0, 0xF0)
COLOUR_MARKS = {0xE0: (b"JFIF\0", 14), 0xE8: (b"mrfx", 5), 0xEE: (b"Adobe", 12)}  # needed to read colours; their sizes
JP2_SIGNATURE, JP2_CODE_STREAM = b"\0\0\0\x0cjP  \r\n\x87\n", b"jp2c"
J2K_START, J2K_COMMENT, J2K_TILE, J2K_END = b"\xff\x4f", b"\xff\x64", b"\xff\x90", b"\xff\xd9"


def picture_alone(stream: bytes, syntax: str, num_pixels: int) -> bytes:
    """Return a frame's stream without anything that is not needed to decode it; other kinds than JPEG and RLE stay.

    Args:
        stream: of one frame.
        syntax: the transfer syntax.
        num_pixels: rows by columns.

    Raises:
        Refusal: the stream is damaged.
    """
    try:
        if syntax in JPEGTransferSyntaxes or syntax in JPEGLSTransferSyntaxes:
            return jpeg_alone(stream)
        if syntax in JPEG2000TransferSyntaxes:
            return jpeg_2000_alone(stream)
        if syntax == RLELossless:
            return rle_alone(stream, num_pixels)
    except (struct.error, IndexError, ValueError) as error:
        raise Refusal("damaged: a compressed frame ends too early") from error
    return stream


def jpeg_alone(stream: bytes) -> bytes:
    """Return a JPEG or JPEG-LS stream without comments, application segments and bytes after its end.

    Source: ITU-T T.81 B.1.1 (markers), T.87 C.2.
    """
    if stream[:2] != b"\xff\xd8":
        raise Refusal("damaged: a compressed frame does not begin as JPEG")
    kept, position = bytearray(stream[:2]), 2
    while True:
        while stream[position + 1] == FILLING:
            position += 1
        marker = stream[position + 1]
        if marker == JPEG_END:
            return bytes(kept) + b"\xff\xd9"
        length = struct.unpack_from(">H", stream, position + 2)[0]
        segment = stream[position : position + 2 + length]
        if marker != JPEG_COMMENT and (marker not in JPEG_APPLICATION or _is_colour_mark(marker, segment[4:])):
            kept += segment
        position += 2 + length
        if marker == JPEG_SCAN:
            end = _end_of_scan(stream, position)
            kept += stream[position:end]
            position = end


def jpeg_2000_alone(stream: bytes) -> bytes:
    """Return a JPEG 2000 stream without a file around it, comments of its main header and bytes after its end.

    Source: ITU-T T.800 A.2 (markers), A.4.2 (lengths of tile-parts).
    """
    stream = stream[stream.index(JP2_CODE_STREAM) + 4 :] if stream.startswith(JP2_SIGNATURE) else stream
    if stream[:2] != J2K_START:
        raise Refusal("damaged: a compressed frame does not begin as JPEG 2000")
    kept, position = bytearray(stream[:2]), 2
    while stream[position : position + 2] != J2K_TILE:
        length = struct.unpack_from(">H", stream, position + 2)[0]
        if stream[position : position + 2] != J2K_COMMENT:
            kept += stream[position : position + 2 + length]
        position += 2 + length
    while stream[position : position + 2] == J2K_TILE:
        length = struct.unpack_from(">I", stream, position + 6)[0]
        end = position + length if length else stream.rindex(J2K_END)
        kept += stream[position:end]
        position = end
    return bytes(kept) + J2K_END


def _is_colour_mark(marker: int, content: bytes) -> bool:
    name, size = COLOUR_MARKS.get(marker, (b"", -1))
    return content.startswith(name) and len(content) == size


def _end_of_scan(stream: bytes, position: int) -> int:
    while True:
        position = stream.index(b"\xff", position)
        marker = stream[position + 1]
        if marker >= JPEG_TABLES and marker not in JPEG_RESTARTS and marker != FILLING:
            return position
        position += 1
