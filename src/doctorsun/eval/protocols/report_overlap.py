"""Protocol report_overlap@1: reports by the longest common subsequence of their tokens."""

from doctorsun.eval.protocols.verdict import Protocol, Verdict
from doctorsun.schema import Prediction
from doctorsun.text.normalize import without_reasoning
from doctorsun.text.segment import answer_tokens


def judge_report_overlap_1(prediction: Prediction) -> Verdict:
    """Judge a report by ROUGE-L F1 (Lin, 2004) over English words or Chinese characters, best gold.

    It measures wording, not clinical truth: template words alone earn much of it, so read it beside its controls.
    """
    said = answer_tokens(without_reasoning(prediction.output))
    if not said:
        return REPORT_OVERLAP_1.nothing()
    golds = (answer_tokens(gold) for gold in prediction.gold)
    return Verdict(values={"rouge_l": max(_rouge_l(said, gold) for gold in golds)})


def _rouge_l(said: list[str], gold: list[str]) -> float:
    """Return 2 * LCS / (len(said) + len(gold)), the F1 of recall and precision of the common subsequence."""
    lengths = [0] * (len(gold) + 1)
    for token in said:
        previous = 0
        for column, other in enumerate(gold, start=1):
            diagonal, previous = previous, lengths[column]
            lengths[column] = diagonal + 1 if token == other else max(lengths[column], lengths[column - 1])
    return 2 * lengths[-1] / (len(said) + len(gold))


REPORT_OVERLAP_1 = Protocol(
    name="report_overlap@1", kinds=("report",), metrics=("rouge_l",), rule=judge_report_overlap_1
)
