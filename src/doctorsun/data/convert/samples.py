"""Samples: the questions of an annotated image, in both languages, as records of the store."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from doctorsun.data.convert.annotation import AnnotatedImage, Picture
from doctorsun.data.convert.facts import Facts
from doctorsun.data.convert.questions import Question, questions_of
from doctorsun.data.convert.reports import caption_of, checklist_of, report_of
from doctorsun.data.convert.templates import Templates, Wording, load_templates, plain_wording, word_question
from doctorsun.data.ontology.ontology import Ontology
from doctorsun.data.ontology.terms import LANGUAGES, Language
from doctorsun.image.raster import encode_png
from doctorsun.schema import (
    Answer,
    Image,
    ImageFacts,
    MadeBy,
    Message,
    Object,
    Sample,
    Variant,
    image_part,
    sample_id,
    text_part,
)

PARAPHRASE_SHARE = 0.08
NEGATION_SHARE = 0.15
TemplatesOf = Callable[[Language], Templates]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blank:
    """The sample without words that all questions of one image start from."""

    sample: Sample

    def fill(self, key: str, task: str, wording: Wording, variant: Variant | None = None) -> Sample:
        """Return the sample of one wording; ``key`` tells it from the image's other samples."""
        source = self.sample.source
        user = Message(role="user", content=(image_part(), text_part(wording.text)))
        reply = Message(role="assistant", content=(text_part(wording.reply),))
        return replace(
            self.sample,
            id=sample_id(source.dataset, source.original_id, wording.language, key),
            messages=(user, reply),
            language=wording.language,
            task=task,
            answer=wording.answer,
            variant=variant,
            made_by=MadeBy(method="template", template=f"{wording.language}/{wording.template}"),
        )


def image_of(picture: Picture, facts: ImageFacts | None = None) -> Image:
    """Return the encoded image with what its acquisition tells; a file's own bytes stay as they are."""
    facts = facts or ImageFacts()
    if isinstance(picture, Image):
        return replace(picture, facts=facts)
    encoded = encode_png(picture)
    height, width = picture.shape[:2]
    digest = hashlib.sha256(encoded).hexdigest()
    return Image(bytes=encoded, sha256=digest, width=width, height=height, facts=facts)


def samples_of(annotated: AnnotatedImage, facts: Facts, rng: np.random.Generator, ontology: Ontology) -> list[Sample]:
    """Return the samples of one image: its questions, a caption and a report, each in English and Chinese.

    Translations, paraphrases and negations point at the sample that they say again.
    """
    blank = blank_of(annotated, facts)
    return [*ask_all(blank, questions_of(facts, ontology, rng), rng), *_prose(blank, facts, rng, ontology)]


def blank_of(annotated: AnnotatedImage, facts: Facts) -> Blank:
    """Return what all samples of an image share."""
    image = image_of(annotated.picture, annotated.acquisition)
    return Blank(
        sample=Sample(
            id="",
            messages=(),
            source=annotated.source,
            images=(image,),
            modality=facts.modality,
            anatomy=facts.anatomy,
            department=facts.department,
            labels=tuple(item.name for item in facts.present()),
            objects=tuple(Object(label=item.label, box_px=item.box_px) for item in annotated.objects),
            facts=facts.as_json(),
            groups=annotated.groups,
            deidentification=annotated.deidentification,
        )
    )


def ask_all(
    blank: Blank, questions: Iterable[Question], rng: np.random.Generator, templates_of: TemplatesOf = load_templates
) -> list[Sample]:
    """Return the samples of all questions, in the words of some templates; ids stay apart by the question's number."""
    samples: list[Sample] = []
    for number, question in enumerate(questions):
        samples += _ask(blank, f"{question.kind}/{question.task}/{number}", question, rng, templates_of)
    return samples


def _ask(
    blank: Blank, key: str, question: Question, rng: np.random.Generator, templates_of: TemplatesOf
) -> Iterator[Sample]:
    """Yield a question in one language, its translation, and at times a paraphrase or a negation."""
    first, second = LANGUAGES if rng.random() < 0.5 else LANGUAGES[::-1]  # noqa: PLR2004 (half of the time)
    wording = _word(blank, question, templates_of(first), rng)
    origin = blank.fill(key, question.task, wording)
    yield origin
    translation = _word(blank, question, templates_of(second), rng)
    yield blank.fill(key, question.task, translation, Variant(of=origin.id, kind="translation"))
    draw = rng.random()
    if question.kind == "closed" and draw < PARAPHRASE_SHARE:
        again = word_question(question, templates_of(first), rng, other_than=wording.template)
        yield blank.fill(f"{key}/paraphrase", question.task, again, Variant(of=origin.id, kind="paraphrase"))
    elif question.family == "presence" and draw < PARAPHRASE_SHARE + NEGATION_SHARE and not _is_slice(blank):
        negation = word_question(question, templates_of(first), rng, negated=True)
        yield blank.fill(f"{key}/negation", question.task, negation, Variant(of=origin.id, kind="negation"))


def _is_slice(blank: Blank) -> bool:
    """Tell whether the image is a slice of a volume: what it does not show cannot be ruled out."""
    return any(image.facts.slice is not None for image in blank.sample.images)


def _word(blank: Blank, question: Question, templates: Templates, rng: np.random.Generator) -> Wording:
    """Put a question into words; the reply of a box question points at the sample's objects.

    Several boxes teach and are not scored: a score is of one box.
    """
    wording = word_question(question, templates, rng)
    if question.kind != "box":
        return wording
    boxes = "".join(f"<box>#{number}</box>" for number in question.boxes)
    reply = f"<ref>{question.slots['finding'].name(templates.language)}</ref>{boxes}"
    index, *others = question.boxes
    if others:
        return replace(wording, reply=reply, answer=None)
    item = blank.sample.objects[index]
    gold = " ".join((item.label, *(f"{value:g}" for value in item.box_px)))
    return replace(wording, reply=reply, answer=Answer(kind="box", gold=(gold,)))


def _prose(blank: Blank, facts: Facts, rng: np.random.Generator, ontology: Ontology) -> Iterator[Sample]:
    """Yield checklist, caption and report in both languages; a checklist teaches and is not scored."""
    if not facts.modality or not facts.findings:
        return
    first: Sample | None = None
    for language in LANGUAGES:
        templates = load_templates(language)
        checklist = checklist_of(facts, ontology, templates, rng)
        wording = replace(plain_wording("checklist", checklist, templates, rng), answer=None)
        variant = Variant(of=first.id, kind="translation") if first else None
        sample = blank.fill("checklist", "checklist", wording, variant)
        first = first or sample
        yield sample
    for task, write in (("caption", caption_of), ("report", report_of)):
        origin: Sample | None = None
        for language in LANGUAGES:
            templates = load_templates(language)
            wording = plain_wording(task, write(facts, ontology, templates), templates, rng)
            variant = Variant(of=origin.id, kind="translation") if origin else None
            sample = blank.fill(task, task, wording, variant)
            origin = origin or sample
            yield sample


def question_mix(samples: Iterable[Sample]) -> dict[str, Counter[str]]:
    """Count the answers of closed questions by question type: ``{"presence:nodule": {"yes": 51, "no": 49}}``."""
    mix: dict[str, Counter[str]] = {}
    for sample in samples:
        if sample.answer is not None and sample.answer.kind == "closed":
            answer = "yes" if sample.answer.gold[0] in ("yes", "是") else "no"
            mix.setdefault(sample.task, Counter())[answer] += 1
    return mix
