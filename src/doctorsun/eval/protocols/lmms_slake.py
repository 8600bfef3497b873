"""Protocol lmms_slake@1: lmms-eval's SLAKE task (EvolvingLMMs-Lab/lmms-eval@65ef07d), which asks for the same text."""

import re
import string

from doctorsun.eval.protocols.verdict import Protocol, Verdict
from doctorsun.schema import Prediction

_BRACKETED = re.compile(r"\([^)]*\)|（[^）]*）")
_MARKS = dict.fromkeys(
    map(ord, string.punctuation + "！？｡。＂＃＄％＆＇（）＊＋，－／：；＜＝＞＠［＼］＾＿｀｛｜｝～、《》【】"), " "
)
_YES = frozenset({"yes", "yeah", "yep", "true", "是", "是的", "有", "包含", "可以", "能", "会", "正常"})
_NO = frozenset(
    {"no", "nope", "false", "否", "不是", "没有", "无", "不包含", "不能", "不会", "不可以", "不正常", "异常"}
)


def judge_lmms_slake_1(prediction: Prediction) -> Verdict:
    """Judge an answer, closed or open: right where it is the gold, but for case, marks and what stands in brackets.

    Words for yes and no are alike, in both languages; ``正常`` (normal) is one for yes and ``异常`` one for no. An
    empty answer is right where nothing of the gold is left.
    """
    right = _normal_form(prediction.output) == _normal_form(prediction.gold[0])
    return Verdict(values={"accuracy": float(right)})


def _normal_form(text: str) -> str:
    words = " ".join(_BRACKETED.sub(" ", text.strip().lower()).translate(_MARKS).split())
    if words in _YES:
        return "yes"
    if words in _NO:
        return "no"
    return "xray" if words == "x ray" else words


LMMS_SLAKE_1 = Protocol(name="lmms_slake@1", kinds=("closed", "open"), metrics=("accuracy",), rule=judge_lmms_slake_1)
