"""Identifiers in the words of samples."""

from small_samples import said

from doctorsun.config.curation import Identifiers
from doctorsun.data.curate.candidate import Rejected
from doctorsun.data.curate.identifiers import identifiers
from doctorsun.schema import Answer

ASKED = "患者王小明，男，电话13800138000，"


def test_a_sample_without_identifiers_is_left_as_it_is():
    candidate = said("左肺有结节吗？", "没有。", answer=Answer(kind="closed", gold=("没有",)))
    assert identifiers(candidate, Identifiers()) is candidate.sample


def test_every_text_of_a_sample_is_masked():
    answer = Answer(kind="open", gold=("张建国医生",))
    masked = identifiers(said(ASKED, "请张建国医生看", answer=answer, rejected=("2020年3月5日",)), Identifiers())
    assert [turn.text for turn in masked.messages] == ["患者[姓名]，男，电话[电话]，", "请[姓名]医生看"]
    assert masked.answer.gold == ("[姓名]医生",)
    assert masked.rejected == ("[日期]",)


def test_placeholders_of_all_texts_are_of_the_language_of_the_sample():
    chinese = identifiers(said(ASKED, "John Smith, 13800138000", rejected=("2020-03-05",)), Identifiers())
    assert [turn.text for turn in chinese.messages] == ["患者[姓名]，男，电话[电话]，", "[姓名], [电话]"]
    assert chinese.rejected == ("[日期]",)
    asked = "Who has signed the report of this patient, and who has reviewed it on the same day?"
    english = identifiers(said(asked, "报告：张建国医生，2020年3月5日"), Identifiers())
    assert [turn.text for turn in english.messages] == [asked, "报告：[NAME]医生，[DATE]"]


def test_a_sample_of_two_languages_has_placeholders_in_the_language_of_each_text():
    masked = identifiers(said("请把病历翻译成英文：患者王小明", "Mr. Wang Xiaoming came to the clinic."), Identifiers())
    assert [turn.text for turn in masked.messages] == [
        "请把病历翻译成英文：患者[姓名]",
        "Mr. [NAME] came to the clinic.",
    ]


def test_letters_stay_and_options_are_masked():
    answer = Answer(kind="mcq", gold=("A",), options=("2020年3月5日", "三天"))
    masked = identifiers(said("何时？", "A", answer=answer), Identifiers())
    assert masked.answer == Answer(kind="mcq", gold=("A",), options=("[日期]", "三天"))


def test_options_that_masking_makes_equal_are_refused():
    answer = Answer(kind="mcq", gold=("A",), options=("2020年3月5日", "2020年4月5日"))
    found = identifiers(said("何时？", "A", answer=answer), Identifiers())
    assert found == Rejected("identifiers_in_options", "2 date")


def test_samples_may_be_dropped_instead():
    assert identifiers(said(ASKED, "好"), Identifiers(policy="drop")) == Rejected("identifiers", "1 name, 1 phone")


def test_a_name_that_one_turn_tells_is_masked_in_all_texts():
    answer = Answer(kind="open", gold=("张伟好转",), options=("张伟", "好转"))
    masked = identifiers(said("患者张伟，男。", "嘱张伟多饮水", answer=answer, rejected=("张伟出院",)), Identifiers())
    assert [turn.text for turn in masked.messages] == ["患者[姓名]，男。", "嘱[姓名]多饮水"]
    assert masked.answer == Answer(kind="open", gold=("[姓名]好转",), options=("[姓名]", "好转"))
    assert masked.rejected == ("[姓名]出院",)
