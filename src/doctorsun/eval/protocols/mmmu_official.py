"""Protocol mmmu_official@1: MMMU's own parser (MMMU-Benchmark/MMMU, eval_utils.py), but that nothing is drawn."""

import re
from string import ascii_uppercase

from doctorsun.eval.protocols.verdict import Protocol, Verdict, options_of
from doctorsun.schema import Prediction

Value = str | float

_EDGES = ",.!?;:'"
_TEXT_FROM_WORDS = 5
_SENTENCE_END = re.compile(r"\.\s(?=[A-Z])|\n")
_KEYS = ("could be ", "so ", "is ", "thus ", "therefore ", "final ", "answer ", "result ")
_TRIVIAL = frozenset({":", ",", ".", "!", "?", ";", "'"})
_NUMBERS = (
    re.compile(r"-?\b\d{1,3}(?:,\d{3})+\b"),
    re.compile(r"-?\d+(?:\.\d+)?[eE][+-]?\d+"),
    re.compile(r"-?(?:\d+\.\d+|\.\d+|\d+\b)(?![eE][+-]?\d+)(?![,\d])"),
)


def judge_mmmu_official_mcq_1(prediction: Prediction) -> Verdict:
    """Judge a choice by the last ``(X)``, else the last letter between blanks, else the last option text.

    Texts are looked for in answers of more than five words, in any part of a word. Where nothing is found, the
    original draws a letter; here the answer is invalid.
    """
    said = _chosen(prediction.output, dict(zip(ascii_uppercase, options_of(prediction), strict=False)))
    if not said:
        return MMMU_OFFICIAL_1.nothing()
    return Verdict(values={"accuracy": float(said in prediction.gold)}, said=said)


def judge_mmmu_official_open_1(prediction: Prediction) -> Verdict:
    """Judge an open answer: a gold text must stand in one of its key parts, or a gold number among its numbers.

    Numbers are rounded to two places. Key parts stand behind words such as ``is`` and ``so``; a text that holds the
    gold and denies it is right.
    """
    golds = [value for gold in prediction.gold for value in _values(gold)]
    texts = [gold for gold in golds if isinstance(gold, str)]
    said = _open_values(prediction.output)
    right = any(any(gold in value for gold in texts) if isinstance(value, str) else value in golds for value in said)
    return Verdict(values={"accuracy": float(right)})


def judge_mmmu_official_1(prediction: Prediction) -> Verdict:
    """Judge a choice or an open answer as MMMU does; see the rule of each."""
    rule = judge_mmmu_official_mcq_1 if prediction.kind == "mcq" else judge_mmmu_official_open_1
    return rule(prediction)


def _chosen(output: str, options: dict[str, str]) -> str:
    text = output
    for edge in _EDGES:
        text = text.strip(edge)
    text = f" {text} "
    lowered = text.lower()
    places = {letter: text.rfind(f"({letter})") for letter in options}
    if max(places.values()) < 0:
        places = {letter: text.rfind(f" {letter} ") for letter in options}
    if max(places.values()) < 0 and len(text.split()) > _TEXT_FROM_WORDS:
        places = {letter: lowered.rfind(option.lower()) for letter, option in options.items()}
    last = max(places, key=lambda letter: places[letter])
    return last if places[last] >= 0 else ""


def _open_values(output: str) -> list[Value]:
    parts = _key_parts(output)
    numbers = [number for part in parts for pattern in _NUMBERS for number in pattern.findall(part)]
    return [value for text in (*parts, *numbers) for value in _values(text)]


def _key_parts(output: str) -> list[str]:
    """Return what stands behind the last key word of each sentence, the shortest; the whole where no key is."""
    whole = output.strip().strip(".").lower()
    sentences = _SENTENCE_END.split(whole)
    found: list[str] = []
    for number, sentence in enumerate(sentences, start=1):
        keys = (*_KEYS, "=") if number == len(sentences) else _KEYS
        shortest = ""
        for part in (sentence.rpartition(key)[2].strip() for key in keys if key in sentence):
            if not shortest or len(part) < len(shortest):
                shortest = part
        if shortest and shortest not in _TRIVIAL:
            found.append(shortest)
    return found or [whole]


def _values(text: str) -> list[Value]:
    """Return a number rounded to two places, a single character beside a blank on either side, or the text."""
    plain = text.strip()
    try:
        return [round(float(plain.replace(",", "")), 2)]
    except ValueError:
        lowered = plain.lower()
        return [f" {lowered}", f"{lowered} "] if len(lowered) == 1 else [lowered]


MMMU_OFFICIAL_1 = Protocol(
    name="mmmu_official@1", kinds=("mcq", "open"), metrics=("accuracy",), rule=judge_mmmu_official_1
)
