"""PNG and JPEG files without anything beside their picture; its stored values are not touched."""

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path

import PIL.Image

from doctorsun.data.deidentify.action import Action
from doctorsun.data.deidentify.code_streams import jpeg_alone
from doctorsun.data.deidentify.colour_profile import without_texts
from doctorsun.data.deidentify.key import Key
from doctorsun.data.deidentify.options import Options
from doctorsun.data.deidentify.palettes import png_colours
from doctorsun.data.deidentify.refusal import Refusal

PNG_SIGNATURE, JPEG_SIGNATURE = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_PICTURE_CHUNKS = {
    b"IHDR",
    b"PLTE",
    b"IDAT",
    b"IEND",
    b"tRNS",
    b"gAMA",
    b"cHRM",
    b"sRGB",
    b"sBIT",
    b"bKGD",
    b"pHYs",
    b"cICP",
}
_SIZES = {b"IHDR": 13, b"gAMA": 4, b"cHRM": 32, b"sRGB": 1, b"pHYs": 9, b"cICP": 4, b"IEND": 0}
_MOST = {b"PLTE": 768, b"tRNS": 256, b"sBIT": 4, b"bKGD": 6}
_COLOURS = {b"PLTE", b"tRNS"}
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_INTERLACING = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_BLOCK = 1 << 16
_ORIENTATION, _UPRIGHT = 0x0112, 1
_PROFILE_MARK = b"ICC_PROFILE\0"
_APPLICATION, _SCAN = range(0xE0, 0xF0), 0xDA
_LARGEST_SEGMENT = 65519


def deidentify_picture(path: Path, out_path: Path, key: Key, options: Options) -> list[Action]:  # noqa: ARG001 (one signature)
    """Write a PNG or JPEG file without texts, camera data, comments, times and bytes after its end.

    The orientation and the colours of a profile stay, since they belong to what is shown. Text in the pixels is not
    looked for.

    Raises:
        Refusal: the file is damaged.
    """
    data = path.read_bytes()
    try:
        clean, actions = _png(data) if data.startswith(PNG_SIGNATURE) else _jpeg(data)
    except PIL.Image.DecompressionBombError as error:
        raise Refusal("a picture with colours in a palette that is too large to look through") from error
    except (struct.error, IndexError, KeyError, OSError, SyntaxError, ValueError, zlib.error) as error:
        raise Refusal("damaged: the picture ends too early, or holds what its format does not") from error
    out_path.write_bytes(clean)
    return [*actions, Action("pixels", "kept", "text in them is not looked for")]


