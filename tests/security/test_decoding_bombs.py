"""Files made to exhaust or to break what decodes them, sent to a running server; it stays up and small each time."""

import base64
import gzip
import io
import resource
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pydicom
import pytest
from fastapi import FastAPI
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000, DeflatedExplicitVRLittleEndian, JPEGBaseline8Bit, RLELossless

from doctorsun.image.raster import decode, encode_png
from doctorsun.image.sandbox import Sandbox
from doctorsun.serve.gateway import explain_errors
from doctorsun.serve.images import ClientImages
from doctorsun.serve.studies import StudyLimits, StudyStore
from doctorsun.serve.study_routes import add_studies
from serve_fakes import serving

SHIPPED = Path(pydicom.__file__).parent / "data" / "test_files"
PNG = encode_png(np.zeros((20, 30), np.uint8))
LIMITS = StudyLimits(max_upload_bytes=8 * 2**20, max_study_bytes=32 * 2**20, max_pixels=4_000_000)
MAX_GROWTH_KIB = 60 * 1024
HUGE = 60_000


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> ClientImages:
    sandbox = Sandbox(num_workers=1)
    store = StudyStore(tmp_path_factory.mktemp("bombs") / "studies", sandbox, LIMITS)
    return ClientImages(sandbox=sandbox, studies=store, max_pixels=LIMITS.max_pixels)


@pytest.fixture(scope="module")
def http(images: ClientImages) -> Iterator[httpx.Client]:
    app = FastAPI()
    explain_errors(app)
    add_studies(app, images, lambda _: "ward", None)
    with serving(app) as url, httpx.Client(base_url=f"{url}/v1", timeout=120) as client:
        yield client


