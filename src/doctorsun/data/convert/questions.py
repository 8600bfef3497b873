"""Questions: what is asked about an image, before the words of either language."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from doctorsun.data.convert.facts import Facts, Finding
from doctorsun.data.ontology.ontology import Ontology
from doctorsun.data.ontology.siblings import siblings_of
from doctorsun.data.ontology.terms import FindingTerm, Term

QuestionKind = Literal["closed", "open", "mcq", "box"]
MODALITY_SHARE = 0.35
ORGAN_SHARE = 0.15
PLANE_SHARE = 0.5
IMAGE_SHARE = 0.3
NUM_OPEN = 3
NUM_MCQ = 3
MAX_OPTIONS = 4
NONE = Term(id="none", zh=("以上均无",), en=("none of these",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What an image shows: a finding, or a value that is asked for, with its sign and at most one detail.

    Attributes:
        name: the finding or the value (a modality, a colour).
        present: whether the finding is there, or the value is the image's.
        detail: side, zone, size or number of a finding.
    """

    name: Term
    present: bool
    detail: Term | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question in no language yet.

    Attributes:
        family: key of its templates; ``task`` is looked up first.
        slots: what fills the templates.
        truth: closed: whether the answer is yes.
        evidence: closed: what the image shows, which the reply states before its verdict.
        answer: open: the answer.
        options: mcq: the choices in order; ``right`` is the index of the right one.
        boxes: box: indices of the objects.
    """

    kind: QuestionKind
    task: str
    family: str
    slots: Mapping[str, Term] = field(default_factory=dict[str, Term])
    truth: bool = False
    evidence: Evidence | None = None
    answer: Term | None = None
    options: tuple[Term, ...] = ()
    right: int = 0
    boxes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A fact with one value out of several: it can be asked closed, open and as multiple choice.

    Attributes:
        slot: the name of the asked value in the templates.
        value: the true value.
        others: the wrong values that a closed question or a list of choices may name.
    """

    task: str
    family: str
    slot: str
    value: Term
    others: tuple[Term, ...]
    slots: Mapping[str, Term] = field(default_factory=dict[str, Term])


def questions_of(facts: Facts, ontology: Ontology, rng: np.random.Generator) -> list[Question]:
    """Choose the questions of one image.

    Every presence question that applies is asked; a closed question about a value names the true one half of the time.
    Modality, organ and plane are asked on a share of the images only, so that they stay few among the questions.
    """
    findings = [(item, ontology.finding(item.name)) for item in facts.findings]
    about_findings = [
        choice for item, term in findings if item.present for choice in _finding_choices(item, term, ontology)
    ]
    about_image = _image_choices(facts, ontology)
    closed = [presence_question(term.term, present=item.present) for item, term in findings if "presence" in term.asks]
    closed += [question for item, term in findings if item.present for question in _limits(item, term, ontology)]
    closed += [closed_question(choice, rng) for choice in about_findings]
    closed += [closed_question(choice, rng) for choice, share in about_image if rng.random() < share]
    choices = about_findings + [choice for choice, _ in about_image if rng.random() < IMAGE_SHARE]
    opened = [open_question(choice) for choice in choices]
    opened += [_count(item, term) for item, term in findings if _countable(item, term)]
    mcqs = _which_finding(findings, rng) + [mcq_question(choice, rng) for choice in choices]
    boxes = [_box(item, term) for item, term in findings if len(item.boxes) == 1 and "box" in term.asks]
    return closed + _some(opened, NUM_OPEN, rng) + _some(mcqs, NUM_MCQ, rng) + boxes


def _some(questions: Sequence[Question], number: int, rng: np.random.Generator) -> list[Question]:
    """Return up to this many of the questions, in random order."""
    return [questions[i] for i in rng.permutation(len(questions))[:number]]


def presence_question(term: Term, *, present: bool) -> Question:
    """Ask whether a finding is there."""
    return Question(
        kind="closed",
        task=f"presence:{term.id}",
        family="presence",
        slots={"finding": term},
        truth=present,
        evidence=Evidence(name=term, present=present),
    )


def _limits(item: Finding, term: FindingTerm, ontology: Ontology) -> Iterable[Question]:
    """Ask whether size and number lie above the limits of the ontology."""
    if "size" in term.asks and term.size is not None and item.size_class:
        yield Question(
            kind="closed",
            task=f"size:{item.name}",
            family="size",
            slots={"finding": term.term, "limit": _millimetres(term.size.limit_mm)},
            truth=item.size_class == "large",
            evidence=Evidence(name=term.term, present=True, detail=ontology.sizes[item.size_class]),
        )
    if _countable(item, term) and term.count_limit is not None:
        yield Question(
            kind="closed",
            task=f"count:{item.name}",
            family="count",
            slots={"finding": term.term, "limit": number_term(term.count_limit)},
            truth=item.count > term.count_limit,
            evidence=Evidence(name=term.term, present=True, detail=number_term(item.count)),
        )


def _finding_choices(item: Finding, term: FindingTerm, ontology: Ontology) -> Iterable[Choice]:
    """Return the side and the zone of a finding, where they apply and are known."""
    slots = {"finding": term.term}
    if "side" in term.asks and item.side in ("left", "right"):
        sides = ontology.sides
        other = sides["right" if item.side == "left" else "left"]
        yield Choice(
            task=f"side:{item.name}", family="side", slot="side", value=sides[item.side], others=(other,), slots=slots
        )
    if "zone" in term.asks and item.zone:
        others = tuple(ontology.zones[zone] for zone in term.zones if zone != item.zone)
        yield Choice(
            task=f"zone:{item.name}",
            family="zone",
            slot="zone",
            value=ontology.zones[item.zone],
            others=others,
            slots=slots,
        )


