"""Ordinary picture files (PNG, JPEG, WebP, BMP, TIFF, GIF): checked before decoding, then read to grey or colour."""

import hashlib
import io
from contextlib import suppress
from pathlib import Path
from typing import Literal

import numpy as np
import PIL.Image
import PIL.ImageOps
from numpy.typing import NDArray

from doctorsun.errors import ImageError
from doctorsun.image.file import naming, read_bytes
from doctorsun.schema import Image

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF")
MAX_PIXELS = 64_000_000  # a full-field digital mammogram has about 14 million
EXIF_ORIENTATION = 0x0112
TURNED_ON_THE_SIDE = (5, 6, 7, 8)  # EXIF 2.32, tag Orientation: rows and columns are exchanged
PNG_COMPRESSION = 1
_START, _SCAN, _END = b"\xff\xd8", b"\xff\xda", b"\xff\xd9"  # markers of JPEG
_SCAN_OF_ONE = b"\xff\xda\x00\x08\x01"  # a scan header of one component
_WHOLE_SPECTRUM = b"\x00\x3f\x00"  # coefficients 0 to 63, all bits: what the scans of progressive files never have
_FILLER = bytes(16)  # the decoder looks so far ahead of the last block at most


def decode(data: bytes, *, max_pixels: int = MAX_PIXELS, page: int | None = None) -> PIL.Image.Image:
    """Decode one picture to 8-bit grey (L) or colour (RGB), upright as its EXIF orientation says.

    Transparent parts become white. Grey values of more than 8 bits and floating-point ones are stretched from the
    picture's own least and greatest value to 0 and 255, because files seldom use the whole range of their type
    (12-bit radiographs in 16-bit files); a picture of one value becomes 0.

    Args:
        data: the encoded file.
        max_pixels: the largest width times height that is decoded; judged by the header alone.
        page: which picture of a file of several (a TIFF stack, an animation), counted from 0; None where there is one.

    Raises:
        ImageError: not one of the formats, too large, several pictures and no page, no such page, damaged or cut off.
    """
    return _grey_or_colour(decode_stored(data, max_pixels=max_pixels, page=page))


def decode_stored(data: bytes, *, max_pixels: int = MAX_PIXELS, page: int | None = None) -> PIL.Image.Image:
    """Decode one picture to the values and the palette of its file, upright as its EXIF orientation says.

    Pillow itself stretches grey PNG files of 2 and 4 bits to 8, and keeps the upper 8 of 16 bits of colours.

    Raises:
        ImageError: as of `decode`.
    """
    return _loaded(_opened(data, max_pixels), max_pixels, page)


def count_pages(data: bytes, *, max_pixels: int = MAX_PIXELS) -> int:
    """Return how many pictures a file holds.

    Raises:
        ImageError: not one of the formats, too large, or damaged.
    """
    return _num_pages(_opened(data, max_pixels))


def is_ordinary(data: bytes) -> bool:
    """Return whether a file is a PNG, JPEG or WebP of 8 bits that any program shows as `decode` does.

    Raises:
        ImageError: not one of the formats, or the header is damaged.
    """
    picture = _opened(data, MAX_PIXELS)
    shown_alike = picture.mode in ("1", "L", "RGB") and not picture.has_transparency_data
    return picture.format in ("PNG", "JPEG", "WEBP", "MPO") and shown_alike


def image_record(data: bytes, *, path: str = "", max_pixels: int = MAX_PIXELS) -> Image:
    """Return the record of an encoded picture; size as `decode` will give it, read from the header.

    Raises:
        ImageError: not one of the formats, too large, or the header is damaged.
    """
    width, height = _upright_size(_opened(data, max_pixels))
    return Image(bytes=data, sha256=hashlib.sha256(data).hexdigest(), width=width, height=height, path=path)


