"""BMP files written anew from their pixels."""

import io
import struct

import numpy as np
import PIL.Image
import pytest
from planted_bytes import KEY, MARK, OPTIONS, survivors

from doctorsun.data.deidentify.bitmap import deidentify_bitmap, is_bitmap
from doctorsun.data.deidentify.refusal import Refusal


def noise(mode, size=(41, 30)):
    values = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return PIL.Image.fromarray(values).convert(mode)


def bitmap(picture):
    file = io.BytesIO()
    picture.save(file, "BMP", dpi=(300, 300))
    return bytearray(file.getvalue())


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_nothing_planted_survives_and_pixels_and_resolution_are_equal(tmp_path, mode):
    data, picture, path, out = bitmap(noise(mode)), noise(mode), tmp_path / "in.bmp", tmp_path / "out.bmp"
    data[6:10] = MARK.encode()  # the reserved field
    start = struct.unpack_from("<I", data, 10)[0]
    struct.pack_into("<I", data, 10, start + 32)
    width = (len(data) - start) // picture.height
    used = (picture.width * {"1": 1, "L": 8, "P": 8, "RGB": 24}[mode] + 7) // 8
    for row in range(picture.height):
        padding = slice(start + row * width + used, start + (row + 1) * width)
        data[padding] = MARK.encode()[: padding.stop - padding.start]
    path.write_bytes(data[:start] + MARK.encode() * 8 + data[start:] + MARK.encode())
    assert survivors(path)
    deidentify_bitmap(path, out, KEY, OPTIONS)
    assert not survivors(out)
    assert len(out.read_bytes()) == len(data)
    with PIL.Image.open(out) as clean:
        assert clean.convert("RGB").tobytes() == picture.convert("RGB").tobytes()
        assert round(clean.info["dpi"][0]) == 300


def test_the_fourth_byte_of_pixels_without_transparency_goes(tmp_path):
    path, out = tmp_path / "in.bmp", tmp_path / "out.bmp"
    head = b"BM" + struct.pack("<IIIIiiHHIIiiII", 54 + 16, 0, 54, 40, 4, 1, 1, 32, 0, 16, 0, 0, 0, 0)
    path.write_bytes(head + b"".join(b"\1\2\3" + bytes([each]) for each in MARK.encode()))
    deidentify_bitmap(path, out, KEY, OPTIONS)
    with PIL.Image.open(out) as clean:
        assert clean.mode == "RGB"
        assert clean.tobytes() == b"\3\2\1" * 4


def test_pixels_that_would_change_and_damaged_files_are_refused(tmp_path):
    path = tmp_path / "in.bmp"
    masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    head = b"BM" + struct.pack("<IIIIiiHHIIiiII", 126, 0, 122, 108, 1, 1, 1, 32, 3, 4, 0, 0, 0, 0)
    path.write_bytes((head + masks).ljust(122, b"\0") + b"\1\2\3\x80")
    with pytest.raises(Refusal, match="a BMP with transparency"):
        deidentify_bitmap(path, tmp_path / "out.bmp", KEY, OPTIONS)
    path.write_bytes(bitmap(noise("RGB"))[:-500])
    with pytest.raises(Refusal, match="damaged"):
        deidentify_bitmap(path, tmp_path / "out.bmp", KEY, OPTIONS)
    assert not (tmp_path / "out.bmp").exists()


def test_a_text_that_begins_with_the_same_letters_is_no_bitmap():
    assert is_bitmap(bytes(bitmap(noise("L"))))
    assert not is_bitmap(b"BMI of the patient: 24.2, stable since the last visit")
    assert not is_bitmap(b"BM")


def test_colours_that_no_pixel_has_cannot_spell_anything_in_a_bmp(tmp_path):
    picture = PIL.Image.fromarray(np.random.default_rng(0).integers(0, 3, (9, 7), dtype=np.uint8), "P")
    picture.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    data, path, out = bitmap(picture), tmp_path / "in.bmp", tmp_path / "out.bmp"
    start = struct.unpack_from("<I", data, 10)[0]
    words = b"".join(MARK.encode()[place : place + 3] + b"\0" for place in range(0, len(MARK), 3))
    palette = slice(14 + 40 + 4 * 3, start)
    data[palette] = (words * 99)[: palette.stop - palette.start]
    path.write_bytes(data)
    deidentify_bitmap(path, out, KEY, OPTIONS)
    with PIL.Image.open(path) as before, PIL.Image.open(out) as after:
        assert after.convert("RGB").tobytes() == before.convert("RGB").tobytes()
        assert not any(after.getpalette()[9:])
