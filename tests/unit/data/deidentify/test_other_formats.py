"""Formats beside DICOM, told by their content."""

import gzip
import json

import PIL.Image
import pytest
from planted_bytes import KEY, MARK, OPTIONS, survivors

from doctorsun.data.deidentify.folder import deidentify_folder
from doctorsun.data.deidentify.formats import format_of


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        (f"{MARK}.SVS", b"II*\0" + bytes(99), ("TIFF", ".svs", False)),
        ("a", b"MM\0+" + bytes(99), ("TIFF", ".tif", False)),
        ("a.jpg", b"\x89PNG\r\n\x1a\n" + bytes(99), ("PNG", ".png", False)),
        ("a", b"\xff\xd8\xff\xe0" + bytes(99), ("JPEG", ".jpg", False)),
        ("a", b"NRRD0004\n", ("NRRD", ".nrrd", False)),
        ("a", b"ObjectType = Image\n", ("MetaImage", ".mha", False)),
        ("a", bytes(344) + b"n+1\0", ("NIfTI", ".nii", True)),
        ("a", gzip.compress(bytes(4) + b"n+2\0" + bytes(600), mtime=0), ("NIfTI", ".nii.gz", True)),
        ("a.json", json.dumps({"EchoTime": 1}).encode(), ("sidecar", ".json", True)),
    ],
)
def test_formats_are_told_by_content(tmp_path, name, data, told):
    path = tmp_path / name
    path.write_bytes(data)
    found = format_of(path)
    assert (found.name, found.suffix, found.of_pair) == told


@pytest.mark.parametrize(
    "data", [b"", b"text", b"{}", gzip.compress(b"text", mtime=0), b"\x1f\x8b damaged", b"GIF89a" + bytes(99)]
)
def test_other_files_are_unknown(tmp_path, data):
    path = tmp_path / "a.nii"
    path.write_bytes(data)
    assert format_of(path) is None


def test_a_volume_and_its_sidecar_stay_together_under_new_names(tmp_path):
    source, out = tmp_path / "source" / f"sub-{MARK}", tmp_path / "out"
    source.mkdir(parents=True)
    header = bytearray(352)
    header[0:4], header[344:348], header[40:44], header[70:74] = b"\x5c\1\0\0", b"n+1\0", b"\1\0\1\0", b"\2\0\x08\0"
    (source / f"{MARK}.nii").write_bytes(bytes(header) + bytes(1))
    (source / f"{MARK}.json").write_text(json.dumps({"EchoTime": 1, "PatientName": MARK}))
    PIL.Image.new("L", (9, 9)).save(source / f"{MARK}.png")
    assert not deidentify_folder(tmp_path / "source", out, KEY, OPTIONS)
    written = {path.suffix: path for path in out.rglob("*") if path.suffix in (".nii", ".png") or path.parent != out}
    assert written[".nii"].stem == written[".json"].stem
    assert set(written) == {".nii", ".json", ".png"}
    assert not any(
        MARK.lower() in str(path.relative_to(out)).lower() or survivors(path)
        for path in out.rglob("*")
        if path.is_file()
    )
