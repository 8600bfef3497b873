"""Samples that say too little or too much to learn from are left out."""

from doctorsun.config.curation import TextLength
from doctorsun.data.curate.candidate import Candidate, Rejected
from doctorsun.schema import Sample
from doctorsun.text.length import num_tokens


def text_length(candidate: Candidate, settings: TextLength) -> Sample | Rejected:
    """Refuse a sample whose replies are too short, or whose turns together are too long."""
    sample = candidate.sample
    said = sum(num_tokens(turn.text) for turn in sample.messages if turn.role == "assistant")
    if said < settings.least_tokens:
        return Rejected("too_short", f"{said} tokens of replies")
    total = num_tokens(candidate.words)
    return sample if total <= settings.most_tokens else Rejected("too_long", f"{total} tokens")
