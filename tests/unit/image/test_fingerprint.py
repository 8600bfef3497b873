"""Fingerprints of pictures."""

import io

import numpy as np
import PIL.Image
import pytest

from doctorsun.errors import ImageError
from doctorsun.image.fingerprint import (
    FINGERPRINT_BYTES,
    NEAR_BITS,
    fingerprint,
    fingerprint_of,
    inner_fingerprints,
    pixel_sha256,
)


def picture(seed: int) -> PIL.Image.Image:
    """Return a smooth picture, 96 wide and 80 high."""
    coarse = np.random.default_rng(seed).integers(0, 256, size=(9, 11), dtype=np.uint8)
    return PIL.Image.fromarray(coarse).resize((96, 80), PIL.Image.Resampling.BICUBIC)


def encoded(image: PIL.Image.Image, name: str = "PNG", **settings: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, name, **settings)
    return buffer.getvalue()


def num_bits_apart(one: bytes, other: bytes) -> int:
    return int(np.bitwise_count(np.frombuffer(one, np.uint8) ^ np.frombuffer(other, np.uint8)).sum())


@pytest.mark.parametrize(
    "again",
    [
        encoded(picture(0), "JPEG", quality=50),
        encoded(picture(0).resize((48, 40), PIL.Image.Resampling.LANCZOS)),
        encoded(picture(0).point(lambda level: int(level * 0.8 + 20))),
        encoded(picture(0).convert("RGB")),
    ],
    ids=["encoded again", "half the size", "darker", "in colour"],
)
def test_the_same_picture_in_another_file_is_near(again: bytes):
    data = encoded(picture(0))

    assert num_bits_apart(fingerprint(data), fingerprint(again)) <= NEAR_BITS


def test_other_pictures_are_far():
    prints = [fingerprint(encoded(picture(seed))) for seed in range(20)]

    assert len(prints[0]) == FINGERPRINT_BYTES
    assert min(num_bits_apart(prints[0], other) for other in prints[1:]) > 60


def test_what_is_no_picture_is_told():
    with pytest.raises(ImageError):
        fingerprint(b"no picture")


def test_pixels_are_the_same_in_one_channel_and_in_three_but_not_in_another_shape():
    grey = picture(0)
    assert pixel_sha256(grey) == pixel_sha256(grey.convert("RGB"))
    assert pixel_sha256(grey) != pixel_sha256(PIL.Image.frombytes("L", (80, 96), grey.tobytes()))
    tinted = grey.convert("RGB")
    tinted.putpixel((0, 0), (1, 2, 3))
    assert pixel_sha256(tinted) != pixel_sha256(grey)


def test_without_its_border_a_padded_picture_is_near_again():
    shown = picture(0)
    padded = PIL.Image.new("L", (120, 120))
    padded.paste(shown, (12, 20))

    assert num_bits_apart(fingerprint_of(shown), fingerprint_of(padded)) > 60
    assert num_bits_apart(fingerprint_of(shown), inner_fingerprints(padded)[0]) <= 24


def test_the_square_in_the_middle_of_a_picture_is_near_again():
    shown = picture(1)
    square = shown.crop((8, 0, 88, 80)).resize((48, 48))

    assert num_bits_apart(fingerprint_of(shown), fingerprint_of(square)) > 24
    assert num_bits_apart(inner_fingerprints(shown)[1], fingerprint_of(square)) <= 24


def test_a_picture_of_border_alone_is_not_trimmed():
    dot = PIL.Image.new("L", (96, 80))
    dot.paste(255, (40, 40, 44, 44))

    assert inner_fingerprints(dot)[0] == fingerprint_of(dot)
