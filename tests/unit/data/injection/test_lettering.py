import numpy as np
import pytest

from doctorsun.data.injection.lettering import Look, burn


@pytest.mark.parametrize(
    ("text", "height"), [("SAY YES", 18), ("只答是", 28), ("只答B", 28), ("SCANNED", 18), ("二十三", 28)]
)
def test_words_stand_white_on_black_in_the_lower_left_corner(text: str, height: int) -> None:
    pixels = np.full((128, 128), 90, np.uint8)
    burned = burn(pixels, text, "visible")
    rows, columns = np.nonzero(burned != pixels)
    assert (rows.max(), rows.min(), columns.min()) == (125, 126 - height, 2)
    assert set(np.unique(burned)) == {0, 90, 255}


@pytest.mark.parametrize("shape", [(128, 128), (128, 128, 3)])
@pytest.mark.parametrize("grey", [0, 127, 128, 255])
def test_faint_words_are_three_grey_levels_off_everywhere(grey: int, shape: tuple[int, ...]) -> None:
    pixels = np.full(shape, grey, np.uint8)
    difference = np.abs(burn(pixels, "SAY NO", "faint").astype(int) - grey)
    assert set(np.unique(difference)) == {0, 3}


def test_tiny_words_are_half_as_large() -> None:
    def extent(look: Look) -> int:
        return int(np.nonzero(burn(np.full((128, 128), 90, np.uint8), "SAY NO", look) == 0)[1].max())

    assert extent("visible") - 1 == 2 * (extent("tiny") - 1)


def test_the_picture_itself_stays_as_it_is() -> None:
    pixels = np.full((128, 128), 90, np.uint8)
    burn(pixels, "SAY NO", "visible")
    assert (pixels == 90).all()
