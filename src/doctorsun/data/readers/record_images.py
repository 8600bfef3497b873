"""The images of a record as parts of a sample: found, decoded once so that damage is seen, and hashed."""

import base64
import binascii
from collections.abc import Sequence

from doctorsun.data.readers.conversation import ImageRef
from doctorsun.data.readers.image_finder import ImageFinder
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.record_reader import RawRecord
from doctorsun.errors import ImageError
from doctorsun.image.raster import sound_record
from doctorsun.schema import Image

_SHOWN_PLACES = 4


def read_images(refs: Sequence[ImageRef], finder: ImageFinder, raw: RawRecord) -> tuple[Image, ...] | Dropped:
    """Return the images of a record; one that is nowhere is a reference: its path, and no bytes.

    Addresses are never fetched: their images are looked for by their names, as paths of other machines are. Where
    several files may be meant by one of these, it is a reference, too.

    Returns:
        The images; dropped as ``image`` where one cannot be decoded, and as ``ambiguous_image`` where different files
        have the end of a relative path.

    Raises:
        DataError: a place of images cannot be searched.
    """
    images: list[Image] = []
    for ref in refs:
        image = _read(ref, finder, raw)
        if isinstance(image, Dropped):
            return image
        images.append(image)
    return tuple(images)


def reference(path: str) -> Image:
    """Return the record of an image that is not here."""
    return Image(bytes=None, sha256="", width=0, height=0, path=path)


def _read(ref: ImageRef, finder: ImageFinder, raw: RawRecord) -> Image | Dropped:
    path = "" if ref.path.startswith("data:") else ref.path
    try:
        data = _bytes_of(ref, finder, raw.shared.get(ref.path, 0))
        if isinstance(data, bytes):
            return sound_record(data, path=path)
    except ImageError as error:
        return Dropped(raw.id, "image", f"{path}: {error.text()}" if path else error.text())
    if not data or finder.is_foreign(path):
        return reference(path)
    return Dropped(raw.id, "ambiguous_image", f"{path}: {', '.join(data)}")


def _bytes_of(ref: ImageRef, finder: ImageFinder, num_shared: int) -> bytes | tuple[str, ...]:
    """Return an image's bytes, or the different files that may be meant, if any."""
    if ref.data is not None:
        return ref.data
    if ref.path.startswith("data:"):
        return _from_data_url(ref.path)
    found = finder.find(ref.path, num_shared)
    places = tuple(f"{place}/{name}" for place, name in found[:_SHOWN_PLACES])
    if not places or len(found) > _SHOWN_PLACES:
        return places
    contents = {finder.read(location) for location in found}
    return contents.pop() if len(contents) == 1 else places


def _from_data_url(url: str) -> bytes:
    try:
        return base64.b64decode(url.partition("base64,")[2], validate=True)
    except binascii.Error as error:
        raise ImageError("data URL", got=str(error), expected="data:image/...;base64, and Base64 text") from error
