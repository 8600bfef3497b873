"""What of a DICOM header may be told: terms of closed lists and numbers of the technique, never free text.

Names, dates, identifiers, descriptions and private elements are not read at all. Even coded elements hold free text in
real files, so that a term counts only if the standard defines it. Ages are told as decades, and from 90 on as one class
(45 CFR 164.514(b)(2)(i)(C)).

Source: DICOM PS3.3 C.7.3.1.1.1 (Modality), C.8.1.4 and C.8.11.5 (View Position); PS3.16 Annex L (Body Part Examined).
"""

import re

from pydicom.dataset import Dataset
from pydicom.uid import UID

from doctorsun.image.dicom_header import LATERALITIES, numbers, word, words
from doctorsun.image.study.series import Fact

MODALITIES = frozenset(
    """CR CT DX MG MR NM PT US XA RF IO PX GM SM OP OPT OCT IVUS IVOCT ES XC OT SC RG BI DG LS TG BMUS EPS KER AR SRF
    OPV OPM OAM VA RTIMAGE IOL PA CFM CD DD DF DS EC FA FS LP MA MS ST VF CP CS DM""".split()  # noqa: SIM905
)
_BODY_PARTS = frozenset(
    """ABDOMEN ABDOMENPELVIS ADRENAL ANKLE ANUS AORTA APPENDIX ARM AXILLA BACK BLADDER BONE BRAIN BREAST BRONCHUS
    BUTTOCK CALCANEUS CALF CAROTID CEREBELLUM CERVIX CHEEK CHEST CHESTABDOMEN CHESTABDPELVIS CLAVICLE COCCYX COLON
    CORNEA CORONARYARTERY CSPINE CTSPINE DUODENUM EAR ELBOW ESOPHAGUS EXTREMITY EYE EYELID FACE FEMUR FINGER FOOT
    FOREARM GALLBLADDER HAND HEAD HEADNECK HEART HIP HUMERUS ILEUM ILIUM IAC JAW JEJUNUM KIDNEY KNEE LARYNX LEG LIVER
    LSPINE LSSPINE LUNG MANDIBLE MAXILLA MEDIASTINUM MOUTH NECK NECKCHEST NECKCHESTABDOMEN NECKCHESTABDPELV NOSE ORBIT
    OVARY PANCREAS PAROTID PATELLA PELVIS PENIS PHARYNX PROSTATE RECTUM RETINA RIB SACRUM SCALP SCAPULA SCLERA SCROTUM
    SHOULDER SINUS SKIN SKULL SPINE SPLEEN SSPINE STERNUM STOMACH TESTIS THIGH THUMB THYMUS THYROID TIBIA TLSPINE TMJ
    TOE TONGUE TRACHEA TSPINE UPRLEG URETER URETHRA UTERUS VAGINA VULVA WHOLEBODY WRIST ZYGOMA""".split()  # noqa: SIM905
)
_VIEWS = frozenset("AP PA LL RL RLD LLD RLO LLO CC MLO ML LM XCCL XCCM FB SIO ISO LMO SPECIMEN".split())  # noqa: SIM905
_SIDES = frozenset("LRBU")
_PHOTOMETRIC = frozenset(
    ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", "RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
)
_WINDOW_WORDS = frozenset(
    """WINDOW NORMAL HARDER SOFTER BONE LUNG BRAIN SOFT TISSUE MEDIASTINUM ABDOMEN ANGIO LIVER SPINE STROKE HEAD CHEST
    PELVIS HEART CORONARY STANDARD NARROW WIDE ALGO USER DEFAULT LINEAR SIGMOID""".split()  # noqa: SIM905
)
_WINDOW_WORD = re.compile(r"([A-Z]*)\d{0,2}", re.ASCII)
_MEASURES = {  # name told: element, and the largest value that makes sense
    "slice_thickness_mm": ("SliceThickness", 1e3),
    "slice_distance_mm": ("SpacingBetweenSlices", 1e3),
    "kvp": ("KVP", 1e3),
    "tube_current_ma": ("XRayTubeCurrent", 1e5),
    "exposure_time_ms": ("ExposureTime", 1e6),
    "reconstruction_diameter_mm": ("ReconstructionDiameter", 1e4),
    "field_strength_t": ("MagneticFieldStrength", 30),
    "repetition_time_ms": ("RepetitionTime", 1e6),
    "echo_time_ms": ("EchoTime", 1e5),
    "inversion_time_ms": ("InversionTime", 1e6),
    "flip_angle_degrees": ("FlipAngle", 360),
    "bits_stored": ("BitsStored", 64),
}
_OFTEN_LABELLED = ("US", "SC", "OT", "XC", "ES", "DG")
_AGE = re.compile(r"(\d{3})([DWMY])")
_OLDEST = 90


