"""The prior control: what answers best from the question's words alone, learnt from the training answers."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from string import ascii_uppercase

from doctorsun.data.leak.question import question_of
from doctorsun.eval.protocols import Protocol
from doctorsun.schema import Answer, Prediction, Sample
from doctorsun.text.normalize import exact_form
from doctorsun.text.polarity import LEXICON_1, bare_polarity

_Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrainingPrior:
    """How often each answer was right in training, by question, by question type and by kind."""

    counts: dict[_Key, Counter[str]]

    def knows(self, prediction: Prediction) -> bool:
        """Say whether questions of this kind were answered in training, in this language."""
        return (prediction.language, prediction.kind) in self.counts

    def answer(self, prediction: Prediction) -> str:
        """Return the majority answer of the training set, which never saw the image.

        The same question's majority comes first, then that of its type, then that of its kind. A multiple-choice
        question gets the letter of the offered text that was right most often, else of its first option. An answer
        to a kind that was never trained is empty.
        """
        keys = _keys(prediction.language, prediction.kind, prediction.question, prediction.question_type)
        known = (self.counts[key] for key in keys if key in self.counts)
        if prediction.options and prediction.kind != "closed":
            return _offered(list(known), prediction.options)
        return next((_majority(counter) for counter in known), "")


def training_prior(samples: Iterable[Sample]) -> TrainingPrior:
    """Count the right answers of the training samples; samples without an answer tell nothing."""
    counts: dict[_Key, Counter[str]] = defaultdict(Counter)
    for sample in samples:
        if sample.answer is None:
            continue
        right = _right_texts(sample.answer)
        for key in _keys(sample.language, sample.answer.kind, question_of(sample), sample.task):
            counts[key].update(right)
    return TrainingPrior(dict(counts))


def as_read_by(protocol: Protocol, row: Prediction) -> Prediction:
    """Return an answer of the prior in the form that a protocol reads, so that a right choice is right for each.

    Args:
        protocol: asks for the letter of a choice, its text or both, or for likelihoods.
        row: holds the prior's answer, a choice by its letter.
    """
    if protocol.needs_likelihoods:
        return replace(row, option_logprobs=_certain(row))
    if row.kind != "mcq" or not row.options or protocol.choice_form == "letter":
        return row
    text = row.options[ascii_uppercase.index(row.output)]
    return replace(row, output=text if protocol.choice_form == "text" else f"{row.output} {text}")


def _certain(row: Prediction) -> tuple[float, ...]:
    """Return the log-probabilities of who is certain of the prior's answer; of one that is no option, equal ones."""
    if row.kind == "mcq":
        chosen = [letter == row.output for letter, _ in zip(ascii_uppercase, row.options, strict=False)]
    else:
        said = bare_polarity(row.output, LEXICON_1)
        words = [bare_polarity(option, LEXICON_1) for option in row.options or ("yes", "no")]
        chosen = [word is not None and word == said for word in words]
    return tuple(0.0 if is_chosen or not any(chosen) else -math.inf for is_chosen in chosen)


def _keys(language: str, kind: str, question: str, question_type: str) -> tuple[_Key, ...]:
    return (
        (language, kind, "question", exact_form(question)),
        (language, kind, "type", question_type),
        (language, kind),
    )


def _right_texts(answer: Answer) -> list[str]:
    if answer.options and answer.kind != "closed":
        letters = {letter.strip().upper() for letter in answer.gold}
        return [
            exact_form(text) for letter, text in zip(ascii_uppercase, answer.options, strict=False) if letter in letters
        ]
    return [answer.gold[0] if answer.kind == "box" else exact_form(answer.gold[0])] if answer.gold else []


def _majority(counter: Counter[str]) -> str:
    return min(counter, key=lambda text: (-counter[text], text))


def _offered(counters: list[Counter[str]], options: tuple[str, ...]) -> str:
    for counter in counters:
        best = max(range(len(options)), key=lambda index: (counter[exact_form(options[index])], -index))
        if counter[exact_form(options[best])]:
            return ascii_uppercase[best]
    return ascii_uppercase[0]
