"""Whom and what a record's own fields tell that it is of: its patient, its study, its article."""

import re
from collections.abc import Mapping
from typing import Any

from doctorsun.data.readers.fields import words
from doctorsun.schema import Groups

_PATIENT = (
    "patient",
    "patientid",
    "patientuid",
    "patientnumber",
    "mrn",
    "患者",
    "患者id",
    "患者编号",
    "病历号",
    "住院号",
)
_SUBJECT = ("subject", "subjectid")
_STUDY = ("study", "studyid", "studyuid", "studyinstanceuid", "accession", "accessionid", "accessionnumber", "检查号")
_SERIES = ("series", "seriesid", "seriesuid", "seriesinstanceuid", "slide", "slideid")
_ARTICLE = ("article", "articleid", "pmcid")
_BETWEEN = re.compile(r"[\W_]+")
_NOTHING = ("none", "null", "na", "n/a", "unknown", "-", "无", "未知")
_LONGEST = 128  # a name; what is longer, or has several lines, is a text that stands under such a heading


def with_told(groups: Groups, fields: Mapping[str, Any]) -> Groups:
    """Fill what a format leaves open of what must stay on one side of a split, from the fields of a record.

    Names of fields are compared without case, blanks and signs: ``PatientID``, ``patient_id`` and ``Patient ID`` are
    one. ``subject`` counts where it holds a digit: without one it is a topic. A series or a slide, whose names may be
    mere numbers, stands for a study where neither a study nor a patient is known.

    Args:
        groups: what the format knows; it stays.
        fields: of the record.
    """
    plain = {_BETWEEN.sub("", name).lower(): name for name in reversed(tuple(fields))}
    values = {name: _name(fields[spelt]) for name, spelt in plain.items()}
    subject = _first(values, _SUBJECT)
    told_patient = _first(values, _PATIENT) or (subject if any(sign.isdigit() for sign in subject) else "")
    patient = groups.patient or told_patient
    study = groups.study or _first(values, _STUDY) or ("" if patient else _first(values, _SERIES))
    return Groups(patient=patient, study=study, article=groups.article or _first(values, _ARTICLE))


def _first(values: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((values[name] for name in names if values.get(name)), "")


def _name(value: Any) -> str:
    """Return a name, in one spelling however its file writes it; nothing for a text, a list or an object."""
    if isinstance(value, bool | list | tuple | dict | bytes):
        return ""
    text = words(value)
    is_name = len(text) <= _LONGEST and len(text.splitlines()) == 1 and text.lower() not in _NOTHING
    return text if is_name else ""
