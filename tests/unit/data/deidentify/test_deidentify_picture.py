"""PNG and JPEG files without anything beside their picture."""

import io
import struct
import zlib

import numpy as np
import PIL.Image
import PIL.ImageCms
import PIL.PngImagePlugin
import pytest
from planted_bytes import KEY, MARK, OPTIONS, survivors

from doctorsun.data.deidentify.picture import deidentify_picture
from doctorsun.data.deidentify.refusal import Refusal


def noise(mode="RGB", size=(41, 30)):
    shape = (size[1], size[0], 3) if mode == "RGB" else (size[1], size[0])
    return PIL.Image.fromarray(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)).convert(mode)


def exif(orientation=1):
    table = PIL.Image.Exif()
    table[0x0112], table[0x010E], table[0x013B], table[0x0132] = orientation, MARK, MARK, f"2020:01:02 {MARK}"
    table.get_ifd(0x8825)[29] = MARK
    table.get_ifd(0x8769)[0x9286] = MARK.encode()
    return table


def profile():
    data = bytearray(PIL.ImageCms.ImageCmsProfile(PIL.ImageCms.createProfile("sRGB")).tobytes())
    data[4:8] = MARK.encode()  # the maker of the module
    return bytes(data).replace(b"sRGB", MARK.encode())


def png_chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def planted_png(**options):
    texts = PIL.PngImagePlugin.PngInfo()
    texts.add_text("Patient", MARK)
    texts.add_text("Packed", MARK * 9, zip=True)
    texts.add_itxt("XML:com.adobe.xmp", f"<x>{MARK}</x>", zip=True)
    file = io.BytesIO()
    picture = noise(options.pop("mode", "RGB"))
    picture.save(file, "PNG", pnginfo=texts, exif=exif(options.pop("orientation", 1)), icc_profile=profile(), **options)
    data = file.getvalue()
    extra = png_chunk(b"tIME", bytes(7)) + png_chunk(b"zhZQ", MARK.encode()) + png_chunk(b"gAMA", MARK.encode() * 2)
    return data[:33] + extra + data[33:] + MARK.encode(), picture


def planted_jpeg(orientation=1, **options):
    file = io.BytesIO()
    noise().save(
        file, "JPEG", exif=exif(orientation), comment=MARK, icc_profile=profile(), xmp=MARK.encode(), **options
    )
    data = file.getvalue()
    iptc = b"\xff\xed" + struct.pack(">H", 40) + f"Photoshop 3.0\0{MARK}".encode().ljust(38, b"\0")
    return data[:2] + iptc + data[2:] + MARK.encode() * 3


def cleaned(tmp_path, data):
    path, out = tmp_path / f"{MARK}.bin", tmp_path / "out.bin"
    path.write_bytes(data)
    assert survivors(path)
    return out, deidentify_picture(path, out, KEY, OPTIONS)


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "1", "RGBA", "I;16"])
def test_a_png_keeps_its_pixels_alone(tmp_path, mode):
    data, picture = planted_png(mode=mode)
    out, actions = cleaned(tmp_path, data)
    assert not survivors(out)
    with PIL.Image.open(out) as clean:
        assert clean.mode == picture.mode
        assert clean.tobytes() == picture.tobytes()
        assert not clean.text
    told = {action.where for action in actions}
    assert {"PNG tEXt", "PNG zTXt", "PNG iTXt", "PNG eXIf", "PNG private chunk", "bytes after the end"} <= told
    assert not any(MARK.lower() in str(action).lower() for action in actions)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0, "quality": 95}])
def test_a_jpeg_keeps_its_stream_alone(tmp_path, options):
    data = planted_jpeg(**options)
    out, _ = cleaned(tmp_path, data)
    assert not survivors(out)
    with PIL.Image.open(out) as clean, PIL.Image.open(io.BytesIO(data)) as old:
        assert clean.tobytes() == old.tobytes()
        assert not dict(clean.getexif())
        assert "comment" not in clean.info


@pytest.mark.parametrize("turned", range(2, 9))
def test_pictures_stay_as_they_are_turned(tmp_path, turned):
    for data in (planted_jpeg(turned), planted_png(orientation=turned)[0]):
        out, _ = cleaned(tmp_path, data)
        assert not survivors(out)
        with PIL.Image.open(out) as clean:
            assert dict(clean.getexif()) == {0x0112: turned}


