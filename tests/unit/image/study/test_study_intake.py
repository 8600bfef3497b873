import gzip
import io
import re
import stat
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from study_uploads import MAX_BYTES, uploaded, zipped

from doctorsun.errors import ImageError
from doctorsun.image.raster import encode_png
from doctorsun.image.study.budget import FREE_BYTES, Budget
from doctorsun.image.study.intake import FILES, UPLOAD, StudyFile, take_in

PNG = encode_png(np.zeros((3, 4), np.uint8))


def test_one_file_is_moved_to_a_number(tmp_path: Path) -> None:
    folder = uploaded(tmp_path, PNG)
    assert take_in(folder, max_bytes=MAX_BYTES).files == (StudyFile("files/000001", "picture"),)
    assert (folder / "files/000001").read_bytes() == PNG
    assert not (folder / UPLOAD).exists()


def test_members_become_numbers_and_what_is_of_no_kind_is_counted(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", {"a.png": PNG})
    members = {
        "b/2.png": PNG,
        "b/readme.txt": b"words" * 300,
        "inner.zip": inner,
        "inner.zip.gz": gzip.compress(inner, mtime=0),
        "b/1.png": PNG,
        "__MACOSX/b/._1.png": PNG,
        "b/.DS_Store": b"x",
        "DICOMDIR": b"y",
        "empty.dcm": b"",
    }
    folder = uploaded(tmp_path, zipped(tmp_path / "outer.zip", members))
    intake = take_in(folder, max_bytes=MAX_BYTES)
    assert [file.name for file in intake.files] == ["files/000001", "files/000002"]
    assert [file.member for file in intake.files] == [0, 1]
    assert intake.skipped == (2, 3, 4)
    assert sorted(path.name for path in (folder / FILES).iterdir()) == ["000001", "000002"]
    assert not (folder / UPLOAD).exists()


def test_a_packed_volume_is_unpacked_also_inside_an_archive(tmp_path: Path) -> None:
    header = bytearray(352)
    header[:4], header[344:348] = struct.pack("<i", 348), b"n+1\x00"
    packed = gzip.compress(bytes(header), mtime=0)
    (tmp_path / "one").mkdir()
    assert take_in(uploaded(tmp_path / "one", packed), max_bytes=MAX_BYTES).files[0].name == "files/000001.nii"
    (tmp_path / "two").mkdir()
    folder = uploaded(tmp_path / "two", zipped(tmp_path / "a.zip", {"scan.nii.gz": packed}))
    assert take_in(folder, max_bytes=MAX_BYTES).files == (StudyFile("files/000001.nii", "nifti"),)
    assert (folder / "files/000001.nii").read_bytes() == bytes(header)


@pytest.mark.parametrize(
    "data", [b"", b"words", b"<html></html>", b"\x1f\x8b", gzip.compress(b"words", mtime=0), b"MZ\x90\x00", b"%PDF-1.7"]
)
def test_what_is_no_image_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ImageError, match=r"uploaded file: got content of another kind, expected DICOM|gzip file: got"):
        take_in(uploaded(tmp_path, data), max_bytes=MAX_BYTES)


def test_an_archive_of_words_holds_nothing_to_look_at(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="zip archive: got nothing to look at, expected DICOM"):
        take_in(uploaded(tmp_path, zipped(tmp_path / "a.zip", {"a.txt": b"words"})), max_bytes=MAX_BYTES)


@pytest.mark.parametrize(
    "name", ["../../etc/cron.d/x", "/etc/passwd", "a/../../b", "..\\..\\b", "C:/windows/x", "C:x", "\\\\host\\x", ".."]
)
def test_a_name_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    folder = uploaded(tmp_path, zipped(tmp_path / "a.zip", {"a.png": PNG, name: PNG}))
    with pytest.raises(ImageError, match="zip archive: got a name that leads out of the archive"):
        take_in(folder, max_bytes=MAX_BYTES)
    assert not list((folder / FILES).iterdir())


@pytest.mark.parametrize("mode", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK])
def test_links_and_devices_are_refused(tmp_path: Path, mode: int) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        info = zipfile.ZipInfo("a.png")
        info.external_attr = (mode | 0o777) << 16
        archive.writestr(info, b"/etc/passwd")
    with pytest.raises(ImageError, match="zip archive: got a link or a device, expected plain files"):
        take_in(uploaded(tmp_path, file.getvalue()), max_bytes=MAX_BYTES)


def test_encrypted_members_are_refused(tmp_path: Path) -> None:
    data = bytearray(zipped(tmp_path / "a.zip", {"a.png": PNG}))
    data[6] |= 1
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(ImageError, match="zip archive: got encrypted members, expected members without a password"):
        take_in(uploaded(tmp_path, bytes(data)), max_bytes=MAX_BYTES)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_packing_is_refused(tmp_path: Path, method: int) -> None:
    data = zipped(tmp_path / "a.zip", {"a.png": PNG}, method)
    with pytest.raises(ImageError, match=f"members packed by method {method}, expected stored or deflated"):
        take_in(uploaded(tmp_path, data), max_bytes=MAX_BYTES)


@pytest.mark.parametrize("cut", [1, 30, 60, 90])
def test_a_cut_archive_is_damaged(tmp_path: Path, cut: int) -> None:
    data = zipped(tmp_path / "a.zip", {"a.png": PNG})
    with pytest.raises(ImageError, match="zip archive: got damaged content, expected a whole zip archive"):
        take_in(uploaded(tmp_path, data[:-cut]), max_bytes=MAX_BYTES)


def test_a_wrong_checksum_is_damage(tmp_path: Path) -> None:
    data = zipped(tmp_path / "a.zip", {"a.png": PNG}, zipfile.ZIP_STORED)
    damaged = data.replace(PNG[-30:-12], PNG[-30:-12][::-1], 1)
    with pytest.raises(ImageError, match="zip archive: got damaged content"):
        take_in(uploaded(tmp_path, damaged), max_bytes=MAX_BYTES)


def test_unpacked_bytes_are_counted(tmp_path: Path) -> None:
    data = zipped(tmp_path / "a.zip", {"a.png": PNG + bytes(2**20), "b.png": PNG + bytes(2**20)})
    with pytest.raises(ImageError, match=r"unpacked upload: got more than 2 MiB, expected at most 2 MiB"):
        take_in(uploaded(tmp_path, data), max_bytes=2 * 2**20)


def test_a_budget_counts_files() -> None:
    budget = Budget(max_bytes=10, packed_bytes=10, max_files=2)
    assert [budget.add_file(), budget.add_file()] == [1, 2]
    with pytest.raises(ImageError, match="files of the upload: got 3, expected at most 2"):
        budget.add_file()


def test_a_budget_knows_how_well_images_pack() -> None:
    budget = Budget(max_bytes=10 * FREE_BYTES, packed_bytes=FREE_BYTES // 64)
    budget.add_bytes(3 * FREE_BYTES)
    with pytest.raises(ImageError, match=re.escape("unpacked upload: got more than 200 times its size, expected")):
        budget.add_bytes(FREE_BYTES)
