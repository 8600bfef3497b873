"""Documents: short medical prose without images, for the stage that teaches the language model its languages."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from doctorsun.data.convert.facts import Facts
from doctorsun.data.convert.questions import questions_of
from doctorsun.data.convert.reports import caption_of, checklist_of, report_of
from doctorsun.data.convert.templates import Templates, load_templates, word_question
from doctorsun.data.ontology.ontology import Ontology
from doctorsun.data.ontology.terms import LANGUAGES, FindingTerm, Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One text in one language; ``kind`` is what it is made from."""

    language: Language
    kind: str
    text: str


def documents_of(facts: Facts, rng: np.random.Generator, ontology: Ontology) -> list[Document]:
    """Return documents about one case: report, caption, questions with answers, and what its findings mean."""
    documents: list[Document] = []
    for language in LANGUAGES:
        templates = load_templates(language)
        documents += [
            Document(language=language, kind="report", text=report_of(facts, ontology, templates)),
            Document(language=language, kind="caption", text=caption_of(facts, ontology, templates)),
            Document(language=language, kind="dialogue", text=_dialogue(facts, rng, ontology, templates)),
        ]
        term = ontology.finding(facts.findings[rng.integers(len(facts.findings))].name)
        documents += [
            Document(language=language, kind=kind, text=text)
            for kind, text in _explained(term, rng, ontology, templates)
        ]
    return documents


def _dialogue(facts: Facts, rng: np.random.Generator, ontology: Ontology, templates: Templates) -> str:
    """Return the findings of a case, then its questions with their answers: reading comprehension."""
    lines = [checklist_of(facts, ontology, templates, rng)]
    for question in questions_of(facts, ontology, rng):
        if question.kind != "box":
            wording = word_question(question, templates, rng)
            lines.append(_pick(templates, "dialogue", rng).format(question=wording.text, reply=wording.reply))
    return "\n".join(lines)


def _explained(
    term: FindingTerm, rng: np.random.Generator, ontology: Ontology, templates: Templates
) -> Iterator[tuple[str, str]]:
    """Yield what a finding looks like, its synonyms, where it is seen, and the convention of sides."""
    language = templates.language
    names, modality = term.term.names(language), ontology.modalities.get(term.modality)
    told = {"appearance": term.appearance, "synonyms": len(names) > 1, "modality": modality, "convention": True}
    slots = {
        "name": names[0],
        "other": names[-1],
        "text": term.appearance.in_language(language) if term.appearance else "",
        "modality": modality.name(language) if modality else "",
        "a_modality": modality.phrase(language) if modality else "",
    }
    for kind in (kind for kind, known in told.items() if known):
        text = _pick(templates, kind, rng).format_map(slots)
        yield kind, text[:1].upper() + text[1:]


def _pick(templates: Templates, family: str, rng: np.random.Generator) -> str:
    """Return a random paraphrase of a family of texts."""
    paraphrases = templates.paraphrases("text", family)
    return paraphrases[rng.integers(len(paraphrases))]
