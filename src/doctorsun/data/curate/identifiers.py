"""What points to a patient in the words of a sample is masked, or the sample is left out."""

from collections import Counter
from dataclasses import replace

from doctorsun.config.curation import Identifiers
from doctorsun.data.curate.candidate import Candidate, Rejected
from doctorsun.schema import Answer, Sample
from doctorsun.schema.message import Message
from doctorsun.text.identifiers.mask import mask_identifiers
from doctorsun.text.identifiers.span import Kind

_GOLD_IN_WORDS = frozenset({"closed", "open", "report"})  # the gold of other kinds is letters or boxes


def identifiers(candidate: Candidate, settings: Identifiers) -> Sample | Rejected:
    """Mask identifiers in every turn, the answer, its options and the rejected replies, or refuse their sample.

    A sample is refused, too, where its options can no longer be told apart without what was masked.
    """
    sample = candidate.sample
    counts: Counter[Kind] = Counter()
    masked = replace(
        sample,
        messages=tuple(_masked_turn(message, counts) for message in sample.messages),
        answer=_masked_answer(sample.answer, counts),
        rejected=_masked_texts(sample.rejected, counts),
    )
    found = ", ".join(f"{number} {kind}" for kind, number in sorted(counts.items()))
    if not found:
        return sample
    if settings.policy == "drop":
        return Rejected("identifiers", found)
    options = masked.answer.options if masked.answer else ()
    return Rejected("identifiers_in_options", found) if len(set(options)) < len(options) else masked


def _masked_turn(message: Message, counts: Counter[Kind]) -> Message:
    content = tuple(
        replace(part, text=_masked_text(part.text, counts)) if part.type == "text" else part for part in message.content
    )
    return replace(message, content=content)


def _masked_answer(answer: Answer | None, counts: Counter[Kind]) -> Answer | None:
    if answer is None:
        return None
    gold = _masked_texts(answer.gold, counts) if answer.kind in _GOLD_IN_WORDS else answer.gold
    return replace(answer, gold=gold, options=_masked_texts(answer.options, counts))


def _masked_texts(texts: tuple[str, ...], counts: Counter[Kind]) -> tuple[str, ...]:
    return tuple(_masked_text(text, counts) for text in texts)


def _masked_text(text: str, counts: Counter[Kind]) -> str:
    masked = mask_identifiers(text)
    counts.update(masked.counts)
    return masked.text
