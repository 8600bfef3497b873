"""Consistency: whether a model that is asked the same thing again gives the same answer, and the right one."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from doctorsun.eval.protocols import protocol_for
from doctorsun.eval.protocols.letters import chosen_letters
from doctorsun.eval.statistics import Interval, mean_interval
from doctorsun.schema import Prediction
from doctorsun.text.normalize import exact_form, without_reasoning
from doctorsun.text.polarity import LEXICON_1, bare_polarity, polarity

_COMPARED_KINDS = ("closed", "mcq", "open")
_OTHER = {"yes": "no", "no": "yes"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Consistency:
    """Answers to questions and to one kind of their variants.

    Attributes:
        language: of the original questions.
        variant: translation, paraphrase, negation or rotation.
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
    n: int
    num_options: int
    num_clusters: int
    consistent: Interval
    all_right: Interval
    positions: dict[str, float]
    position_bias: float
    num_unreadable: int


_Pair = tuple[Prediction, Prediction]


def consistency(predictions: Iterable[Prediction]) -> list[Consistency]:
    """Compare the answers to questions and to their variants, per task, language, kind and way of variation.

    Variants whose original has no answer here are left out; so are kinds that are graded.

    Args:
        predictions: originals and variants of one model; only those with the real images count.
    """
    groups: dict[tuple[str, str, str, str], list[_Pair]] = defaultdict(list)
    for original, variant in _pairs(predictions):
        groups[original.task, original.language, original.kind, variant.variant_kind].append((original, variant))
    return [_compared(pairs) for _, pairs in sorted(groups.items())]


def rotation_consistency(predictions: Iterable[Prediction]) -> list[RotationConsistency]:
    """Compare the answers to multiple-choice questions over all rotations of their options.

    Only questions of which every rotation has an answer count.
    """
    sets: dict[tuple[str, str], list[Prediction]] = {}
    for original, variant in _pairs(predictions):
        if variant.variant_kind == "rotation":
            sets.setdefault((original.task, original.id), [original]).append(variant)
    groups: dict[tuple[str, str, str, int], list[list[Prediction]]] = defaultdict(list)
    for rows in sets.values():
        if len(rows) == len(rows[0].options):
            groups[rows[0].task, rows[0].language, rows[0].kind, len(rows)].append(rows)
    return [_rotations(rows) for _, rows in sorted(groups.items())]


def _pairs(predictions: Iterable[Prediction]) -> list[_Pair]:
    real = [row for row in predictions if row.image_control == "real" and row.kind in _COMPARED_KINDS]
    originals = {(row.task, row.id): row for row in real if not row.variant_of}
    variants = [row for row in real if row.variant_of and row.variant_kind]
    return [(originals[row.task, row.variant_of], row) for row in variants if (row.task, row.variant_of) in originals]


def _compared(pairs: Sequence[_Pair]) -> Consistency:
    original, variant = pairs[0]
    clusters = [one.cluster for one, _ in pairs]
    right = [(_is_right(one), _is_right(other)) for one, other in pairs]
    said = [_said(one, other) for one, other in pairs]
    compared = [pair for pair in said if pair is not None]
    is_compared = len(compared) == len(pairs)
    agreeing = [float(one is not None and one == other) for one, other in compared]
    return Consistency(
        task=original.task,
        language=original.language,
        kind=original.kind,
        variant=variant.variant_kind,
        n=len(pairs),
        num_clusters=len(set(clusters)),
        accuracy=sum(one for one, _ in right) / len(pairs),
        accuracy_variant=sum(other for _, other in right) / len(pairs),
        both_right=mean_interval([float(one and other) for one, other in right], clusters),
        agreement=mean_interval(agreeing, clusters) if is_compared else None,
        kappa=cohens_kappa(compared) if is_compared else None,
        num_unreadable=sum(None in pair for pair in compared),
    )


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


def _is_right(row: Prediction) -> bool:
    values = protocol_for(row.kind).judge(row).values
    return values["exact" if row.kind == "open" else "accuracy"] == 1


def _said(original: Prediction, variant: Prediction) -> tuple[str | None, str | None] | None:
    """Return what both answers say, in a form that is the same where they agree; None where there is no such form."""
    one, other = _answer(original), _answer(variant)
    if variant.variant_kind == "translation":
        if original.kind == "mcq":
            aligned = len(original.options) == len(variant.options) and original.gold == variant.gold
            return (_letter(original), _letter(variant)) if aligned else None
        return (one, other) if _asks_yes_or_no(original) and _asks_yes_or_no(variant) else None
    if variant.variant_kind == "negation":
        return one, _OTHER.get(other or "")
    return one, other


def _answer(row: Prediction) -> str | None:
    """Return what an answer says: yes or no, the text of the chosen option, or the text itself."""
    if row.status == "error":
        return None
    if row.kind == "mcq":
        letter = _letter(row)
        return row.options[ascii_uppercase.index(letter)] if letter else None
    if _asks_yes_or_no(row):
        return polarity(row.output, LEXICON_1)
    return exact_form(without_reasoning(row.output)) or None


def _letter(row: Prediction) -> str | None:
    """Return the letter that an answer chooses; None where it chooses none or several."""
    chosen = chosen_letters(row.output, row.options) if row.status == "ok" else frozenset[str]()
    return next(iter(chosen)) if len(chosen) == 1 else None


def _asks_yes_or_no(row: Prediction) -> bool:
    return row.kind == "closed" and None not in {bare_polarity(gold, LEXICON_1) for gold in row.gold}


def _rotations(sets: Sequence[Sequence[Prediction]]) -> RotationConsistency:
    first = sets[0][0]
    letters = ascii_uppercase[: len(first.options)]
    clusters = [rows[0].cluster for rows in sets]
    answers = [{_answer(row) for row in rows} for rows in sets]
    said = [_letter(row) for rows in sets for row in rows]
    chosen = Counter(letter for letter in said if letter)
    shares = {letter: chosen[letter] / (chosen.total() or 1) for letter in letters}
    even = 1 / len(letters)
    return RotationConsistency(
        task=first.task,
        language=first.language,
        kind=first.kind,
        n=len(sets),
        num_options=len(letters),
        num_clusters=len(set(clusters)),
        consistent=mean_interval([float(len(each) == 1 and None not in each) for each in answers], clusters),
        all_right=mean_interval([float(all(_is_right(row) for row in rows)) for rows in sets], clusters),
        positions=shares,
        position_bias=sum(abs(share - even) for share in shares.values()) / 2 if chosen else 0.0,
        num_unreadable=said.count(None),
    )
