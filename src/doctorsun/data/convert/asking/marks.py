"""Marks: what a box holds, where something lies, on whose side, how many there are and how large they look."""

from collections.abc import Iterator, Sequence

import numpy as np

from doctorsun.data.convert.asking.negatives import hardest_first, siblings_beyond_doubt
from doctorsun.data.convert.facts import Facts
from doctorsun.data.convert.measures import Measure
from doctorsun.data.convert.questions import (
    MAX_OPTIONS,
    Choice,
    Evidence,
    Question,
    closed_question,
    mcq_question,
    number_term,
    open_question,
    shuffled_question,
)
from doctorsun.data.ontology.ontology import Ontology
from doctorsun.data.ontology.terms import FindingTerm, Term

NUM_LABELS = 3
MAX_BOXES = 8
MAX_COUNT = 50
SINGLE_SHARE = 0.25  # of the outlined findings in one piece are asked for their pieces
SHARES = (0.25, 0.5, 2.0, 4.0)  # wrong shares of the picture, as multiples of the right one


def mark_questions(facts: Facts, ontology: Ontology, rng: np.random.Generator) -> list[Question]:
    """Ask about the marks of a few labels.

    Raises:
        DataError: a label is not in the ontology.
    """
    chosen = [facts.measures[i] for i in rng.permutation(len(facts.measures))[:NUM_LABELS]]
    questions: list[Question] = []
    for measure in chosen:
        term = ontology.finding(measure.name)
        if not measure.complete:
            questions.append(_region(measure, term, facts, ontology, rng))
            continue
        questions += [*_boxes(measure, term), _region(measure, term, facts, ontology, rng)]
        choices = [*_places(measure, term, ontology), *_sides(measure, term, ontology)]
        questions += [_in_some_form(choice, rng) for choice in choices]
        questions += [*_numbers(measure, term, ontology, rng), *_share(measure, term, rng)]
    return questions


def _in_some_form(choice: Choice, rng: np.random.Generator) -> Question:
    """Ask a choice closed, open or among others."""
    forms = (lambda: closed_question(choice, rng), lambda: open_question(choice), lambda: mcq_question(choice, rng))
    return forms[rng.integers(len(forms))]()


def _boxes(measure: Measure, term: FindingTerm) -> Iterator[Question]:
    """Ask for the box of a label, or for all its boxes where they are few."""
    if len(measure.boxes) <= MAX_BOXES:
        task = "box" if len(measure.boxes) == 1 else "boxes"
        family = "box_areas" if task == "boxes" and not measure.counted else task
        slots = {"finding": term.term, "many": plural_term(term)}
        yield Question(kind="box", task=f"{task}:{term.id}", family=family, slots=slots, boxes=measure.boxes)


def _region(
    measure: Measure, term: FindingTerm, facts: Facts, ontology: Ontology, rng: np.random.Generator
) -> Question:
    """Ask what one of the boxes holds, open or among labels that it surely does not hold."""
    index = measure.boxes[rng.integers(len(measure.boxes))]
    pointer = f"<box>#{index}</box>"
    slots = {"region": Term(id=f"object_{index}", zh=(pointer,), en=(pointer,))}
    absent = [item.name for item in facts.findings if not item.present and not ontology.finding(item.name).normal]
    others = [*absent, *(other.id for other in siblings_beyond_doubt(term.id, ontology) if other.id not in absent)]
    mixed = [others[i] for i in rng.permutation(len(others))]
    wrong = [other.term for other in hardest_first(term.id, mixed, ontology)[: MAX_OPTIONS - 1]]
    if wrong and rng.random() < 0.5:  # noqa: PLR2004 (half of the time)
        return shuffled_question("region", "region", slots, [term.term, *wrong], rng)
    return Question(kind="open", task="region", family="region", slots=slots, answer=term.term)


def _places(measure: Measure, term: FindingTerm, ontology: Ontology) -> Iterator[Choice]:
    """Yield the ninth of the picture in which a label lies."""
    if measure.place:
        others = tuple(place for name, place in ontology.places.items() if name != measure.place)
        yield Choice(
            task=f"place:{term.id}",
            family="place",
            slot="place",
            value=ontology.places[measure.place],
            others=others,
            slots={"finding": term.term},
        )


def _sides(measure: Measure, term: FindingTerm, ontology: Ontology) -> Iterator[Choice]:
    """Yield the patient's side of a label, unless its own name says it."""
    if measure.side in ("left", "right") and measure.side_from != "label":
        other = ontology.sides["right" if measure.side == "left" else "left"]
        yield Choice(
            task=f"side:{term.id}",
            family="side",
            slot="side",
            value=ontology.sides[measure.side],
            others=(other,),
            slots={"finding": term.term},
        )


def _numbers(measure: Measure, term: FindingTerm, ontology: Ontology, rng: np.random.Generator) -> Iterator[Question]:
    """Ask how many there are; of what is outlined, in how many separate areas, for several may have grown together."""
    number, kind = len(measure.boxes), ontology.kind(term.id)
    if kind == "structure" or number > MAX_COUNT:
        return
    if measure.counted:
        yield number_question(term, number, "number", rng)
    elif kind != "instrument" and (number > 1 or rng.random() < SINGLE_SHARE):
        yield number_question(term, number, "areas", rng)


