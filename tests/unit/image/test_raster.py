"""Picture files: what is decoded, how, and what is refused."""

import hashlib
import io
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from doctorsun.errors import ImageError
from doctorsun.image.raster import (
    count_pages,
    decode,
    encode_png,
    image_record,
    is_ordinary,
    read_image_file,
    sound_record,
)

RAMP = np.linspace(0, 255, 5 * 7).astype(np.uint8).reshape(5, 7)
COLOURS = np.stack([RAMP, RAMP[::-1], 255 - RAMP], axis=-1)


def encoded(picture: PIL.Image.Image | np.ndarray, kind: str = "PNG", **settings: Any) -> bytes:
    file = io.BytesIO()
    (PIL.Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture).save(file, kind, **settings)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
@pytest.mark.parametrize("pixels", [RAMP, COLOURS], ids=["grey", "colour"])
def test_lossless_formats_come_back_as_they_were(kind: str, pixels: np.ndarray) -> None:
    assert np.array_equal(np.asarray(decode(encoded(pixels, kind))), pixels)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_lossy_formats_come_back_nearly(kind: str) -> None:
    smooth = np.stack([np.tile(np.arange(0, 240, 5, dtype=np.uint8), (32, 1))] * 3, axis=-1)
    found = np.asarray(decode(encoded(smooth, kind, quality=95)), dtype=int)
    assert found.shape == smooth.shape
    assert np.abs(found - smooth).max() < 12


def test_png_round_trip_of_our_own() -> None:
    for pixels in (RAMP, COLOURS):
        assert np.array_equal(np.asarray(decode(encode_png(pixels))), pixels)


@pytest.mark.parametrize(
    "pixels", [RAMP.astype(np.float32), RAMP[None], np.zeros((4, 3, 2), np.uint8)], ids=["float", "batch", "two"]
)
def test_other_arrays_are_not_encoded(pixels: np.ndarray) -> None:
    with pytest.raises(ImageError, match=r"cannot be encoded as PNG: got .*, expected uint8 \[height, width\] or"):
        encode_png(pixels)


def test_twelve_bits_in_sixteen_are_stretched() -> None:
    deep = (RAMP.astype(np.uint16) * 16) + 100
    for data in (encoded(deep), encoded(deep, "TIFF"), encoded(deep.astype(np.float32), "TIFF")):
        picture = decode(data)
        assert picture.mode == "L"
        assert np.array_equal(np.asarray(picture), RAMP)


def test_a_sixteen_bit_picture_of_one_value_is_black() -> None:
    assert not np.asarray(decode(encoded(np.full((3, 4), 900, np.uint16)))).any()


def test_a_value_that_is_not_a_number_is_damage() -> None:
    values = RAMP.astype(np.float32)
    values[2, 3] = np.nan
    with pytest.raises(ImageError, match="damaged: got values that are not numbers"):
        decode(encoded(values, "TIFF"))


@pytest.mark.parametrize("mode", ["LA", "RGBA", "PA"])
def test_transparent_parts_become_white(mode: str) -> None:
    clear = PIL.Image.new("RGBA", (4, 3), (10, 10, 10, 0))
    clear.putpixel((1, 2), (10, 10, 10, 255))
    data = encoded(clear.convert("RGBA" if mode == "PA" else mode).quantize(4) if mode == "PA" else clear.convert(mode))
    picture = decode(data)
    assert picture.mode == ("L" if mode == "LA" else "RGB")
    values = np.asarray(picture)
    assert (values[0, 0] == 255).all()
    assert (values[2, 1] == 10).all()


@pytest.mark.parametrize(("mode", "expected"), [("1", "L"), ("P", "RGB"), ("CMYK", "RGB"), ("YCbCr", "RGB")])
def test_other_modes(mode: str, expected: str) -> None:
    picture = PIL.Image.fromarray(COLOURS).convert(mode)
    assert decode(encoded(picture, "TIFF")).mode == expected


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_and_known_to_the_record(orientation: int) -> None:
    upright = PIL.Image.fromarray(COLOURS)
    stored = {
        2: PIL.Image.Transpose.FLIP_LEFT_RIGHT,
        3: PIL.Image.Transpose.ROTATE_180,
        4: PIL.Image.Transpose.FLIP_TOP_BOTTOM,
        5: PIL.Image.Transpose.TRANSPOSE,
        6: PIL.Image.Transpose.ROTATE_90,
        7: PIL.Image.Transpose.TRANSVERSE,
        8: PIL.Image.Transpose.ROTATE_270,
    }
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    turned = upright.transpose(stored[orientation]) if orientation in stored else upright
    data = encoded(turned, exif=exif)
    assert np.array_equal(np.asarray(decode(data)), COLOURS)
    record = image_record(data)
    assert (record.width, record.height) == (7, 5)
    assert sound_record(data) == record


