"""Images that clients send: data URLs only, and measured before they are decoded."""

import base64
import binascii
import re

from doctorsun.errors import RequestError
from doctorsun.image.raster import image_record

_DATA_URL = re.compile(r"data:image/(?:png|jpeg);base64,")


def image_from_url(url: str, max_pixels: int) -> bytes:
    """Return the encoded image inside a data URL; no address is ever fetched.

    Raises:
        RequestError: it is an address, or a data URL of another kind.
        ImageError: it holds no picture, or one of more than ``max_pixels`` pixels.
    """
    head = _DATA_URL.match(url)
    if head is None:
        raise RequestError(
            "image URL",
            got=repr(url[:40]),
            expected="data:image/png;base64,... or data:image/jpeg;base64,...",
            do="send the image itself; this server fetches nothing",
        )
    try:
        data = base64.b64decode(url[head.end() :], validate=True)
    except binascii.Error as error:
        raise RequestError("image URL", got=str(error), expected="base64") from error
    image_record(data, max_pixels=max_pixels)
    return data
