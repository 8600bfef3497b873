"""Reports, captions and checklists: the findings of an image in words."""

from string import Formatter

import numpy as np

from doctorsun.data.convert.facts import Facts, Finding
from doctorsun.data.convert.templates import Templates, checklist_entry
from doctorsun.data.ontology.ontology import Ontology
from doctorsun.data.ontology.terms import FindingTerm


def report_of(facts: Facts, ontology: Ontology, templates: Templates) -> str:
    """Return findings and impression: a sentence for every finding that is known, then what matters."""
    words = templates.words
    sentences = [_sentence(item, ontology, templates) for item in facts.findings]
    impression = _listed(facts, ontology, templates)
    conclusion = impression[:1].upper() + impression[1:] + words["end"] if impression else words["no_finding"]
    return f"{words['findings']}{words['space'].join(sentences)}\n{words['impression']}{conclusion}"


def caption_of(facts: Facts, ontology: Ontology, templates: Templates) -> str:
    """Return one sentence: the modality and the findings that are present."""
    modality = ontology.modalities[facts.modality].name(templates.language)
    findings = _listed(facts, ontology, templates)
    pattern = templates.words["caption" if findings else "caption_normal"]
    text = pattern.format(modality=modality, findings=findings)
    return text[:1].upper() + text[1:]


def checklist_of(facts: Facts, ontology: Ontology, templates: Templates, rng: np.random.Generator) -> str:
    """Return every finding with its sign, as ward notes do: ``nodule (+) right upper zone; effusion (-)``.

    The order and the synonyms vary; side, zone, number and size follow a finding that is present.
    """
    language, words = templates.language, templates.words
    items: list[str] = []
    for index in rng.permutation(len(facts.findings)):
        item = facts.findings[index]
        names = ontology.finding(item.name).term.names(language)
        details = [
            ontology.sides[item.side].name(language) if item.side else "",
            ontology.zones[item.zone].name(language) if item.zone else "",
            str(item.count) if item.count > 1 else "",
            ontology.sizes[item.size_class].name(language) if item.size_class else "",
        ]
        name = names[rng.integers(len(names))]
        items.append(checklist_entry(name, filter(None, details), templates, present=item.present))
    return words["semicolon"].join(items) + words["end"]


def _listed(facts: Facts, ontology: Ontology, templates: Templates) -> str:
    """Return the findings that are present and may be asked for, with their side."""
    language = templates.language
    names: list[str] = []
    for item in facts.present():
        term = ontology.finding(item.name)
        if "presence" in term.asks:
            side = ontology.sides[item.side].name(language) + templates.words["space"] if item.side else ""
            names.append(side + term.term.name(language))
    return templates.words["comma"].join(names)


def _sentence(item: Finding, ontology: Ontology, templates: Templates) -> str:
    """Return the sentence of one finding; a plain one where its side, zone, size or number is not known."""
    language = templates.language
    term = ontology.finding(item.name)
    if not item.present:
        return term.absent.in_language(language) if term.absent else _plainly("not_seen", term, templates)
    tables = {"side": ontology.sides, "zone": ontology.zones, "size": ontology.sizes}
    values = {"side": item.side, "zone": item.zone, "size": item.size_class}
    slots = {name: tables[name][value].name(language) for name, value in values.items() if value}
    slots |= {"count": str(item.count)} if item.count else {}
    pattern = term.present.in_language(language) if term.present else "{finding}"
    if any(name not in slots for _, name, _, _ in Formatter().parse(pattern) if name):
        return _plainly("seen", term, templates)
    return pattern.format_map(slots)


def _plainly(word: str, term: FindingTerm, templates: Templates) -> str:
    """Return the sentence of a finding whose own sentence is missing or says more than is known."""
    language = templates.language
    text = templates.words[word].format(finding=term.term.phrase(language), bare=term.term.name(language))
    return text[:1].upper() + text[1:]
