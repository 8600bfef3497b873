"""NIfTI volumes without texts, extensions and bytes after their values."""

import gzip
from pathlib import Path

import nibabel
import numpy as np
import pytest
from planted_bytes import KEY, MARK, OPTIONS, survivors

from doctorsun.data.deidentify.nifti import deidentify_nifti, is_nifti
from doctorsun.data.deidentify.refusal import Refusal

DATA = Path(nibabel.__file__).parent / "tests" / "data"
TEXTS = {"descrip": 80, "aux_file": 24, "intent_name": 16, "db_name": 18, "data_type": 10}


def planted(path, *, form=nibabel.Nifti1Image, order="<", dtype=np.int16):
    values = np.arange(7 * 5 * 3).reshape(7, 5, 3).astype(dtype)
    volume = form(values, np.diag([2, 3, 4, 1]), form.header_class(endianness=order))
    for name, length in TEXTS.items():
        if name in volume.header:
            volume.header[name] = MARK[: length - 1]
    volume.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", f"{MARK} {MARK}".encode()))
    nibabel.save(volume, path)
    return volume


@pytest.mark.parametrize("form", [nibabel.Nifti1Image, nibabel.Nifti2Image])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
def test_nothing_planted_survives_and_values_are_equal(tmp_path, form, order, ending):
    path, out = tmp_path / f"{MARK}{ending}", tmp_path / f"out{ending}"
    volume = planted(path, form=form, order=order)
    data = gzip.decompress(path.read_bytes()) if ending.endswith("gz") else path.read_bytes()
    data += MARK.encode()
    path.write_bytes(packed_with_name(data) if ending.endswith("gz") else data)
    assert survivors(path)
    assert is_nifti(path)
    actions = deidentify_nifti(path, out, KEY, OPTIONS)
    assert not survivors(out)
    clean = nibabel.load(out)
    assert np.array_equal(np.asarray(clean.dataobj), np.asarray(volume.dataobj))
    assert np.array_equal(clean.affine, volume.affine)
    assert not clean.header.extensions
    assert {"NIfTI descrip", "NIfTI extensions", "bytes after the values"} <= {action.where for action in actions}


def packed_with_name(data):
    """Pack as gzip does, with the file's name and its time."""
    header = (
        b"\x1f\x8b\x08\x18" + b"\x01\x02\x03\x04" + b"\x00\x03" + f"{MARK}.nii".encode() + b"\0" + MARK.encode() + b"\0"
    )
    return header + gzip.compress(data, mtime=0)[10:]


def test_a_packed_volume_names_no_file_and_no_time(tmp_path):
    path, out = tmp_path / f"{MARK}.nii.gz", tmp_path / f"{MARK}out.nii.gz"
    planted(path)
    deidentify_nifti(path, out, KEY, OPTIONS)
    assert out.read_bytes()[3:8] == bytes(5)


def test_a_pair_becomes_one_file(tmp_path):
    path, out = tmp_path / "a.hdr", tmp_path / "out.nii"
    volume = planted(path, form=nibabel.Nifti1Pair)
    deidentify_nifti(path, out, KEY, OPTIONS)
    assert not survivors(out)
    assert np.array_equal(np.asarray(nibabel.load(out).dataobj), np.asarray(volume.dataobj))
    (tmp_path / "a.img").unlink()
    with pytest.raises(Refusal, match="without its values beside it"):
        deidentify_nifti(path, out, KEY, OPTIONS)


@pytest.mark.parametrize(
    "name", ["anatomical.nii", "functional.nii", "example4d.nii.gz", "example_nifti2.nii.gz", "standard.nii.gz"]
)
def test_real_volumes_keep_geometry_and_values(tmp_path, name):
    out = tmp_path / name
    deidentify_nifti(DATA / name, out, KEY, OPTIONS)
    old, clean = nibabel.load(DATA / name), nibabel.load(out)
    assert np.array_equal(old.affine, clean.affine)
    assert np.array_equal(old.get_fdata(), clean.get_fdata())
    assert old.header.get_zooms() == clean.header.get_zooms()
    assert not bytes(clean.header["descrip"].tobytes()).strip(b"\0")


def test_files_that_keep_names_in_extensions_are_refused(tmp_path):
    with pytest.raises(Refusal, match="CIFTI"):
        deidentify_nifti(DATA / "row_major.dconn.nii", tmp_path / "out.nii", KEY, OPTIONS)


def test_damaged_volumes_are_refused(tmp_path):
    path = tmp_path / "a.nii"
    planted(path)
    whole = path.read_bytes()
    for data, words in (
        (whole[:-60], "ends too early"),
        (whole[:100], "no NIfTI header"),
        (whole[:40] + bytes(16) + whole[56:], "impossible sizes"),
        (b"\1" * 4 + whole[4:], "no NIfTI header"),
    ):
        path.write_bytes(data)
        with pytest.raises(Refusal, match=words):
            deidentify_nifti(path, tmp_path / "out.nii", KEY, OPTIONS)
