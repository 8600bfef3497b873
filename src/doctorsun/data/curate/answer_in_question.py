"""Questions that give their own answer away are left out."""

import re
from itertools import pairwise

from doctorsun.config.curation import AnswerInQuestion
from doctorsun.data.curate.candidate import Candidate, Rejected
from doctorsun.schema import Sample
from doctorsun.text.language import has_han
from doctorsun.text.length import num_tokens
from doctorsun.text.normalize import plain_form

_CHOICE = re.compile(r"\b(?:or|and|vs|versus)\b|[/、或和与及]|还是", re.IGNORECASE)
_MUST_CHOOSE = ("closed", "mcq", "mcq_multi", "box")


def answer_in_question(candidate: Candidate, settings: AnswerInQuestion) -> Sample | Rejected:
    """Refuse a sample whose open question holds the answer word for word.

    Whoever asks ``cystic or solid?`` must name the answer, so questions with choices pass, and with them all that
    are answered by yes, no or a letter. So do short answers, and long questions: a passage to read from.
    """
    sample = candidate.sample
    if sample.answer and sample.answer.kind in _MUST_CHOOSE:
        return sample
    turns = sample.messages
    asked = [(one.text, two.text) for one, two in pairwise(turns) if (one.role, two.role) == ("user", "assistant")]
    for question, reply in asked:
        if num_tokens(question) > settings.most_question_tokens or _CHOICE.search(question):
            continue
        for answer in (reply, *(sample.answer.gold if sample.answer else ())):
            if num_tokens(answer) >= settings.least_tokens and _holds(question, answer):
                return Rejected("answer_in_question", answer)
    return sample


def _holds(question: str, answer: str) -> bool:
    """Say whether the answer's words stand in the question, whole words where they are in Latin letters."""
    question, answer = plain_form(question), plain_form(answer)
    return answer in question if has_han(answer) else f" {answer} " in f" {question} "
