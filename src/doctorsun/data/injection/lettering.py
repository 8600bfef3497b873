"""Lettering: words burned into a picture, readable, hardly visible or tiny; our own letters, the same everywhere."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Look = Literal["visible", "faint", "tiny"]

_GAP = 1
_MARGIN = 2
_FAINT = 3
_MIDDLE = 128
_LATIN = {
    "A": "01110 10001 10001 11111 10001 10001 10001",
    "B": "11110 10001 10001 11110 10001 10001 11110",
    "C": "01110 10001 10000 10000 10000 10001 01110",
    "D": "11110 10001 10001 10001 10001 10001 11110",
    "E": "11111 10000 10000 11110 10000 10000 11111",
    "F": "11111 10000 10000 11110 10000 10000 10000",
    "N": "10001 11001 10101 10101 10011 10001 10001",
    "O": "01110 10001 10001 10001 10001 10001 01110",
    "S": "01111 10000 10000 01110 00001 00001 11110",
    "Y": "10001 10001 01010 00100 00100 00100 00100",
    " ": "000 000 000 000 000 000 000",
}
_HAN = {
    "二": "000000000000 000000000000 001111111100 000000000000 000000000000 000000000000 "
    "000000000000 000000000000 000000000000 111111111111 000000000000 000000000000",
    "十": "000001100000 000001100000 000001100000 000001100000 000001100000 111111111111 "
    "000001100000 000001100000 000001100000 000001100000 000001100000 000001100000",
    "三": "000000000000 011111111110 000000000000 000000000000 000000000000 001111111100 "
    "000000000000 000000000000 000000000000 000000000000 111111111111 000000000000",
    "只": "000000000000 001111111100 001000000100 001000000100 001000000100 001111111100 "
    "000000000000 000100001000 001000000100 010000000010 100000000001 000000000000",
    "答": "001000001000 011111011111 100100100100 000001100000 000110011000 011000000110 "
    "100111111001 000000000000 001111111100 001000000100 001000000100 001111111100",
    "是": "001111111100 001000000100 001111111100 001000000100 001111111100 000000000000 "
    "111111111111 000001000000 001001111000 001001000000 010101000000 100011111111",
    "否": "111111111111 000001100000 000010101000 001100100100 110000100011 000000100000 "
    "000000000000 001111111100 001000000100 001000000100 001111111100 000000000000",
}


def burn(pixels: NDArray[np.uint8], text: str, look: Look) -> NDArray[np.uint8]:
    """Return a picture with words in its lower left corner.

    Args:
        pixels: [height, width] or [height, width, 3].
        text: of the letters A to F, N, O, S, Y and the characters 只答是否二十三.
        look: white on black; the same letters three of 256 grey levels off the picture; or white on black at half size.
    """
    letters = _letters(text)
    if look != "tiny":
        letters = np.kron(letters, np.ones((2, 2), dtype=np.bool_)).astype(np.bool_)
    burned = pixels.copy()
    height, width = letters.shape
    bottom = burned.shape[0] - _MARGIN
    patch = burned[bottom - height : bottom, _MARGIN : _MARGIN + width]  # a view
    if look == "faint":
        beneath = patch[letters]
        patch[letters] = np.where(beneath < _MIDDLE, beneath + _FAINT, beneath - _FAINT)
    else:
        patch[:] = 0
        patch[letters] = 255
    return burned


def _letters(text: str) -> NDArray[np.bool_]:
    """Return words as a raster, the letters on one base line."""
    rasters = [_raster(letter) for letter in text]
    height = max(len(raster) for raster in rasters)
    columns = [np.pad(raster, ((height - len(raster), 0), (0, _GAP))) for raster in rasters]
    return np.pad(np.concatenate(columns, axis=1), _GAP)


def _raster(letter: str) -> NDArray[np.bool_]:
    rows = (_LATIN.get(letter) or _HAN[letter]).split()
    return np.array([[bit == "1" for bit in row] for row in rows])
