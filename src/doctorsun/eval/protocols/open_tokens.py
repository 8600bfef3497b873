"""Protocol open_tokens@1: open answers by the tokens that they share with the gold."""

from collections import Counter

from doctorsun.eval.protocols.verdict import Protocol, Verdict
from doctorsun.schema import Prediction
from doctorsun.text.normalize import exact_form, without_reasoning
from doctorsun.text.segment import Unit, answer_tokens

_DIGITS_1 = {
    word: str(digit)
    for digit, word in enumerate(
        ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    )
}


def judge_open_tokens_1(prediction: Prediction) -> Verdict:
    """Judge an open answer against the gold that it agrees with best.

    Tokens are counted as a multiset, so that saying a word three times earns it once. English tokens are words
    without articles, with number words as digits. Chinese tokens are characters for the headline, which depends
    on no dictionary (CMRC 2018, Cui et al., EMNLP 2019, scores characters too); ``word_f1`` cuts with jieba.
    ``exact`` asks for the same text after normalisation.
    """
    output = without_reasoning(prediction.output)
    form = exact_form(output)
    if not form:
        return OPEN_TOKENS_1.nothing()
    golds = [gold for gold in prediction.gold if gold.strip()]
    precision, recall, f1 = max((_overlap(output, gold, "character") for gold in golds), key=lambda row: row[2])
    values = {
        "f1": f1,
        "precision": precision,
        "recall": recall,
        "exact": float(form in {exact_form(gold) for gold in golds}),
        "word_f1": max(_overlap(output, gold, "word")[2] for gold in golds),
    }
    return Verdict(values=values)


def _overlap(output: str, gold: str, unit: Unit) -> tuple[float, float, float]:
    """Return token precision, recall and F1 of one answer against one gold."""
    said, true = _tokens(output, unit), _tokens(gold, unit)
    shared = (said & true).total()
    if not shared:
        return 0.0, 0.0, 0.0
    precision, recall = shared / said.total(), shared / true.total()
    return precision, recall, 2 * precision * recall / (precision + recall)


def _tokens(text: str, unit: Unit) -> Counter[str]:
    return Counter(_DIGITS_1.get(token, token) for token in answer_tokens(text, unit))


OPEN_TOKENS_1 = Protocol(
    name="open_tokens@1",
    kinds=("open",),
    metrics=("f1", "precision", "recall", "exact", "word_f1"),
    rule=judge_open_tokens_1,
)
