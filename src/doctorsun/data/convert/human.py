"""Human texts: what people wrote about an image, as samples in their own words."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from doctorsun.data.convert.annotation import HumanText
from doctorsun.data.convert.samples import Blank
from doctorsun.data.convert.templates import Wording, load_annotated_templates, plain_wording
from doctorsun.data.ontology.terms import LANGUAGES
from doctorsun.schema import MadeBy, Sample, Variant


def human_samples(blank: Blank, texts: Sequence[HumanText], rng: np.random.Generator) -> Iterator[Sample]:
    """Yield the samples of captions, reports and questions.

    A caption or a report is asked for in both languages: in its own, and in the other one with the language that the
    text has. A question is as its author asked it. The words of the answer are never changed.
    """
    for number, text in enumerate(texts):
        if text.kind == "question":
            wording = Wording(
                language=text.language, text=text.question, reply=text.text, answer=text.answer, template=""
            )
            sample = blank.fill(f"human/{number}", text.task or "question", wording)
            yield replace(sample, made_by=MadeBy(method="human"))
        else:
            yield from _asked_for(blank, number, text, rng)


def _asked_for(blank: Blank, number: int, text: HumanText, rng: np.random.Generator) -> Iterator[Sample]:
    """Yield a caption or a report with a request in its own language, then in the other one."""
    own = plain_wording(text.kind, text.text, load_annotated_templates(text.language), rng)
    origin = _human(blank.fill(f"human/{number}", text.kind, own))
    yield origin
    other = next(language for language in LANGUAGES if language != text.language)
    templates = load_annotated_templates(other)
    wording = plain_wording(f"{text.kind}_in", text.text, templates, rng)
    language = templates.words[f"language_{text.language}"]
    wording = replace(wording, text=wording.text.format(language=language))
    variant = Variant(of=origin.id, kind="translation")
    yield replace(_human(blank.fill(f"human/{number}", text.kind, wording, variant)), language="mixed")


def _human(sample: Sample) -> Sample:
    """Return a sample whose answer is a person's; its template is that of the request."""
    return replace(sample, made_by=replace(sample.made_by, method="human"))
