"""Masks keep their values, whatever file they lie in."""

import struct
import zlib
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from doctorsun.errors import ImageError
from doctorsun.image.mask_file import read_mask

VALUES = np.array([[0, 1], [2, 200]], dtype=np.uint8)


def png(bits: int, kind: int, row: bytes, width: int, more: bytes = b"") -> bytes:
    """A PNG of one row, as Pillow cannot write it."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, 1, bits, kind, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + more + chunk(b"IDAT", zlib.compress(b"\0" + row)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("bits", "row"), [(1, b"\x50"), (2, b"\x1b"), (4, b"\x01\x2f"), (8, b"\0\x01\x02\x0f")])
def test_labels_of_few_bits_are_not_stretched(tmp_path: Path, bits: int, row: bytes):
    path = tmp_path / "few.png"
    path.write_bytes(png(bits, 0, row, 4))
    expected = {1: [0, 1, 0, 1], 2: [0, 1, 2, 3], 4: [0, 1, 2, 15], 8: [0, 1, 2, 15]}[bits]
    assert read_mask(path).tolist() == [expected]


def test_colours_of_16_bits_would_lose_their_labels(tmp_path: Path):
    path = tmp_path / "deep.png"
    path.write_bytes(png(16, 2, struct.pack(">6H", 1, 1, 1, 300, 300, 300), 2))
    with pytest.raises(ImageError, match=r"deep.png: mask: got 16 bits a channel, expected 8, or grey values; save it"):
        read_mask(path)


def test_a_mask_is_turned_as_its_picture_is(tmp_path: Path):
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    PIL.Image.fromarray(VALUES).save(tmp_path / "turned.png", exif=exif)
    assert read_mask(tmp_path / "turned.png").tolist() == [[2, 0], [200, 1]]


def test_a_mask_of_several_pages_is_refused(tmp_path: Path):
    pages = [PIL.Image.fromarray(VALUES), PIL.Image.fromarray(VALUES[::-1].copy())]
    pages[0].save(tmp_path / "m.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(ImageError, match=r"m.tif: the file holds several pictures: got 2, expected 1"):
        read_mask(tmp_path / "m.tif")


def saved(path: Path, picture: PIL.Image.Image) -> Path:
    picture.save(path)
    return path


def palette_picture() -> PIL.Image.Image:
    picture = PIL.Image.fromarray(VALUES, "L").convert("P")
    picture.putdata(VALUES.ravel().tolist())
    picture.putpalette([9, 9, 9] * 256)
    return picture


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp"])
def test_values_stay_as_they_are(tmp_path: Path, suffix: str):
    assert read_mask(saved(tmp_path / f"m.{suffix}", PIL.Image.fromarray(VALUES))).tolist() == VALUES.tolist()


def test_indices_of_a_palette_are_the_values(tmp_path: Path):
    assert read_mask(saved(tmp_path / "m.png", palette_picture())).tolist() == VALUES.tolist()


def test_16_bits_grey_in_colour_and_one_bit(tmp_path: Path):
    wide = VALUES.astype(np.uint16) * 256
    assert read_mask(saved(tmp_path / "w.png", PIL.Image.fromarray(wide))).tolist() == wide.tolist()
    grey = np.stack([VALUES] * 3, axis=-1)
    assert read_mask(saved(tmp_path / "g.png", PIL.Image.fromarray(grey))).tolist() == VALUES.tolist()
    assert read_mask(saved(tmp_path / "b.gif", PIL.Image.fromarray(VALUES > 1))).any(axis=0).tolist() == [True, True]


def test_a_threshold_makes_a_lossy_mask_exact(tmp_path: Path):
    pixels = np.zeros((32, 32), dtype=np.uint8)
    pixels[8:24, 8:24] = 255
    path = saved(tmp_path / "m.jpg", PIL.Image.fromarray(pixels))
    assert read_mask(path, threshold=127).sum() == 256
    with pytest.raises(ImageError, match=r"m.jpg: mask: got JPEG values.*expected a threshold; write 'threshold: 127'"):
        read_mask(path)


def test_the_alpha_channel_is_read_where_it_is_named(tmp_path: Path):
    colours = np.zeros((2, 2, 4), dtype=np.uint8)
    colours[..., 3] = VALUES
    assert (
        read_mask(saved(tmp_path / "a.png", PIL.Image.fromarray(colours)), channel="alpha").tolist() == VALUES.tolist()
    )
    with pytest.raises(ImageError, match=r"mask: got channels L, expected an alpha channel; correct 'channel'"):
        read_mask(saved(tmp_path / "m.png", PIL.Image.fromarray(VALUES)), channel="alpha")


def test_a_mask_painted_on_opaque_black_is_its_brightest_channel(tmp_path: Path):
    colours = np.zeros((2, 2, 4), dtype=np.uint8)
    colours[..., 2] = VALUES
    colours[..., 0] = VALUES // 2
    colours[..., 3] = 255
    path = saved(tmp_path / "a.png", PIL.Image.fromarray(colours))
    assert read_mask(path, channel="brightest").tolist() == VALUES.tolist()


def test_colours_and_damage_are_told(tmp_path: Path):
    colours = np.zeros((2, 2, 3), dtype=np.uint8)
    colours[..., 1] = VALUES
    path = saved(tmp_path / "c.png", PIL.Image.fromarray(colours))
    with pytest.raises(ImageError, match=r"c.png: mask: got colours, expected grey values or a palette"):
        read_mask(path)
    noise = np.random.default_rng(0).integers(0, 255, (99, 99), np.uint8)
    cut = saved(tmp_path / "cut.jpg", PIL.Image.fromarray(noise))
    cut.write_bytes(cut.read_bytes()[:3000])
    with pytest.raises(
        ImageError, match=r"cut.jpg: the picture is damaged: got .*; copy the file again or leave it out"
    ):
        read_mask(cut, threshold=127)
    with pytest.raises(ImageError, match=r"image .*gone.png: got No such file"):
        read_mask(tmp_path / "gone.png")
