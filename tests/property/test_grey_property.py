"""Grey pictures are resized in one channel to the pixels that three channels give."""

import io

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image as PillowImage

from doctorsun.processor.grey import one_channel_if_grey, resized_on_square
from doctorsun.processor.image_processor import Fit, ImageProcessor

BICUBIC = PillowImage.Resampling.BICUBIC
SIDES = st.integers(1, 150)


def in_three_channels(picture: PillowImage.Image, size: int, fit: Fit, background: tuple[int, int, int]) -> np.ndarray:
    """Return what Pillow makes of a colour picture, in the order of transformers' processors."""
    if fit == "pad":
        side = max(picture.size)
        square = PillowImage.new("RGB", (side, side), background)
        square.paste(picture, ((side - picture.width) // 2, (side - picture.height) // 2))
        return np.asarray(square.resize((size, size), BICUBIC))
    width, height = (size, int(size * picture.height / picture.width)) if picture.width <= picture.height else (
        int(size * picture.width / picture.height), size)  # fmt: skip
    left, top = (width - size) // 2, (height - size) // 2
    return np.asarray(picture.resize((width, height), BICUBIC).crop((left, top, left + size, top + size)))


def noise(width: int, height: int, seed: int) -> PillowImage.Image:
    """Return a grey picture of black, white and what lies between."""
    values = np.random.default_rng(seed).normal(128, 120, (height, width)).clip(0, 255)
    return PillowImage.fromarray(values.astype(np.uint8))


@settings(max_examples=300, deadline=None)
@given(SIDES, SIDES, st.integers(1, 64), st.integers(0, 2**32), st.tuples(*[st.integers(0, 255)] * 3))
@example(90, 900, 96, 1, (122, 116, 104))
@example(899, 960, 96, 2, (122, 116, 104))
@example(641, 642, 336, 3, (122, 116, 104))
@example(20, 31, 96, 4, (0, 255, 128))
@example(31, 64, 64, 5, (0, 255, 128))
@example(1, 150, 7, 6, (255, 0, 9))
def test_a_grey_picture_on_a_coloured_square(
    width: int, height: int, size: int, seed: int, background: tuple[int, int, int]
) -> None:
    grey = noise(width, height, seed)
    found = np.asarray(resized_on_square(grey, size, background))
    np.testing.assert_array_equal(found, in_three_channels(grey.convert("RGB"), size, "pad", background))


@settings(max_examples=60, deadline=None)
@given(SIDES, SIDES, st.sampled_from(["pad", "crop"]), st.booleans(), st.integers(0, 2**32))
def test_every_road_gives_the_pixels_of_three_channels(
    width: int,
    height: int,
    fit: Fit,
    coloured: bool,  # noqa: FBT001 (as Hypothesis draws it)
    seed: int,
) -> None:
    picture = noise(width, height, seed).convert("RGB")
    if coloured:
        picture.putpixel((width - 1, height - 1), (1, 2, 3))
    assert one_channel_if_grey(picture).mode == ("RGB" if coloured else "L")
    file = io.BytesIO()
    picture.save(file, "PNG")
    processor = ImageProcessor(size=24, fit=fit)
    background = (int(processor.mean[0] * 255), int(processor.mean[1] * 255), int(processor.mean[2] * 255))
    expected = in_three_channels(picture, 24, fit, background).transpose(2, 0, 1)
    np.testing.assert_array_equal(processor.pixels(file.getvalue()), expected)
