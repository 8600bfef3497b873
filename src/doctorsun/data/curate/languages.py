"""Samples in languages that are not wanted are left out, and a wrong mark of the language is put right."""

import re
from dataclasses import replace

from doctorsun.config.curation import Languages
from doctorsun.data.curate.candidate import Candidate, Rejected
from doctorsun.schema import Sample
from doctorsun.text.language import language_of

_KNOWN = ("zh", "en", "mixed")
_BOX_MARKS = re.compile(r"</?(?:ref|box)>|#\d+")  # written for the processor, in no language


def languages(candidate: Candidate, settings: Languages) -> Sample | Rejected:
    """Refuse a sample that says something in another language, or is not in one that is allowed.

    Every turn is held against the languages that a sample can be in; a reply in Japanese is one too many. Words all
    in Chinese that are marked as English get the right mark, and the other way round; ``mixed`` stays as it is.
    """
    sample = candidate.sample
    for message in sample.messages:
        found = language_of(_BOX_MARKS.sub(" ", message.text), sample.language)
        if found not in _KNOWN:
            return Rejected("language", found)
    opposite = {"zh": "en", "en": "zh"}.get(sample.language)
    if opposite and language_of(_BOX_MARKS.sub(" ", candidate.words), sample.language) == opposite:
        sample = replace(sample, language=opposite)
    return sample if sample.language in settings.allowed else Rejected("language", sample.language)
