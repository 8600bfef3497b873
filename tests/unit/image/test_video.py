"""Frames of short clips that are encoded here, and of damaged ones."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from doctorsun.errors import ImageError
from doctorsun.image.video import frames_every, frames_numbered

av = pytest.importorskip("av", reason="PyAV is not installed (doctorsun[video])")
RATE, NUM_FRAMES, STEP = 10, 50, 5


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Five seconds at 10 frames a second; frame n has the grey value 5 n, and noise at its left."""
    return encode(tmp_path / "clip.mkv", "ffv1", "bgr0")


def encode(path: Path, codec: str, pixels: str, delay: int = 0) -> Path:
    noise = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=RATE)
        stream.width, stream.height = 64, 48
        stream.pix_fmt = pixels
        for number in range(NUM_FRAMES):
            frame = np.full((48, 64, 3), number * STEP, np.uint8)
            frame[:, :10] = noise.integers(0, 255, (48, 10, 3))
            picture: Any = av.VideoFrame.from_ndarray(frame, format="rgb24")
            picture.pts, picture.time_base = number + delay, Fraction(1, RATE)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def test_frames_at_intervals_with_their_times(clip: Path) -> None:
    frames = list(frames_every(clip, 1.5))
    assert [frame.number for frame in frames] == [0, 15, 30, 45]
    assert [frame.seconds for frame in frames] == pytest.approx([0, 1.5, 3, 4.5])
    assert [frame.pixels[20, 40].tolist() for frame in frames] == [[number * STEP] * 3 for number in (0, 15, 30, 45)]
    assert frames[0].pixels.shape == (48, 64, 3)


def test_times_begin_with_the_first_frame(tmp_path: Path) -> None:
    frames = list(frames_every(encode(tmp_path / "late.mkv", "ffv1", "bgr0", delay=14), 2))
    assert [frame.seconds for frame in frames] == pytest.approx([0, 2, 4])


def test_an_interval_of_nothing_gives_all_frames(clip: Path) -> None:
    assert [frame.number for frame in frames_every(clip, 0)] == list(range(NUM_FRAMES))


@pytest.mark.parametrize("interval", [-1.0, float("nan"), float("inf")])
def test_impossible_intervals_are_refused(clip: Path, interval: float) -> None:
    with pytest.raises(ImageError, match=r"interval of frames: got .* s, expected 0 s or more"):
        list(frames_every(clip, interval))


def test_frames_by_number(clip: Path) -> None:
    assert [(frame.number, int(frame.pixels[9, 30, 0])) for frame in frames_numbered(clip, (33, 7))] == [
        (7, 35),
        (33, 165),
    ]
    assert list(frames_numbered(clip, ())) == []
    with pytest.raises(ImageError, match=r"clip.mkv: frame of the video: got 50, expected a number below its length"):
        list(frames_numbered(clip, [3, 50, 60]))


@pytest.mark.parametrize(("name", "codec", "pixels"), [("a.mp4", "mpeg4", "yuv420p"), ("a.avi", "mjpeg", "yuvj420p")])
def test_other_containers_and_codecs(tmp_path: Path, name: str, codec: str, pixels: str) -> None:
    frames = list(frames_every(encode(tmp_path / name, codec, pixels), 1))
    assert [frame.number for frame in frames] == [0, 10, 20, 30, 40]
    assert abs(int(frames[3].pixels[20, 40, 1]) - 150) <= 4


def test_a_video_that_is_cut_off_is_refused(clip: Path) -> None:
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    with pytest.raises(
        ImageError, match=r"clip.mkv: the video is cut off: got \d+ frames in 2.\d s, expected 5.0 s; copy"
    ):
        list(frames_every(clip, 1))


def test_an_mp4_without_its_end_is_damaged(tmp_path: Path) -> None:
    path = encode(tmp_path / "clip.mp4", "mpeg4", "yuv420p")
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(ImageError, match=r"clip.mp4: the video is damaged: got Invalid data found"):
        list(frames_every(path, 1))


def test_a_frame_in_pieces_is_damage(tmp_path: Path) -> None:
    path = encode(tmp_path / "clip.avi", "mpeg4", "yuv420p")
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 200] = np.random.default_rng(1).bytes(200)
    path.write_bytes(data)
    with pytest.raises(ImageError, match=r"clip.avi: the video is damaged: got a frame in pieces at \d\.\d s"):
        list(frames_every(path, 0))


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
    with pytest.raises(ImageError, match=r"sound.wav: the file holds no video: got audio, expected a video; leave it"):
        list(frames_every(path, 1))


def test_large_frames_are_refused_before_decoding(clip: Path) -> None:
    for frames in (frames_every(clip, 1, max_pixels=3071), frames_numbered(clip, [0], max_pixels=3071)):
        with pytest.raises(
            ImageError, match=r"the video is too large: got 64 x 48 pixels, expected at most 3071 pixels"
        ):
            list(frames)
    assert list(frames_numbered(clip, [0], max_pixels=3072))


@pytest.mark.parametrize("content", [b"", b"not a video" * 100])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.mp4"
    path.write_bytes(content)
    with pytest.raises(ImageError, match=r"other.mp4: the video is damaged: got Invalid"):
        list(frames_every(path, 1))


def test_a_missing_video_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"image .*none.mp4: got No such file"):
        list(frames_every(tmp_path / "none.mp4", 1))
