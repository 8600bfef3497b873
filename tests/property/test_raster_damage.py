"""Damaged picture files: either an ImageError or pixels of the size in the header, never another error."""

import io

import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doctorsun.errors import ImageError
from doctorsun.image.raster import decode, image_record

PIXELS = np.random.default_rng(1).integers(0, 256, (20, 24, 3), dtype=np.uint8)


def encoded(kind: str) -> bytes:
    file = io.BytesIO()
    PIL.Image.fromarray(PIXELS).save(file, kind)
    return file.getvalue()


WHOLE = {kind: encoded(kind) for kind in ("PNG", "JPEG", "WEBP", "BMP", "TIFF")}


@pytest.mark.filterwarnings("ignore")  # decoders warn of odd metadata before they give up or go on
@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(sorted(WHOLE)),
    changes=st.lists(st.tuples(st.floats(0, 0.999), st.integers(1, 255)), min_size=1, max_size=4),
    share=st.floats(0.3, 1.0),
)
def test_damage_gives_an_image_error_or_a_picture(kind: str, changes: list[tuple[float, int]], share: float) -> None:
    data = bytearray(WHOLE[kind])
    for place, flip in changes:
        data[int(place * min(len(data), 200))] ^= flip  # headers are where decoders go wrong
    damaged = bytes(data[: int(len(data) * share)])
    try:
        record = image_record(damaged, max_pixels=10_000)
        picture = decode(damaged, max_pixels=10_000)
    except ImageError:
        return
    assert picture.size == (record.width, record.height)
    assert picture.mode in ("L", "RGB")
