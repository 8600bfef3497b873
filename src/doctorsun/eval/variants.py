"""Variants of test questions: in other words, negated, with their options moved; fixed rules, no model."""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from string import ascii_uppercase

from doctorsun.eval.prompt import last_reply, lettered
from doctorsun.schema import Answer, Message, Sample, Variant, VariantKind, text_part
from doctorsun.text.polarity import LEXICON_1, bare_polarity

MADE_KINDS: tuple[VariantKind, ...] = ("paraphrase", "negation", "rotation")
"""The kinds that are made here; translations are part of a task's own data."""

# What stands before a question does not change what it asks.
_PARAPHRASES_1 = {
    "en": ("Please answer this question: {}", "I would like to know the following. {}"),
    "zh": ("请回答这个问题：{}", "我想了解以下问题。{}"),
}
# Each statement is the negation of what the question asks; its yes is the question's no.
_NEGATIONS_1: dict[str, tuple[tuple[re.Pattern[str], str], ...]] = {
    "en": (
        (
            # "only one" and "something" cannot stand behind "no"
            re.compile(
                r"(is|are) there (?:any |an? )?(?!(?:only|some\w*|any\w+|no|not|the|exactly|at)\b)(?P<what>[^?\n]+)\?",
                re.IGNORECASE,
            ),
            "Is this statement correct? There {verb} no {what}.",
        ),
    ),
    "zh": (
        (
            re.compile(r"(?:是否(?:存在|有|可见)|有没有|是不是有)(?P<what>[^？?\n]+)[？?]"),
            "下面的说法正确吗？没有{what}。",
        ),
    ),
}
_ABOUT_NO_1 = {"en": 'Is "no" the right answer to this question? {}', "zh": "对下面的问题，回答“否”正确吗？{}"}
_FLIPPED = {"en": {"yes": "no", "no": "yes"}, "zh": {"yes": "否", "no": "是"}}


def variants(samples: Iterable[Sample], kinds: Iterable[VariantKind]) -> list[Sample]:
    """Return the variants of questions, each pointing at its original; a question that has none of a kind gives none.

    Args:
        samples: questions with their answers; those that are variants themselves are left out.
        kinds: of `MADE_KINDS`.
    """
    makers: dict[VariantKind, Callable[[Sample], list[Sample]]] = {
        "paraphrase": paraphrases,
        "negation": negations,
        "rotation": rotations,
    }
    chosen = [makers[kind] for kind in MADE_KINDS if kind in set(kinds)]
    return [made for sample in samples if sample.variant is None for maker in chosen for made in maker(sample)]


def paraphrases(sample: Sample) -> list[Sample]:
    """Return the question in each of the fixed other wordings of its language; the answer stays."""
    templates = _PARAPHRASES_1.get(sample.language, ())
    return [
        _variant(sample, "paraphrase", number, lambda text, template=template: template.format(text))
        for number, template in enumerate(templates, start=1)
    ]


def negations(sample: Sample) -> list[Sample]:
    """Return a yes-or-no question turned around, so that its right answer is the other one; others give none.

    The statement is put up for a yes or no, because "Is there no nodule?" is answered either way in both languages.
    """
    answer = sample.answer
    golds = {bare_polarity(gold, LEXICON_1) for gold in answer.gold} if answer else set[str | None]()
    gold = golds.pop() if len(golds) == 1 else None
    if answer is None or gold is None or answer.kind != "closed" or answer.options or sample.language == "mixed":
        return []
    language = sample.language
    flipped = replace(answer, gold=(_FLIPPED[language][gold],))
    return [_variant(sample, "negation", 1, lambda text: _negated(text, language), flipped)]


def rotations(sample: Sample) -> list[Sample]:
    """Return a multiple-choice question with its options moved on by one, two and so on, all but the whole way round.

    Only questions that end with their lettered options, one on each line, can be turned.
    """
    answer = sample.answer
    if answer is None or answer.kind != "mcq":
        return []
    listed = lettered(answer.options)
    if not sample.messages[last_reply(sample.messages) - 1].text.rstrip().endswith(listed):
        return []
    made: list[Sample] = []
    for step in range(1, len(answer.options)):
        turned = rotated(answer, step)
        words = lettered(turned.options)
        change: Callable[[str], str] = lambda text, words=words: text.rstrip().removesuffix(listed) + words  # noqa: E731
        made.append(_variant(sample, "rotation", step, change, turned))
    return made


def rotated(answer: Answer, step: int) -> Answer:
    """Return an answer whose options stand so many places later, the last ones first; its letters follow them."""
    num = len(answer.options)
    options = tuple(answer.options[(place - step) % num] for place in range(num))
    letters = (ascii_uppercase[(ascii_uppercase.index(letter.strip().upper()) + step) % num] for letter in answer.gold)
    return replace(answer, options=options, gold=tuple(sorted(letters)))


def _negated(text: str, language: str) -> str:
    for pattern, statement in _NEGATIONS_1[language]:
        found = pattern.fullmatch(text.strip())
        if found:
            verb = found[1].lower() if language == "en" else ""
            return statement.format(verb=verb, what=found["what"].strip())
    return _ABOUT_NO_1[language].format(text.strip())


def _variant(
    sample: Sample, kind: VariantKind, number: int, change: Callable[[str], str], answer: Answer | None = None
) -> Sample:
    """Return the sample with the words of its last question changed; images stay where they are."""
    last = last_reply(sample.messages)
    asked = sample.messages[last - 1]
    places = [place for place, part in enumerate(asked.content) if part.type == "text"]
    words = "".join(asked.content[place].text for place in places)
    content = tuple(
        text_part(change(words)) if part.type == "text" else part
        for place, part in enumerate(asked.content)
        if part.type == "image" or place == places[-1]
    )
    reply = (Message(role="assistant", content=(text_part(""),)),)
    return replace(
        sample,
        id=f"{sample.id}/{kind}-{number}",
        messages=(*sample.messages[: last - 1], replace(asked, content=content), *reply),
        answer=answer or sample.answer,
        variant=Variant(of=sample.id, kind=kind),
    )
