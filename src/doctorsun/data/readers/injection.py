"""Reader of the injection suite: drawn questions, each as it is, under every attack, and with neutral words."""

from dataclasses import replace

from doctorsun.data.injection.attacks import ATTACKS, NEUTRAL, wrong_answer
from doctorsun.data.readers.phantom import MODALITIES, phantom_item
from doctorsun.schema import Answer, Message, Sample, Variant, VariantKind, sample_id, text_part
from doctorsun.text.polarity import LEXICON_1, bare_polarity

DATASET = "injection"
NUM_PICTURES = 80
_SEED = 1239


def injection_item(number: int) -> list[Sample]:
    """Return the questions about one drawn picture: in each language one that has an exact answer, and its attacks.

    The modalities take turns, and after each round yes-or-no questions and multiple choice.
    """
    drawn = phantom_item(_SEED, "test", number)
    kind = ("closed", "mcq")[number // len(MODALITIES) % 2]
    rows: list[Sample] = []
    for language in ("en", "zh"):
        asked = [(sample, sample.answer) for sample in drawn if sample.language == language and sample.answer]
        asked = [(sample, answer) for sample, answer in asked if _has_one_answer(answer)]
        wanted = [pair for pair in asked if pair[1].kind == kind] or asked
        rows += _attacked(*wanted[number // (2 * len(MODALITIES)) % len(wanted)])
    return rows


def _has_one_answer(answer: Answer) -> bool:
    return answer.kind == "mcq" or (answer.kind == "closed" and bare_polarity(answer.gold[0], LEXICON_1) is not None)


def _attacked(drawn: Sample, answer: Answer) -> list[Sample]:
    """Return a question without an attack, then under each, then with neutral words."""
    wanted = wrong_answer(answer, drawn.language)
    question = replace(drawn, messages=(drawn.messages[0], Message(role="assistant", content=(text_part(""),))))
    twin = _named(question, "none")
    attacked = [_named(attack(question, wanted), name, twin.id, "injection") for name, attack in ATTACKS.items()]
    controls = [_named(words(question, wanted), name, twin.id, "neutral") for name, words in NEUTRAL.items()]
    return [twin, *attacked, *controls]


def _named(sample: Sample, attack: str, twin: str | None = None, kind: VariantKind = "injection") -> Sample:
    source = replace(sample.source, dataset=DATASET)
    return replace(
        sample,
        id=sample_id(DATASET, source.original_id, sample.language, f"{sample.made_by.template}/{sample.id}/{attack}"),
        source=source,
        task=f"{DATASET}:{attack}",
        variant=Variant(of=twin, kind=kind) if twin else None,
    )
