"""Masks in picture files: the stored values themselves, never a palette's colours and never resampled."""

import io
from pathlib import Path
from typing import Literal

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from doctorsun.errors import ImageError
from doctorsun.image.file import naming, read_bytes
from doctorsun.image.raster import image_record

Channel = Literal["value", "alpha"]


def read_mask(path: Path, *, channel: Channel = "value", threshold: int | None = None) -> NDArray[np.int64]:
    """Read the values of a mask.

    Args:
        path: a PNG, TIFF, GIF, BMP or JPEG file.
        channel: value: the grey value or the index into the palette; alpha: how opaque each pixel is.
        threshold: what is above becomes 1, all else 0; lossy files need one, because they change the values.

    Returns:
        ``[height, width]``.

    Raises:
        ImageError: the file cannot be read, is lossy and there is no threshold, holds colours or has no such channel;
            the message begins with the path.
    """
    with naming(path):
        data = read_bytes(path)
        image_record(data)  # refuses what is no picture or too large
        try:
            with PIL.Image.open(io.BytesIO(data)) as picture:
                is_lossy = picture.format in ("JPEG", "MPO")
                values = _values(picture, channel)
        except (OSError, SyntaxError, ValueError) as error:
            raise ImageError("the mask is damaged", got=str(error), do="copy the file again or leave it out") from error
        if threshold is not None:
            return (values > threshold).astype(np.int64)
        if is_lossy:
            raise ImageError(
                "mask", got="JPEG values, which are not exact", expected="a threshold", do="write 'threshold: 127'"
            )
        return values


def _values(picture: PIL.Image.Image, channel: Channel) -> NDArray[np.int64]:
    if channel == "alpha":
        if "A" not in picture.getbands():
            raise ImageError(
                "mask", got=f"channels {picture.mode}", expected="an alpha channel", do="correct 'channel'"
            )
        return np.asarray(picture.getchannel("A")).astype(np.int64)
    values = np.asarray(picture).astype(np.int64)
    if values.ndim == 2:  # noqa: PLR2004 (height, width)
        return values
    colours = values[..., : 1 if picture.mode == "LA" else 3]
    if (colours != colours[..., :1]).any():
        raise ImageError("mask", got="colours", expected="grey values or a palette", do="name the channel")
    return colours[..., 0]