def refused(http: httpx.Client, images: ClientImages, data: bytes) -> str:
    """Upload what has to be refused and return the reason; nothing of it may stay, and the next upload works."""
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    reply = http.post("/studies", content=data, headers={"Content-Type": "application/octet-stream"})
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "image")
    assert list(images.studies.folder.iterdir()) == []
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak_kib < MAX_GROWTH_KIB
    sound = http.post("/studies", content=PNG, headers={"Content-Type": "application/octet-stream"})
    assert sound.status_code == 201
    http.delete(f"/studies/{sound.json()['id']}")
    return reply.json()["error"]["message"]


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of(width: int, height: int, *more: bytes, rows: int = 0) -> bytes:
    """Return a PNG that tells this size and holds so many rows of zeros."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    content = chunk(b"IDAT", zlib.compress(bytes((width + 1) * rows), 9))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(more) + content + chunk(b"IEND", b"")


def nifti_header(*dims: int, kind: int = 2) -> bytes:
    header = bytearray(352)
    header[:4], header[344:348] = struct.pack("<i", 348), b"n+1\x00"
    header[40 : 42 + 2 * len(dims)] = struct.pack(f"<{len(dims) + 1}h", len(dims), *dims)
    header[70:74] = struct.pack("<hh", kind, 8)
    header[76:92] = struct.pack("<4f", 1, 1, 1, 1)
    header[108:112] = struct.pack("<f", 352)
    return bytes(header)


def dicom(name: str = "CT_small.dcm", *, deflated: bool = False, **elements: object) -> bytes:
    dataset = pydicom.dcmread(SHIPPED / name)
    if deflated:
        dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    file = io.BytesIO()
    dataset.save_as(file)
    return file.getvalue()


def encapsulated(syntax: str, frame: bytes) -> bytes:
    dataset = pydicom.dcmread(SHIPPED / "SC_rgb_small_odd.dcm")
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PixelData = encapsulate([frame])
    dataset["PixelData"].is_undefined_length = True
    file = io.BytesIO()
    dataset.save_as(file)
    return file.getvalue()


def jpeg(size: tuple[int, int]) -> bytes:
    """Return a small JPEG whose header tells another size."""
    import PIL.Image

    file = io.BytesIO()
    PIL.Image.new("RGB", (16, 16)).save(file, "JPEG")
    data = bytearray(file.getvalue())
    place = data.index(b"\xff\xc0") + 5
    data[place : place + 4] = struct.pack(">HH", *size)
    return bytes(data)


def jpeg2000(size: int) -> bytes:
    """Return a JPEG 2000 code stream whose header tells another size."""
    import PIL.Image

    file = io.BytesIO()
    PIL.Image.new("RGB", (16, 16)).save(file, "JPEG2000", no_jp2=True)
    data = bytearray(file.getvalue())
    place = data.index(b"\xff\x51") + 6
    data[place : place + 8] = struct.pack(">II", size, size)
    data[place + 16 : place + 24] = struct.pack(">II", size, size)
    return bytes(data)


def archive(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, data in members.items():
            opened.writestr(zipfile.ZipInfo(name), data, compress_type=zipfile.ZIP_DEFLATED)
    return file.getvalue()


def overlapping(num_members: int) -> bytes:
    """Return an archive of many members whose content is the same bytes."""
    one = archive({"a.png": PNG + bytes(2**20)})
    directory = one.rindex(b"PK\x01\x02")
    end = one.rindex(b"PK\x05\x06")
    entry = one[directory:end]
    entries = b"".join(entry.replace(b"a.png", b"%05d" % number) for number in range(num_members))
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, num_members, num_members, len(entries), directory, 0)
    return one[:directory] + entries + tail


def test_a_png_that_tells_a_huge_size(http: httpx.Client, images: ClientImages) -> None:
    for width, height in ((HUGE, HUGE), (2**31 - 1, 2**31 - 1), (2**31 - 1, 1)):
        assert "the picture is too large: got" in refused(http, images, png_of(width, height))


def test_a_png_of_endless_words(http: httpx.Client, images: ClientImages) -> None:
    words = chunk(b"zTXt", b"Comment\x00\x00" + zlib.compress(bytes(128 * 2**20), 9))
    assert "the picture is damaged" in refused(http, images, png_of(30, 20, words, rows=20))


def test_a_png_with_more_rows_than_it_tells_is_cut_to_its_size(http: httpx.Client) -> None:
    data = png_of(1000, 10, rows=40_000)
    reply = http.post("/studies", content=data, headers={"Content-Type": "application/octet-stream"})
    assert reply.json()["series"][0]["height"] == 10
    shown = http.get(f"/studies/{reply.json()['id']}/slices/0")
    assert decode(shown.content).size == (1000, 10)
    http.delete(f"/studies/{reply.json()['id']}")


def test_a_jpeg_that_tells_a_huge_size(http: httpx.Client, images: ClientImages) -> None:
    assert "the picture is too large: got 65000 x 65000 pixels" in refused(http, images, jpeg((65000, 65000)))


def test_a_zip_of_zeros(http: httpx.Client, images: ClientImages) -> None:
    bomb = archive({f"{number}.png": PNG + bytes(8 * 2**20) for number in range(8)})
    assert len(bomb) < 2**20
    assert "unpacked upload: got more than 32 MiB, expected at most 32 MiB" in refused(http, images, bomb)


def test_a_zip_that_lies_about_its_sizes(http: httpx.Client, images: ClientImages) -> None:
    honest = archive({"a.png": PNG + bytes(40 * 2**20)})
    size = struct.pack("<I", len(PNG) + 40 * 2**20)
    assert honest.count(size) == 2
    lying = honest.replace(size, struct.pack("<I", len(PNG) + 1000))
    assert "zip archive: got damaged content" in refused(http, images, lying)


def test_a_zip_of_members_over_one_another(http: httpx.Client, images: ClientImages) -> None:
    assert "zip archive: got members over one another" in refused(http, images, overlapping(20))


def test_a_zip_of_countless_members(http: httpx.Client, images: ClientImages) -> None:
    bomb = archive({f"{number}.txt": b"" for number in range(10_001)})
    assert "files of the upload: got 10001, expected at most 10000" in refused(http, images, bomb)


def test_zips_in_zips_stay_closed(http: httpx.Client, images: ClientImages) -> None:
    inner = archive({"a.png": PNG})
    for _ in range(5):
        inner = archive({f"{number}.zip": inner for number in range(4)})
    assert "zip archive: got nothing to look at" in refused(http, images, inner)


def test_a_packed_volume_of_zeros(http: httpx.Client, images: ClientImages) -> None:
    bomb = gzip.compress(nifti_header(1000, 1000, 1000) + bytes(40 * 2**20), 6, mtime=0)
    assert len(bomb) < 2**20
    assert "unpacked upload: got more than 32 MiB" in refused(http, images, bomb)
    assert "unpacked upload: got more than 32 MiB" in refused(http, images, archive({"a.nii.gz": bomb}))
    twice = gzip.compress(bomb, 9, mtime=0)
    assert "uploaded file: got content of another kind" in refused(http, images, twice)


@pytest.mark.parametrize("dims", [(32767, 32767, 32767), (32767, 32767, 1), (3000, 3000, 100), (1, 1, 32767, 32767)])
def test_a_volume_that_tells_a_huge_size(http: httpx.Client, images: ClientImages, dims: tuple[int, ...]) -> None:
    assert refused(http, images, nifti_header(*dims) + bytes(1000))


@pytest.mark.parametrize("sizes", ["1024 1024 1024", "65536 65536 65536", "-4 4 4", "4294967297 1 1"])
@pytest.mark.parametrize("encoding", ["raw", "gzip"])
def test_another_volume_that_tells_a_huge_size(
    http: httpx.Client, images: ClientImages, sizes: str, encoding: str
) -> None:
    pytest.importorskip("SimpleITK")
    header = f"NRRD0004\ntype: double\ndimension: 3\nsizes: {sizes}\nendian: little\nencoding: {encoding}\n\n"
    assert refused(http, images, header.encode() + gzip.compress(bytes(2**20), mtime=0))


def test_a_deflated_data_set_of_zeros(http: httpx.Client, images: ClientImages) -> None:
    bomb = dicom(deflated=True, PixelData=bytes(300 * 2**20))
    assert len(bomb) < 2**20
    assert "deflated DICOM file: got more when inflated, expected at most 256 MiB" in refused(http, images, bomb)


@pytest.mark.parametrize(
    ("elements", "complaint"),
    [
        ({"Rows": 65535, "Columns": 65535}, "the DICOM file is too large: got 1 frames of 65535 x 65535 pixels"),
        ({"NumberOfFrames": "2147483647"}, "the DICOM file is too large: got 2147483647 frames"),
        ({"NumberOfFrames": "9999", "Rows": 2000, "Columns": 2000}, "the DICOM file is damaged or cannot be decoded"),
        ({"BitsAllocated": 64, "Rows": 2000, "Columns": 2000}, "the DICOM file is damaged or cannot be decoded"),
        ({"SamplesPerPixel": 65535}, "the DICOM file is damaged or cannot be decoded"),
    ],
    ids=["pixels", "frames", "frames-and-pixels", "bits", "samples"],
)
def test_a_dicom_header_that_tells_a_huge_size(
    http: httpx.Client, images: ClientImages, elements: dict[str, object], complaint: str
) -> None:
    assert complaint in refused(http, images, dicom(**elements))


def test_code_streams_that_tell_a_huge_size(http: httpx.Client, images: ClientImages) -> None:
    for syntax, frame in ((JPEGBaseline8Bit, jpeg((65000, 65000))), (JPEG2000, jpeg2000(100_000))):
        assert "the DICOM file is damaged or cannot be decoded" in refused(http, images, encapsulated(syntax, frame))


def test_damaged_code_streams(http: httpx.Client, images: ClientImages) -> None:
    for syntax, frame in (
        (JPEG2000, jpeg2000(16)[:60]),
        (JPEG2000, bytes(1000)),
        (JPEGBaseline8Bit, b"\xff\xd8\xff\xe0"),
        (RLELossless, struct.pack("<16I", 15, *range(64, 64 + 15)) + b"\x81\x00" * 10),
        (RLELossless, struct.pack("<16I", *[2**32 - 1] * 16)),
        (RLELossless, b"\x00\x00"),
    ):
        assert refused(http, images, encapsulated(syntax, frame))


@pytest.mark.parametrize("program", [b"MZ\x90\x00", b"\x7fELF\x02\x01", b"PK\x03\x04", b"<script>", b"#!/bin/sh"])
def test_a_dicom_file_that_is_something_else_as_well(http: httpx.Client, images: ClientImages, program: bytes) -> None:
    data = program.ljust(128, b"\x00") + dicom()[128:]
    assert "preamble of the DICOM file: got the beginning of a program" in refused(http, images, data)


def test_a_preamble_is_never_given_back(http: httpx.Client) -> None:
    data = b"II*\x00planted-words".ljust(128, b"\x00") + dicom()[128:]
    study = http.post("/studies", content=data, headers={"Content-Type": "application/octet-stream"})
    shown = http.get(f"/studies/{study.json()['id']}/slices/0")
    assert shown.content.startswith(b"\x89PNG")
    assert b"planted" not in study.content + shown.content
    http.delete(f"/studies/{study.json()['id']}")


def test_a_sequence_in_a_sequence_without_end(http: httpx.Client, images: ClientImages) -> None:
    start = struct.pack("<HH2sHI", 0x0008, 0x1140, b"SQ", 0, 2**32 - 1) + struct.pack("<HHI", 0xFFFE, 0xE000, 2**32 - 1)
    assert refused(http, images, bytes(128) + b"DICM" + start * 20_000)


def test_bombs_in_data_urls(images: ClientImages) -> None:
    from doctorsun.errors import ImageError

    for data in (png_of(HUGE, HUGE), jpeg((65000, 65000)), PNG[:-30], b"PK\x03\x04", b""):
        with pytest.raises(ImageError):
            images.read("ward", f"data:image/png;base64,{base64.b64encode(data).decode()}")
    assert images.read("ward", f"data:image/png;base64,{base64.b64encode(PNG).decode()}")
