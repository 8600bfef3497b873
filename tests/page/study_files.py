"""Small files to open in the page: drawn pictures, slices with a place of their own, and broken ones."""

import gzip
import io
from typing import Any

import nibabel as nib
import numpy as np
import pydicom
from pydicom.data import get_testdata_file

from doctorsun.image.raster import encode_png


def png_file(name: str = "drawn.png") -> dict[str, Any]:
    """Return a grey picture, wider than high."""
    grey = np.add.outer(np.arange(40), np.arange(60)).astype(np.uint8)
    return {"name": name, "mimeType": "image/png", "buffer": encode_png(grey)}


def ct_file(name: str = "CT_small.dcm", place: int = 0, **elements: Any) -> dict[str, Any]:
    """Return pydicom's CT slice, moved along the patient."""
    header = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
    header.ImagePositionPatient = [-158.1, -179.0, -75.7 + 5 * place]
    header.InstanceNumber = place + 1
    header.SOPInstanceUID = header.file_meta.MediaStorageSOPInstanceUID = f"1.2.826.0.1.{place + 1}"
    for keyword, value in elements.items():
        setattr(header, keyword, value)
    target = io.BytesIO()
    header.save_as(target)
    return {"name": name, "mimeType": "application/dicom", "buffer": target.getvalue()}


def ct_series(number: int) -> list[dict[str, Any]]:
    """Return slices of one series, each a file."""
    return [ct_file(f"slice-{place}.dcm", place) for place in range(number)]


def nifti_file() -> dict[str, Any]:
    """Return a packed volume of 10 x 12 x 14 voxels of one size."""
    values = np.arange(10 * 12 * 14, dtype=np.int16).reshape(10, 12, 14)
    packed = gzip.compress(nib.Nifti1Image(values, np.diag([2, 2, 2, 1])).to_bytes(), mtime=0)
    return {"name": "volume.nii.gz", "mimeType": "application/gzip", "buffer": packed}
