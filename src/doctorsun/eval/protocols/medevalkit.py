"""Protocol medevalkit@1: MedEvalKit's rules (alibaba-damo-academy/MedEvalKit@9b12e3b, no judge), faults included."""

import difflib
import re

from doctorsun.eval.protocols.kit_rouge import rouge_f
from doctorsun.eval.protocols.sentence_bleu import sentence_bleu
from doctorsun.eval.protocols.verdict import Protocol, Verdict, options_of
from doctorsun.schema import Prediction

_BOX = "\\boxed{"
_NO_BOX = "None"
_ANSWER = re.compile(r"<answer>(.*?)</answer>", re.DOTALL)
# In this order, each takes what stands behind its last place in what is left.
_MARKS = (
    "**answer**:",
    "**answer**",
    "*answer*:",
    "**answer:**",
    "answer is",
    "answer:",
    "答案:",
    "final answer",
    "final answer is",
)
_OPEN = ("accuracy", "precision", "recall", "f1", "bleu1", "bleu2", "bleu3", "bleu4", "rouge1", "rouge2", "rougel")


def judge_medevalkit_closed_1(prediction: Prediction) -> Verdict:
    """Judge a closed answer: for a gold of yes or no, one of these as part of any word; else the very same text.

    So ``normal`` is a right no, and ``Yes, the heart is abnormal`` is a wrong yes, because both words are in it.
    """
    gold = prediction.gold[0].lower().strip()
    shown = _shown(prediction.output)
    if gold in ("yes", "no"):
        said = _plain(shown.strip())
        right = (("yes" in said) != ("no" in said)) and gold in said
    else:
        right = _plain(shown) == prediction.gold[0].lower()
    return Verdict(values={"accuracy": float(right)})


def judge_medevalkit_open_1(prediction: Prediction) -> Verdict:
    """Judge an open answer; ``accuracy`` asks for the very same text.

    The kit unpacks three numbers in the wrong order, and so does this: ``precision`` is F1 over sets of words,
    ``recall`` is their precision and ``f1`` their recall. On an empty answer the kit stops with an error; here it is
    invalid.
    """
    gold = prediction.gold[0].lower().strip()
    said = _parsed(_shown(prediction.output).lower().strip())
    rouge = rouge_f(said, gold)
    if rouge is None or not said.split():
        return MEDEVALKIT_OPEN_1.nothing()
    f1, precision, recall = _set_scores(set(said.split()), set(gold.split()))
    gold_tokens, said_tokens = (text.replace(".", " .").split(" ") for text in (gold, said))
    bleu = {f"bleu{n}": sentence_bleu(gold_tokens, said_tokens, [1 / n] * n) for n in (1, 2, 3, 4)}
    values = {"accuracy": float(said == gold), "precision": f1, "recall": precision, "f1": recall, **bleu, **rouge}
    return Verdict(values=values)


def judge_medevalkit_mcq_1(prediction: Prediction) -> Verdict:
    """Judge a choice: a bare letter, the text of an option, else the option whose letters look most like the answer.

    So ``(C)`` is compared with the texts, and an empty answer chooses A.
    """
    options = [option.lower() for option in options_of(prediction)]
    letters = [chr(ord("a") + place) for place in range(len(options))]
    said = _parsed(_letter_first(prediction.output.lower(), letters)).strip().lower().replace("\n", "")
    short = said.split(".")[0].split(":")[-1]
    gold = prediction.gold[0].strip().lower()
    if short == gold:
        right = True
    elif short in letters:
        right = options[letters.index(short)] == gold
    elif short in options:
        right = gold in letters and short == options[letters.index(gold)]
    else:
        likest = _likest(options, said)
        right = gold in (letters[likest], options[likest])
    return Verdict(values={"accuracy": float(right)})


def _boxed(text: str) -> str:
    r"""Return what the last ``\boxed{}`` holds, whose braces must close."""
    start = text.rfind(_BOX)
    depth = 0
    for place, char in enumerate(text[start + len(_BOX) :] if start != -1 else ""):
        depth += (char == "{") - (char == "}")
        if depth < 0:
            return text[start + len(_BOX) :][:place].strip()
    return _NO_BOX


def _tagged(text: str) -> str:
    """Return what the answer tags hold, joined by blanks; the whole where they hold nothing."""
    return "".join(f"{found} " for found in _ANSWER.findall(text)).strip() or text


def _shown(output: str) -> str:
    boxed = _boxed(output)
    if boxed != _NO_BOX:
        return boxed
    return _tagged(output) if "<answer>" in output else output


def _parsed(text: str) -> str:
    said = text.lower()
    if "boxed" in said:
        said = _boxed(said)
    elif "<answer>" in said:
        said = _tagged(said)
    for mark in _MARKS:
        said = said.rpartition(mark)[2]
    return said


def _plain(text: str) -> str:
    return _parsed(text).replace("\n", "").replace(".", "")


def _letter_first(text: str, letters: list[str]) -> str:
    """Return the first or the last paragraph where it is a bare letter, else the whole."""
    paragraphs = text.split("\n\n")
    if paragraphs[0] in letters:
        return paragraphs[0]
    last = paragraphs[-1].split(".")[0]
    return last if last in letters else text


def _likest(options: list[str], said: str) -> int:
    """Return the place of the option that is most like an answer, the first where none is."""
    likeness = [difflib.SequenceMatcher(None, option, said).ratio() for option in options]
    return likeness.index(max(likeness))


def _set_scores(said: set[str], gold: set[str]) -> tuple[float, float, float]:
    shared = len(said & gold)
    if not shared:
        return 0.0, 0.0, 0.0
    precision, recall = shared / len(said), shared / len(gold)
    return 2 * precision * recall / (precision + recall), precision, recall


MEDEVALKIT_CLOSED_1 = Protocol(
    name="medevalkit@1", kinds=("closed",), metrics=("accuracy",), rule=judge_medevalkit_closed_1
)
MEDEVALKIT_OPEN_1 = Protocol(name="medevalkit@1", kinds=("open",), metrics=_OPEN, rule=judge_medevalkit_open_1)
MEDEVALKIT_MCQ_1 = Protocol(name="medevalkit@1", kinds=("mcq",), metrics=("accuracy",), rule=judge_medevalkit_mcq_1)
