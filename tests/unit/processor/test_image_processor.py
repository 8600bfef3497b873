import io

import numpy as np
import pytest
from PIL import Image as Picture

from doctorsun.errors import ImageError
from doctorsun.processor.image_processor import ImageProcessor
from small_model import png

SIZES = [(37, 91), (200, 100), (1, 1), (32, 32), (5, 1)]


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("fit", ["crop", "pad"])
def test_pixels_are_a_square_of_three_channels(fit: str, width: int, height: int) -> None:
    pixels = ImageProcessor(size=24, fit=fit).pixels(png(0, width, height, "L"))
    assert pixels.shape == (3, 24, 24)
    assert pixels.dtype == np.uint8
    assert pixels.flags.c_contiguous


def test_padding_has_the_colour_of_the_mean_and_the_image_lies_in_the_middle() -> None:
    processor = ImageProcessor(size=40, fit="pad", mean=(0.5, 0.25, 1.0))
    pixels = processor.pixels(png(1, 80, 20))
    assert [int(value) for value in pixels[:, 0, 0]] == [127, 63, 255]
    assert (pixels[:, 0] == pixels[:, -1]).all()
    assert pixels[0, 20].std() > 0


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("fit", ["crop", "pad"])
def test_a_point_of_the_image_is_found_where_the_frame_says(fit: str, width: int, height: int) -> None:
    frame = ImageProcessor(size=24, fit=fit).frame(width, height)
    box = (0.25 * width, 0.5 * height, 0.5 * width, 0.75 * height)
    inside = (frame.to_model(box)[0] % 1000, frame.to_model(box)[3] % 1000)
    if all(inside):
        assert frame.to_image(frame.to_model(box))[0] == pytest.approx(box[0])
        assert frame.to_image(frame.to_model(box))[3] == pytest.approx(box[3])


def test_a_bright_spot_lies_in_its_box_after_cropping_and_padding() -> None:
    drawing = np.zeros((60, 100), dtype=np.uint8)
    drawing[20:30, 60:72] = 255
    buffer = io.BytesIO()
    Picture.fromarray(drawing).save(buffer, format="PNG")
    for fit in ("crop", "pad"):
        processor = ImageProcessor(size=48, fit=fit, mean=(0.0, 0.0, 0.0))
        rows, columns = np.nonzero(processor.pixels(buffer.getvalue())[0] > 127)
        x0, y0, x1, y1 = (value * 48 / 1000 for value in processor.frame(100, 60).to_model((60.0, 20.0, 72.0, 30.0)))
        found = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        assert np.abs(np.subtract(found, (x0, y0, x1, y1))).max() <= 1


def test_a_box_outside_the_crop_is_clipped_to_the_square() -> None:
    frame = ImageProcessor(size=32).frame(300, 100)
    assert frame.to_model((0.0, 0.0, 300.0, 100.0)) == (0.0, 0.0, 1000.0, 1000.0)


def test_damaged_bytes_are_an_image_error() -> None:
    with pytest.raises(ImageError):
        ImageProcessor(size=32).pixels(b"not an image")


@pytest.mark.parametrize("fit", ["crop", "pad"])
def test_a_grey_image_gives_the_pixels_of_the_same_image_in_colour(fit: str) -> None:
    grey = Picture.fromarray(np.random.default_rng(0).integers(0, 256, (70, 45), dtype=np.uint8))
    as_grey, as_colour = io.BytesIO(), io.BytesIO()
    grey.save(as_grey, "PNG")
    grey.convert("RGB").save(as_colour, "PNG")
    images = ImageProcessor(size=28, fit=fit)
    np.testing.assert_array_equal(images.pixels(as_grey.getvalue()), images.pixels(as_colour.getvalue()))