def sound_record(data: bytes, *, path: str = "", max_pixels: int = MAX_PIXELS) -> Image:
    """Return the record of an encoded picture that decodes to its end.

    A JPEG is decoded at an eighth of its size: its data are read to the end all the same, in two thirds of the time.

    Raises:
        ImageError: not one of the formats, too large, several pictures, damaged or cut off.
    """
    picture = _opened(data, max_pixels)
    width, height = _upright_size(picture)
    _turn_to(picture, None)
    try:
        picture.draft(None, (max(1, picture.width // 8), max(1, picture.height // 8)))
        picture.load()
    except Exception as error:
        raise _undecodable(error) from error
    return Image(bytes=data, sha256=hashlib.sha256(data).hexdigest(), width=width, height=height, path=path)


def read_image_file(path: Path, *, max_pixels: int = MAX_PIXELS) -> Image:
    """Return the record of a picture file, its bytes included.

    Raises:
        ImageError: the file cannot be read, or as for `image_record`; the message begins with the path.
    """
    with naming(path):
        return image_record(read_bytes(path), path=str(path), max_pixels=max_pixels)


def encode_png(pixels: NDArray[np.uint8], *, compression: int = PNG_COMPRESSION) -> bytes:
    """Return a PNG, compressed fast rather than small.

    Args:
        pixels: ``[height, width]`` grey or ``[height, width, 3]`` colour, 0 to 255.
        compression: 0 (none, for pictures that go no further than this machine) to 9.

    Raises:
        ImageError: the array has another shape or type.
    """
    if pixels.dtype != np.uint8 or pixels.ndim <= 1 or pixels.shape[2:] not in ((), (3,)):
        got, expected = f"{pixels.dtype} {list(pixels.shape)}", "uint8 [height, width] or [height, width, 3]"
        raise ImageError("pixels cannot be encoded as PNG", got=got, expected=expected)
    file = io.BytesIO()
    PIL.Image.fromarray(pixels).save(file, "PNG", compress_level=compression)
    return file.getvalue()


def _upright_size(picture: PIL.Image.Image) -> tuple[int, int]:
    """Return width and height as the picture is shown, by its header."""
    try:
        sideways = picture.getexif().get(EXIF_ORIENTATION) in TURNED_ON_THE_SIDE
    except Exception as error:  # decoders raise errors of every type on damaged data
        raise _undecodable(error) from error
    width, height = picture.size
    return (height, width) if sideways else (width, height)


def _num_pages(picture: PIL.Image.Image) -> int:
    """Return the number of pictures in a file; what a photograph (MPO) holds beside its first are previews."""
    try:
        return 1 if picture.format == "MPO" else getattr(picture, "n_frames", 1)
    except Exception as error:
        raise _undecodable(error) from error


def _loaded(picture: PIL.Image.Image, max_pixels: int, page: int | None) -> PIL.Image.Image:
    """Decode a picture, or a page of it, as it is stored but upright."""
    _turn_to(picture, page)
    if picture.width * picture.height > max_pixels:
        raise _too_large(picture.size, max_pixels)
    try:
        picture.load()
        PIL.ImageOps.exif_transpose(picture, in_place=True)
    except Exception as error:
        raise _undecodable(error) from error
    return picture


def _turn_to(picture: PIL.Image.Image, page: int | None) -> None:
    num_pages = _num_pages(picture)
    if page is None and num_pages != 1:
        do = "choose one of its pages, or split it"
        raise ImageError("the file holds several pictures", got=str(num_pages), expected="1", do=do)
    if page is not None and not 0 <= page < num_pages:
        raise ImageError("page of the picture file", got=str(page), expected=f"0 to {num_pages - 1}")
    try:
        picture.seek(page or 0)
    except Exception as error:
        raise _undecodable(error) from error


def _opened(data: bytes, max_pixels: int) -> PIL.Image.Image:
    """Read the header only, and refuse what is too large to decode."""
    formats = ", ".join(FORMATS)
    try:
        picture = PIL.Image.open(io.BytesIO(_unclosed(data)), formats=FORMATS)
    except PIL.UnidentifiedImageError as error:
        got = f"{len(data)} bytes that begin with {data[:8]!r}"
        raise ImageError("not a picture that can be read", got=got, expected=f"one of {formats}") from error
    except (PIL.Image.DecompressionBombError, PIL.Image.DecompressionBombWarning) as error:
        raise _too_large(_size_by_header(data), max_pixels) from error
    except Exception as error:
        raise _undecodable(error) from error
    if picture.width * picture.height > max_pixels:
        raise _too_large(picture.size, max_pixels)
    return picture


def _unclosed(data: bytes) -> bytes:
    """Return a JPEG of one sequential scan with blank bytes for its end mark; anything else as it is.

    Programs that save a download which broke off close it with an end mark. libjpeg then paints what is missing in one
    grey and says nothing; without the mark it asks for more data, which is an error.

    Source: ITU-T T.81, B.2.3 (scan header).
    """
    scan, end = data.rfind(_SCAN), data.rfind(_END)
    if not data.startswith(_START) or not 0 < scan < end:
        return data
    num_components = data[scan + 4]
    spectrum = scan + 5 + 2 * num_components
    is_sequential = data[spectrum : spectrum + 3] == _WHOLE_SPECTRUM
    is_only_one = num_components > 1 or data.count(_SCAN_OF_ONE) == 1
    return data[:end] + _FILLER if is_sequential and is_only_one else data


def _size_by_header(data: bytes) -> tuple[int, int] | None:
    """Return width and height of a picture that PIL refuses to open for its size; None where they cannot be told."""
    for name in FORMATS:
        with suppress(Exception):  # readers raise errors of every type on files of other formats
            return PIL.Image.OPEN[name][0](io.BytesIO(data), "").size
    return None


def _too_large(size: tuple[int, int] | None, max_pixels: int) -> ImageError:
    got = f"{size[0]} x {size[1]} pixels" if size else "more pixels than can be opened"
    do = "resize it"
    return ImageError("the picture is too large", got=got, expected=f"at most {max_pixels} pixels", do=do)


def _undecodable(error: Exception) -> ImageError:
    got = f"{type(error).__name__}: {error}"
    return ImageError("the picture is damaged", got=got, do="copy the file again or leave it out")


def _grey_or_colour(picture: PIL.Image.Image) -> PIL.Image.Image:
    if picture.mode.startswith(("I", "F")):
        return _stretched(picture)
    grey = picture.mode in ("1", "L", "LA", "La")
    if picture.has_transparency_data:
        picture = _on_white(picture)
    mode: Literal["L", "RGB"] = "L" if grey else "RGB"
    return picture if picture.mode == mode else picture.convert(mode)


def _on_white(picture: PIL.Image.Image) -> PIL.Image.Image:
    colours = picture.convert("RGBA")
    return PIL.Image.alpha_composite(PIL.Image.new("RGBA", colours.size, "white"), colours)


def _stretched(picture: PIL.Image.Image) -> PIL.Image.Image:
    values = np.asarray(picture, dtype=np.float64)
    if not np.isfinite(values).all():
        raise ImageError("the picture is damaged", got="values that are not numbers or not finite")
    low, high = values.min(), values.max()
    shares = (values - low) / (high - low) if high > low else np.zeros_like(values)
    return PIL.Image.fromarray(np.rint(shares * 255).astype(np.uint8))
