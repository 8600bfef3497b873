"""Consistency: whether a model that is asked the same thing again gives the same answer, and the right one."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from doctorsun.eval.readings import READERS, Reading, asks_yes_or_no
from doctorsun.eval.statistics import Interval, mean_interval
from doctorsun.schema import Prediction

_COMPARED_KINDS = ("closed", "mcq", "open")
_OTHER = {"yes": "no", "no": "yes"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Consistency:
    """Answers to questions and to one kind of their variants.

    Attributes:
        language: of the original questions.
        variant: translation, paraphrase, negation or rotation.
        by: words, or likelihoods of the options where there are any.
        n: pairs of a question and a variant of it.
        accuracy: share of the pairs whose original is right; ``accuracy_variant`` of those whose variant is.
        both_right: share of the pairs in which both are right; of negations this is the pair accuracy.
        agreement: share of the pairs that say the same (of negations: the opposite), right or wrong; answers that say
            nothing agree with none. None where answers cannot be compared, such as free text in two languages.
        kappa: Cohen's kappa of the same: agreement beyond what the frequencies of answers give; None where undefined.
        num_unreadable: pairs in which an answer says nothing that can be read.
    """

    task: str
    language: str
    kind: str
    variant: str
    by: str
    n: int
    num_clusters: int
    accuracy: float
    accuracy_variant: float
    both_right: Interval
    agreement: Interval | None
    kappa: float | None
    num_unreadable: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationConsistency:
    """Multiple-choice questions with the same number of options, each asked with its options in every rotation.

    Attributes:
        by: words, or likelihoods of the options where there are any.
        n: questions.
        consistent: share of the questions for which the same option is chosen in all rotations.
        all_right: share of the questions that are right in all rotations.
        positions: share of the readable answers that choose each letter; all alike where position does not count.
        position_bias: distance of these shares from all alike: half the sum of the differences, 0 to 1.
        num_unreadable: answers, over all rotations, that choose no option.
    """

    task: str
    language: str
    kind: str
    by: str
    n: int
    num_options: int
    num_clusters: int
    consistent: Interval
    all_right: Interval
    positions: dict[str, float]
    position_bias: float
    num_unreadable: int


@dataclass(frozen=True, slots=True)
class _Read:
    """A prediction and what is read of it."""

    row: Prediction
    reading: Reading


_Pair = tuple[_Read, _Read]


def consistency(predictions: Iterable[Prediction]) -> list[Consistency]:
    """Compare the answers to questions and to their variants, per task, language, kind and way of variation.

    Variants whose original has no answer here are left out; so are kinds that are graded.

    Args:
        predictions: originals and variants of one model; only those with the real images count.
    """
    groups: dict[tuple[str, ...], list[_Pair]] = defaultdict(list)
    rows = list(predictions)
    for by in READERS:
        for one, other in _pairs(rows, by):
            groups[one.row.task, one.row.language, one.row.kind, other.row.variant_kind, by].append((one, other))
    return [_compared(key[-1], pairs) for key, pairs in groups.items()]


def rotation_consistency(predictions: Iterable[Prediction]) -> list[RotationConsistency]:
    """Compare the answers to multiple-choice questions over all rotations of their options.

    Only questions of which every rotation has an answer count.
    """
    groups: dict[tuple[str, ...], list[list[_Read]]] = defaultdict(list)
    rows = list(predictions)
    for by in READERS:
        sets: dict[tuple[str, str], list[_Read]] = {}
        for one, other in _pairs(rows, by):
            if other.row.variant_kind == "rotation":
                sets.setdefault((one.row.task, one.row.id), [one]).append(other)
        for reads in sets.values():
            first = reads[0].row
            if len(reads) == len(first.options):
                groups[first.task, first.language, first.kind, str(len(reads)), by].append(reads)
    return [_rotations(key[-1], sets) for key, sets in groups.items()]


def cohens_kappa(pairs: Sequence[tuple[str | None, str | None]]) -> float | None:
    """Return Cohen's kappa of what two askings got; None where both always got one and the same.

    Nothing readable is an answer of its own, and agrees with none.

    Source:
        Cohen 1960, Educational and Psychological Measurement 20.
    """
    num = len(pairs)
    agreed = sum(one is not None and one == other for one, other in pairs) / num
    first, second = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    by_chance = sum(first[value] * second[value] for value in first if value is not None) / num**2
    return None if by_chance == 1 else (agreed - by_chance) / (1 - by_chance)


def _pairs(predictions: Iterable[Prediction], by: str) -> list[_Pair]:
    """Return the originals and variants that can be read in one way, in a stable order."""
    real = (row for row in predictions if row.image_control == "real" and row.kind in _COMPARED_KINDS)
    read = [_Read(row, reading) for row in real if (reading := READERS[by](row)) is not None]
    originals = {(each.row.task, each.row.id): each for each in read if not each.row.variant_of}
    variants = [each for each in read if each.row.variant_of and each.row.variant_kind]
    found = [
        (originals[each.row.task, each.row.variant_of], each)
        for each in variants
        if (each.row.task, each.row.variant_of) in originals
    ]
    return sorted(found, key=lambda pair: [getattr(pair[0].row, name) for name in ("task", "language", "kind")])


def _compared(by: str, pairs: Sequence[_Pair]) -> Consistency:
    original, variant = pairs[0][0].row, pairs[0][1].row
    clusters = [one.row.cluster for one, _ in pairs]
    right = [(one.reading.is_right, other.reading.is_right) for one, other in pairs]
    compared = [said for one, other in pairs if (said := _said(one, other)) is not None]
    is_compared = len(compared) == len(pairs)
    agreeing = [float(one is not None and one == other) for one, other in compared]
    return Consistency(
        task=original.task,
        language=original.language,
        kind=original.kind,
        variant=variant.variant_kind,
        by=by,
        n=len(pairs),
        num_clusters=len(set(clusters)),
        accuracy=sum(one for one, _ in right) / len(pairs),
        accuracy_variant=sum(other for _, other in right) / len(pairs),
        both_right=mean_interval([float(one and other) for one, other in right], clusters),
        agreement=mean_interval(agreeing, clusters) if is_compared else None,
        kappa=cohens_kappa(compared) if is_compared else None,
        num_unreadable=sum(None in (one.reading.said, other.reading.said) for one, other in pairs),
    )


def _said(original: _Read, variant: _Read) -> tuple[str | None, str | None] | None:
    """Return what both answers say, in a form that is the same where they agree; None where there is no such form."""
    one, other = original.reading, variant.reading
    if variant.row.variant_kind == "translation":
        if original.row.kind == "mcq":
            is_aligned = len(original.row.options) == len(variant.row.options) and original.row.gold == variant.row.gold
            return (one.letter, other.letter) if is_aligned else None
        return (one.said, other.said) if asks_yes_or_no(original.row) and asks_yes_or_no(variant.row) else None
    if variant.row.variant_kind == "negation":
        return one.said, _OTHER.get(other.said or "")
    return one.said, other.said


def _rotations(by: str, sets: Sequence[Sequence[_Read]]) -> RotationConsistency:
    first = sets[0][0].row
    letters = ascii_uppercase[: len(first.options)]
    clusters = [reads[0].row.cluster for reads in sets]
    answers = [{each.reading.said for each in reads} for reads in sets]
    said = [each.reading.letter for reads in sets for each in reads]
    chosen = Counter(letter for letter in said if letter)
    shares = {letter: chosen[letter] / (chosen.total() or 1) for letter in letters}
    even = 1 / len(letters)
    all_right = [float(all(each.reading.is_right for each in reads)) for reads in sets]
    return RotationConsistency(
        task=first.task,
        language=first.language,
        kind=first.kind,
        by=by,
        n=len(sets),
        num_options=len(letters),
        num_clusters=len(set(clusters)),
        consistent=mean_interval([float(len(each) == 1 and None not in each) for each in answers], clusters),
        all_right=mean_interval(all_right, clusters),
        positions=shares,
        position_bias=sum(abs(share - even) for share in shares.values()) / 2 if chosen else 0.0,
        num_unreadable=said.count(None),
    )
