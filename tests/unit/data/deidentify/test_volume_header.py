"""NRRD and MetaImage volumes without comments, texts and bytes after their values."""

import gzip
import zlib

import numpy as np
import pytest
from planted_bytes import KEY, MARK, OPTIONS, survivors

from doctorsun.data.deidentify.refusal import Refusal
from doctorsun.data.deidentify.volume_header import deidentify_volume_header

VALUES = np.arange(60, dtype=np.int16).tobytes()
NRRD = f"""NRRD0005
# {MARK}
type: short
dimension: 3
space: left-posterior-superior
sizes: 5 4 3
space directions: (1,0,0) (0,1.5e0,0) (0,0,2)
kinds: domain domain domain
endian: little
encoding: ENCODING
content: {MARK}
units: "{MARK}"
space origin: ({MARK},0,0)
PatientName:={MARK}
"""
META = f"""ObjectType = Image
NDims = 3
BinaryData = True
CompressedData = PACKED
TransformMatrix = 1 0 0 0 1 0 0 0 1
Offset = 0 0 -1.5
ElementSpacing = 1 1 2
Comment = {MARK}
Name = {MARK}
AnatomicalOrientation = {MARK}
DimSize = 5 4 3
ElementType = MET_SHORT
ElementDataFile = LOCAL
"""


def cleaned(tmp_path, data, suffix):
    path, out = tmp_path / f"a{suffix}", tmp_path / f"out{suffix}"
    path.write_bytes(data)
    return out, deidentify_volume_header(path, out, KEY, OPTIONS)


def read(path):
    return pytest.importorskip("SimpleITK").ReadImage(str(path))


@pytest.mark.parametrize("packed", [False, True])
def test_an_nrrd_keeps_its_geometry_and_values(tmp_path, packed):
    pack = gzip.compress if packed else bytes
    text = NRRD.replace("ENCODING", "gzip" if packed else "raw")
    out, actions = cleaned(tmp_path, f"{text}\n".encode() + pack(VALUES + MARK.encode()) + MARK.encode(), ".nrrd")
    assert not survivors(out)
    assert sum(action.where == "NRRD header line" for action in actions) == 5
    volume = read(out)
    assert (volume.GetSize(), volume.GetSpacing()) == ((5, 4, 3), (1, 1.5, 2))
    assert pytest.importorskip("SimpleITK").GetArrayFromImage(volume).tobytes() == VALUES


@pytest.mark.parametrize("packed", [False, True])
def test_a_metaimage_keeps_its_geometry_and_values(tmp_path, packed):
    pack = zlib.compress if packed else bytes
    data = META.replace("PACKED", str(packed)).encode() + pack(VALUES + MARK.encode()) + MARK.encode()
    out, actions = cleaned(tmp_path, data, ".mha")
    assert not survivors(out)
    assert sum(action.where == "MetaImage header line" for action in actions) == 3
    volume = read(out)
    assert (volume.GetSize(), volume.GetSpacing(), volume.GetOrigin()) == ((5, 4, 3), (1, 1, 2), (0, 0, -1.5))
    assert pytest.importorskip("SimpleITK").GetArrayFromImage(volume).tobytes() == VALUES


@pytest.mark.parametrize(
    ("data", "suffix", "words"),
    [
        (NRRD.encode(), ".nrrd", "without end"),
        (f"{NRRD.replace('ENCODING', 'bzip2')}\n".encode(), ".nrrd", "packed in a way"),
        (f"{NRRD.replace('ENCODING', 'raw')}\n".encode() + VALUES[:-1], ".nrrd", "ends too early"),
        (f"{NRRD.replace('ENCODING', 'gzip')}\n".encode() + VALUES, ".nrrd", "cannot be unpacked"),
        (b"ObjectType = Image\n", ".mha", "no MetaImage header"),
        (META.replace("LOCAL", f"{MARK}.raw").encode(), ".mha", "in another file"),
    ],
)
def test_what_cannot_be_made_clean_is_refused(tmp_path, data, suffix, words):
    with pytest.raises(Refusal, match=words) as refused:
        cleaned(tmp_path, data, suffix)
    assert MARK not in str(refused.value)


def test_real_volumes_stay_equal(tmp_path, test_data):
    itk = pytest.importorskip("SimpleITK")
    paths = sorted((test_data / "pyradiomics_cases/data").glob("*.nrrd"))
    assert paths
    for path in paths:
        out = tmp_path / path.name
        deidentify_volume_header(path, out, KEY, OPTIONS)
        old, clean = read(path), read(out)
        assert (itk.GetArrayFromImage(old) == itk.GetArrayFromImage(clean)).all()
        assert (old.GetDirection(), old.GetOrigin()) == (clean.GetDirection(), clean.GetOrigin())