def modality_of(header: Dataset) -> str:
    """Return the modality; empty where it is none that the standard defines."""
    return _term(header, "Modality", MODALITIES)


def facts_of(header: Dataset) -> dict[str, Fact]:
    """Return what a header tells of a picture and may be told."""
    terms: dict[str, Fact] = {
        "object": _class_name(header),
        "body_part": _term(header, "BodyPartExamined", _BODY_PARTS),
        "view": _term(header, "ViewPosition", _VIEWS),
        "laterality": next(filter(None, (_term(header, name, _SIDES) for name in LATERALITIES)), ""),
        "photometric": _term(header, "PhotometricInterpretation", _PHOTOMETRIC),
        "age": _age_class(header),
    }
    measures: dict[str, Fact] = {
        name: int(found[0]) if found[0].is_integer() else round(found[0], 4)
        for name, (keyword, most) in _MEASURES.items()
        if (found := numbers(header, keyword)) and 0 < found[0] <= most
    }
    contrast: dict[str, Fact] = {"contrast": True} if word(header, "ContrastBolusAgent") else {}
    return {name: term for name, term in terms.items() if term} | measures | contrast


def window_words(header: Dataset) -> list[str]:
    """Return what a header calls its windows, in their order; empty where a word is none of the technique."""
    told = [text.upper().replace("_", " ") for text in words(header, "WindowCenterWidthExplanation")]
    return [text if all(map(_is_window_word, text.split())) else "" for text in told]


def warnings_of(header: Dataset) -> list[str]:
    """Return codes of what a header warns of: text burned into the pixels, told or likely; pixels that lost detail."""
    burned = word(header, "BurnedInAnnotation").upper()
    likely = not burned and modality_of(header) in _OFTEN_LABELLED
    told = ["burned_in_text"] if burned == "YES" else ["burned_in_text_possible"] if likely else []
    return told + (["lossy_compression"] if word(header, "LossyImageCompression") == "01" else [])


def _term(header: Dataset, keyword: str, terms: frozenset[str]) -> str:
    term = word(header, keyword).upper()
    return term if term in terms else ""


def _is_window_word(text: str) -> bool:
    found = _WINDOW_WORD.fullmatch(text)
    return found is not None and (not found[1] or found[1] in _WINDOW_WORDS)


def _class_name(header: Dataset) -> str:
    uid = UID(word(header, "SOPClassUID"))
    return uid.name if uid.name != uid else ""  # of a class that no one knows, the name is the identifier


def _age_class(header: Dataset) -> str:
    """Return the decade of an age, such as ``60-69``; from 90 on only that."""
    age = _AGE.fullmatch(word(header, "PatientAge"))
    if age is None:
        return ""
    years = int(age[1]) if age[2] == "Y" else int(age[1]) // {"M": 12, "W": 52, "D": 365}[age[2]]
    decade = years // 10 * 10
    return f"{_OLDEST}+" if decade >= _OLDEST else f"{decade}-{decade + 9}"
