"""DICOM files without identifiers: PS3.15 Annex E at every depth, in the file's meta information and in its pixels."""

import hashlib
import logging
import warnings
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pydicom
from pydicom.datadict import dictionary_has_tag
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.uid import UID

from doctorsun.data.deidentify.action import Action
from doctorsun.data.deidentify.burned_in import can_read_text, may_hold_text, shows_label
from doctorsun.data.deidentify.elements import Cleaning
from doctorsun.data.deidentify.key import Key
from doctorsun.data.deidentify.marks import mark
from doctorsun.data.deidentify.options import Options
from doctorsun.data.deidentify.read_pixels import needs_reading, without_text
from doctorsun.data.deidentify.refusal import Refusal
from doctorsun.data.deidentify.rules import is_public_class
from doctorsun.data.deidentify.stored_pixels import PIXELS, pixels_alone
from doctorsun.data.deidentify.subject import subject_of
from doctorsun.data.deidentify.values import StandIns
from doctorsun.errors import MissingDependency
from doctorsun.image.dicom import transfer_syntax_of

DIRECTORY = "1.2.840.10008.1.3.10"
TEXT_CHARSET = "ISO_IR 192"
UNDEFINED = 0xFFFFFFFF


def deidentify_dicom(path: Path, out_path: Path, key: Key, options: Options) -> list[Action]:
    """Write a DICOM file anew without identifiers.

    The transfer syntax stays, save where compressed pixels held text. The preamble is zero, and nothing follows the
    data set.

    Raises:
        Refusal: the file is damaged, or it holds what cannot be judged.
        OSError: a file cannot be read or written.
    """
    with _silence():
        try:
            new, actions = _cleaned(path, key, options)
            content = _encoded(new)
        except (Refusal, MissingDependency):
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.errno is not None:  # the machine's, not pydicom's own
                raise
            raise Refusal(f"damaged ({type(error).__name__})") from None
    out_path.write_bytes(content)
    return actions


@contextmanager
def _silence() -> Generator[None]:
    """Keep pydicom's warnings, which hold values, from the terminal and from every log."""
    logger = logging.getLogger("pydicom")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)


def _cleaned(path: Path, key: Key, options: Options) -> tuple[FileDataset, list[Action]]:
    source = read_whole(path)
    syntax = transfer_syntax_of(source)
    kind = _kind_of(source, syntax)
    is_read = needs_reading(source, options, installed=can_read_text())
    cleaning = Cleaning(StandIns(key, subject_of(source, key)), options, kind)
    cleaned = cleaning.cleaned(source)
    actions = [Action("preamble and meta information", "replaced", "PS3.10 7.1"), *cleaning.actions]
    actions += pixels_alone(source, cleaned, syntax)
    if is_read:
        source.file_meta.TransferSyntaxUID = syntax
        syntax, blanks = without_text(source, cleaned, syntax)
        actions += blanks
    elif "PixelData" in source and may_hold_text(source):
        actions.append(Action("pixels", "kept", "they may hold text, which was not looked for"))
    mark(cleaned, options, pixels_read=is_read, structured="ContentSequence" in source)
    cleaned.SpecificCharacterSet, cleaned.SOPClassUID = TEXT_CHARSET, kind
    if "SOPInstanceUID" not in cleaned:
        cleaned.SOPInstanceUID = key.uid(_instance_of(source, path))
    return _file(cleaned, syntax), actions


def read_whole(path: Path) -> FileDataset:
    """Read a DICOM file to its end.

    Raises:
        Refusal: an element ends before it should.
    """
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        source = pydicom.dcmread(path, force=True)
    is_short = any("end of file" in str(warning.message).lower() for warning in told)
    if (is_short and not any(keyword in source for keyword in PIXELS)) or any(map(_is_cut, _raw(source))):
        raise Refusal("damaged: it ends too early")
    return source


def _raw(source: Dataset) -> Iterator[RawDataElement]:
    elements = (source.get_item(tag) for tag in source.keys())  # noqa: SIM118 (elements, not values)
    return (element for element in elements if isinstance(element, RawDataElement))


def _is_cut(element: RawDataElement) -> bool:
    """Return whether fewer bytes follow than the element tells; an unknown one is made of bytes after the end."""
    is_short = element.value is not None and element.length != UNDEFINED and len(element.value) < element.length
    return is_short and dictionary_has_tag(element.tag)


def _kind_of(source: FileDataset, syntax: UID) -> UID:
    """Return the class of an object whose content is defined, and which is more than a document in a wrapper."""
    kind = str(source.get("SOPClassUID") or source.file_meta.get("MediaStorageSOPClassUID") or "")
    if kind == DIRECTORY:
        raise Refusal("a DICOMDIR, which lists old names: make a new one of the files written (dcmmkdir +r of DCMTK)")
    if not is_public_class(kind):
        raise Refusal("an object of no class of the standard: nothing tells what it holds")
    if not is_public_class(syntax):
        raise Refusal("a private transfer syntax")
    if shows_label(source):
        raise Refusal("a picture of a slide's label")
    if "EncapsulatedDocument" in source:
        raise Refusal("a document in a DICOM wrapper (PDF, CDA or a model): its text cannot be judged")
    return UID(kind)


def _instance_of(source: FileDataset, path: Path) -> str:
    return str(source.file_meta.get("MediaStorageSOPInstanceUID") or hashlib.sha256(path.read_bytes()).hexdigest())


def _file(cleaned: Dataset, syntax: UID) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = cleaned.SOPClassUID
    meta.MediaStorageSOPInstanceUID = cleaned.SOPInstanceUID
    meta.TransferSyntaxUID = syntax
    return FileDataset(
        "",
        cleaned,
        preamble=b"\0" * 128,
        file_meta=meta,
        is_implicit_VR=syntax.is_implicit_VR,
        is_little_endian=syntax.is_little_endian,
    )


def _encoded(new: FileDataset) -> bytes:
    buffer = DicomBytesIO()
    pydicom.dcmwrite(buffer, new, enforce_file_format=True)
    return buffer.getvalue()
