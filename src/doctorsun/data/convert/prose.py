"""Prose: caption and report of an image of a real data set; nothing is said of what the annotation leaves open."""

from collections.abc import Sequence

from doctorsun.data.convert.facts import Facts, Finding
from doctorsun.data.convert.templates import Templates, sentence
from doctorsun.data.ontology.ontology import Ontology
from doctorsun.data.ontology.terms import FindingTerm, Language, Term

MAX_NAMED = 6
MAX_CONCLUDED = 3  # findings that an impression rules out by name
LEAST_SHARE = 0.01


def annotated_caption(facts: Facts, ontology: Ontology, templates: Templates) -> str:
    """Return one sentence: how the image was made and what it shows; empty where that is not known.

    Raises:
        DataError: a finding is not in the ontology.
    """
    if not facts.modality or not facts.findings:
        return ""
    present, absent = _telling(facts, ontology), _terms(facts, ontology, present=False)
    if any(term.normal for _, term in present):
        word, named = "caption_state", [term.term.name(templates.language) for _, term in present]
    elif present:
        word, named = "caption", [_placed(item, term, facts, ontology, templates) for item, term in present]
    else:
        word, named = "caption_without", [term.term.name(templates.language) for _, term in absent if not term.normal]
    joined = _joined(named, "or" if word == "caption_without" else "and", templates)
    text = templates.words[word].format(modality=_modality(facts, ontology, templates), findings=joined)
    return text[:1].upper() + text[1:] if named else ""


def annotated_report(facts: Facts, ontology: Ontology, templates: Templates) -> str:
    """Return findings and impression; empty where no finding, diagnosis or tissue is known.

    Absence is written for what was looked for one by one; that an image of one class is of no other goes without
    saying.

    Raises:
        DataError: a finding is not in the ontology.
    """
    told = [(item, term) for item, term in _terms(facts, ontology) if ontology.kind(term.id) != "structure"]
    if not any(_is_judged(term, ontology) for _, term in told):
        return ""
    words, language = templates.words, templates.language
    present = [(item, term) for item, term in told if item.present and not term.normal]
    normal = any(item.present and term.normal for item, term in told)
    sentences = [
        words["shows"].format(
            finding=_placed(item, term, facts, ontology, templates) + _covering(item, facts, templates)
        )
        for item, term in present
    ]
    excluded = {rival.id for name in facts.classes.values() for rival in ontology.rivals(name)}
    absent = [
        term.term.name(language)
        for item, term in told
        if not item.present and not term.normal and term.id not in excluded
    ]
    if absent:
        sentences.append(words["shows_none"].format(findings=_joined(absent, "or", templates, limit=None)))
    if not sentences:
        sentences.append(words["no_finding" if normal else "none_looked_for"])
    judged = [term.term.name(language) for _, term in present if _is_judged(term, ontology)]
    if judged:
        conclusion = sentence(_joined(judged, "and", templates, limit=None), templates)
    elif 0 < len(absent) <= MAX_CONCLUDED and not normal:
        conclusion = words["concludes_none"].format(findings=_joined(absent, "or", templates))
    else:
        conclusion = words["no_finding" if normal else "none_looked_for"]
    return f"{words['findings']}{words['space'].join(sentences)}\n{words['impression']}{conclusion}"


def _is_judged(term: FindingTerm, ontology: Ontology) -> bool:
    """Tell whether a finding is what an impression is about; structures, cells and devices alone are not."""
    return ontology.kind(term.id) in ("finding", "diagnosis", "tissue")


def _terms(facts: Facts, ontology: Ontology, *, present: bool | None = None) -> list[tuple[Finding, FindingTerm]]:
    """Return the findings with their terms; those that are there or not, where that is asked."""
    return [
        (item, ontology.finding(item.name)) for item in facts.findings if present is None or item.present == present
    ]


def _telling(facts: Facts, ontology: Ontology) -> list[tuple[Finding, FindingTerm]]:
    """Return what is there with its terms, without the structures where there is anything else to tell of."""
    present = _terms(facts, ontology, present=True)
    return [(item, term) for item, term in present if ontology.kind(term.id) != "structure"] or present


def _modality(facts: Facts, ontology: Ontology, templates: Templates) -> str:
    """Return how the image was made, and of what, unless the one says the other (chest radiograph)."""
    language = templates.language
    name = ontology.modalities[facts.modality].name(language)
    organ = ontology.organs.get(facts.anatomy)
    if organ is None or _says(name, organ, language):
        return name
    slots = {"modality": name, "organ": organ.name(language), "a_organ": organ.phrase(language)}
    return templates.words["of_organ"].format_map(slots)


def _says(modality: str, organ: Term, language: Language) -> bool:
    """Tell whether the name of a modality says the organ: in Chinese, with one of its characters (blood smear)."""
    if language == "en":
        return any(name.casefold() in modality.casefold() for name in organ.names("en"))
    return any(character in modality for name in organ.names("zh") for character in name if character != "部")


def _placed(item: Finding, term: FindingTerm, facts: Facts, ontology: Ontology, templates: Templates) -> str:
    """Return a finding with its number, and with the patient's side or the part of the picture where it lies."""
    language, words = templates.language, templates.words
    number = facts.counts.get(term.id, item.count)
    text = term.term.phrase(language)
    if number > 1 and ontology.kind(term.id) != "structure":
        plural = term.term.plural(language)
        text = f"{plural}{number}个" if language == "zh" else f"{number} {plural}"
    measure = facts.measure(term.id)
    if measure and not measure.complete and len(measure.boxes) > 1:
        return term.term.plural(language)
    if ontology.kind(term.id) == "structure":
        return text
    if item.side in ("left", "right"):
        return text + words["on_side"].format(side=ontology.sides[item.side].name(language))
    if measure and measure.place:
        return text + words["in_place"].format(place=ontology.places[measure.place].name(language))
    return text


def _covering(item: Finding, facts: Facts, templates: Templates) -> str:
    """Return how much of the picture a finding covers, where it is outlined and large enough to see."""
    measure = facts.measure(item.name)
    if measure is None or not measure.outlined or measure.area_share < LEAST_SHARE:
        return ""
    return templates.words["covers"].format(share=f"{measure.area_share:.0%}")


def _joined(names: Sequence[str], word: str, templates: Templates, limit: int | None = MAX_NAMED) -> str:
    """Return names as a list in words: with commas, and the word before the last."""
    *first, last = names[:limit] or [""]
    return templates.words[word].join(([templates.words["comma"].join(first)] if first else []) + [last])