def test_a_tiny_jpeg_is_sound() -> None:
    assert sound_record(encoded(RAMP[:1, :3], "JPEG")).width == 3


def test_the_record_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encode_png(RAMP))
    record = read_image_file(path)
    assert (record.width, record.height, record.path, record.bytes) == (7, 5, str(path), path.read_bytes())
    assert record.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_files_that_are_missing_or_no_picture_are_named(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"image .*none.png: got No such file.*check the path and its rights"):
        read_image_file(tmp_path / "none.png")
    (tmp_path / "text.png").write_text("not a picture")
    with pytest.raises(ImageError, match=r"text.png: not a picture that can be read: got 13 bytes that begin .*'not a"):
        read_image_file(tmp_path / "text.png")


def test_other_formats_are_refused() -> None:
    with pytest.raises(ImageError, match=r"not a picture that can be read: .* expected one of PNG, JPEG, WEBP"):
        decode(encoded(RAMP, "PPM"))


@pytest.mark.parametrize("function", [decode, image_record])
def test_the_number_of_pixels_is_limited_before_decoding(function: Any) -> None:
    data = encoded(PIL.Image.new("1", (3000, 2000)))
    with pytest.raises(ImageError, match=r"too large: got 3000 x 2000 pixels, expected at most 5999999 pixels; resize"):
        function(data, max_pixels=5_999_999)
    assert function(data, max_pixels=6_000_000)


def test_a_decompression_bomb_is_refused() -> None:
    small = encode_png(RAMP)
    header = small[12:16] + (60_000).to_bytes(4, "big") * 2 + small[24:29]
    bomb = small[:12] + header + zlib.crc32(header).to_bytes(4, "big") + small[33:]
    with pytest.raises(ImageError) as error:
        decode(bomb)
    assert error.value.text() == (
        "the picture is too large: got 60000 x 60000 pixels, expected at most 64000000 pixels; resize it"
    )


@pytest.mark.parametrize("kind", ["BMP", "TIFF"])
def test_a_bomb_of_another_format_is_refused_with_its_size(kind: str) -> None:
    small = encoded(PIL.Image.new("1", (8, 8)), kind)
    if kind == "BMP":
        bomb = small[:18] + (50_000).to_bytes(4, "little") * 2 + small[26:]
    else:  # width and height are the first two entries of 12 bytes, after 8 of header and 2 of their number
        size = (50_000).to_bytes(4, "little")
        bomb = bytearray(small)
        start = int.from_bytes(small[4:8], "little") + 2
        for entry in (start, start + 12):
            bomb[entry + 2 : entry + 12] = (4).to_bytes(2, "little") + (1).to_bytes(4, "little") + size
    with pytest.raises(ImageError, match=r"^the picture is too large: got 50000 x 50000 pixels, expected at most 640"):
        image_record(bytes(bomb))


@pytest.mark.parametrize("kind", ["TIFF", "WEBP", "PNG"])
def test_several_pictures_in_one_file_are_refused(kind: str) -> None:
    pictures = [PIL.Image.fromarray(COLOURS), PIL.Image.fromarray(COLOURS[::-1].copy())]
    with pytest.raises(ImageError, match="several pictures: got 2, expected 1"):
        decode(encoded(pictures[0], kind, save_all=True, append_images=pictures[1:]))


@pytest.mark.parametrize("kind", ["TIFF", "PNG"])
def test_a_page_of_several_is_chosen(kind: str) -> None:
    pictures = [PIL.Image.fromarray(COLOURS), PIL.Image.fromarray(COLOURS[::-1].copy())]
    data = encoded(pictures[0], kind, save_all=True, append_images=pictures[1:])
    assert count_pages(data) == 2
    assert np.array_equal(np.asarray(decode(data, page=0)), COLOURS)
    assert np.array_equal(np.asarray(decode(data, page=1)), COLOURS[::-1])
    for page in (-1, 2):
        with pytest.raises(ImageError, match=rf"page of the picture file: got {page}, expected 0 to 1"):
            decode(data, page=page)


