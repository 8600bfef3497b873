"""Samples whose replies say the same again and again are left out."""

from doctorsun.config.curation import Repetition
from doctorsun.data.curate.candidate import Candidate, Rejected
from doctorsun.schema import Sample
from doctorsun.text.repetition import repeated_grams, repeated_lines


def repetition(candidate: Candidate, settings: Repetition) -> Sample | Rejected:
    """Refuse a sample with a reply that repeats itself; the options of a question are alike by their nature."""
    for turn in candidate.sample.messages:
        if turn.role != "assistant":
            continue
        grams = repeated_grams(turn.text, settings.gram_units)
        if grams > settings.most_repeated_grams:
            return Rejected("repeats_itself", f"{grams:.0%} of the runs of {settings.gram_units} units")
        lines = repeated_lines(turn.text)
        if lines > settings.most_repeated_lines:
            return Rejected("repeats_itself", f"{lines:.0%} of the lines")
    return candidate.sample
