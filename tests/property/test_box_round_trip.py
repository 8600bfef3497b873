import re

from hypothesis import given
from hypothesis import strategies as st

from doctorsun.processor.boxes import boxes_in_pixels, write_boxes
from doctorsun.processor.image_processor import Fit, ImageProcessor
from doctorsun.schema import Object

share = st.floats(0, 1)


@given(
    width=st.integers(1, 3000),
    height=st.integers(1, 3000),
    size=st.sampled_from([32, 96, 336]),
    corners=st.tuples(*[share] * 4),
)
def test_a_box_written_for_a_padded_image_is_read_back_within_a_thousandth_of_the_square(
    width: int, height: int, size: int, corners: tuple[float, float, float, float]
) -> None:
    frame = ImageProcessor(size=size, fit="pad").frame(width, height)
    box = (corners[0] * width, corners[1] * height, corners[2] * width, corners[3] * height)
    answer = boxes_in_pixels(write_boxes("<box>#0</box>", (Object(label="x", box_px=box),), (frame,)), frame)
    read = [float(number) for number in re.findall(r"-?\d+\.\d", answer)]
    tolerance = 0.51 * max(width, height) / 1000 + 0.06
    assert len(read) == 4
    assert all(abs(found - wanted) <= tolerance for found, wanted in zip(read, box, strict=True))


@given(
    width=st.integers(1, 3000),
    height=st.integers(1, 3000),
    fit=st.sampled_from(["crop", "pad"]),
    corners=st.tuples(*[share] * 4),
)
def test_every_box_lies_within_the_square(
    width: int, height: int, fit: Fit, corners: tuple[float, float, float, float]
) -> None:
    frame = ImageProcessor(size=64, fit=fit).frame(width, height)
    box = (corners[0] * width, corners[1] * height, corners[2] * width, corners[3] * height)
    assert all(0 <= value <= 1000 for value in frame.to_model(box))
