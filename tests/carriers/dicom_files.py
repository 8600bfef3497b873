"""Small DICOM series with a place in the patient."""

from pathlib import Path
from typing import Any

import highdicom
import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, RTStructureSetStorage

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
    instance = PREFIX + "2." + ".".join(str(2 * abs(round(1000 * value)) + (value < 0)) for value in position)
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


def write_segmentation(
    path: Path, images: list[Path], masks: NDArray[Any], names: tuple[str, ...], kind: str = "BINARY"
) -> None:
    """Write a segmentation [slice, row, column, segment], or [slice, row, column] of a label map, over a series."""
    sources = sorted((pydicom.dcmread(image) for image in images), key=lambda each: each.ImagePositionPatient[2])
    descriptions = [
        highdicom.seg.SegmentDescription(
            segment_number=number,
            segment_label=name,
            segmented_property_category=codes.SCT.Organ,
            segmented_property_type=codes.SCT.Liver,
            algorithm_type="MANUAL",
        )
        for number, name in enumerate(names, start=1)
    ]
    segmentation = highdicom.seg.Segmentation(
        source_images=sources,
        pixel_array=masks,
        segmentation_type=kind,
        segment_descriptions=descriptions,
        series_instance_uid=PREFIX + "5.1",
        series_number=2,
        sop_instance_uid=PREFIX + "5.2",
        instance_number=1,
        manufacturer="carrier",
        manufacturer_model_name="carrier",
        software_versions="1",
        device_serial_number="1",
        max_fractional_value=200,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    segmentation.save_as(path)


def write_structures(path: Path, regions: dict[str, list[tuple[str, list[tuple[float, float, float]]]]]) -> None:
    """Write a structure set: name of a region to its contours, each a geometric type and points in millimetres."""
    header = slice_file(np.zeros((1, 1)), (0, 0, 0))
    for name in ("Rows", "Columns", "PixelData", "ImagePositionPatient", "ImageOrientationPatient"):
        delattr(header, name)
    header.Modality, header.SeriesInstanceUID = "RTSTRUCT", PREFIX + "6.1"
    header.SOPClassUID = header.file_meta.MediaStorageSOPClassUID = RTStructureSetStorage
    series, study, frame = Dataset(), Dataset(), Dataset()
    series.SeriesInstanceUID = SERIES
    study.RTReferencedSeriesSequence = [series]
    frame.RTReferencedStudySequence, frame.FrameOfReferenceUID = [study], FRAME_OF_REFERENCE
    header.ReferencedFrameOfReferenceSequence = [frame]
    header.StructureSetROISequence, header.ROIContourSequence, header.RTROIObservationsSequence = [], [], []
    for number, (name, contours) in enumerate(regions.items(), start=1):
        roi, drawn, observed = Dataset(), Dataset(), Dataset()
        roi.ROINumber, roi.ROIName = number, name
        drawn.ReferencedROINumber, observed.ReferencedROINumber = number, number
        observed.RTROIInterpretedType = "ORGAN"
        drawn.ContourSequence = []
        for kind, points in contours:
            contour = Dataset()
            contour.ContourGeometricType, contour.NumberOfContourPoints = kind, len(points)
            contour.ContourData = [float(value) for point in points for value in point]
            drawn.ContourSequence.append(contour)
        header.StructureSetROISequence.append(roi)
        header.ROIContourSequence.append(drawn)
        header.RTROIObservationsSequence.append(observed)
    path.parent.mkdir(parents=True, exist_ok=True)
    header.save_as(path, enforce_file_format=True)
