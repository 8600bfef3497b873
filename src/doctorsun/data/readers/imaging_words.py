"""Published words for modalities and body parts to ontology ids, and what file names tell: article and split."""

import re
from collections.abc import Mapping
from functools import cache

from doctorsun.data.ontology.ontology import load_ontology
from doctorsun.data.ontology.terms import Term

# Spellings of PubMedVision, GMAI-VL and LLaVA-Med that are no synonyms in the ontology.
_OTHER_MODALITIES = {
    "x ray": "xray",
    "mri": "mr",
    "ct scan": "ct",
    "histopathology": "histology",
    "pathology": "histology",
    "microscopy images": "microscopy",
    "fundus photography": "fundus",
    "digital photography": "clinical_photo",
    "ultrasonography": "ultrasound",
    "us": "ultrasound",
}
_OTHER_PARTS = {"thorax": "chest", "lungs": "lung", "skull": "head", "abdominal": "abdomen", "eyes": "eye"}
_PMC = re.compile(r"(PMC\d+)", re.IGNORECASE)
_PMID = re.compile(r"(\d{5,9})_")
_SPLIT = re.compile(r"(?:^|[^a-z])(train|validation|validate|valid|val|dev|test)(?![a-z])", re.IGNORECASE)


def modality_of(word: str) -> str:
    """Return the ontology id of a modality; a word that the ontology does not know stays, as ``words_with_lines``."""
    return _known(word, _modalities())


def body_part_of(word: str) -> str:
    """Return the ontology id of a body part; a word that the ontology does not know stays, as `modality_of` says."""
    return _known(word, _parts())


def article_of(name: str) -> str:
    """Return the article that a figure's name tells: ``PMC8253873``, or ``PMID18063892`` for ``18063892_F3.jpg``."""
    base = name.replace("\\", "/").rpartition("/")[2]
    if found := _PMC.search(base):
        return found[1].upper()
    found = _PMID.match(base)
    return f"PMID{found[1]}" if found else ""


def split_of(file_name: str) -> str:
    """Return the split that a file's name or folder tells (``data/train-00000-of-00001.parquet``), or nothing."""
    found = _SPLIT.search(file_name)
    word = found[1].lower() if found else ""
    return word if word in ("", "train", "test") else "validation"


def _known(word: str, ids: Mapping[str, str]) -> str:
    plain = _plain(word)
    return ids.get(plain, plain.replace(" ", "_"))


def _plain(word: str) -> str:
    return " ".join(re.findall(r"\w+", word.lower().replace("_", " ")))


@cache
def _modalities() -> dict[str, str]:
    return _ids(load_ontology().modalities) | _OTHER_MODALITIES


@cache
def _parts() -> dict[str, str]:
    return _ids(load_ontology().organs) | _OTHER_PARTS


def _ids(terms: Mapping[str, Term]) -> dict[str, str]:
    """Return ids by word; where several rows share one, the wider row has it: CT is not abdominal CT."""
    found = {_plain(name): name for name in terms}
    for term in sorted(terms.values(), key=lambda each: bool(each.parent)):
        for name in (*term.en, *term.zh):
            found.setdefault(_plain(name), term.id)
    return found
