"""Damaged uploads: whatever the bytes, a decoding process answers with a picture or with a refusal, never otherwise."""

import gzip
import io
import json
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carriers.volumes import ramp, write_nifti
from doctorsun.errors import ImageError
from doctorsun.image.raster import decode, encode_png
from doctorsun.image.sandbox import Sandbox, SandboxLimits
from doctorsun.image.study.intake import UPLOAD

SHIPPED = Path(pydicom.__file__).parent / "data" / "test_files"
DICOM = (
    "CT_small.dcm",
    "MR_small_RLE.dcm",
    "MR_small_jp2klossless.dcm",
    "SC_rgb_jpeg_gdcm.dcm",
    "image_dfl.dcm",
    "examples_palette.dcm",
    "SC_rgb_rle_2frame.dcm",
)
MAX_PIXELS = 1_000_000
HEADER_BYTES = 3000
BEGINNINGS = (b"", bytes(128) + b"DICM", b"PK\x03\x04", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
CHANGES = st.lists(st.tuples(st.integers(0, 2**16), st.binary(min_size=1, max_size=8)), min_size=1, max_size=6)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox(num_workers=1, limits=SandboxLimits(cpu_s=20))
    yield sandbox
    sandbox.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged")


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Sound uploads of the other kinds."""
    path = tmp_path_factory.mktemp("sound") / "a.nii"
    write_nifti(path, ramp((7, 6, 5)))
    png = encode_png(np.arange(600, dtype=np.uint8).reshape(20, 30))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("a.png"), png)
        archive.writestr(zipfile.ZipInfo("b/a.nii"), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return {
        "nifti": path.read_bytes(),
        "gzip": gzip.compress(path.read_bytes(), mtime=0),
        "png": png,
        "zip": file.getvalue(),
    }


def damaged(data: bytes, changes: list[tuple[int, bytes]], *, within: int) -> bytes:
    """Write other bytes into the first ones of a file."""
    changed = bytearray(data)
    for place, new in changes:
        start = place % min(within, len(data))
        changed[start : start + len(new)] = new
    return bytes(changed)


def require_answer(sandbox: Sandbox, folder: Path, data: bytes) -> None:
    """Upload bytes: what is told is JSON of the known form, and each series can be shown."""
    study = folder / "study"
    shutil.rmtree(study, ignore_errors=True)
    study.mkdir()
    (study / UPLOAD).write_bytes(data)
    try:
        told = sandbox.describe(study, max_bytes=2**24, max_pixels=MAX_PIXELS)
        json.dumps(told, allow_nan=False)
        for series in told["series"]:
            assert 0 <= series["default_slice"] < series["num_slices"]
            png = sandbox.render(study, series, series["default_slice"], "", max_pixels=MAX_PIXELS)
            assert decode(png).size == (series["width"], series["height"])
    except ImageError:
        pass


@pytest.mark.parametrize("name", DICOM)
@given(changes=CHANGES)
@settings(max_examples=40)
def test_damaged_dicom_headers(sandbox: Sandbox, folder: Path, name: str, changes: list[tuple[int, bytes]]) -> None:
    data = (SHIPPED / name).read_bytes()
    require_answer(sandbox, folder, data[:132] + damaged(data[132:], changes, within=HEADER_BYTES))


@pytest.mark.parametrize("name", DICOM)
@given(changes=CHANGES, cut=st.integers(0, 4000))
@settings(max_examples=20)
def test_damaged_dicom_pixels(
    sandbox: Sandbox, folder: Path, name: str, changes: list[tuple[int, bytes]], cut: int
) -> None:
    data = (SHIPPED / name).read_bytes()
    pixels = len(data) // 2
    require_answer(sandbox, folder, data[:pixels] + damaged(data[pixels:], changes, within=2**16)[: -cut or None])


@pytest.mark.parametrize("kind", ["nifti", "gzip", "png", "zip"])
@given(changes=CHANGES)
@settings(max_examples=60)
def test_damaged_other_files(
    sandbox: Sandbox, folder: Path, others: dict[str, bytes], kind: str, changes: list[tuple[int, bytes]]
) -> None:
    data = damaged(others[kind], changes, within=2**16)
    place, _ = changes[0]
    require_answer(sandbox, folder, data[: place % len(data)] if place % 2 else data)


@given(
    data=st.binary(max_size=300),
    start=st.sampled_from([b"", bytes(128) + b"DICM", b"PK\x03\x04", b"\x89PNG\r\n\x1a\n"]),
)
@settings(max_examples=100)
def test_any_bytes(sandbox: Sandbox, folder: Path, start: bytes, data: bytes) -> None:
    require_answer(sandbox, folder, start + data)


@given(changes=CHANGES)
@settings(max_examples=100)
def test_pictures_in_questions(sandbox: Sandbox, others: dict[str, bytes], changes: list[tuple[int, bytes]]) -> None:
    with suppress(ImageError):
        assert decode(sandbox.sanitise(damaged(others["png"], changes, within=2**16), max_pixels=MAX_PIXELS))
