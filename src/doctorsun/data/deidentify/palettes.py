"""Palettes without the colours that no pixel has: their bytes could spell anything."""

import io
import struct
import warnings

import PIL.Image

_COLOUR_TYPE_AT, _GREY, _COLOUR, _INDEXED = 9, 0, 2, 3
_KEY_BYTES = {_GREY: 2, _COLOUR: 6}  # of the one value that is transparent


def used_alone(palette: bytes, places: bytes, size: int) -> bytes:
    """Return a palette in which the entries that no pixel uses are 0.

    Args:
        palette: entries of ``size`` bytes.
        places: the entry of each pixel.
        size: of an entry.
    """
    used = set(places)
    entries = (palette[start : start + size] for start in range(0, len(palette), size))
    return b"".join(entry if place in used else bytes(len(entry)) for place, entry in enumerate(entries))


def png_colours(data: bytes, chunks: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Return what may stay of a PNG's PLTE and tRNS: what its pixels need.

    Suggested palettes of true colours and transparency in an unknown form go.

    Raises:
        OSError, SyntaxError, ValueError: the pixels cannot be decoded.
        DecompressionBombError: there are more than Pillow opens.

    Source: PNG (third edition) 11.2.2 and 11.3.1.1.
    """
    found = {kind: content for kind, content in reversed(chunks) if kind in {b"PLTE", b"tRNS"}}
    (colour_type,) = struct.unpack_from("B", chunks[0][1], _COLOUR_TYPE_AT)
    if colour_type != _INDEXED:
        transparent = found.get(b"tRNS", b"")
        return {b"tRNS": transparent} if len(transparent) == _KEY_BYTES.get(colour_type) else {}
    with warnings.catch_warnings(action="ignore"), PIL.Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
        places = picture.tobytes()
    num_colours = len(found.get(b"PLTE", b"")) // 3
    clean = {b"PLTE": used_alone(found.get(b"PLTE", b"")[: 3 * num_colours], places, 3)}
    if b"tRNS" in found:
        clean[b"tRNS"] = used_alone(found[b"tRNS"][:num_colours], places, 1)
    return clean
