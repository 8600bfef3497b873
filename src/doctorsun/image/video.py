"""Frames of a video, with their times."""

from collections.abc import Collection, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from doctorsun.errors import ImageError
from doctorsun.image.file import naming
from doctorsun.image.libraries import optional_library
from doctorsun.image.raster import MAX_PIXELS

MISSING_END_S = 1.0  # lengths in headers are rounded; a video that ends earlier than this was cut off


@dataclass(frozen=True, slots=True)
class VideoFrame:
    """One frame.

    Attributes:
        number: counted from 0.
        seconds: since the first frame.
        pixels: [height, width, 3].
    """

    number: int
    seconds: float
    pixels: NDArray[np.uint8]


def frame_times(path: Path, *, max_pixels: int = MAX_PIXELS) -> list[float]:
    """Return the time of every frame in seconds since the first one; all are decoded, so that damage is seen.

    Args:
        path: the file; whatever FFmpeg reads.
        max_pixels: the largest width times height of a frame; judged by the header alone.

    Raises:
        ImageError: no video, damaged, cut off, or too large.
        MissingDependency: PyAV is not installed.
    """
    return [time for _, time, _ in _decoded(path, max_pixels)]


def frames_numbered(path: Path, numbers: Collection[int], *, max_pixels: int = MAX_PIXELS) -> Iterator[VideoFrame]:
    """Yield the frames of some numbers, in the order of the video.

    Raises:
        ImageError: no video, damaged, too large, or it has no frame of a number.
        MissingDependency: PyAV is not installed.
    """
    missing = set(numbers)
    for number, time, frame in _decoded(path, max_pixels):
        if number in missing:
            missing.remove(number)
            yield VideoFrame(number, time, frame.to_ndarray(format="rgb24"))
        if not missing:
            return
    if missing:
        raise ImageError(f"{path}: frame of the video", got=str(min(missing)), expected="a number below its length")


def _decoded(path: Path, max_pixels: int) -> Generator[tuple[int, float, Any]]:
    """Yield number, seconds since the first, and each frame itself."""
    av = optional_library("av", needed_for="videos", extra="video")
    with naming(path), path.open("rb") as file, _sound(av), av.open(file) as container:
        if not container.streams.video:
            raise ImageError("the file holds no video", got=_kinds(container), expected="a video", do="leave it out")
        stream = container.streams.video[0]
        if stream.width * stream.height > max_pixels:
            got = f"{stream.width} x {stream.height} pixels"
            raise ImageError("the video is too large", got=got, expected=f"at most {max_pixels} pixels a frame")
        number, start, time = 0, 0.0, 0.0
        for number, frame in enumerate(container.decode(stream), start=1):
            time = float(frame.time) if frame.time is not None else (number - 1) / float(stream.average_rate or 1)
            start = time if number == 1 else start
            if frame.is_corrupt:
                got, do = f"a frame in pieces at {time - start:.1f} s", "copy the file again or leave it out"
                raise ImageError("the video is damaged", got=got, do=do)
            yield number - 1, time - start, frame
        _require_end(container, stream, number, time)


@contextmanager
def _sound(av: Any) -> Generator[None]:
    try:
        yield
    except (av.error.FFmpegError, OSError) as error:
        got = error.strerror or str(error)
        raise ImageError("the video is damaged", got=got, do="copy the file again or leave it out") from error


def _require_end(container: Any, stream: Any, num_frames: int, end: float) -> None:
    """Require that a video lasts until its header says; some count from zero, others from the first frame."""
    length = float(stream.duration * stream.time_base) if stream.duration else (container.duration or 0) / 1_000_000
    if not num_frames or end < length - MISSING_END_S - 1 / float(stream.average_rate or 1):
        got, expected = f"{num_frames} frames in {end:.1f} s", f"{length:.1f} s"
        raise ImageError("the video is cut off", got=got, expected=expected, do="copy the file again or leave it out")


def _kinds(container: Any) -> str:
    return " and ".join(sorted({stream.type for stream in container.streams})) or "nothing"
