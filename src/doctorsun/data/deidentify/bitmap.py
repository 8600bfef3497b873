"""BMP files written anew from their pixels, so that nothing beside the picture can stay."""

import io
import struct
import warnings
from pathlib import Path

import PIL.Image

from doctorsun.data.deidentify.action import Action
from doctorsun.data.deidentify.key import Key
from doctorsun.data.deidentify.options import Options
from doctorsun.data.deidentify.palettes import used_alone
from doctorsun.data.deidentify.refusal import Refusal

_MARK, _HEADER_SIZE_AT = b"BM", 14
_HEADER_SIZES = {12, 16, 40, 52, 56, 64, 108, 124}


def is_bitmap(head: bytes) -> bool:
    """Say whether a file begins as a BMP of one of the known headers."""
    if not head.startswith(_MARK) or len(head) < _HEADER_SIZE_AT + 4:
        return False
    return struct.unpack_from("<I", head, _HEADER_SIZE_AT)[0] in _HEADER_SIZES


def deidentify_bitmap(path: Path, out_path: Path, key: Key, options: Options) -> list[Action]:  # noqa: ARG001 (one signature)
    """Write a BMP with its pixels and resolution alone: no profile, gap, padding, fourth byte or end has a value.

    Text in the pixels is not looked for.

    Raises:
        Refusal: the file is damaged, or its pixels could not be written as they are, such as with transparency.
    """
    try:
        picture = _opened(path.read_bytes())
    except (OSError, SyntaxError, ValueError, struct.error) as error:
        raise Refusal("damaged: the picture ends too early, or holds what its format does not") from error
    if picture.mode == "P":
        picture.putpalette(used_alone(bytes(picture.getpalette() or ()), picture.tobytes(), 3))
    clean = io.BytesIO()
    resolution = {"dpi": picture.info["dpi"]} if "dpi" in picture.info else {}
    picture.save(clean, "BMP", **resolution)
    if _shown(_opened(clean.getvalue())) != _shown(picture):
        raise Refusal("a BMP with transparency: save it as PNG")
    out_path.write_bytes(clean.getvalue())
    return [
        Action("BMP header and gaps", "removed", "not part of the picture"),
        Action("pixels", "kept", "text in them is not looked for"),
    ]


def _opened(data: bytes) -> PIL.Image.Image:
    with warnings.catch_warnings(action="ignore"), PIL.Image.open(io.BytesIO(data), formats=("BMP",)) as picture:
        picture.load()
        return picture


def _shown(picture: PIL.Image.Image) -> tuple[tuple[int, int], bytes]:
    return picture.size, picture.convert("RGBA").tobytes()