def test_the_size_of_a_chosen_page_is_limited_too() -> None:
    data = encoded(PIL.Image.new("L", (8, 8)), "TIFF", save_all=True, append_images=[PIL.Image.new("L", (90, 80))])
    with pytest.raises(ImageError, match=r"too large: got 90 x 80 pixels, expected at most 7199"):
        decode(data, page=1, max_pixels=7199)


@pytest.mark.parametrize(
    ("mode", "kind", "ordinary"),
    [
        ("L", "PNG", True),
        ("RGB", "JPEG", True),
        ("RGB", "WEBP", True),
        ("1", "PNG", True),
        ("RGB", "TIFF", False),
        ("L", "BMP", False),
        ("P", "PNG", False),
        ("RGBA", "PNG", False),
        ("CMYK", "JPEG", False),
        ("I;16", "PNG", False),
    ],
)
def test_which_files_any_program_shows_alike(mode: str, kind: str, *, ordinary: bool) -> None:
    assert is_ordinary(encoded(PIL.Image.new(mode, (4, 3)), kind)) is ordinary


def test_the_preview_in_a_photograph_is_ignored() -> None:
    smooth = np.full((16, 16, 3), 90, np.uint8)
    data = encoded(smooth, "MPO", save_all=True, append_images=[PIL.Image.new("RGB", (16, 16), "red")])
    assert np.abs(np.asarray(decode(data), dtype=int) - 90).max() < 3


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "TIFF"])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_truncated_picture_is_refused(kind: str, share: float) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (64, 48, 3), dtype=np.uint8)
    data = encoded(noise, kind)
    with pytest.raises(ImageError, match=r"damaged: got \w+: |not a picture"):
        decode(data[: int(len(data) * share)])
    with pytest.raises(ImageError, match=r"damaged: got \w+: |not a picture"):
        sound_record(data[: int(len(data) * share)])


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("settings", [{}, {"quality": 10}, {"subsampling": 0}, {"restart_marker_rows": 1}], ids=str)
@pytest.mark.parametrize("read", [decode, sound_record])
def test_a_truncated_jpeg_that_was_closed_again_is_refused(
    mode: str, settings: dict[str, int], read: Callable[[bytes], object]
) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (64, 48, 3), dtype=np.uint8)
    data = encoded(PIL.Image.fromarray(noise).convert(mode), "JPEG", **settings)
    read(data)
    with pytest.raises(ImageError, match="the picture is damaged: got OSError: image file is truncated"):
        read(data[: len(data) * 9 // 10] + b"\xff\xd9")


@pytest.mark.parametrize("settings", [{"progressive": True}, {}], ids=str)
def test_jpeg_files_of_many_scans_and_with_bytes_behind_them_are_read(settings: dict[str, bool]) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (64, 48, 3), dtype=np.uint8)
    data = encoded(noise, "JPEG", quality=95, **settings)
    with PIL.Image.open(io.BytesIO(data)) as stock:
        assert np.array_equal(np.asarray(decode(data + b"trailer" * 9)), np.asarray(stock))


def test_real_jpeg_files_come_back_whole_and_are_refused_when_they_were_cut(test_data: Path) -> None:
    paths = sorted((test_data / "bccd").rglob("*.jpg"))[::40] + sorted((test_data / "vqa_rad").rglob("*.jpg"))[::40]
    assert len(paths) > 10
    for path in paths:
        data = path.read_bytes()
        with PIL.Image.open(path) as stock:
            assert np.array_equal(np.asarray(decode(data)), np.asarray(stock))
        with pytest.raises(ImageError, match="image file is truncated"):
            decode(data[: len(data) * 99 // 100] + b"\xff\xd9")


def test_a_file_without_end_is_refused():
    with pytest.raises(
        ImageError, match=r"^/dev/zero: the file is too large: expected at most 256 MiB; name a picture"
    ):
        read_image_file(Path("/dev/zero"))