def _image_choices(facts: Facts, ontology: Ontology) -> list[tuple[Choice, float]]:
    """Return what may be asked of the image as a whole, each with the share of images on which it is asked closed."""
    choices: list[tuple[Choice, float]] = []
    if facts.modality:
        choices.append((_of_table("modality", facts.modality, ontology.modalities), MODALITY_SHARE))
        planes = {name: ontology.planes[name] for name in ontology.modalities[facts.modality].planes}
        if facts.plane in planes:
            choices.append((_of_table("plane", facts.plane, planes), PLANE_SHARE))
    if facts.anatomy:
        choices.append((_of_table("organ", facts.anatomy, ontology.organs), ORGAN_SHARE))
    if "laterality" in facts.attributes:
        eye = _of_table("side:eye", facts.attributes["laterality"], ontology.eyes)
        choices.append((Choice(task=eye.task, family="side:eye", slot="eye", value=eye.value, others=eye.others), 1.0))
    return choices


def _of_table(task: str, value: str, table: Mapping[str, Term]) -> Choice:
    """Return the choice of one row of a table; its siblings are wrong."""
    return Choice(task=task, family=task, slot=task, value=table[value], others=siblings_of(value, table))


def closed_question(choice: Choice, rng: np.random.Generator) -> Question:
    """Ask whether a value holds: the true one half of the time, else a wrong one."""
    truth = bool(rng.random() < 0.5)  # noqa: PLR2004 (half of the time)
    asked = choice.value if truth else choice.others[rng.integers(len(choice.others))]
    return Question(
        kind="closed",
        task=choice.task,
        family=choice.family,
        slots={**choice.slots, choice.slot: asked},
        truth=truth,
        evidence=_shown(choice, asked, holds=truth),
    )


def _shown(choice: Choice, asked: Term, *, holds: bool) -> Evidence:
    """Return the finding with the true value, or, for a value of the whole image, the one that is asked for."""
    finding = choice.slots.get("finding")
    return Evidence(name=finding, present=True, detail=choice.value) if finding else Evidence(name=asked, present=holds)


def open_question(choice: Choice) -> Question:
    """Ask for the value itself."""
    return Question(kind="open", task=choice.task, family=choice.family, slots=choice.slots, answer=choice.value)


def _countable(item: Finding, term: FindingTerm) -> bool:
    """Tell whether the number of a finding may be asked."""
    return item.present and "count" in term.asks and item.count > 0


def _count(item: Finding, term: FindingTerm) -> Question:
    """Ask how many there are."""
    return Question(
        kind="open",
        task=f"count:{item.name}",
        family="count",
        slots={"finding": term.term},
        answer=number_term(item.count),
    )


def mcq_question(choice: Choice, rng: np.random.Generator) -> Question:
    """Offer the value among wrong ones, in random order."""
    wrong = [choice.others[i] for i in rng.permutation(len(choice.others))[: MAX_OPTIONS - 1]]
    return shuffled_question(choice.task, choice.family, choice.slots, [choice.value, *wrong], rng)


def _which_finding(findings: Sequence[tuple[Finding, FindingTerm]], rng: np.random.Generator) -> list[Question]:
    """Ask which finding is present, among siblings known to be absent, or none of them."""
    asked = {item.name: (item, term) for item, term in findings if "presence" in term.asks}
    present = [term for item, term in asked.values() if item.present]
    right = present[rng.integers(len(present))] if present else None
    siblings = right.siblings if right else tuple(asked)
    absent = [asked[name][1].term for name in siblings if name in asked and not asked[name][0].present]
    options = [right.term, *absent[: MAX_OPTIONS - 2], NONE] if right else [NONE, *absent[: MAX_OPTIONS - 1]]
    return [shuffled_question("finding", "finding", {}, options, rng)] if len(options) > 1 else []


def shuffled_question(
    task: str, family: str, slots: Mapping[str, Term], options: Sequence[Term], rng: np.random.Generator
) -> Question:
    """Return a multiple-choice question whose first option is the right one, shuffled."""
    order = [int(i) for i in rng.permutation(len(options))]
    return Question(
        kind="mcq",
        task=task,
        family=family,
        slots=slots,
        options=tuple(options[i] for i in order),
        right=order.index(0),
    )


def _box(item: Finding, term: FindingTerm) -> Question:
    """Ask for the box of a finding."""
    return Question(kind="box", task=f"box:{item.name}", family="box", slots={"finding": term.term}, boxes=item.boxes)


_NUMBERS_ZH = "零一二三四五六七八九十"
_NUMBERS_EN = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def number_term(number: int) -> Term:
    """Return a number as digits, with its words up to ten."""
    if number >= len(_NUMBERS_EN):
        return Term(id=str(number), zh=(str(number),), en=(str(number),))
    zh = _NUMBERS_ZH[number]
    return Term(id=str(number), zh=(str(number), zh, f"{zh}个"), en=(str(number), _NUMBERS_EN[number]))


def _millimetres(limit_mm: float) -> Term:
    """Return a length in millimetres."""
    return Term(id=f"{limit_mm:g}mm", zh=(f"{limit_mm:g}毫米",), en=(f"{limit_mm:g} mm",))