def number_question(term: FindingTerm, number: int, family: str, rng: np.random.Generator) -> Question:
    """Ask for a number: open, among near ones, or whether it is above a limit."""
    slots = {"finding": term.term, "many": plural_term(term)}
    form = rng.integers(3)
    if form == 0 and number > 1:
        limit = number - int(rng.integers(2))
        above = slots | {"limit": number_term(limit)}
        seen = Evidence(
            name=plural_term(term) if family == "number" else term.term, present=True, detail=number_term(number)
        )
        task = f"{family}:{term.id}"
        return Question(kind="closed", task=task, family=family, slots=above, truth=number > limit, evidence=seen)
    if form < 2:  # noqa: PLR2004 (a closed question about a single one would ask for more than none)
        return Question(kind="open", task=f"{family}:{term.id}", family=family, slots=slots, answer=number_term(number))
    near = [value for value in range(max(number - 3, 1), number + 4) if value != number]
    wrong = [number_term(near[i]) for i in rng.permutation(len(near))[: MAX_OPTIONS - 1]]
    return shuffled_question(f"{family}:{term.id}", family, slots, [number_term(number), *wrong], rng)


def plural_term(term: FindingTerm) -> Term:
    """Return a finding's name for more than one, as a term of its own."""
    plural = term.term.plural("en")
    return Term(id=f"many_{term.id}", zh=term.zh, en=(plural, *term.en), many=plural)


def _share(measure: Measure, term: FindingTerm, rng: np.random.Generator) -> Iterator[Question]:
    """Ask how much of the picture masks cover, among values far from it."""
    if not measure.outlined or _several(measure) or measure.area_share < 0.01:  # noqa: PLR2004 (one percent; less is not seen by eye)
        return
    multiples = [factor for factor in SHARES if measure.area_share * factor <= 1]
    wrong = [measure.area_share * multiples[i] for i in rng.permutation(len(multiples))[: MAX_OPTIONS - 1]]
    options = [_percent(share) for share in (measure.area_share, *wrong)]
    yield shuffled_question(f"share:{term.id}", "share", {"finding": term.term}, options, rng)


def _percent(share: float) -> Term:
    """Return a share of the picture in percent, with one decimal below ten."""
    percent = share * 100
    text = f"{percent:.1f}%" if percent < 10 else f"{percent:.0f}%"  # noqa: PLR2004 (two figures are enough)
    return Term(id=text, zh=(text,), en=(text,))


def comparison_questions(facts: Facts, ontology: Ontology, rng: np.random.Generator) -> list[Question]:
    """Ask which of two labels takes up more of the picture, and which there are more of.

    Raises:
        DataError: a label is not in the ontology.
    """
    complete = [measure for measure in facts.measures if measure.complete]
    pairs = [
        (first, second)
        for position, first in enumerate(complete)
        for second in complete[position + 1 :]
        if not _related(first, second, ontology)
    ]
    mixed = [pairs[i] if rng.random() < 0.5 else pairs[i][::-1] for i in rng.permutation(len(pairs))]  # noqa: PLR2004
    larger = [pair for pair in mixed if _clearly(pair[0].area_share, pair[1].area_share) and _alike(*pair)][:1]
    more = [pair for pair in mixed if _clearly(*(len(each.boxes) for each in pair)) and _counted(pair, ontology)][:1]
    return [_compare("larger", pair, [each.area_share for each in pair], ontology, rng) for pair in larger] + [
        _compare("more", pair, [float(len(each.boxes)) for each in pair], ontology, rng) for pair in more
    ]


def _related(first: Measure, second: Measure, ontology: Ontology) -> bool:
    """Tell whether one label is a kind or a part of the other: a part is never larger."""
    lines = [{term.id for term in ontology.lineage(each.name)} for each in (first, second)]
    return first.name in lines[1] or second.name in lines[0]


def _alike(first: Measure, second: Measure) -> bool:
    """Tell whether two areas may be compared: both of masks, or both of boxes, and neither of several things."""
    return first.outlined == second.outlined and not _several(first) and not _several(second)


def _several(measure: Measure) -> bool:
    """Tell whether a label marks more than one thing, so that its area is not that of "the" thing."""
    return measure.counted and len(measure.boxes) > 1


def _clearly(first: float, second: float) -> bool:
    """Tell whether of two values one is at least half as large again as the other."""
    return max(first, second) >= 1.5 * min(first, second) > 0


def _counted(pair: Sequence[Measure], ontology: Ontology) -> bool:
    """Tell whether the marks of both labels are things that can be counted one by one."""
    return all(each.counted and ontology.kind(each.name) != "structure" for each in pair)


def _compare(
    family: str, pair: Sequence[Measure], values: Sequence[float], ontology: Ontology, rng: np.random.Generator
) -> Question:
    """Ask closed whether the first is the larger one, or which of both is."""
    terms = [ontology.finding(each.name) for each in pair]
    slots = {"first": terms[0].term, "second": terms[1].term}
    slots |= {"many_first": plural_term(terms[0]), "many_second": plural_term(terms[1])}
    ordered = terms if values[0] > values[1] else terms[::-1]
    answer, less = (each.term if family == "larger" else plural_term(each) for each in ordered)
    if rng.random() < 0.5:  # noqa: PLR2004 (half of the time)
        seen = Evidence(name=answer, present=True, detail=less)
        truth = values[0] > values[1]
        return Question(kind="closed", task=family, family=family, slots=slots, truth=truth, evidence=seen)
    return Question(kind="open", task=family, family=family, slots=slots, answer=answer)
