"""The marks by which a DICOM file says that it is de-identified, and how."""

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from doctorsun.data.deidentify.options import Options

BASIC, PIXELS, STRUCTURED, DESCRIPTORS = "113100", "113101", "113104", "113105"
DATES, CHARACTERISTICS, SAFE_PRIVATE = "113107", "113108", "113111"
MEANINGS = {  # PS3.16, CID 7050
    BASIC: "Basic Application Confidentiality Profile",
    PIXELS: "Clean Pixel Data Option",
    STRUCTURED: "Clean Structured Content Option",
    DESCRIPTORS: "Clean Descriptors Option",
    DATES: "Retain Longitudinal Temporal Information Modified Dates Option",
    CHARACTERISTICS: "Retain Patient Characteristics Option",
    SAFE_PRIVATE: "Retain Safe Private Option",
}
METHOD = "Doctor Sun, PS3.15 2024b Table E.1-1"


def codes_of(options: Options, *, pixels_read: bool, structured: bool) -> list[str]:
    """Return the codes of what was applied to one file, in the order of their numbers."""
    chosen = {BASIC}
    chosen |= {PIXELS} if pixels_read else set()
    chosen |= {STRUCTURED} if structured else set()
    chosen |= {DATES} if options.dates == "shift" else set()
    by_option = {"descriptors": DESCRIPTORS, "characteristics": CHARACTERISTICS, "safe-private": SAFE_PRIVATE}
    return sorted(chosen | {by_option[kept] for kept in options.keep})


def mark(dataset: Dataset, options: Options, *, pixels_read: bool, structured: bool) -> None:
    """Write into a data set that its identifiers were removed, by which profile and options, and where its dates are.

    Source: PS3.15 E.1.1 point 9, PS3.3 C.7.1.1 and C.12.1.1.1 (Longitudinal Temporal Information Modified).
    """
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = METHOD
    dataset.DeidentificationMethodCodeSequence = Sequence(
        [_code(value) for value in codes_of(options, pixels_read=pixels_read, structured=structured)]
    )
    dataset.LongitudinalTemporalInformationModified = "MODIFIED" if options.dates == "shift" else "REMOVED"
    if pixels_read:
        dataset.BurnedInAnnotation = "NO"


def _code(value: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", MEANINGS[value]
    return item
