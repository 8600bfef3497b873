"""Languages of samples."""

import pytest
from small_samples import said

from doctorsun.config.curation import Languages
from doctorsun.data.curate.candidate import Rejected
from doctorsun.data.curate.languages import languages

ENGLISH = "Is there a pleural effusion in the right lung?"
JAPANESE = "右肺下葉にすりガラス影を認め、肺炎が疑われる。"


@pytest.mark.parametrize(
    ("turns", "language"),
    [
        ((ENGLISH, "No pleural effusion is seen."), "en"),
        (("左肺可见结节吗？", "是"), "zh"),
        (("Translate into Chinese:\ncough", "咳嗽"), "mixed"),
        (("请用方框标出所有血小板。", "<ref>血小板</ref><box>#16</box><box>#17</box>"), "zh"),
        (("图中可见肺炎吗？", "No."), "zh"),
        (("CT?", "CT"), "zh"),
    ],
)
def test_right_marks_stay(turns, language):
    candidate = said(*turns, language=language)
    assert languages(candidate, Languages()) is candidate.sample


def test_a_wrong_mark_is_put_right():
    assert languages(said(ENGLISH, "No.", language="zh"), Languages()).language == "en"
    assert languages(said("左肺可见结节吗？", "是", language="en"), Languages()).language == "zh"


@pytest.mark.parametrize(
    ("turns", "found"),
    [
        (("図に何が見えますか", JAPANESE), "ja"),
        (("左肺可见结节吗？", JAPANESE), "ja"),
        (("우폐하엽에 간유리음영이 보인다", "예"), "ko"),
        (("Y a-t-il un épanchement pleural à droite ?", "Oui"), "fr"),
        (("Есть ли плевральный выпот справа?", "Нет"), "other"),
    ],
)
def test_other_languages_are_refused(turns, found):
    assert languages(said(*turns, language="en"), Languages()) == Rejected("language", found)


def test_a_language_that_is_not_allowed_is_refused_by_its_words():
    only_chinese = Languages(allowed=("zh",))
    assert languages(said(ENGLISH, "No.", language="zh"), only_chinese) == Rejected("language", "en")
    assert languages(said("左肺可见结节吗？", "是", language="en"), only_chinese).language == "zh"
