"""Masks in picture files: the stored values themselves, never a palette's colours and never resampled."""

from pathlib import Path
from typing import Literal

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from doctorsun.errors import ImageError
from doctorsun.image.file import naming, read_bytes
from doctorsun.image.raster import decode_stored

Channel = Literal["value", "alpha", "brightest"]
PNG, JPEG = b"\x89PNG", b"\xff\xd8"  # what such files begin with
GREY = 0  # PNG colour type


def read_mask(path: Path, *, channel: Channel = "value", threshold: int | None = None) -> NDArray[np.int64]:
    """Read the values of a mask.

    Args:
        path: a PNG, TIFF, GIF, BMP or JPEG file.
        channel: value: the grey value or the index into the palette; alpha: how opaque each pixel is; brightest: the
            largest of red, green and blue, for a mask painted on black.
        threshold: what is above becomes 1, all else 0; lossy files need one, because they change the values.

    Returns:
        ``[height, width]``.

    Raises:
        ImageError: the file cannot be read, is lossy and there is no threshold, holds colours or has no such channel;
            the message begins with the path.
    """
    with naming(path):
        data = read_bytes(path)
        values = _values(decode_stored(data), channel) // _stretch(data)
        if threshold is not None:
            return (values > threshold).astype(np.int64)
        if data.startswith(JPEG):
            raise ImageError(
                "mask", got="JPEG values, which are not exact", expected="a threshold", do="write 'threshold: 127'"
            )
        return values


def _stretch(data: bytes) -> int:
    """Return the factor by which Pillow multiplies values of this file so that they fill 8 bits.

    Source: PNG (third edition) 11.2.1 IHDR: bit depth and colour type are the bytes 24 and 25 of a file.
    """
    if not data.startswith(PNG):
        return 1
    bits, kind = data[24], data[25]
    if bits == 16 and kind != GREY:  # noqa: PLR2004 (Pillow keeps their upper 8 bits only)
        raise ImageError("mask", got="16 bits a channel", expected="8, or grey values", do="save it as grey values")
    return {2: 85, 4: 17}.get(bits, 1) if kind == GREY else 1


def _values(picture: PIL.Image.Image, channel: Channel) -> NDArray[np.int64]:
    if channel == "alpha":
        if "A" not in picture.getbands():
            raise ImageError(
                "mask", got=f"channels {picture.mode}", expected="an alpha channel", do="correct 'channel'"
            )
        return np.asarray(picture.getchannel("A")).astype(np.int64)
    if channel == "brightest":
        return np.asarray(picture.convert("RGB")).max(axis=-1).astype(np.int64)
    values = np.asarray(picture).astype(np.int64)
    if values.ndim == 2:  # noqa: PLR2004 (height, width)
        return values
    colours = values[..., : 1 if picture.mode == "LA" else 3]
    if (colours != colours[..., :1]).any():
        raise ImageError("mask", got="colours", expected="grey values or a palette", do="name the channel")
    return colours[..., 0]
