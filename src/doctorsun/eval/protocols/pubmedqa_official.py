"""Protocol pubmedqa_official@1: PubMedQA's own script, which compares labels (pubmedqa/pubmedqa@3e7616d)."""

from string import ascii_uppercase

from doctorsun.errors import DataError
from doctorsun.eval.protocols.label_f1 import macro_f1
from doctorsun.eval.protocols.verdict import Protocol, Verdict
from doctorsun.schema import Prediction


def judge_pubmedqa_official_1(prediction: Prediction) -> Verdict:
    """Judge whether the answer is the very label, ``yes``, ``no`` or ``maybe``; nothing is read out of a sentence.

    Any other answer is a label of its own in macro-F1, which it lowers. A choice's label is the text of its option.
    """
    return Verdict(values={"accuracy": float(prediction.output == _label(prediction))}, said=prediction.output)


def _label(prediction: Prediction) -> str:
    if prediction.kind != "mcq":
        return prediction.gold[0]
    texts = dict(zip(ascii_uppercase, prediction.options, strict=False))
    letter = prediction.gold[0].strip().upper()
    if letter not in texts:
        raise DataError(
            f"multiple-choice prediction {prediction.id}",
            got=f"gold {letter} of {len(texts)} options",
            expected="the letter of one of its options",
        )
    return texts[letter]


PUBMEDQA_OFFICIAL_1 = Protocol(
    name="pubmedqa_official@1",
    kinds=("mcq", "closed"),
    metrics=("accuracy",),
    rule=judge_pubmedqa_official_1,
    corpus=(macro_f1(_label),),
    choice_form="text",
)
