"""Traditional characters of samples."""

import pytest
from small_samples import said

from doctorsun.config.curation import Simplified
from doctorsun.data.curate.simplified import simplified
from doctorsun.schema import Answer, Object

TURNS = ("右肺下葉見磨玻璃結節嗎？", "<ref>結節</ref><box>#0</box>")
FIELDS = {
    "language": "zh",
    "answer": Answer(kind="mcq", options=("結節", "積液"), gold=("結節",)),
    "rejected": ("無結節",),
    "objects": (Object(label="結節", box_px=(1, 2, 3, 4)),),
}


def test_everything_that_is_said_is_simplified_alike():
    before = said(*TURNS, **FIELDS).sample
    after = simplified(said(*TURNS, **FIELDS), Simplified())
    assert [turn.text for turn in after.messages] == ["右肺下叶见磨玻璃结节吗？", "<ref>结节</ref><box>#0</box>"]
    assert after.answer == Answer(kind="mcq", options=("结节", "积液"), gold=("结节",))
    assert after.rejected == ("无结节",)
    assert after.objects == (Object(label="结节", box_px=(1, 2, 3, 4)),)
    assert (after.id, after.images, after.source) == (before.id, before.images, before.source)
    assert simplified(said(*(turn.text for turn in after.messages)), Simplified()).messages == after.messages


@pytest.mark.parametrize(
    "turns",
    [
        ("左肺可见结节吗？", "未见结节"),
        ("患者有癥瘕，伴头痛发热，如何治疗？", "活血化瘀"),
        ("Translate into Traditional Chinese:\nblood pressure", "血壓"),
        ("请翻译成繁体中文：\n血压", "血壓"),
        ("請寫出繁體字", "龍"),
        ("図に何が見えますか", "右肺下葉にすりガラス影を認める"),
        ("Is there a nodule?", "No."),
    ],
)
def test_what_is_simplified_japanese_or_asks_for_traditional_writing_stays(turns):
    candidate = said(*turns, language="zh")
    assert simplified(candidate, Simplified()) is candidate.sample


def test_options_and_replies_that_differ_in_their_characters_alone_stay():
    question, reply = "下列哪個字是傳統寫法？\nA. 頭髮\nB. 头发", "頭髮"
    candidate = said(question, reply, answer=Answer(kind="mcq", options=("頭髮", "头发"), gold=("A",)))
    assert simplified(candidate, Simplified()) is candidate.sample
    candidate = said("右肺下葉見磨玻璃結節嗎？", "無結節", rejected=("无结节",))
    assert simplified(candidate, Simplified()) is candidate.sample
