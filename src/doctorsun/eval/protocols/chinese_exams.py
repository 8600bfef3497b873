"""Protocols cmb_official@1 and cmexam_official@1: how two Chinese examinations' own scripts read letters."""

import re
from string import ascii_uppercase

from doctorsun.eval.protocols.label_f1 import weighted_f1
from doctorsun.eval.protocols.verdict import Protocol, Verdict, options_of
from doctorsun.schema import Prediction

_CMB_LETTERS = frozenset("ABCDEFG")
_CMB_DECLARED = re.compile(r"(?:答案|正确选项)(?:是|：|为|应该是|应该为)(.*?)(?:。|\.|$)", re.DOTALL)
_CMEXAM_NONE = "无答案"


def judge_cmb_official_1(prediction: Prediction) -> Verdict:
    """Judge as CMB does (src/utils.py and score.py of FreedomIntelligence/CMB@0cc16a2).

    Every capital letter from A to G counts, in any word, behind a declaration where there is one; of a single choice
    the first. The run of letters must equal the key, order and repetitions included.
    """
    declared = _CMB_DECLARED.search(prediction.output)
    letters = "".join(char for char in (declared[1] if declared else prediction.output) if char in _CMB_LETTERS)
    said = letters if prediction.kind == "mcq_multi" else letters[:1]
    return Verdict(values={"accuracy": float(said == _key(prediction))}, invalid=not said, said=said)


def judge_cmexam_official_1(prediction: Prediction) -> Verdict:
    """Judge as CMExam does (evaluate_lora_result.py of williamliujl/CMExam@0a2764a).

    An option is chosen where its letter stands anywhere in the answer, in any word, or its text does, of which only
    what stands before the first blank counts. Of an answer that explains itself (``解释``), the first line counts.
    """
    said = _cmexam_said(prediction)
    right = said == _key(prediction)
    return Verdict(values={"accuracy": float(right)}, invalid=said == _CMEXAM_NONE, said=said)


def _cmexam_said(prediction: Prediction) -> str:
    output = prediction.output
    shown = output.split("\n")[0].strip() if "解释" in output else output
    chosen = (
        letter
        for letter, option in zip(ascii_uppercase, options_of(prediction), strict=False)
        if letter in shown or any(word in shown for word in option.split()[:1])
    )
    return "".join(chosen) or _CMEXAM_NONE


def _key(prediction: Prediction) -> str:
    return "".join(prediction.gold)


CMB_OFFICIAL_1 = Protocol(
    name="cmb_official@1", kinds=("mcq", "mcq_multi"), metrics=("accuracy",), rule=judge_cmb_official_1
)
CMEXAM_OFFICIAL_1 = Protocol(
    name="cmexam_official@1",
    kinds=("mcq", "mcq_multi"),
    metrics=("accuracy",),
    rule=judge_cmexam_official_1,
    corpus=(weighted_f1(_key),),
)
