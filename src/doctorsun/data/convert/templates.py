"""Templates: the words of questions and answers, read from one YAML file per language."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
    """All templates of one language: answer kind to family to paraphrases, and single words."""

    language: Language
    families: Mapping[str, Mapping[str, tuple[str, ...]]]
    words: Mapping[str, str]

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
    words = tables.pop("words")
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
    return Templates(language=language, families=families, words=words)


@cache
def load_templates(language: Language) -> Templates:
    """Return the shipped templates of a language."""
    file = resources.files("doctorsun.data.convert").joinpath(f"templates_{language}.yaml")
    return parse_templates(file.read_text(encoding="utf-8"), language)


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
    text = paraphrases[index].format_map(_filled(question.slots, templates.language))
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
    return text[:1].upper() + text[1:] + templates.words["end"]


def checklist_entry(name: str, details: Iterable[str], templates: Templates, *, present: bool) -> str:
    """Return a finding as a checklist writes it, with its sign and what is known of it: ``nodule (+) right``."""
    sign = templates.words["positive" if present else "negative"]
    return templates.words["space"].join([name + sign, *details])


def _filled(slots: Mapping[str, Term], language: Language) -> dict[str, str]:
    """Return the words of the slots; ``a_name`` is the phrase with its article."""
    filled = {name: term.name(language) for name, term in slots.items()}
    return filled | {f"a_{name}": term.phrase(language) for name, term in slots.items()}


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
    stated = [sentence(_stated(question.evidence, templates), templates)] if question.evidence else []
    reply = templates.words["space"].join([*stated, verdict])
    return reply, Answer(kind="closed", gold=(verdict.rstrip(templates.words["end"]).lower(),))


def _stated(evidence: Evidence, templates: Templates) -> str:
    """Return what an image shows in the words of a checklist."""
    details = [evidence.detail.name(templates.language)] if evidence.detail else []
    return checklist_entry(evidence.name.name(templates.language), details, templates, present=evidence.present)
