"""Slides: pyramids of tiled pictures."""

import itertools
import struct
from pathlib import Path

import numpy as np

TILE = 64


def write_pyramid(path: Path, levels: list[np.ndarray], mpp: float | None) -> Path:
    """Write a tiled TIFF (TIFF 6.0, section 15), which OpenSlide reads as a slide of the format generic-tiff."""
    data = bytearray(b"II*\0\0\0\0\0")
    link = 4
    for number, level in enumerate(levels):
        height, width = level.shape[:2]
        padded = np.pad(level, ((0, -height % TILE), (0, -width % TILE), (0, 0)))
        starts: list[int] = []
        for top, left in itertools.product(range(0, height, TILE), range(0, width, TILE)):
            starts.append(len(data))
            data += padded[top : top + TILE, left : left + TILE].tobytes()
        places = len(data)
        data += struct.pack(f"<{len(starts)}I", *starts) + struct.pack("<I", TILE * TILE * 3) * len(starts)
        resolution = len(data)
        data += struct.pack("<3H2x", 8, 8, 8) + struct.pack("<2I", round(1e7 / (mpp or 1)), 1000)
        single = len(starts) == 1
        entries = [
            (254, 4, 1, int(number > 0)),
            (256, 4, 1, width),
            (257, 4, 1, height),
            (258, 3, 3, resolution),
            (259, 3, 1, 1),
            (262, 3, 1, 2),
            (277, 3, 1, 3),
            *(((282, 5, 1, resolution + 8), (283, 5, 1, resolution + 8)) if mpp else ()),
            (284, 3, 1, 1),
            *(((296, 3, 1, 3),) if mpp else ()),
            (322, 3, 1, TILE),
            (323, 3, 1, TILE),
            (324, 4, len(starts), starts[0] if single else places),
            (325, 4, len(starts), TILE * TILE * 3 if single else places + 4 * len(starts)),
        ]
        data[link : link + 4] = struct.pack("<I", len(data))
        data += struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
        link = len(data)
        data += bytes(4)
    path.write_bytes(data)
    return path
