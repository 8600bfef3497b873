"""DICOM files: opened by their header under limits, then read frame by frame."""

import warnings
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.utils import pixel_array
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGExtended12Bit,
)

from doctorsun.errors import ImageError
from doctorsun.image.raster import MAX_PIXELS

_BYTE_BITS = 8
MAX_FRAMES = 100_000  # a slide of 2 gigapixels in tiles of 256 has 30 thousand
FUNCTIONAL_GROUPS = (  # the macros of PS3.3 C.7.6.16.2 and of the enhanced objects that tell how a frame is shown
    "PixelMeasuresSequence",
    "PlaneOrientationSequence",
    "PlanePositionSequence",
    "FrameAnatomySequence",
    "FrameVOILUTSequence",
    "PixelValueTransformationSequence",
    "FramePixelDataPropertiesSequence",
    "CTImageFrameTypeSequence",
    "MRImageFrameTypeSequence",
)
NOT_PICTURES = {  # what to do with the objects that people keep among their images, by the begin of the class's UID
    "1.2.840.10008.1.3.10": "name the files that this directory lists",
    "1.2.840.10008.5.1.4.1.1.66": "read it with its images by 'doctorsun data convert' (reader dicom_segmentation)",
    "1.2.840.10008.5.1.4.1.1.481.2": "leave it out: a dose is looked at over its images",
    "1.2.840.10008.5.1.4.1.1.481.3": "read it with its images by 'doctorsun data convert' (reader dicom_rtstruct)",
}


@dataclass(frozen=True, slots=True)
class DicomFile:
    """A DICOM file with pixels.

    Attributes:
        path: the file.
        header: all elements before the pixels.
        num_frames: how many frames the header tells.
    """

    path: Path
    header: Dataset
    num_frames: int

    def frame_header(self, index: int) -> Dataset:
        """Return the header with what its functional groups say of one frame laid over it.

        Raises:
            ImageError: there is no such frame, or the header is damaged.
        """
        self._require_frame(index)
        with sound_file():
            own = self.header.get("PerFrameFunctionalGroupsSequence") or []
            groups = [*(self.header.get("SharedFunctionalGroupsSequence") or [])[:1], *own[index : index + 1]]
            frame = Dataset()
            frame.set_original_encoding(*self.header.original_encoding)
            frame.update(self.header)
            for group in groups:  # PS3.3 C.7.6.16.1.1: shared groups hold for all frames, the others for their own
                for keyword in FUNCTIONAL_GROUPS:
                    for item in (group.get(keyword) or [])[:1]:
                        frame.update(item)
            return frame

    def values(self, index: int) -> NDArray[np.integer | np.floating]:
        """Decode one frame.

        Returns:
            Stored values [rows, columns], or RGB [rows, columns, 3], also of luminance and chrominance.

        Raises:
            ImageError: there is no such frame, or its pixels cannot be decoded.
        """
        self._require_frame(index)
        with sound_file():
            syntax = transfer_syntax_of(self.header)
            try:
                values = self._decoded(index, syntax)
            except RuntimeError as error:
                if self._has_decoder(syntax):
                    raise
                raise _not_supported(syntax) from error
            return values.astype(values.dtype.newbyteorder("="), copy=False)

    def _decoded(self, index: int, syntax: UID) -> NDArray[np.integer | np.floating]:
        if self.num_frames > 1 and syntax != DeflatedExplicitVRLittleEndian:  # of many frames, only one is read
            return pixel_array(self.path, index=index, transfer_syntax_uid=syntax)
        dataset = pydicom.dcmread(self.path, force=True)
        dataset.file_meta.TransferSyntaxUID = syntax
        return pixel_array(dataset, index=index)

    def _has_decoder(self, syntax: UID) -> bool:
        """Return whether a sound file of this kind would be decoded; of JPEG Extended, only 8 bits are."""
        try:
            is_there = get_decoder(syntax).is_available
        except NotImplementedError:
            return False
        return is_there and (syntax != JPEGExtended12Bit or self.header.get("BitsStored") == _BYTE_BITS)

    def _require_frame(self, index: int) -> None:
        if not 0 <= index < self.num_frames:
            raise ImageError("frame of the DICOM file", got=str(index), expected=f"0 to {self.num_frames - 1}")


