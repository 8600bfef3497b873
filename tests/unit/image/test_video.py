"""Frames of short clips that are encoded here, and of damaged ones."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from carriers.videos import NUM_FRAMES, RATE, write_video
from doctorsun.errors import ImageError
from doctorsun.image.video import frame_times, frames_numbered

av = pytest.importorskip("av", reason="PyAV is not installed (doctorsun[video])")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Five seconds at 10 frames a second; frame n has the grey value 5 n, and noise at its left."""
    return write_video(tmp_path / "clip.mkv")


def test_every_frame_has_its_time(clip: Path) -> None:
    assert frame_times(clip) == pytest.approx([number / RATE for number in range(NUM_FRAMES)])


def test_times_begin_with_the_first_frame(tmp_path: Path) -> None:
    late = write_video(tmp_path / "late.mkv", delay=14)
    assert frame_times(late)[::20] == pytest.approx([0, 2, 4])
    assert [frame.seconds for frame in frames_numbered(late, [20])] == pytest.approx([2])


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
    path = write_video(tmp_path / name, codec, pixels)
    assert frame_times(path) == pytest.approx([number / RATE for number in range(NUM_FRAMES)], abs=1e-3)
    (frame,) = frames_numbered(path, [30])
    assert abs(int(frame.pixels[20, 40, 1]) - 150) <= 4


def test_a_video_that_is_cut_off_is_refused(clip: Path) -> None:
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    with pytest.raises(
        ImageError, match=r"clip.mkv: the video is cut off: got \d+ frames in 2.\d s, expected 5.0 s; copy"
    ):
        frame_times(clip)


def test_an_mp4_without_its_end_is_damaged(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", "mpeg4", "yuv420p")
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(ImageError, match=r"clip.mp4: the video is damaged: got Invalid data found"):
        frame_times(path)


def test_a_frame_in_pieces_is_damage(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.avi", "mpeg4", "yuv420p")
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 200] = np.random.default_rng(1).bytes(200)
    path.write_bytes(data)
    with pytest.raises(ImageError, match=r"clip.avi: the video is damaged: got a frame in pieces at \d\.\d s"):
        frame_times(path)


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
    with pytest.raises(ImageError, match=r"sound.wav: the file holds no video: got audio, expected a video; leave it"):
        frame_times(path)


def test_large_frames_are_refused_before_decoding(clip: Path) -> None:
    message = r"the video is too large: got 64 x 48 pixels, expected at most 3071 pixels"
    with pytest.raises(ImageError, match=message):
        frame_times(clip, max_pixels=3071)
    with pytest.raises(ImageError, match=message):
        list(frames_numbered(clip, [0], max_pixels=3071))
    assert list(frames_numbered(clip, [0], max_pixels=3072))


@pytest.mark.parametrize("content", [b"", b"not a video" * 100])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.mp4"
    path.write_bytes(content)
    with pytest.raises(ImageError, match=r"other.mp4: the video is damaged: got Invalid"):
        frame_times(path)


def test_a_missing_video_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"image .*none.mp4: got No such file"):
        frame_times(tmp_path / "none.mp4")