def test_colours_of_a_profile_stay(tmp_path):
    for data in (planted_jpeg(), planted_png()[0]):
        out, _ = cleaned(tmp_path, data)
        with PIL.Image.open(out) as clean, PIL.Image.open(io.BytesIO(data)) as old:
            assert shown_by(clean.info["icc_profile"]) == shown_by(old.info["icc_profile"])


def shown_by(icc_profile):
    read = PIL.ImageCms.ImageCmsProfile(io.BytesIO(icc_profile))
    return PIL.ImageCms.profileToProfile(noise(), read, PIL.ImageCms.createProfile("LAB"), outputMode="LAB").tobytes()


def test_values_beyond_the_size_of_a_png_are_refused(tmp_path):
    rows = zlib.compress(bytes(3) + MARK.encode())
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 1, 8, 0, 0, 0, 0))
    data = b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", rows) + png_chunk(b"IEND", b"")
    with pytest.raises(Refusal, match="other values than its size tells"):
        cleaned(tmp_path, data)


@pytest.mark.parametrize("make", [lambda: planted_png()[0], planted_jpeg])
def test_damaged_pictures_are_refused(tmp_path, make):
    data = make()
    for size in (9, 20, 60, len(data) // 2):
        with pytest.raises(Refusal, match="damaged"):
            deidentify_of(tmp_path, data[:size])


def test_a_png_without_a_beginning_is_refused(tmp_path):
    data = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IDAT", b"") + png_chunk(b"IEND", b"")
    with pytest.raises(Refusal, match="without beginning or end"):
        deidentify_of(tmp_path, data)


def deidentify_of(tmp_path, data):
    path = tmp_path / "cut.bin"
    path.write_bytes(data)
    return deidentify_picture(path, tmp_path / "out.bin", KEY, OPTIONS)


def test_interlaced_pictures_and_real_radiographs_stay_equal(tmp_path, test_data):
    paths = sorted((test_data / "vqa_rad").rglob("*.jpg"))[:40]
    assert paths
    for path in paths:
        out = tmp_path / path.name
        deidentify_picture(path, out, KEY, OPTIONS)
        with PIL.Image.open(path) as old, PIL.Image.open(out) as clean:
            assert old.tobytes() == clean.tobytes()
            assert clean.mode == old.mode


def planted_palette(bits, marked):
    """Return indexed pixels of few colours, and their PNG with words in the other entries of its palette."""
    picture = PIL.Image.fromarray(np.random.default_rng(0).integers(0, 3, (9, 7), dtype=np.uint8), "P")
    picture.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    file = io.BytesIO()
    picture.save(file, "PNG", bits=bits, transparency=bytes([255, 0, 128]))
    data = file.getvalue()
    room = 3 * 2**bits - 9
    colours = bytes([10, 20, 30, 40, 50, 60, 70, 80, 90]) + (marked * 99)[:room]
    see_through = bytes([255, 0, 128]) + (marked * 99)[: 2**bits - 3]
    head, rows = data[:33], data[data.index(b"IDAT") - 4 :]
    return picture, head + png_chunk(b"PLTE", colours) + png_chunk(b"tRNS", see_through) + rows


@pytest.mark.parametrize("bits", [4, 8])
def test_colours_that_no_pixel_has_cannot_spell_anything(tmp_path, bits):
    picture, data = planted_palette(bits, MARK.encode())
    path, out = tmp_path / "in.png", tmp_path / "out.png"
    path.write_bytes(data)
    assert survivors(path)
    deidentify_picture(path, out, KEY, OPTIONS)
    assert not survivors(out)
    with PIL.Image.open(path) as before, PIL.Image.open(out) as after:
        assert after.tobytes() == picture.tobytes()
        assert after.convert("RGBA").tobytes() == before.convert("RGBA").tobytes()


def test_a_palette_of_true_colours_and_a_long_transparency_go(tmp_path):
    data, picture = planted_png()
    words = (MARK.encode() * 99)[:255]
    end = data.index(b"IDAT") - 4
    path, out = tmp_path / "in.png", tmp_path / "out.png"
    path.write_bytes(data[:end] + png_chunk(b"PLTE", words) + png_chunk(b"tRNS", words) + data[end:])
    deidentify_picture(path, out, KEY, OPTIONS)
    assert not survivors(out)
    with PIL.Image.open(out) as after:
        assert after.tobytes() == picture.tobytes()
