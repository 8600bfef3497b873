"""What points to a patient in the words of a sample is masked, or the sample is left out."""

from collections import Counter
from dataclasses import dataclass, field, replace

from doctorsun.config.curation import Identifiers
from doctorsun.data.curate.candidate import Candidate, Rejected
from doctorsun.schema import Answer, Sample
from doctorsun.schema.message import Message
from doctorsun.text.identifiers.find import find_identifiers, names_in
from doctorsun.text.identifiers.mask import mask_identifiers, prevailing_script
from doctorsun.text.identifiers.span import Kind
from doctorsun.text.language import Script

_GOLD_IN_WORDS = frozenset({"closed", "open", "report"})  # the gold of other kinds is letters or boxes


def identifiers(candidate: Candidate, settings: Identifiers) -> Sample | Rejected:
    """Mask identifiers in every turn, the answer, its options and the rejected replies, or refuse their sample.

    A name that one text tells is masked in all of them. A sample is refused, too, where its options can no longer be
    told apart without what was masked. Placeholders are in the language that prevails in the sample; where none does,
    each text has those of its own.
    """
    sample = candidate.sample
    texts = _texts(sample)
    if not any(map(find_identifiers, texts)):
        return sample
    masker = _Masker(prevailing_script(texts), names_in(texts))
    masked = replace(
        sample,
        messages=tuple(map(masker.turn, sample.messages)),
        answer=sample.answer and masker.answer(sample.answer),
        rejected=masker.texts(sample.rejected),
    )
    found = ", ".join(f"{number} {kind}" for kind, number in sorted(masker.counts.items()))
    if settings.policy == "drop":
        return Rejected("identifiers", found)
    options = masked.answer.options if masked.answer else ()
    return Rejected("identifiers_in_options", found) if len(set(options)) < len(options) else masked


def _texts(sample: Sample) -> list[str]:
    """Return all texts of a sample that are masked."""
    turns = [part.text for message in sample.messages for part in message.content if part.type == "text"]
    answer = [*_gold_in_words(sample.answer), *sample.answer.options] if sample.answer else []
    return [*turns, *answer, *sample.rejected]


def _gold_in_words(answer: Answer) -> tuple[str, ...]:
    return answer.gold if answer.kind in _GOLD_IN_WORDS else ()


@dataclass(frozen=True, slots=True)
class _Masker:
    """Masks the texts of one sample, and counts what it masks."""

    language: Script
    names: frozenset[str]
    counts: Counter[Kind] = field(default_factory=Counter[Kind])

    def turn(self, message: Message) -> Message:
        content = tuple(
            replace(part, text=self.text(part.text)) if part.type == "text" else part for part in message.content
        )
        return replace(message, content=content)

    def answer(self, answer: Answer) -> Answer:
        gold = self.texts(_gold_in_words(answer)) or answer.gold
        return replace(answer, gold=gold, options=self.texts(answer.options))

    def texts(self, texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(self.text, texts))

    def text(self, text: str) -> str:
        masked = mask_identifiers(text, self.language, self.names)
        self.counts.update(masked.counts)
        return masked.text