def open_dicom(path: Path, *, max_pixels: int = MAX_PIXELS) -> DicomFile:
    """Open a DICOM file, with or without preamble and file meta information; only its header is read.

    Raises:
        ImageError: no DICOM file, no pixels, damaged, or rows times columns or frames over the limit.
        OSError: the file cannot be read.
    """
    with sound_file():
        header = pydicom.dcmread(path, stop_before_pixels=True, force=True)
        if "Rows" not in header or "Columns" not in header:
            raise _no_picture(_sop_class(header), "no rows and columns")
        rows, columns, num_frames = int(header.Rows), int(header.Columns), int(header.get("NumberOfFrames") or 1)
        if rows * columns > max_pixels or num_frames > MAX_FRAMES:
            got = f"{num_frames} frames of {columns} x {rows} pixels"
            expected = f"at most {MAX_FRAMES} frames of {max_pixels} pixels"
            raise ImageError("the DICOM file is too large", got=got, expected=expected, do="export it smaller")
        if rows * columns == 0 or num_frames < 1:
            raise ImageError("the DICOM file is damaged", got=f"{num_frames} frames of {columns} x {rows} pixels")
        return DicomFile(path, header, num_frames)


def require_picture(header: Dataset) -> None:
    """Require that pixels are a picture to look at, and not the labels or the dose of one.

    Raises:
        ImageError: the object is a segmentation or a dose.
    """
    uid = _sop_class(header)
    if _way_to_read(uid):
        raise _no_picture(uid, "labels of another image, or its dose")


def is_other_object(path: Path) -> bool:
    """Return whether a DICOM file is sound and holds no picture: a report, a segmentation, a plan, a waveform."""
    try:
        with sound_file():
            header = pydicom.dcmread(path, specific_tags=["SOPClassUID", "Rows"], stop_before_pixels=True, force=True)
            uid = _sop_class(header)
            is_image = "Rows" in header or "Image Storage" in uid.name  # of an image without rows, the end is missing
            return bool(_way_to_read(uid)) or (bool(uid) and not is_image)
    except (ImageError, OSError):
        return False


def _no_picture(uid: UID, got: str) -> ImageError:
    """Return the error that says what a DICOM object without a picture is, and what to do with it."""
    what = f"the DICOM file holds no picture but '{uid.name}'" if uid else "the DICOM file holds no picture"
    return ImageError(what, got=got, expected="an image", do=_way_to_read(uid) or "leave it out")


def _sop_class(header: Dataset) -> UID:
    meta = header.file_meta if isinstance(header, FileDataset) else Dataset()
    return UID(str(header.get("SOPClassUID") or meta.get("MediaStorageSOPClassUID") or ""))


def _way_to_read(uid: UID) -> str:
    ways = (way for begin, way in NOT_PICTURES.items() if uid == begin or uid.startswith(f"{begin}."))
    return next(ways, "")


@contextmanager
def sound_file() -> Generator[None]:
    """Turn what pydicom and its decoders raise on damaged files into an `ImageError`, and leave out their warnings.

    Raises:
        ImageError: something inside failed.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except (ImageError, OSError):
            raise
        except Exception as error:  # pydicom and the decoders raise errors of every type on damaged data
            got = f"{type(error).__name__}: {' '.join(str(error).split())}"
            do = "copy the file again or leave it out"
            raise ImageError("the DICOM file is damaged or cannot be decoded", got=got, do=do) from error


def _not_supported(syntax: UID) -> ImageError:
    """Return the error for pixels that may be sound, in a compression that nothing here decodes."""
    got = "transfer syntax " + (f"{syntax.name} ({syntax})" if syntax.name != syntax else str(syntax))
    do = "export the file uncompressed (Explicit VR Little Endian) or as JPEG 2000"
    return ImageError("the DICOM file is compressed in a way that is not supported", got=got, do=do)


def transfer_syntax_of(header: Dataset) -> UID:
    """Return how the file is encoded; a bare data set, without file meta information, is as pydicom found it."""
    meta = header.file_meta if isinstance(header, FileDataset) else Dataset()
    if "TransferSyntaxUID" in meta:
        return UID(meta.TransferSyntaxUID)
    if len(meta):
        expected = "a Transfer Syntax UID (0002,0010)"
        raise ImageError("the DICOM file is damaged", got="no transfer syntax", expected=expected, do="export it again")
    is_implicit, is_little = header.original_encoding
    if is_implicit:
        return ImplicitVRLittleEndian
    return ExplicitVRLittleEndian if is_little else ExplicitVRBigEndian
