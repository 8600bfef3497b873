"""Traditional Chinese is written in simplified characters, in everything that a sample says."""

import re
from dataclasses import replace

from doctorsun.config.curation import Simplified
from doctorsun.data.curate.candidate import Candidate
from doctorsun.schema import Answer, Message, Object, Part, Sample
from doctorsun.text import simplified as text
from doctorsun.text.language import has_han, language_of

_ASKED_FOR = re.compile(r"traditional chinese|繁[体體]|正體", re.IGNORECASE)


def simplified(candidate: Candidate, _settings: Simplified) -> Sample:
    """Write turns, options, gold answers, rejected replies and labels of boxes in simplified characters alike.

    Japanese and Korean keep their characters, and so does what asks for traditional writing: a translation into it
    would be wrong in any other. So do options, or a reply and a rejected one, that differ in their characters alone.
    """
    sample, words = candidate.sample, candidate.words
    if not has_han(words) or not text.is_traditional(words) or _ASKED_FOR.search(words):
        return sample
    if language_of(words, sample.language) in ("ja", "ko"):
        return sample
    changed = replace(
        sample,
        messages=tuple(_turn(turn) for turn in sample.messages),
        answer=_answer(sample.answer) if sample.answer else None,
        rejected=tuple(map(text.simplified, sample.rejected)),
        objects=tuple(_object(thing) for thing in sample.objects),
    )
    return changed if _num_choices(changed) == _num_choices(sample) else sample


def _num_choices(sample: Sample) -> tuple[int, int]:
    """Return how many different options there are, and how many different replies."""
    options = sample.answer.options if sample.answer else ()
    return len(set(options)), len({sample.messages[-1].text, *sample.rejected})


def _turn(turn: Message) -> Message:
    return replace(turn, content=tuple(_part(part) for part in turn.content))


def _part(part: Part) -> Part:
    return replace(part, text=text.simplified(part.text))


def _answer(answer: Answer) -> Answer:
    options, gold = (tuple(map(text.simplified, each)) for each in (answer.options, answer.gold))
    return replace(answer, options=options, gold=gold)


def _object(thing: Object) -> Object:
    return replace(thing, label=text.simplified(thing.label))