def _png(data: bytes) -> tuple[bytes, list[Action]]:
    actions: list[Action] = []
    kept = [PNG_SIGNATURE]
    turned = _orientation(data)
    chunks = list(_chunks(data))
    if chunks[0][0] != b"IHDR" or chunks[-1][0] != b"IEND":
        raise Refusal("damaged: a PNG without beginning or end")
    colours = png_colours(data, chunks)
    for kind, stored in chunks:
        content = colours.get(kind, b"") if kind in _COLOURS else stored
        if content != stored:
            actions.append(Action(f"PNG {_told(kind)}", "cleaned", "colours that no pixel has"))
        if kind == b"iCCP" and (profile := _png_profile(content)) is not None:
            kept.append(_chunk(b"iCCP", b"ICC\0\0" + zlib.compress(profile)))
            actions.append(Action("PNG iCCP", "cleaned", "colour profile"))
        elif (
            kind not in _PICTURE_CHUNKS
            or (kind in _COLOURS and not content)
            or len(content) != _SIZES.get(kind, len(content))
            or len(content) > _MOST.get(kind, len(content))
        ):
            actions.append(Action(f"PNG {_told(kind)}", "removed", "not part of the picture"))
        elif kind != b"IDAT":
            kept.append(_chunk(kind, content))
            if kind == b"IHDR" and turned != _UPRIGHT:
                kept.append(_chunk(b"eXIf", _exif(turned)))
        elif kept[-1][4:8] != b"IDAT":
            stream = b"".join(content for name, content in chunks if name == b"IDAT")
            kept.append(_chunk(b"IDAT", _stream_alone(stream, chunks[0][1])))
    if len(data) > _png_end(chunks):
        actions.append(Action("bytes after the end", "removed", "not part of the picture"))
    return b"".join(kept), actions


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the kind and content of each chunk up to IEND. Source: PNG (third edition) 5.3."""
    place = len(PNG_SIGNATURE)
    while True:
        size, kind = struct.unpack_from(">I4s", data, place)
        content = data[place + 8 : place + 8 + size]
        if len(content) < size:
            raise Refusal("damaged: a PNG ends too early")
        yield kind, content
        if kind == b"IEND":
            return
        place += 12 + size


def _png_end(chunks: list[tuple[bytes, bytes]]) -> int:
    return len(PNG_SIGNATURE) + sum(12 + len(content) for _, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _told(kind: bytes) -> str:
    """Return a chunk's kind where it is one of the format's own; a private one might spell a name."""
    own = {
        b"tEXt",
        b"zTXt",
        b"iTXt",
        b"eXIf",
        b"tIME",
        b"sPLT",
        b"hIST",
        b"iCCP",
        b"acTL",
        b"fcTL",
        b"fdAT",
        b"oFFs",
        b"pCAL",
    }
    return kind.decode() if kind in own | _PICTURE_CHUNKS else "private chunk"


def _stream_alone(stream: bytes, header: bytes) -> bytes:
    """Return compressed rows without what follows them.

    Raises:
        Refusal: they hold more, or fewer, values than the picture has.
    """
    opened = zlib.decompressobj()
    size, left = 0, stream
    while left and not opened.eof:
        size += len(opened.decompress(left, _BLOCK))
        left = opened.unconsumed_tail
    if not opened.eof or size != _size_of_rows(header):
        raise Refusal("damaged: a PNG with other values than its size tells")
    return stream[: len(stream) - len(opened.unused_data)]


def _size_of_rows(header: bytes) -> int:
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    passes = _INTERLACING if interlaced else ((0, 0, 1, 1),)
    size = 0
    for x, y, dx, dy in passes:
        columns, rows = (width - x + dx - 1) // dx, (height - y + dy - 1) // dy
        size += rows * (1 + (columns * depth * _CHANNELS[colour] + 7) // 8) if columns > 0 else 0
    return size


def _png_profile(content: bytes) -> bytes | None:
    _, _, rest = content.partition(b"\0")
    return without_texts(zlib.decompress(rest[1:]))


def _jpeg(data: bytes) -> tuple[bytes, list[Action]]:
    clean, actions = jpeg_alone(data), [Action("JPEG segments", "removed", "not part of the picture")]
    kept = b""
    if (turned := _orientation(data)) != _UPRIGHT:
        kept += _segment(0xE1, b"Exif\0\0" + _exif(turned))
        actions.append(Action("EXIF Orientation", "kept", "belongs to what is shown"))
    if (profile := _jpeg_profile(data)) is not None:
        parts = [profile[start : start + _LARGEST_SEGMENT] for start in range(0, len(profile), _LARGEST_SEGMENT)]
        kept += b"".join(
            _segment(0xE2, _PROFILE_MARK + bytes((number, len(parts))) + part) for number, part in enumerate(parts, 1)
        )
        actions.append(Action("JPEG colour profile", "cleaned", "colour profile"))
    first = _end_of_jfif(clean)
    return clean[:first] + kept + clean[first:], actions


def _end_of_jfif(clean: bytes) -> int:
    """Return where other segments may stand: JFIF's own comes first."""
    return 4 + struct.unpack_from(">H", clean, 4)[0] if clean[2:4] == b"\xff\xe0" else 2


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def _jpeg_profile(data: bytes) -> bytes | None:
    parts: dict[int, bytes] = {}
    place = 2
    while data[place + 1] != _SCAN:
        size = struct.unpack_from(">H", data, place + 2)[0]
        content = data[place + 4 : place + 2 + size]
        if data[place + 1] in _APPLICATION and content.startswith(_PROFILE_MARK):
            parts[content[12]] = content[14:]
        place += 2 + size
    return without_texts(b"".join(parts[number] for number in sorted(parts)))


def _orientation(data: bytes) -> int:
    """Return how the picture is turned when it is shown, 1 to 8 (EXIF 2.32, 4.6.4)."""
    try:
        with warnings.catch_warnings(action="ignore"), PIL.Image.open(io.BytesIO(data)) as picture:
            turned = picture.getexif().get(_ORIENTATION, _UPRIGHT)
    except (OSError, SyntaxError, ValueError, PIL.Image.DecompressionBombError):
        return _UPRIGHT
    return turned if turned in range(1, 9) else _UPRIGHT


def _exif(turned: int) -> bytes:
    return b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, _ORIENTATION, 3, 1, turned, 0, 0)
