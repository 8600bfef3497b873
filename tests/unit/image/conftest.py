"""DICOM files for the tests of images: those that pydicom brings along, and small ones made here."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

SHIPPED = Path(pydicom.__file__).parent / "data" / "test_files"


@pytest.fixture(scope="session")
def shipped() -> Path:
    """The folder of DICOM files in pydicom's wheel."""
    return SHIPPED


def grey_header(**elements: Any) -> Dataset:
    """Return the header of one frame of 16-bit grey values, as little-endian files give it."""
    header = Dataset()
    header.set_original_encoding(is_implicit_vr=False, is_little_endian=True)
    header.Modality = "MR"
    header.PhotometricInterpretation = "MONOCHROME2"
    header.BitsStored = 16
    header.PixelRepresentation = 0
    for keyword, value in elements.items():
        setattr(header, keyword, value)
    return header


@pytest.fixture
def header_of() -> Callable[..., Dataset]:
    return grey_header


@pytest.fixture
def dicom_file(tmp_path: Path) -> Callable[..., Path]:
    """Write a DICOM file of stored values [rows, columns] or [frames, rows, columns] with more elements."""

    def write(values: np.ndarray, **elements: Any) -> Path:
        dataset = grey_header(Modality="CT", SOPClassUID=CTImageStorage, SOPInstanceUID="1.2.3")
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.file_meta.MediaStorageSOPClassUID = CTImageStorage
        dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
        dataset.Rows, dataset.Columns = values.shape[-2:]
        if values.ndim > 2:
            dataset.NumberOfFrames = len(values)
        dataset.SamplesPerPixel = 1
        dataset.BitsAllocated, dataset.HighBit = values.itemsize * 8, values.itemsize * 8 - 1
        dataset.BitsStored = values.itemsize * 8
        dataset.PixelRepresentation = int(values.dtype.kind == "i")
        dataset.PixelData = values.tobytes()
        for keyword, value in elements.items():
            setattr(dataset, keyword, value)
        path = tmp_path / "made.dcm"
        dataset.save_as(path, enforce_file_format=True)
        return path

    return write
