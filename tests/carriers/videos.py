"""Short videos that are encoded here."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

RATE, NUM_FRAMES, STEP = 10, 50, 5


def write_video(
    path: Path, codec: str = "ffv1", pixels: str = "bgr0", *, delay: int = 0, num_frames: int = NUM_FRAMES
) -> Path:
    """Write a video of 64 x 48 pixels at 10 frames a second; frame n has the grey value 5 n, and noise at its left.

    Args:
        path: the file; its suffix chooses the container.
        codec: of FFmpeg.
        pixels: their format, which the codec must know.
        delay: how many frames late the first one is.
        num_frames: how many there are.
    """
    import av

    noise = np.random.default_rng(0)
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=RATE)
        stream.width, stream.height = 64, 48
        stream.pix_fmt = pixels
        for number in range(num_frames):
            frame = np.full((48, 64, 3), number * STEP, np.uint8)
            frame[:, :10] = noise.integers(0, 255, (48, 10, 3))
            picture: Any = av.VideoFrame.from_ndarray(frame, format="rgb24")
            picture.pts, picture.time_base = number + delay, Fraction(1, RATE)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path
