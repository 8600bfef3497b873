"""Conversion: all samples of one image of a real data set."""

from collections.abc import Callable, Iterator

import numpy as np

from doctorsun.data.convert.annotation import AnnotatedImage
from doctorsun.data.convert.asking.choose import questions_about
from doctorsun.data.convert.facts import Facts, measured_facts
from doctorsun.data.convert.human import human_samples
from doctorsun.data.convert.measures import picture_size
from doctorsun.data.convert.prose import annotated_caption, annotated_report
from doctorsun.data.convert.samples import Blank, ask_all, blank_of
from doctorsun.data.convert.templates import Templates, load_annotated_templates, plain_wording
from doctorsun.data.ontology.ontology import Ontology
from doctorsun.data.ontology.terms import LANGUAGES
from doctorsun.schema import Sample, Variant

_PROSE: tuple[tuple[str, Callable[[Facts, Ontology, Templates], str]], ...] = (
    ("caption", annotated_caption),
    ("report", annotated_report),
)


def converted(annotated: AnnotatedImage, rng: np.random.Generator, ontology: Ontology) -> list[Sample]:
    """Return the samples of one image: questions that its annotation answers, what people wrote, caption and report.

    Raises:
        DataError: a label, a modality, an organ, a plane or a department is not in the ontology.
    """
    facts = measured_facts(annotated, ontology)
    blank = blank_of(annotated, facts)
    asked = questions_about(facts, picture_size(annotated), annotated.acquisition.spacing_mm, ontology, rng)
    written = {text.kind for text in annotated.texts}
    return [
        *ask_all(blank, asked, rng, load_annotated_templates),
        *human_samples(blank, annotated.texts, rng),
        *_prose(blank, facts, written, ontology, rng),
    ]


def _prose(
    blank: Blank, facts: Facts, written: set[str], ontology: Ontology, rng: np.random.Generator
) -> Iterator[Sample]:
    """Yield caption and report in both languages, each where no person wrote one."""
    for task, write in _PROSE:
        origin: Sample | None = None
        for language in LANGUAGES if task not in written else ():
            templates = load_annotated_templates(language)
            if not (text := write(facts, ontology, templates)):
                continue
            variant = Variant(of=origin.id, kind="translation") if origin else None
            sample = blank.fill(task, task, plain_wording(task, text, templates, rng), variant)
            origin = origin or sample
            yield sample
