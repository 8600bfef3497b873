"""Templates: the words of questions and answers, read from YAML files in each language."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import yaml

from doctorsun.data.convert.questions import Evidence, Question
from doctorsun.data.ontology.terms import Language, Term
from doctorsun.errors import DataError
from doctorsun.schema import Answer

MIN_PARAPHRASES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Templates:
    """All templates of one language: answer kind to family to paraphrases, and single words.

    Attributes:
        states: by family, what a closed reply states before its verdict; where it has none, the entry of a checklist.
    """

    language: Language
    families: Mapping[str, Mapping[str, tuple[str, ...]]]
    words: Mapping[str, str]
    states: Mapping[str, str] = field(default_factory=dict[str, str])

    def paraphrases(self, kind: str, family: str, task: str = "") -> tuple[str, ...]:
        """Return the paraphrases of a question type: those of the task, else those of its family.

        Raises:
            DataError: there are none.
        """
        table = self.families.get(kind, {})
        found = table.get(task) or table.get(family)
        if not found:
            raise DataError(
                f"templates ({self.language})",
                got=f"none for {kind} {task or family}",
                expected=f"{MIN_PARAPHRASES} paraphrases",
                do="add them to the template file",
            )
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A question in one language: what the user says, what the assistant replies, and what is right."""

    language: Language
    text: str
    reply: str
    answer: Answer | None
    template: str


def parse_templates(text: str, language: Language) -> Templates:
    """Read a template file.

    Raises:
        DataError: a family has too few paraphrases, or the file is not YAML.
    """
    try:
        tables: dict[str, Any] = dict(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise DataError(f"templates ({language})", got=str(error), expected="YAML", do="correct the file") from error
    words, states = tables.pop("words"), tables.pop("states", {})
    for kind, families in tables.items():
        for family, paraphrases in families.items():
            if len(set(paraphrases)) < MIN_PARAPHRASES:
                raise DataError(
                    f"templates ({language}): {kind}.{family}",
                    got=f"{len(set(paraphrases))} paraphrases",
                    expected=f"at least {MIN_PARAPHRASES} different ones",
                    do="add more",
                )
    families = {kind: {name: tuple(rows) for name, rows in table.items()} for kind, table in tables.items()}
    return Templates(language=language, families=families, words=words, states=states)


@cache
def load_templates(language: Language) -> Templates:
    """Return the templates of drawn images and texts in a language."""
    return _read(f"templates_{language}.yaml", language)


@cache
def load_annotated_templates(language: Language) -> Templates:
    """Return the templates of annotated images: their own families, and those of drawn images that they share.

    What is defined for a drawn finding (an optic cup above 0.6) need not hold for the label of a data set; an own
    family therefore stands in for the drawn one with its rows for single findings.
    """
    drawn, own = load_templates(language), _read(f"annotated_{language}.yaml", language)
    families = {kind: _shared(table, own.families.get(kind, {})) for kind, table in drawn.families.items()}
    return replace(own, families=families, words={**drawn.words, **own.words})


def _shared(drawn: Mapping[str, tuple[str, ...]], own: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Return the own families, and the drawn ones that none of them stands in for."""
    return {name: rows for name, rows in drawn.items() if name.partition(":")[0] not in own} | dict(own)


def _read(file: str, language: Language) -> Templates:
    """Return the templates of a shipped file."""
    text = resources.files("doctorsun.data.convert").joinpath(file).read_text(encoding="utf-8")
    return parse_templates(text, language)


def word_question(
    question: Question, templates: Templates, rng: np.random.Generator, *, negated: bool = False, other_than: str = ""
) -> Wording:
    """Put a question and its answer into words; a closed reply states its evidence, then the verdict.

    Args:
        question: what is asked.
        templates: the words of one language.
        rng: chooses the paraphrase.
        negated: ask for absence instead of presence, with the opposite answer.
        other_than: a template id that must not be used again.
    """
    kind = "negated" if negated else question.kind
    paraphrases = templates.paraphrases(kind, question.family, question.task)
    names = [f"{kind}/{question.task}#{i}" for i in range(len(paraphrases))]
    free = [i for i, name in enumerate(names) if name != other_than]
    index = free[rng.integers(len(free))]
    text = capitalised(paraphrases[index].format_map(_filled(question.slots, templates.language)))
    if question.kind == "mcq":
        text += "".join(
            f"\n{letter(i)}. {option.name(templates.language)}" for i, option in enumerate(question.options)
        )
    reply, answer = _answer(question, templates, negated=negated)
    return Wording(language=templates.language, text=text, reply=reply, answer=answer, template=names[index])


def plain_wording(task: str, prose: str, templates: Templates, rng: np.random.Generator) -> Wording:
    """Return the request for a caption or a report, with the prose as its reply."""
    requests = templates.paraphrases("report", task)
    index = int(rng.integers(len(requests)))
    return Wording(
        language=templates.language,
        text=requests[index],
        reply=prose,
        template=f"report/{task}#{index}",
        answer=Answer(kind="report", gold=(prose,)),
    )


def letter(index: int) -> str:
    """Return the letter of a choice: A, B, C and so on."""
    return chr(ord("A") + index)


def sentence(text: str, templates: Templates) -> str:
    """Return a phrase with a capital and a full stop."""
    return capitalised(text) + templates.words["end"]


def capitalised(text: str) -> str:
    """Return a text that begins with a capital."""
    return text[:1].upper() + text[1:]


def checklist_entry(name: str, details: Iterable[str], templates: Templates, *, present: bool) -> str:
    """Return a finding as a checklist writes it, with its sign and what is known of it: ``nodule (+) right``."""
    sign = templates.words["positive" if present else "negative"]
    return templates.words["space"].join([name + sign, *details])


def _filled(slots: Mapping[str, Term], language: Language) -> dict[str, str]:
    """Return the words of the slots; ``a_name`` is the phrase with its article, ``is_name`` and ``does_name`` agree."""
    filled = {name: term.name(language) for name, term in slots.items()}
    for name, term in slots.items():
        verbs = ("are", "do") if term.is_plural else ("is", "does")
        filled |= {f"a_{name}": term.phrase(language), f"is_{name}": verbs[0], f"does_{name}": verbs[1]}
    return filled


def _answer(question: Question, templates: Templates, *, negated: bool) -> tuple[str, Answer]:
    """Return the reply and the truth of a question that is not a box question."""
    language = templates.language
    if question.kind == "mcq":
        options = tuple(option.name(language) for option in question.options)
        right = letter(question.right)
        return f"{right}. {options[question.right]}", Answer(kind="mcq", options=options, gold=(right,))
    if question.answer is not None:
        reply = sentence(question.answer.name(language), templates)
        return reply, Answer(kind="open", gold=question.answer.names(language))
    verdict = templates.words["yes" if question.truth != negated else "no"]
    stated = [sentence(_stated(question, question.evidence, templates), templates)] if question.evidence else []
    reply = templates.words["space"].join([*stated, verdict])
    return reply, Answer(kind="closed", gold=(verdict.rstrip(templates.words["end"]).lower(),))


def _stated(question: Question, evidence: Evidence, templates: Templates) -> str:
    """Return what an image shows, as the family of the question states it, else in the words of a checklist."""
    pattern = templates.states.get(question.family if evidence.present else f"{question.family}_absent")
    if pattern:
        slots = {"value": evidence.name} | ({"detail": evidence.detail} if evidence.detail else {})
        return pattern.format_map(_filled(slots, templates.language))
    details = [evidence.detail.name(templates.language)] if evidence.detail else []
    return checklist_entry(evidence.name.name(templates.language), details, templates, present=evidence.present)
