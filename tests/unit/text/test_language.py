"""Scripts of texts."""

import pytest

from doctorsun.text.language import has_han, language_of, script_of


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Is there a nodule?", "en"),
        ("左肺可见结节。", "zh"),
        ("CT显示右肺结节", "zh"),
        ("MRI T2加权像", "zh"),
        ("结节 nodule", "mixed"),
        ("The herb 黄芪 was taken daily for several weeks", "en"),
        ("", "en"),
        ("12.5", "en"),
    ],
)
def test_script(text, script):
    assert script_of(text) == script


def test_has_han():
    assert has_han("a肺")
    assert not has_han("lung")


JAPANESE = "右肺下葉にすりガラス影を認め、肺炎が疑われる。"
KOREAN = "우폐하엽에 간유리음영이 보인다"


@pytest.mark.parametrize(
    ("text", "declared", "language"),
    [
        ("Is there a pleural effusion in the right lung?", "zh", "en"),
        ("左肺可见结节。", "en", "zh"),
        ("肺炎", "en", "zh"),
        ("胸部CT", "en", "zh"),
        ("右肺下叶见GGO，建议随访", "en", "zh"),
        ("结节 nodule", "en", "mixed"),
        (JAPANESE, "zh", "ja"),
        ("カルテ", "en", "ja"),
        (KOREAN, "en", "ko"),
        ("患者の" + "肺炎治疗后复查未见异常" * 3, "zh", "zh"),
        ("阿尔茨海默・海默症的早期表现", "en", "zh"),
        ("The Japanese word for a patient's record is カルテ, borrowed from the German language.", "zh", "en"),
        ("Y a-t-il un épanchement pleural à droite ?", "en", "fr"),
        ("Patient mit Lungenentzündung auf der rechten Seite", "en", "de"),
        ("У пациента пневмония", "en", "other"),
        ("The α and β subunits bind", "en", "en"),
        ("pneumonia", "zh", "zh"),
        ("GGO", "en", "en"),
        ("CT", "mixed", "mixed"),
        ("adenocarcinoma in situ of the cervix", "en", "en"),
        ("12.5", "zh", "zh"),
        ("", "zh", "zh"),
    ],
)
def test_language(text, declared, language):
    assert language_of(text, declared) == language


def test_only_the_beginning_of_a_long_text_is_read():
    assert language_of("Is there a nodule in the lung? " * 100 + JAPANESE * 1000, "zh") == "en"
