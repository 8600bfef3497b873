"""What a DICOM header tells of a picture: size of pixels, orientation, plane, part of the body, and whose it is."""

import hashlib
import math

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from doctorsun.image.geometry import orientation_of_axes, plane_of_axes, read_orientation

PROJECTIONS = ("CR", "DR", "DX", "RG")
CENTIMETRES = 3  # PS3.3 C.8.5.5.1.15


def spacing_mm(header: Dataset) -> tuple[tuple[float, float] | None, str]:
    """Return the (row, column) distance of pixel centres in millimetres, and the attribute that tells it.

    Pixel Spacing holds in the patient (or as calibrated); Imager Pixel Spacing at the detector, where the patient is
    magnified, and Nominal Scanned Pixel Spacing on the film (PS3.3 10.7.1). None where the file tells nothing usable.
    """
    for keyword in ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing"):
        found = numbers(header, keyword)
        if len(found) == 2 and min(found) > 0:  # noqa: PLR2004 (row and column)
            return (found[0], found[1]), keyword
    return _ultrasound_spacing_mm(header)


def orientation(header: Dataset) -> str:
    r"""Return the patient direction of rows then columns, such as ``L\P``; empty where it is not known.

    From Image Orientation (Patient), else Patient Orientation (PS3.3 C.7.6.2.1.1 and C.7.6.1.1.1); of two-legged
    patients only, since directions of animals have other names.
    """
    if word(header, "AnatomicalOrientationType") == "QUADRUPED":
        return ""
    return orientation_of_axes(numbers(header, "ImageOrientationPatient")) or read_orientation(
        "\\".join(words(header, "PatientOrientation"))
    )


def header_fields(header: Dataset) -> dict[str, str]:
    """Return what else the header tells, by name; empty texts where it tells nothing.

    Keys: modality, sop_class, image_type, body_part, laterality (L, R, B or U), view, plane (axial, coronal, sagittal,
    oblique; frontal for radiographs from the front or the back), rows, columns, instance (number in its series),
    spacing_from (attribute that tells the spacing), burned_in (YES or NO: text in the pixels), deidentified (codes of
    the profile and options under which identifiers were removed), and digests of the identifiers of patient, study and
    series, for groups.
    """
    patient = word(header, "PatientID")
    return {
        "modality": word(header, "Modality"),
        "sop_class": header.SOPClassUID.name if word(header, "SOPClassUID") else "",
        "image_type": "\\".join(words(header, "ImageType")),
        "body_part": word(header, "BodyPartExamined") or _meaning(header, "AnatomicRegionSequence"),
        "laterality": next(filter(None, (word(header, name) for name in LATERALITIES)), ""),
        "view": word(header, "ViewPosition") or _meaning(header, "ViewCodeSequence"),
        "plane": _plane(header),
        "rows": word(header, "Rows"),
        "columns": word(header, "Columns"),
        "instance": word(header, "InstanceNumber"),
        "spacing_from": spacing_mm(header)[1],
        "burned_in": word(header, "BurnedInAnnotation"),
        "deidentified": _deidentified(header),
        "patient": digest(f"{patient}\x1f{word(header, 'IssuerOfPatientID')}") if patient else "",
        "study": digest(word(header, "StudyInstanceUID")),
        "series": digest(word(header, "SeriesInstanceUID")),
    }


LATERALITIES = ("ImageLaterality", "FrameLaterality", "Laterality")


def digest(identifier: str) -> str:
    """Return 16 hexadecimal digits that stand for an identifier; empty for an empty one."""
    return hashlib.sha256(identifier.encode()).hexdigest()[:16] if identifier else ""


def words(header: Dataset, keyword: str) -> list[str]:
    """Return the values of an element as texts without blanks around them; none where it is absent or malformed."""
    try:
        value = header.get(keyword)
    except Exception:  # noqa: BLE001 (pydicom raises errors of every type on malformed values)
        return []
    values = list(value) if isinstance(value, MultiValue) else [value]
    return [str(value).strip() for value in values if value is not None]


def word(header: Dataset, keyword: str) -> str:
    r"""Return the value of an element as text, several joined by ``\``; empty where it is absent or malformed."""
    return "\\".join(words(header, keyword))


def numbers(header: Dataset, keyword: str) -> list[float]:
    """Return the values of an element as finite numbers; none where it is absent or one of them is malformed."""
    try:
        found = [float(text) for text in words(header, keyword)]
    except ValueError:
        return []
    return found if all(math.isfinite(value) for value in found) else []


def _plane(header: Dataset) -> str:
    plane = plane_of_axes(numbers(header, "ImageOrientationPatient"))
    if not plane and word(header, "Modality") in PROJECTIONS and word(header, "ViewPosition") in ("AP", "PA"):
        return "frontal"
    return plane


def _meaning(header: Dataset, keyword: str) -> str:
    items = header.get(keyword)
    return word(items[0], "CodeMeaning") if items else ""


def _deidentified(header: Dataset) -> str:
    """Return the codes of PS3.16 CID 7050 with which a header says so; YES alone where it gives none."""
    if word(header, "PatientIdentityRemoved") != "YES":
        return ""
    codes = (word(item, "CodeValue") for item in header.get("DeidentificationMethodCodeSequence") or ())
    return " ".join(code for code in codes if code.isdigit()) or "YES"


def _ultrasound_spacing_mm(header: Dataset) -> tuple[tuple[float, float] | None, str]:
    """Return the spacing of the one calibrated region of an ultrasound picture (PS3.3 C.8.5.5)."""
    regions = header.get("SequenceOfUltrasoundRegions") or []
    units = ("PhysicalUnitsXDirection", "PhysicalUnitsYDirection")
    if len(regions) != 1 or any(numbers(regions[0], unit) != [CENTIMETRES] for unit in units):
        return None, ""
    deltas = [abs(value) * 10 for name in ("PhysicalDeltaY", "PhysicalDeltaX") for value in numbers(regions[0], name)]
    if len(deltas) == 2 and min(deltas) > 0:  # noqa: PLR2004 (row and column)
        return (deltas[0], deltas[1]), "SequenceOfUltrasoundRegions"
    return None, ""
