"""Protocol llava_med@1: LLaVA-Med v1.0.0's evaluation, faults included (run_eval.py of microsoft/LLaVA-Med@b9a98a7)."""

from collections import Counter

from doctorsun.eval.protocols.sentence_bleu import sentence_bleu
from doctorsun.eval.protocols.verdict import Protocol, Verdict
from doctorsun.eval.protocols.vqa_words import vqa_words
from doctorsun.schema import Prediction

_BLEU = {"bleu": (0.25,) * 4, "bleu_1": (1, 0, 0, 0), "bleu_2": (0, 1, 0, 0), "bleu_3": (0, 0, 1, 0)}


def judge_llava_med_closed_1(prediction: Prediction) -> Verdict:
    """Judge a closed answer: right where it holds ``yes`` or ``no`` anywhere, inside words too, and holds the gold.

    So ``normal`` is a right no, and a closed answer that is neither yes nor no (``MRI``) is always wrong.
    """
    said, gold = (" ".join(vqa_words(text)) for text in (prediction.output, prediction.gold[0]))
    right = ("yes" in said or "no" in said) and gold in said
    return Verdict(values={"accuracy": float(right)})


def judge_llava_med_open_1(prediction: Prediction) -> Verdict:
    """Judge an open answer by words; its headline is recall.

    A common word counts as often as the answer says it, so that repetition pays. What it calls exact match is the
    share of the answer's words that are the gold's. BLEU-2 and BLEU-3 take one order alone.
    """
    once = [vqa_words(text) for text in (prediction.output, prediction.gold[0])]
    said, gold = (Counter(vqa_words(" ".join(words))) for words in once)
    recall, precision, f1 = _scores(said, gold)
    bleu = {name: sentence_bleu(once[1], once[0], weights) for name, weights in _BLEU.items()}
    exact = len(said.keys() & gold.keys()) / said.total() if said else 0.0
    return Verdict(values={"recall": recall, "precision": precision, "f1": f1, "exact_match": exact, **bleu})


def _scores(said: Counter[str], gold: Counter[str]) -> tuple[float, float, float]:
    hits = sum(count for word, count in said.items() if word in gold)
    if not hits:
        return 0.0, 0.0, 0.0
    missed = sum(count for word, count in gold.items() if word not in said)
    recall, precision = hits / (hits + missed), hits / said.total()
    return recall, precision, 2 * precision * recall / (precision + recall)


LLAVA_MED_CLOSED_1 = Protocol(
    name="llava_med@1", kinds=("closed",), metrics=("accuracy",), rule=judge_llava_med_closed_1
)
LLAVA_MED_OPEN_1 = Protocol(
    name="llava_med@1",
    kinds=("open",),
    metrics=("recall", "precision", "f1", "exact_match", *_BLEU),
    rule=judge_llava_med_open_1,
)
