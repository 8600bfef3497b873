"""Whose file it is: the patient's stand-in and days, and what to search for."""

from dataclasses import dataclass

from pydicom.dataset import Dataset

from doctorsun.data.deidentify.identifiers_of import Identifiers, identifiers_of, persons_of
from doctorsun.data.deidentify.key import Key
from doctorsun.image.dicom_header import word


@dataclass(frozen=True, slots=True)
class Subject:
    """The person of one file.

    Attributes:
        pseudonym: stands for the identifier and the name of the patient.
        shift_days: by how many days the dates move.
        identifiers: what the header tells of people.
        persons: of these, names of people and numbers of the patient, short parts of names too.
    """

    pseudonym: str
    shift_days: int
    identifiers: Identifiers
    persons: Identifiers


def subject_of(header: Dataset, key: Key) -> Subject:
    """Return whose file it is: by the patient's identifier and who issued it, else by the name, else by the study."""
    number = word(header, "PatientID")
    if number:
        patient = f"{number}\x1f{word(header, 'IssuerOfPatientID')}"
    else:
        name = word(header, "PatientName")
        patient = f"name\x1f{name}" if name else f"study\x1f{word(header, 'StudyInstanceUID')}"
    return Subject(
        key.pseudonym("patient", patient), key.shift_days(patient), identifiers_of(header), persons_of(header)
    )
