"""Small DICOM series with a place in the patient."""

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

PREFIX = "1.2.826.0.1.3680043.8.498."
SERIES = PREFIX + "1.1"
STUDY = PREFIX + "1"
FRAME_OF_REFERENCE = PREFIX + "9"
AXIAL = (1, 0, 0, 0, 1, 0)


def slice_file(values: NDArray[Any], position: tuple[float, ...], **changes: Any) -> FileDataset:
    """Return a CT image of values in Hounsfield units [rows, columns]; ``changes`` are attributes by keyword."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = CTImageStorage
    instance = PREFIX + "2." + ".".join(str(abs(round(1000 * value))) + str(int(value < 0)) for value in position)
    meta.MediaStorageSOPInstanceUID = instance
    header = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    header.SOPClassUID, header.SOPInstanceUID = CTImageStorage, instance
    header.StudyInstanceUID, header.SeriesInstanceUID = STUDY, SERIES
    header.FrameOfReferenceUID = FRAME_OF_REFERENCE
    header.Modality, header.PatientID, header.PatientName = "CT", "P1", "P^1"
    header.StudyDate = header.StudyTime = header.AccessionNumber = header.StudyID = ""
    header.PatientBirthDate = header.PatientSex = header.ReferringPhysicianName = ""
    header.SeriesNumber, header.InstanceNumber = 1, 1
    header.Rows, header.Columns = values.shape
    header.ImagePositionPatient = [float(value) for value in position]
    header.ImageOrientationPatient = list(AXIAL)
    header.PixelSpacing, header.SliceThickness = [0.5, 0.75], 2.0
    header.SamplesPerPixel, header.PhotometricInterpretation = 1, "MONOCHROME2"
    header.BitsAllocated, header.BitsStored, header.HighBit, header.PixelRepresentation = 16, 16, 15, 0
    header.RescaleIntercept, header.RescaleSlope = -1024, 1
    header.PixelData = (values + 1024).astype("<u2").tobytes()
    for name, value in changes.items():
        setattr(header, name, value)
    return header


def write_series(
    folder: Path, values: NDArray[Any], *, step_mm: tuple[float, float, float] = (0, 0, 2.0), **changes: Any
) -> list[Path]:
    """Write values [slice, row, column] as a series; names run against the order of the places."""
    folder.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    for number, each in enumerate(values):
        position = tuple(float(x) for x in np.add((-30.0, -40.0, 100.0), np.multiply(number, step_mm)))
        path = folder / f"{len(values) - number:03d}.dcm"
        slice_file(each, position, **changes).save_as(path, enforce_file_format=True)
        paths.append(path)
    return paths


def changed(path: Path, **changes: Any) -> None:
    """Write a file again with other attributes; None removes one."""
    header = pydicom.dcmread(path)
    for name, value in changes.items():
        if value is None:
            delattr(header, name)
        else:
            setattr(header, name, value)
    header.save_as(path)
